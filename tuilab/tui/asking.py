"""Questions to the engine that are asked again and again: never for more than a small share of its time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from textual.screen import Screen

    from tuilab.lab.session import Session
    from tuilab.lab.worker import Worker

T = TypeVar("T")
S = TypeVar("S")

SHARE = 0.01  # of the engine's time that one kind of question may take
EVERY = 0.4  # seconds from one to the next at least
GLANCE = 0.2  # seconds from one look whether anybody wants to know to the next
PATIENCE = 20.0  # seconds to wait for an answer


class Timed:
    """Asks a worker, and adds up how long its thread was kept from training."""

    def __init__(self, worker: Worker):
        self._worker = worker
        self.seconds = 0.0

    def __call__(self, question: Callable[[Session], S]) -> S:
        """What `question` gives on the engine thread; raises TimeoutError, or what it raised."""

        def timed(session: Session) -> S:
            begun = time.perf_counter()
            try:
                return question(session)
            finally:
                self.seconds += time.perf_counter() - begun

        return self._worker.call(timed, PATIENCE)


class Asking(Generic[T]):
    """Keeps what a screen shows up to date without the screen waiting for the engine.

    `ask` is called on a thread with a way to ask the engine; `show` on the screen with what it gave. Nothing is
    asked while `wanted` says no, nor twice about the same moment: whatever tells one network from another.
    """

    def __init__(
        self, screen: Screen[None], wanted: Callable[[], bool], ask: Callable[[Timed], T], show: Callable[[T], None],
        every: float = EVERY,
    ):  # fmt: skip
        self._screen, self._wanted, self._ask, self._show = screen, wanted, ask, show
        self._every = every
        self._moment: object = None
        self._next = 0.0
        self._asking = False

    def forget(self) -> None:
        """What is shown is of no use: ask again as soon as may be."""
        self._moment = None

    def update(self, moment: object, worker: Worker) -> None:
        """Ask anew, unless what is shown is of this moment or the last question was asked only just now."""
        now = time.monotonic()
        if self._asking or moment == self._moment or now < self._next:
            return
        if not self._wanted():
            self._next = now + GLANCE
            return
        self._moment, self._asking = moment, True
        self._screen.run_worker(self._answer(worker), group="asking")

    async def _answer(self, worker: Worker) -> None:
        timed = Timed(worker)
        try:
            answer = await asyncio.to_thread(self._ask, timed)
            self._show(answer)
        except (TimeoutError, ValueError):  # the engine is busy or has ended: another time
            self.forget()
        finally:
            self._asking = False
            self._next = time.monotonic() + max(self._every, timed.seconds / SHARE)
