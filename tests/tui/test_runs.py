"""The run browser: searched, previewed, overlaid, named, opened, gone on with, exported."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tests.tui.fake import FakeWorker, frame, preset
from tests.tui.lab_app import open_fake, until
from tests.tui.run_folders import make_runs
from tests.tui.test_pictures import SIZES, Pictured, Snap, settled, trained
from tuilab.lab.run_folder import RunFolder
from tuilab.lab.runs import about
from tuilab.tui.columns import fit
from tuilab.tui.runrows import columns, when
from tuilab.tui.screens.choice import ChoiceScreen
from tuilab.tui.screens.lab import LabScreen
from tuilab.tui.screens.presets import PresetsScreen
from tuilab.tui.screens.runs import RunsScreen
from tuilab.tui.widgets.chart import Chart
from tuilab.tui.widgets.run_curves import RunCurves


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_runs(tmp_path)


async def browser(pilot: Pilot[int]) -> RunsScreen:
    """The browser, open and filled."""
    await pilot.press("C")
    await until(pilot, lambda: isinstance(pilot.app.screen, RunsScreen) and pilot.app.screen.read)
    screen = pilot.app.screen
    assert isinstance(screen, RunsScreen)
    await pilot.pause()
    return screen


def names(screen: RunsScreen) -> list[str]:
    options = screen.query_one(OptionList)
    return [str(options.get_option_at_index(i).id) for i in range(options.option_count)]


def painted(chart: Chart) -> str:
    return "\n".join(chart.render_line(y).text for y in range(chart.size.height))


async def test_runs_are_found_overlaid_named_and_exported(runs: Path, tmp_path: Path) -> None:
    newest = runs / "20030909-120000-spiral-cc03"
    async with open_fake(FakeWorker(preset(), now=frame(1500, "paused"))) as (pilot, lab, worker):
        screen = await browser(pilot)
        assert [name[-4:] for name in names(screen)] == ["cc03", "bb02", "aa01"], "the newest first"
        curves, options = screen.query_one(RunCurves), screen.query_one("#list", OptionList)
        await until(pilot, lambda: "● val" in painted(curves))
        await pilot.press("slash", *"aa0")
        await until(pilot, lambda: len(names(screen)) == 1)
        await pilot.press("x")
        await until(pilot, lambda: "nothing like 'aa0x'" in painted(curves))
        await pilot.press("backspace", "backspace", "backspace", "backspace", "enter", "j", "k")
        await until(pilot, lambda: len(names(screen)) == 3 and options.has_focus)
        # overlaid: in every view of the charts
        await pilot.press("home", "space")
        await until(pilot, lambda: len(lab.model.ghosts) == 1)
        await pilot.press("j", "space")
        await until(pilot, lambda: len(lab.model.ghosts) == 2)
        top, flow = lab.query_one("#chart-top", Chart), lab.query_one("#chart-flow", Chart)
        assert [line.label for line in top.plot().lines] == ["①trn", "①val", "②trn", "②val", "train", "val"]
        assert [line.label for line in flow.plot().lines] == ["①L1", "②L1", "L1", "L2", "L3"]
        lab.charts.show_top("Learning rate")
        assert [line.label for line in top.plot().lines] == ["①lr", "②lr", "lr"]
        await pilot.press("k", "space")
        await until(pilot, lambda: [ghost.sign for ghost in lab.model.ghosts] == ["②"])
        # named and noted
        field = screen.query_one("#text", Input)
        await pilot.press("r")
        assert field.has_focus and field.display
        field.value = "드롭아웃 0.5"
        await pilot.press("enter")
        await until(pilot, lambda: about(newest) == ("드롭아웃 0.5", "") and options.has_focus)
        await pilot.press("n")
        field.value = "too fast"
        await pilot.press("enter")
        await until(pilot, lambda: about(newest) == ("드롭아웃 0.5", "too fast") and not field.display)
        await pilot.press("r", "escape")
        assert pilot.app.screen is screen and not field.display
        # exported
        await pilot.press("x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        kinds = pilot.app.screen.query_one(OptionList)
        prompts = [str(kinds.get_option_at_index(i).prompt) for i in range(kinds.option_count)]
        kinds.highlighted = prompts.index("csv")
        await pilot.press("enter")
        await until(pilot, (tmp_path / f"{newest.name}.csv").exists)
        # opened: a new run from its preset, with the ghosts still there
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.model.preset.name == "spiral" and pilot.app.screen is not lab)
        await until(pilot, lambda: ("stop",) in worker.calls)
        assert len(pilot.app.model.ghosts) == 1


async def test_only_a_run_that_was_left_is_gone_on_with(runs: Path) -> None:
    async with open_fake() as (pilot, lab, _):
        screen = await browser(pilot)
        await pilot.press("c")
        assert pilot.app.screen is screen, "the newest has diverged"
        await pilot.press("j", "c")
        await until(pilot, lambda: pilot.app.screen is not lab and isinstance(pilot.app.screen, LabScreen))
        await until(pilot, lambda: pilot.app.model.worker is not None, 60)
        session = pilot.app.model.worker.session
        assert session.folder is not None and session.folder.path == Path("runs") / "20020909-120000-digits-bb02"
        await pilot.press("q")


async def test_what_cannot_be_done_is_not_done(runs: Path) -> None:
    (runs / "20030909-120000-spiral-cc03" / "preset.toml").write_text("dataset = ")
    folder = RunFolder.open(runs / "20020909-120000-digits-bb02")
    try:
        async with open_fake() as (pilot, _, _worker):
            screen = await browser(pilot)
            await until(pilot, lambda: "cannot be read" in painted(screen.query_one(RunCurves)))
            await pilot.press("enter", "c", "r", "x", "space", "j", "c")
            await pilot.pause()
            assert pilot.app.screen is screen and not screen.query_one("#text").display, "in use by a process"
    finally:
        folder.close()


async def test_no_runs_say_how_to_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_fake() as (pilot, lab, _worker):
        screen = await browser(pilot)
        await until(pilot, lambda: "no runs here yet" in painted(screen.query_one(RunCurves)))
        await pilot.press("enter", "space", "r", "n", "x", "c")
        await pilot.pause()
        assert pilot.app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is lab)


async def test_the_preset_browser_shows_the_curves_of_the_last_run(runs: Path) -> None:
    async with open_fake() as (pilot, _, _worker):
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, PresetsScreen))
        curves = pilot.app.screen.query_one(RunCurves)
        await until(pilot, lambda: curves.display and "Loss of digits-bb02" in painted(curves))
        await pilot.press("slash", *"moons")
        await until(pilot, lambda: not curves.display)


@pytest.mark.parametrize(("text", "width", "right", "wanted"), [
    ("ab", 4, False, "ab  "), ("ab", 4, True, "  ab"), ("abcdef", 4, False, "abc…"), ("한글", 5, False, "한글 "),
    ("한글날", 4, False, "한 …"), ("한글날", 5, False, "한글…"), ("ab", 0, False, ""),
])  # fmt: skip
def test_columns_count_cells(text: str, width: int, right: bool, wanted: str) -> None:
    assert fit(text, width, right=right) == wanted


def test_the_less_room_the_fewer_columns() -> None:
    assert [title for title, _ in columns(100)] == ["preset", "steps", "val loss", "test", "when"]
    assert [title for title, _ in columns(46)] == ["test", "when"]
    assert columns(20) == ()


def test_moments_as_people_tell_them() -> None:
    now = 1_063_108_800.0
    assert len(when(now - 60, now)) == 5 and when(now - 3e8, now).endswith(" 1994")
    assert when(now - 40 * 86400, now).startswith(("31 Jul ", "30 Jul "))


def shown(*keys: str) -> Callable[[Pilot[int]], Any]:
    """Opens the browser and waits for the curves of the run under the cursor."""

    async def before(pilot: Pilot[int]) -> None:
        await settled()(pilot)
        screen = await browser(pilot)
        await pilot.press(*keys)
        curves = screen.query_one(RunCurves)
        await until(pilot, lambda: "● val" in painted(curves))
        await pilot.pause()

    return before


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_a_picture_of_the_browser(size: tuple[int, int], runs: Path, snap_compare: Snap) -> None:
    worker = trained(status="paused", steps_per_s=0.0)
    assert snap_compare(Pictured(worker), terminal_size=size, run_before=shown("space", "j", "space"))
