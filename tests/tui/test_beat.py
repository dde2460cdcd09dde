"""The screen's beat: figures and charts in turn, and the charts of a run only as often as they may cost."""

from __future__ import annotations

import gc
import platform
import subprocess
import sys

import pytest

from tests.tui.fake import FakeWorker, preset
from tests.tui.lab_app import real_app, until
from tuilab.lab.machine import cores
from tuilab.lab.preset import load_preset
from tuilab.lab.settings import SLOWEST
from tuilab.tui import memory
from tuilab.tui.beat import CHARTS, FIGURES, LONGEST, SHARE, Beat
from tuilab.tui.labmodel import LabModel

TICK = 1 / 24


class Clock:
    """A wall clock and the seconds worked, both moved by hand."""

    def __init__(self) -> None:
        self.now = self.worked = 0.0

    def beat(self, tick: float = TICK) -> Beat:
        return Beat(tick, lambda: self.now, lambda: self.worked)


def watched(
    chart_cost: float, busy: bool, seconds: float = 10.0, tick: float = TICK, late: float = 0.0
) -> tuple[float, float, float]:
    """Figures a second, charts a second, and the share worked, when every look finds a new frame `late` seconds."""
    clock = Clock()
    beat, shown = clock.beat(tick), {FIGURES: 0, CHARTS: 0, "": 0}
    while clock.now < seconds:
        clock.now += beat.wait(busy) + late
        beat.news()
        part = beat.next(busy)
        shown[part] += 1
        clock.worked += {FIGURES: 0.001, CHARTS: chart_cost, "": 0.0}[part]
    return shown[FIGURES] / seconds, shown[CHARTS] / seconds, clock.worked / seconds


def test_cheap_charts_never_wait() -> None:
    figures, charts, _ = watched(0.001, busy=True)
    assert figures == pytest.approx(12, abs=0.2) and charts == pytest.approx(12, abs=0.2)


def test_a_dear_screen_waits_but_shows_ten_figures_a_second() -> None:
    figures, charts, worked = watched(0.009, busy=True)
    assert figures >= 10 and charts == pytest.approx((SHARE - 0.001 * figures) / 0.009, rel=0.1)
    assert worked == pytest.approx(SHARE, rel=0.1)


def test_a_middling_screen_uses_its_share() -> None:
    figures, charts, worked = watched(0.004, busy=True)
    assert figures >= 10 and charts > 3 and worked == pytest.approx(SHARE, rel=0.2)


def test_nothing_is_older_than_the_longest_wait() -> None:
    figures, charts, _ = watched(0.050, busy=True)
    assert figures >= 1 / (LONGEST[FIGURES] + 2 * TICK) and charts >= 1 / (LONGEST[CHARTS] + 2 * TICK)


def test_nothing_waits_while_nothing_runs() -> None:
    _, charts, _ = watched(0.050, busy=False)
    assert charts == pytest.approx(12, abs=0.2)


@pytest.mark.parametrize("tick", [1 / SLOWEST, 1 / 12, TICK])
@pytest.mark.parametrize("late", [0.0, 0.01, 0.1])
def test_charts_have_their_turn_however_slowly_anybody_looks(tick: float, late: float) -> None:
    figures, charts, _ = watched(0.009, busy=False, tick=tick, late=late)
    assert charts == pytest.approx(figures, abs=0.11)
    _, charts, _ = watched(0.009, busy=True, tick=tick, late=late)
    assert charts >= 1 / (LONGEST[CHARTS] + 2 * (tick + late))


def test_nobody_looks_while_all_has_to_wait() -> None:
    clock = Clock()
    beat = clock.beat()
    beat.news()
    assert beat.wait(busy=True) == TICK, "nothing was shown yet"
    assert {beat.next(True), beat.next(True)} == {FIGURES, CHARTS}
    clock.worked += 0.5
    assert beat.wait(busy=True) == pytest.approx(LONGEST[FIGURES]) and beat.wait(busy=False) == TICK
    clock.now += LONGEST[FIGURES] + TICK
    assert beat.wait(busy=True) == TICK and beat.next(True) == "", "nothing new"


def test_the_look_comes_as_soon_as_the_share_is_earned() -> None:
    clock = Clock()
    beat = clock.beat()
    beat.news()
    assert {beat.next(True), beat.next(True)} == {FIGURES, CHARTS}
    clock.worked += SHARE * (TICK + 0.01)  # less than a wait for figures
    wait = beat.wait(busy=True)
    assert wait == pytest.approx(TICK + 0.01)
    clock.now += wait + 1e-6
    assert beat.wait(busy=True) == TICK
    beat.news()
    assert beat.next(True) != ""


def test_all_is_shown_in_the_end() -> None:
    clock = Clock()
    beat = clock.beat()
    assert beat.settled and beat.next(True) == ""
    beat.news()
    parts = []
    for _ in range(20):
        clock.now += TICK
        clock.worked += TICK / 2
        parts.append(beat.next(True))
    assert [p for p in parts if p] == [FIGURES, CHARTS] and beat.settled


_FREES = """
import numpy as np
from tests.tui.fake import FakeWorker, preset
from tests.tui.lab_app import real_app, until
from tuilab.lab.machine import cores
from tuilab.lab.preset import load_preset
from tuilab.tui import memory

def resident():
    return next(int(row.split()[1]) for row in open("/proc/self/status") if row.startswith("VmRSS"))

given = memory.share_heaps()
large = np.ones(3 * 2**20)  # after which glibc keeps what is smaller
del large
before = resident()
kept, freed = [], []
for _ in range(64):
    freed.append(np.ones(2**17))
    kept.append(bytes(4000))
freed.clear()
memory.clear_up()
print(given, resident() - before)
"""


def test_what_is_freed_of_a_run_goes_back_to_the_system_when_it_is_left() -> None:
    if platform.libc_ver()[0] == "glibc":
        told = subprocess.run([sys.executable, "-c", _FREES], capture_output=True, text=True, check=True).stdout
        given, grown = told.split()
        assert given == "True" and int(grown) < 8_000, f"{grown} kB of 64 MB stay"


def test_the_screen_holds_back_only_where_a_run_has_every_core() -> None:
    model, worker = LabModel(preset()), FakeWorker(preset())
    assert not model.crowded
    model.attach(worker)  # type: ignore[arg-type]
    worker.put(status="running")
    model.poll()
    worker.session.threads = cores()
    assert model.crowded
    worker.session.threads = None  # not chosen yet
    assert model.crowded
    worker.session.threads = cores() - 1
    assert not model.crowded
    worker.session.threads = cores()
    worker.put(status="paused")
    model.poll()
    assert not model.crowded


async def test_the_search_for_garbage_goes_on_once_all_is_there() -> None:
    assert gc.isenabled()
    answers = iter([False, True])
    try:
        memory.hold()
        assert not gc.isenabled()
        await memory.resume_when(lambda: next(answers))
        assert gc.isenabled() and gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()
        gc.enable()


async def test_the_search_waits_for_the_compiler_of_a_run_whose_length_is_known() -> None:
    app = real_app(load_preset("xor").with_(steps=1_000_000))
    try:
        memory.hold()
        async with app.run_test() as pilot:
            await until(pilot, gc.isenabled)
            assert app.model.worker is not None and app.model.worker.session.is_prepared
    finally:
        gc.unfreeze()
        gc.enable()
