"""Pictures of the screens, compared with those kept beside this file (`pytest --snapshot-update` keeps new ones)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from engine.spec import Recipe
from tests.tui.fake import FakeWorker, frame, plane, preset
from tests.tui.lab_app import until
from tuilab.lab.preset import Preset
from tuilab.lab.timeline import Change
from tuilab.tui.app import LabApp
from tuilab.tui.screens.lab import LabScreen
from tuilab.tui.widgets.boundary import BoundaryMap

SIZES = [(80, 24), (140, 40), (200, 60)]
EVENTS = (
    Change(400, "dropout", 0.3), Change(900, "optimizer", "sgd"), Change(900, "lr", 0.05),
    Change(1240, "batch_norm", True),
)  # fmt: skip

Snap = Callable[..., bool]


class Pictured(LabApp):
    """The lab on a fake worker in one of the themes."""

    def __init__(self, worker: FakeWorker, theme: str = "tuilab-dark"):
        def make(_: Preset) -> Any:
            return worker

        super().__init__(worker.preset, make)
        self.theme = theme


def trained(**overrides: Any) -> FakeWorker:
    """A run of 1500 steps in which four dials were turned."""
    recipe = Recipe(dropout=0.3, optimizer="sgd", lr=0.05, batch_norm=True)
    fields = {"events": EVENTS, "recipe": recipe, "steps_per_s": 12_345.0, **overrides}
    layers = int(fields.pop("layers", 3))
    chosen = preset(widths=(16,) * (layers - 1)) if layers != 3 else preset()
    return FakeWorker(chosen, now=frame(1500, str(fields.pop("status", "running")), layers, **fields))


def settled(*keys: str) -> Callable[[Pilot[int]], Any]:
    """Waits until the frame is on the screen, then presses `keys`."""

    async def before(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, LabApp)
        await until(pilot, lambda: app.model.frame is not None)
        screen = app.screen
        assert isinstance(screen, LabScreen)
        await until(pilot, lambda: screen.settled)
        await pilot.press(*keys)
        for _ in range(6 if keys else 1):  # a chart's move is a message that leads to another
            await pilot.pause(0.05 if keys else None)
            await until(pilot, lambda: screen.settled)
        await pilot.pause()

    return before


@pytest.mark.parametrize("theme", ["tuilab-dark", "tuilab-light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_lab_while_it_trains(size: tuple[int, int], theme: str, snap_compare: Snap) -> None:
    assert snap_compare(Pictured(trained(), theme), terminal_size=size, run_before=settled())


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_lab_before_the_first_step(size: tuple[int, int], snap_compare: Snap) -> None:
    assert snap_compare(Pictured(FakeWorker(preset())), terminal_size=size, run_before=settled())


@pytest.mark.parametrize("size", SIZES[:2], ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_lab_without_colour(size: tuple[int, int], snap_compare: Snap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(Pictured(trained()), terminal_size=size, run_before=settled("c"))


@pytest.mark.parametrize(("name", "keys"), [
    ("help", ["question_mark"]), ("save", ["s"]), ("pick", ["enter"]), ("heat", ["g"]), ("accuracy", ["v"]),
    ("crosshair", ["c", "H", "H"]), ("zoom", ["c", "plus", "plus"]), ("raw", ["e", "e"]),
], ids=lambda v: v if isinstance(v, str) else "")  # fmt: skip
@pytest.mark.parametrize("size", SIZES[:2], ids=lambda s: f"{s[0]}x{s[1]}")
def test_other_views(
    name: str,
    keys: list[str],
    size: tuple[int, int],
    snap_compare: Snap,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert snap_compare(
        Pictured(trained(status="paused", steps_per_s=0.0)), terminal_size=size, run_before=settled(*keys)
    )


def test_vanishing_gradients_in_eight_layers(snap_compare: Snap) -> None:
    worker = trained(layers=9, vanishing=True, events=(), recipe=Recipe(activation="sigmoid"))
    assert snap_compare(Pictured(worker), terminal_size=(200, 60), run_before=settled("g"))


@pytest.mark.parametrize("theme", ["tuilab-dark", "tuilab-light"])
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_a_decision_boundary(size: tuple[int, int], theme: str, snap_compare: Snap) -> None:
    worker = trained(status="paused", steps_per_s=0.0)
    worker.session.data = plane()

    async def shown(pilot: Pilot[int]) -> None:
        await settled(*([] if size[0] >= 164 else ["g", "g"]))(pilot)
        maps = [m for m in pilot.app.screen.query(BoundaryMap) if m.wanted is not None]
        await until(pilot, lambda: maps and not any(m.stale for m in maps))
        await pilot.pause()

    assert snap_compare(Pictured(worker, theme), terminal_size=size, run_before=shown)


def test_a_divergence(snap_compare: Snap) -> None:
    worker = trained(status="diverged", diverged_at=1500, steps_per_s=0.0)
    assert snap_compare(Pictured(worker), terminal_size=(100, 30), run_before=settled())
