"""Windows open and close more slowly than keys may be typed, and what was shown in them is forgotten."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref

import pytest
from textual import events
from textual.strip import Strip
from textual.widgets import OptionList

from tests.tui.fake import FakeWorker, preset
from tests.tui.lab_app import open_fake, until
from tuilab.tui.app import LabApp
from tuilab.tui.commands import Palette
from tuilab.tui.screens.help import HelpScreen
from tuilab.tui.screens.lab import LabScreen
from tuilab.tui.screens.lesson import LessonScreen
from tuilab.tui.screens.presets import PresetsScreen
from tuilab.tui.widgets.charts import ChartStack

#: Keys that open windows, and close them or what lies below them if there is any way.
HASTY = (
    ("p", "j", "enter", " "), ("p", "p", "enter", "enter"), ("?", "escape"), (":", "l", "escape", "escape"),
    (":", ":", "enter", "escape"), ("C", "j", "escape"), ("S", " ", "escape"), ("s", "escape"), (",", "j", "escape"),
    ("E", "escape", "escape"), ("/", "5", "enter"), ("enter", "escape"), ("r", "enter"), ("r", "escape"), ("n", "X"),
    ("K", ",", "enter"),
)  # fmt: skip


def key(name: str) -> events.Key:
    return events.Key(name, name if len(name) == 1 else None)


@pytest.mark.parametrize("seed", range(4))
async def test_however_fast_somebody_types_there_is_a_lab_in_the_end(
    seed: int, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    rng = random.Random(seed)
    app = LabApp(preset(), lambda chosen: FakeWorker(chosen))
    async with app.run_test() as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        for _ in range(16):
            for name in rng.choice(HASTY):
                app.post_message(key(name))
                await asyncio.sleep(rng.choice((0.0, 0.0, 0.001, 0.005, 0.02)))
        for _ in range(8):
            await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LabScreen))
        assert sum(isinstance(screen, LabScreen) for screen in app.screen_stack) == 1
        await pilot.press("?")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


@pytest.mark.parametrize(
    "opens, kind",
    [("?", HelpScreen), ("E", LessonScreen), (":", Palette), ("p", PresetsScreen)],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_window_closed_twice_is_closed_once(opens: str, kind: type) -> None:
    async with open_fake() as (pilot, screen, _):
        await pilot.press(opens)
        await until(pilot, lambda: isinstance(pilot.app.screen, kind))
        window = pilot.app.screen
        window.dismiss()
        window.dismiss()
        await pilot.pause()
        assert pilot.app.screen is screen


async def test_a_key_typed_while_a_window_is_made_is_for_all_of_it() -> None:
    async with open_fake() as (pilot, _, _worker):
        window = PresetsScreen("digits")
        pilot.app.push_screen(window)
        pilot.app.post_message(key("j"))
        assert not window.is_mounted
        await until(pilot, lambda: window.is_mounted)
        await until(pilot, lambda: window.query_one(OptionList).highlighted == 1)


async def test_a_preset_opened_leaves_no_window_and_nothing_of_the_old_lab() -> None:
    app = LabApp(preset(), lambda chosen: FakeWorker(chosen))
    async with app.run_test() as pilot:

        def there(name: str) -> bool:
            model = app.model
            return isinstance(app.screen, LabScreen) and model.preset.name == name and model.frame is not None

        await until(pilot, lambda: there("digits"))
        old = weakref.ref(app.screen.query_one(ChartStack))
        await pilot.press("?")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        for name in ("second", "third"):
            app.open(preset(name=name))
            await until(pilot, lambda name=name: there(name))
            assert len(app.screen_stack) == 2
        await until(pilot, lambda: gc.collect() >= 0 and old() is None)


async def test_what_a_window_showed_is_forgotten_when_it_closes() -> None:
    def strips() -> int:
        gc.collect()
        return sum(type(found) is Strip for found in gc.get_objects())

    async with open_fake() as (pilot, screen, _):

        async def look(times: int) -> int:
            for _ in range(times):
                await pilot.press("?")
                await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
                await pilot.pause()
                await pilot.press("escape")
                await until(pilot, lambda: pilot.app.screen is screen)
            return strips()

        before = await look(2)
        assert await look(6) - before < 6 * 100, "a help window alone is many hundred"
