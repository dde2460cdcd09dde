"""What is beside the curves: the keys that show it, and that it says what the network says."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from textual.pilot import Pilot

from tests.tui.fake import FakeWorker, frame, plane, preset
from tests.tui.fake_insights import numbers, pictures
from tests.tui.lab_app import open_fake, real_app, until
from tuilab.lab import references
from tuilab.lab.looks import Classified, Fitted
from tuilab.lab.preset import Preset
from tuilab.tui.asking import SHARE, Asking
from tuilab.tui.screens.lab import LabScreen
from tuilab.tui.widgets.layers import LayersPanel
from tuilab.tui.widgets.looks import LookView
from tuilab.tui.widgets.metrics import Metrics

SIZES = [(80, 24), (140, 40), (200, 60)]


def trained(data: Any = None) -> FakeWorker:
    """A run of 1500 steps on these data."""
    worker = FakeWorker(preset(), now=frame(1500, "paused"))
    worker.session.data = pictures() if data is None else data
    return worker


def text(widget: Any) -> list[str]:
    """The rows of a widget that paints lines."""
    return [widget.render_line(y).text for y in range(widget.size.height)]


async def below(pilot: Pilot[int], screen: LabScreen, view: str) -> None:
    """Press g until the lower place shows `view`."""
    for _ in range(8):
        if screen.charts.below == view:
            return
        await pilot.press("g")
    raise AssertionError(f"g does not lead to {view}")


@pytest.mark.parametrize("size", SIZES)
async def test_a_confusion_matrix_of_the_validation_part(size: tuple[int, int]) -> None:
    async with open_fake(trained(), size=size) as (pilot, screen, worker):
        if size[0] < 164:
            await below(pilot, screen, "confusion")
        view = screen.query_one("#side-look" if size[0] >= 164 else "#chart-look", LookView)
        await until(pilot, lambda: view.shown is not None)
        seen = view.shown
        assert isinstance(seen, Classified) and view.kind == "confusion"
        data = worker.session.data
        said = worker.session.trainer.predict(data.x_val).argmax(1)
        assert seen.right == int(np.sum(said == data.y_val)) and 0 < seen.right < seen.rows == 270
        rows = text(view)
        assert "Confusion" in rows[0] and f"{100 * seen.right / seen.rows:.1f} % right" in rows[0]
        assert len(rows) >= 12, "a row for each of ten classes"
        for k in range(10):
            assert rows[2 + k].split()[: 1 + k][-1 - k] == str(k), "its name first"
            assert str(seen.counts[k, k]) in rows[2 + k].split()


@pytest.mark.parametrize("size", SIZES)
async def test_the_worst_mistakes_as_pictures(size: tuple[int, int]) -> None:
    async with open_fake(trained(), size=size) as (pilot, screen, _):
        if size[0] < 164:
            await below(pilot, screen, "mistakes")
        view = screen.query_one("#side-mistakes" if size[0] >= 164 else "#chart-look", LookView)
        await until(pilot, lambda: view.shown is not None)
        assert isinstance(view.shown, Classified)
        worst, rows = view.shown.worst[0], text(view)
        caption = f"{worst.true} → {worst.predicted} {int(100 * worst.probability)} %"
        assert rows[5].startswith(f" {caption}"), "the surest below the first picture"
        assert sum(row.count("▀") for row in rows) > 60


async def test_a_table_has_no_pictures_and_a_plane_its_boundary() -> None:
    async with open_fake(trained(pictures(None))) as (_, screen, _):
        assert screen.kinds == ("confusion",)
    async with open_fake(trained(plane())) as (pilot, screen, _):
        seen = []
        for _ in range(4):
            await pilot.press("g")
            seen.append(screen.charts.below)
        assert seen == ["heat", "boundary", "layers", "lines"]


async def test_predicted_against_true_for_numbers() -> None:
    async with open_fake(trained(numbers())) as (pilot, screen, _):
        await below(pilot, screen, "fit")
        view = screen.query_one("#chart-look", LookView)
        await until(pilot, lambda: view.shown is not None)
        assert isinstance(view.shown, Fitted)
        rows = text(view)
        assert f"R² {view.shown.r2:.4f}" in rows[0] and "RMSE" in rows[0] and "2k" in rows[-1]
        assert sum("\u2801" <= c <= "\u28ff" for c in "".join(rows)) > 60


@pytest.mark.parametrize("size", SIZES)
async def test_the_layers(size: tuple[int, int]) -> None:
    async with open_fake(trained(), size=size) as (pilot, screen, _):
        if size[0] < 164:
            await below(pilot, screen, "layers")
        panel = screen.query_one("#layers" if size[0] >= 164 else "#chart-layers", LayersPanel)
        await until(pilot, lambda: panel.facts.health)
        shown = panel.render().plain
        lines = shown.splitlines()
        assert "‖w‖" in lines[0] and "Δw/‖w‖" in lines[0] and "dead" in lines[0]
        assert all(part in shown for part in ("64→64", "64→32", "32→10", "L3", "7 %", "3.200", "▁"))
        assert max(len(line) for line in lines) <= panel.size.width, "nothing is clipped"


async def test_every_view_of_the_upper_chart() -> None:
    async with open_fake(trained()) as (pilot, screen, _):
        titles = []
        for _ in range(4):
            await pilot.press("v")
            titles.append(screen.charts.top.title)
        assert titles == ["Accuracy", "Learning rate", "Update / weight", "Loss"]
        await pilot.press("v", "v", "v")
        assert "L3" in "\n".join(screen.charts.top.cells().text())


async def test_the_gap_has_an_arrow() -> None:
    async with open_fake(trained()) as (_, screen, _):
        gap = screen.query_one(Metrics).cards["gap"]
        assert gap.aside in ("growing", "steady", "closing") and gap.value[-1] in "▲→▼"
        assert f"{gap.value} {gap.aside}" in screen.query_one(Metrics).render().plain


class Told(references.Fitting):
    """Methods that are done one after the other, when the test says so."""

    made: ClassVar[list[Told]] = []

    def start(self) -> None:
        self.made.append(self)

    def finish(self, name: str, value: float) -> None:
        self.found = (*self.found, references.Reference(name, value, 189, 0.1))


async def test_references_are_fitted_once_and_drawn_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "Fitting", Told)
    async with open_fake(trained()) as (pilot, screen, _):
        top = screen.charts.top
        await pilot.press("x")
        fitting = Told.made[-1]
        fitting.finish("SVM", 0.9876)
        await until(pilot, lambda: len(top.levels) == 1)
        assert top.title == "Accuracy" and "SVM 98.8 %" in "\n".join(top.cells().text())
        fitting.finish("Forest", 0.4321)
        await until(pilot, lambda: len(top.levels) == 2)
        chart = "\n".join(top.cells().text())
        assert "Forest 43.2 %" in chart and chart.count("╌") > 40
        await pilot.press("x")
        assert top.levels == ()
        await pilot.press("x")
        assert len(top.levels) == 2 and len(Told.made) == 1
        await pilot.press("v")
        assert top.levels == (), "they belong to the accuracy"


async def test_for_numbers_references_are_errors_in_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "Fitting", Told)
    async with open_fake(trained(numbers())) as (pilot, screen, _):
        await pilot.press("x")
        Told.made[-1].finish("SVM", 0.0123)
        await until(pilot, lambda: screen.charts.top.levels)
        assert screen.charts.top.title == "Loss" and "SVM 0.0123" in "\n".join(screen.charts.top.cells().text())


async def test_without_scikit_learn_a_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "find_spec", lambda name: None)
    async with open_fake(trained()) as (pilot, screen, _):
        await pilot.press("x")
        await until(pilot, lambda: screen.app._notifications)
        assert [n.message for n in screen.app._notifications] == [references.MISSING]
        assert screen.charts.top.levels == ()


class Slow(FakeWorker):
    """An engine that takes its time."""

    def call(self, function: Any, timeout: float | None = None) -> Any:
        self.calls.append(("call",))
        time.sleep(0.02)
        return super().call(function, timeout)


async def test_the_engine_is_asked_for_a_small_share_of_its_time() -> None:
    async with open_fake(trained()) as (pilot, screen, _):
        shown: list[int] = []
        worker = Slow(preset())

        def question(engine: Any) -> int:
            return int(engine(lambda session: time.sleep(0.02) or 1))

        asking = Asking(screen, lambda: True, question, shown.append, every=0.0)
        begun = time.monotonic()
        asking.update(1, worker)  # type: ignore[arg-type]
        await until(pilot, lambda: shown)
        asking.update(2, worker)  # type: ignore[arg-type]
        await pilot.pause(0.1)
        assert len(shown) == 1, "not again so soon"
        assert asking._next >= begun + 0.02 / SHARE


async def test_a_dial_turned_while_the_run_rests_is_seen_in_what_the_network_says(tmp_path: Path) -> None:
    """Another activation makes another network of the same weights, before any step is done."""
    app = real_app(Preset("digits", name="tiny", widths=(16,), steps=1000), runs=tmp_path / "runs")
    async with app.run_test(size=(140, 40)) as pilot:
        screen = app.screen
        assert isinstance(screen, LabScreen)
        await until(pilot, lambda: (f := screen.model.frame) is not None and f.total_steps and not f.message)
        await pilot.press(">")
        await until(pilot, lambda: screen.model.frame.step == 100 and not screen.model.running)
        await below(pilot, screen, "confusion")
        view = screen.query_one("#chart-look", LookView)
        await until(pilot, lambda: view.shown is not None and view.shown.step == 100)
        before = view.shown
        screen.model.set("activation", "sigmoid")
        await until(pilot, lambda: view.shown is not before)
        assert screen.model.frame.step == 100
        assert isinstance(view.shown, Classified)
        session = screen.model.worker.session
        said = session.trainer.predict(session.data.x_val).argmax(1)
        assert view.shown.right == int(np.sum(said == session.data.y_val)) != before.right


async def test_an_engine_that_does_not_answer_is_asked_again() -> None:
    async with open_fake(trained()) as (pilot, screen, worker):
        tried: list[int] = []

        def question(engine: Any) -> int:
            tried.append(1)
            if len(tried) == 1:
                raise TimeoutError("the engine is busy")
            return 1

        shown: list[int] = []
        asking = Asking(screen, lambda: True, question, shown.append, every=0.0)
        while not shown:
            asking.update(5, worker)  # type: ignore[arg-type]
            await pilot.pause(0.01)
        assert len(tried) == 2
        asking.update(5, worker)  # type: ignore[arg-type]
        await pilot.pause(0.05)
        assert len(tried) == 2, "nothing new to ask"
