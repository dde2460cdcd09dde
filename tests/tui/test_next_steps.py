"""Whatever is empty or has failed says what to do next; and the palette offers everything once."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import Command
from textual.widgets import Input, OptionList, Static

from tests.tui.fake import FakeWorker, frame, preset
from tests.tui.lab_app import open_fake, until
from tests.tui.lane_frames import with_lanes
from tests.tui.run_folders import make_runs
from tests.tui.test_runs import browser, painted
from tuilab.tui.keys import shown
from tuilab.tui.screens.moments import MomentsScreen
from tuilab.tui.widgets.bars import Banner, StatusLine
from tuilab.tui.widgets.run_curves import RunCurves


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def test_no_run_says_how_to_make_one() -> None:
    async with open_fake() as (pilot, _, _worker):
        curves = (await browser(pilot)).query_one(RunCurves)
        await until(pilot, lambda: "esc, and then space, makes one" in painted(curves))
        await pilot.press("enter", "c", "space", "x", "r")
        assert "no runs here yet" in painted(curves), "nothing is chosen, so nothing is done"


async def test_no_run_found_says_how_to_see_them_again(here: Path) -> None:
    make_runs(here)
    async with open_fake() as (pilot, _, _worker):
        curves = (await browser(pilot)).query_one(RunCurves)
        await pilot.press("slash", *"zz")
        await until(pilot, lambda: "nothing like 'zz'" in painted(curves))
        assert "an empty field shows all runs" in painted(curves)


async def test_a_damaged_run_is_not_overlaid_but_told(here: Path) -> None:
    runs = make_runs(here)
    (runs / "20030909-120000-spiral-cc03" / "preset.toml").write_text("dataset = ")
    async with open_fake() as (pilot, lab, _):
        screen = await browser(pilot)
        await until(pilot, lambda: "choose another" in painted(screen.query_one(RunCurves)))
        await pilot.press("space")
        await until(pilot, lambda: pilot.app._notifications)
        assert any("nothing to overlay; choose another" in note.message for note in pilot.app._notifications)
        assert lab.model.ghosts == ()


async def test_no_preset_found_says_how_to_see_them_again() -> None:
    async with open_fake() as (pilot, screen, _):
        await pilot.press("p", "slash", *"zz")
        about = pilot.app.screen.query_one("#about", Static)
        await until(pilot, lambda: "nothing named 'zz'" in str(about.content))
        assert "an empty field shows all presets" in str(about.content)
        await pilot.press("enter", "enter")
        assert pilot.app.screen is not screen, "none is opened"
        await pilot.press("slash", "backspace", "backspace")
        await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count > 5)


async def test_no_moment_says_when_there_will_be_one() -> None:
    async with open_fake() as (pilot, screen, _):
        for key, told in (("comma", "space begins it"), ("less_than_sign", "space goes on, n forks")):
            await pilot.press(key)
            await until(pilot, lambda told=told: told in screen.query_one(StatusLine).text)


async def test_the_last_moment_forgotten_says_how_to_go_on() -> None:
    async with open_fake(with_lanes(2)) as (pilot, _, _worker):
        await pilot.press("comma")
        await until(pilot, lambda: isinstance(pilot.app.screen, MomentsScreen))
        moments = pilot.app.screen
        await until(pilot, lambda: moments.query_one(OptionList).option_count)
        for _ in range(moments.query_one(OptionList).option_count):
            await pilot.press("x")
        assert "esc leads back" in str(moments.query_one("#there", Static).content)
        await pilot.press("enter", "n", "x")
        assert pilot.app.screen is moments, "nothing is chosen, so nothing is done"


@pytest.mark.parametrize(("changes", "ways"), [
    ({"status": "diverged", "diverged_at": 1500}, ("rewind", "lr-down", "reset")),
    ({"status": "stopped", "error": "mnist: not fetched yet"}, ("reset", "open", "quit")),
])  # fmt: skip
async def test_what_failed_names_the_ways_out(changes: dict[str, object], ways: tuple[str, ...]) -> None:
    async with open_fake(FakeWorker(preset(), now=frame(1500, **changes))) as (_, screen, _worker):  # type: ignore[arg-type]
        told = screen.query_one(Banner).text
        assert told.startswith("✖") and all(f"·  {shown(name)} " in told for name in ways)


async def test_a_run_that_could_not_begin_does_not_seem_to_be_loading() -> None:
    failed = frame(status="stopped", error="mnist: failed; try tuilab data fetch mnist later", message="loading data…")
    async with open_fake(FakeWorker(preset(), now=failed)) as (pilot, screen, _):
        await until(pilot, lambda: "it could not begin" in painted(screen.charts.top))
        assert "r  try again     p  another preset" in painted(screen.charts.top)
        assert screen.query_one(StatusLine).text.startswith("why is told above; r tries it again")
        made: list[FakeWorker] = []
        pilot.app._make_worker = lambda chosen: made.append(FakeWorker(chosen)) or made[0]
        await pilot.press("r")
        await until(pilot, lambda: made and pilot.app.model.worker is made[0])
        await until(pilot, lambda: "press space to run" in painted(pilot.app.screen.charts.top))


async def test_the_palette_offers_every_command_once() -> None:
    async with open_fake() as (pilot, screen, _):
        await pilot.press("colon")
        options = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count > 20)
        texts = [str(option.prompt).lower() for option in options.options if isinstance(option, Command)]
        assert len(texts) == len(set(texts))
        for what in ("quit", "dark or light", "screenshot", "picture", "theme"):
            assert sum(what in text for text in texts) <= 1, what
        pilot.app.screen.query_one(Input).value = "theme nord"
        await until(pilot, lambda: options.highlighted is not None and "nord" in str(options.options[0].prompt))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.theme == "nord")
        assert pilot.app.screen is screen
