"""Moving a session without a screen: chunk by chunk to its end, or until somebody asks to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from tuilab.lab.pace import Pace
from tuilab.lab.session import Session

_CHUNK_S = 0.05  # no key waits for it, only a progress bar and ctrl+c
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class Stop:
    """Turns the first SIGINT, SIGTERM or SIGHUP into a wish to stop, after which all is saved; a second one insists.

    A context manager for the main thread (elsewhere it only carries the wish). A signal that is ignored, as SIGHUP
    under nohup, stays ignored.
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Stop:
        if threading.current_thread() is threading.main_thread():
            for name in _SIGNALS:
                number = getattr(signal, name, None)
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, _: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def drive(session: Session, stop: Stop, report: Callable[[Session, float], None] | None = None) -> None:
    """Trains `session` to its end or until `stop` was asked; `report` hears of it and of the rate after each chunk."""
    pace = Pace(_CHUNK_S)
    if report is not None:
        report(session, 0.0)
    session.prepare()
    while not session.ended and not stop.asked:
        begun = time.perf_counter()
        done = session.advance(pace.chunk)
        pace.took(done, time.perf_counter() - begun)
        if report is not None:
            report(session, pace.rate)
