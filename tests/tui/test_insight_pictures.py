"""Pictures of what is beside the curves, and of the race, compared with those kept beside this file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.fake_insights import numbers
from tests.tui.lab_app import until
from tests.tui.test_pictures import SIZES, Pictured, Snap, settled, trained
from tuilab.lab import references
from tuilab.tui.app import LabApp
from tuilab.tui.screens.lab import LabScreen
from tuilab.tui.screens.surfaces import SurfacesScreen
from tuilab.tui.widgets.layers import LayersPanel
from tuilab.tui.widgets.looks import LookView

Before = Callable[[Pilot[int]], Any]


def name(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def asked(view: str) -> Before:
    """Waits until the engine has answered everything that is on the screen, `view` (if any) in the lower place."""

    async def before(pilot: Pilot[int]) -> None:
        await settled()(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, LabScreen)
        while view and screen.charts.below != view:
            await pilot.press("g")
        looks = [v for v in screen.query(LookView) if v.wanted]
        tables = [t for t in screen.query(LayersPanel) if t.wanted]
        await until(pilot, lambda: all(v.shown for v in looks) and all(t.facts.health for t in tables))
        await pilot.pause()

    return before


@pytest.mark.parametrize("view", ["confusion", "mistakes", "layers"])
@pytest.mark.parametrize("size", SIZES[:2], ids=name)
def test_below_the_loss(view: str, size: tuple[int, int], snap_compare: Snap) -> None:
    worker = trained(status="paused", steps_per_s=0.0)
    assert snap_compare(Pictured(worker), terminal_size=size, run_before=asked(view))


@pytest.mark.parametrize("size", SIZES, ids=name)
def test_predicted_against_true(size: tuple[int, int], snap_compare: Snap) -> None:
    worker = trained(status="paused", steps_per_s=0.0)
    worker.session.data = numbers()
    view = "fit" if size[0] < 164 else ""
    assert snap_compare(Pictured(worker, "tuilab-light"), terminal_size=size, run_before=asked(view))


def test_all_at_once_on_a_broad_screen(snap_compare: Snap) -> None:
    worker = trained(status="paused", steps_per_s=0.0)
    assert snap_compare(Pictured(worker), terminal_size=(220, 64), run_before=asked(""))


@pytest.mark.parametrize("view", ["confusion", "mistakes"])
def test_without_colour(view: str, snap_compare: Snap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    worker = trained(status="paused", steps_per_s=0.0)
    assert snap_compare(Pictured(worker), terminal_size=(100, 30), run_before=asked(view))


class Fitted(references.Fitting):
    """Two methods that are done at once."""

    def start(self) -> None:
        reference = references.Reference
        self.found = reference("SVM", 0.9542, 1257, 0.2), reference("Forest", 0.8913, 1257, 0.3)


def test_reference_lines(snap_compare: Snap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "Fitting", Fitted)

    async def before(pilot: Pilot[int]) -> None:
        await settled("x")(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, LabScreen)
        await until(pilot, lambda: len(screen.charts.top.levels) == 2)
        pilot.app.clear_notifications()
        await pilot.pause()

    worker = trained(status="paused", steps_per_s=0.0)
    assert snap_compare(Pictured(worker), terminal_size=(140, 40), run_before=before)


@pytest.mark.parametrize("size", SIZES, ids=name)
def test_a_race(size: tuple[int, int], snap_compare: Snap) -> None:
    async def before(pilot: Pilot[int]) -> None:
        await settled()(pilot)
        app = pilot.app
        assert isinstance(app, LabApp)
        await pilot.press("S")
        await until(pilot, lambda: isinstance(app.screen, SurfacesScreen) and app.screen.settled, 60)
        await pilot.press(*["greater_than_sign"] * 8)
        await pilot.pause()

    worker = trained(status="paused", steps_per_s=0.0)
    assert snap_compare(Pictured(worker), terminal_size=size, run_before=before)
