"""Without a screen: to the end, or until a signal asks to stop; a second one insists."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from tuilab.lab.drive import Stop, drive
from tuilab.lab.preset import Preset
from tuilab.lab.session import Session


def test_a_session_is_driven_to_its_end_and_reported(tiny: Preset) -> None:
    session, seen = Session(tiny), []
    drive(session, Stop(), lambda s, rate: seen.append((s.step, rate > 0)))
    assert session.status == "finished" and seen[0] == (0, False) and seen[-1] == (300, True)
    assert seen == sorted(seen)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_stops_between_two_chunks(name: str, tiny: Preset) -> None:
    session = Session(tiny.with_(steps=10**9))
    before = signal.getsignal(getattr(signal, name))

    def report(driven: Session, _: float) -> None:
        if driven.step > 100:
            os.kill(os.getpid(), getattr(signal, name))

    with Stop() as stop:
        drive(session, stop, report)
        assert stop.asked and 100 < session.step < 10**9
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), getattr(signal, name))
    assert signal.getsignal(getattr(signal, name)) is before


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Stop() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
        assert not stop.asked
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_only_carries_the_wish(tiny: Preset) -> None:
    sessions = [Session(tiny)]

    def work() -> None:
        with Stop() as stop:
            drive(sessions[0], stop)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert sessions[0].status == "finished"
