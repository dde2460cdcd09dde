"""The screen is there before anything heavy is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.tui.fake import FakeWorker, preset
from tests.tui.lab_app import until
from tuilab.lab.preset import Preset
from tuilab.tui.app import LabApp
from tuilab.tui.screens.lab import LabScreen
from tuilab.tui.widgets.chart import Chart

ROOT = Path(__file__).resolve().parents[2]


def test_the_first_paint_needs_neither_numpy_nor_the_engine() -> None:
    code = (
        "import asyncio, sys, threading\n"
        "from tuilab.lab.preset import load_preset\n"
        "from tuilab.tui.app import LabApp\n"
        "painted = threading.Event()\n"
        "app = LabApp(load_preset('digits'), lambda preset: painted.wait() and None)\n"
        "async def look(pilot):\n"
        "    await pilot.pause(0.3)\n"
        "    loaded = sorted({'numpy', 'numba', 'scipy', 'sklearn'} & set(sys.modules))\n"
        "    print('dropout' in app.export_screenshot(), loaded)\n"
        "    painted.set()\n"
        "    app.exit(0)\n"
        "app.run(headless=True, size=(100, 30), auto_pilot=look)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=ROOT)
    assert done.stdout.splitlines()[:1] == ["True []"], done.stderr


async def test_the_screen_stands_while_the_engine_is_loaded() -> None:
    import threading

    go = threading.Event()
    worker = FakeWorker(preset())

    def slow(_: Preset) -> FakeWorker:
        go.wait(30)
        return worker

    app = LabApp(worker.preset, slow)  # type: ignore[arg-type]
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        chart = app.screen.query_one("#chart-top", Chart)
        await until(pilot, lambda: any("loading the engine" in row for row in chart.notice()))
        first = chart.notice()
        await until(pilot, lambda: chart.notice() != first)
        await pilot.press("d", "greater_than_sign")
        assert app.model.value("dropout") == 0.1
        go.set()
        await until(pilot, lambda: app.model.worker is worker)
        assert worker.calls[:3] == [("start",), ("turn", "dropout", 0.1), ("advance", 100)]
