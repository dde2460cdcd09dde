"""The lab for tests: on a fake worker, or on a real one, and waiting for what it shows."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from tests.tui.fake import FakeWorker, preset
from tuilab.lab.preset import Preset
from tuilab.lab.session import Session
from tuilab.lab.settings import Settings
from tuilab.lab.worker import Worker
from tuilab.tui.app import USUAL, LabApp
from tuilab.tui.screens.lab import LabScreen

SIZE = (140, 40)


async def until(pilot: Pilot[int], condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Let the app go on until `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await pilot.pause(0.01)


@asynccontextmanager
async def open_fake(
    worker: FakeWorker | None = None, size: tuple[int, int] = SIZE, settings: Settings = USUAL
) -> AsyncIterator[tuple[Pilot[int], LabScreen, FakeWorker]]:
    """The lab on a fake worker, its first frame shown."""
    worker = FakeWorker(preset()) if worker is None else worker
    app = LabApp(worker.preset, lambda _: worker, settings=settings)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.model.frame is not None)
        await pilot.pause()
        screen = app.screen
        assert isinstance(screen, LabScreen)
        await until(pilot, lambda: screen.settled)
        worker.calls.clear()
        yield pilot, screen, worker


def real_app(chosen: Preset, runs: Path | None = None) -> LabApp:
    """The lab on the real engine, at full speed."""

    def make(p: Preset) -> Worker:
        return Worker(Session(p, runs=runs, threads=1))

    return LabApp(chosen, make, speed=0.0)
