"""Keys of one's own: understood, checked, and shown wherever keys are named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.fake import FakeWorker, preset
from tests.tui.lab_app import until
from tuilab.lab.settings import Settings, SettingsError
from tuilab.tui import keys
from tuilab.tui.app import LabApp
from tuilab.tui.keymap import FIXED, apply, rebound, shown, understand, usual
from tuilab.tui.news import news
from tuilab.tui.screens.help import HelpScreen
from tuilab.tui.screens.lab import LabScreen


@pytest.fixture(autouse=True)
def usual_again() -> Iterator[None]:
    yield
    keys.use({})


@pytest.mark.parametrize(("written", "key", "as_shown"), [
    ("s", "s", "s"), ("S", "S", "S"), ("[", "left_square_bracket", "["), (" ", "space", "space"),
    ("space", "space", "space"), ("F5", "f5", "F5"), ("ctrl+s", "ctrl+s", "ctrl+s"), ("Ctrl+S", "ctrl+S", "ctrl+S"),
    ("shift+s", "S", "S"), ("+", "plus", "+"), ("ä", "ä", "ä"), ("ㅎ", "ㅎ", "ㅎ"), ("alt+x", "alt+x", "alt+x"),
])  # fmt: skip
def test_keys_as_people_write_them(written: str, key: str, as_shown: str) -> None:
    assert (understand(written, ""), shown(key)) == (key, as_shown)


@pytest.mark.parametrize("written", ["ctrl+", "hyperspace", "crtl+s", "f99", "ss", "+s"])
def test_what_is_no_key_is_told(written: str) -> None:
    with pytest.raises(SettingsError, match="expected a key such as s, F5"):
        understand(written, "config.toml: keys.save")


@pytest.mark.parametrize(("custom", "told"), [
    ({"sav": ("x",)}, r"keys\.sav: no such command \(did you mean 'save'\?\)"),
    ({"save": ("r",)}, "r is bound twice, to reset and save|r is bound twice, to save and reset"),
    ({"save": ("F9",), "reset": ("f9",)}, "F9 is bound twice"),
    ({"save": ("j",)}, "j moves on the screen and cannot be bound"),
    ({"dropout": ("s",)}, "s is bound twice"),
])  # fmt: skip
def test_what_cannot_be_is_told_in_one_line(custom: dict[str, tuple[str, ...]], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        rebound(custom, "config.toml")


def test_nothing_usual_is_fixed_or_bound_twice() -> None:
    every = [key for its in usual().values() for key in its]
    assert len(every) == len(set(every)) and not set(every) & set(FIXED)
    assert rebound({}, "") == {}


def test_two_commands_may_change_places() -> None:
    found = rebound({"save": ("p",), "open": ("s",)}, "")
    assert (found["save"].keys, found["open"].keys) == ("p", "s")


async def test_rebound_keys_work_and_the_old_ones_do_not() -> None:
    custom = {"run": ("F5", "x" if "x" not in {k for its in usual().values() for k in its} else "F6"),
              "dropout": ("ctrl+d",), "reset": ("s",), "save": ("r",)}  # fmt: skip
    worker = FakeWorker(preset())
    app = LabApp(worker.preset, lambda _: worker, settings=Settings(keys=custom))  # type: ignore[arg-type,return-value]
    async with app.run_test(size=(140, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and app.model.frame is not None)
        worker.calls.clear()
        await pilot.press("space", "d")
        await pilot.pause()
        assert worker.calls == []
        await pilot.press("f5", "ctrl+d", "D")
        await until(pilot, lambda: len(worker.calls) >= 3)
        assert worker.calls == [("run",), ("turn", "dropout", 0.1), ("turn", "dropout", 0.0)]
        await pilot.press("s")
        await until(pilot, lambda: worker.calls[-1] == ("reset",))
        assert ("F5 F6", "run", "screen.run") in keys.footer() or keys.footer()[0][0].startswith("F5")
        assert "F5" in news(worker.frame(), [])[0], "messages name the new key"
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        rows = {about: shown for rows in keys.help_rows().values() for shown, about in rows}
        assert rows["dropout"] == "ctrl+d D" and rows["back to step 0 and to the preset's dials"] == "s"


async def test_theme_and_refresh_come_from_the_settings() -> None:
    worker = FakeWorker(preset())
    app = LabApp(worker.preset, lambda _: worker, settings=Settings(theme="nord", refresh=5))  # type: ignore[arg-type,return-value]
    async with app.run_test():
        assert app.theme == "nord" and app.settings.refresh == 5


def test_an_unknown_theme_is_one_line() -> None:
    with pytest.raises(SettingsError, match=r"theme: found 'nrd', allowed: tuilab-dark, .*did you mean 'nord'"):
        LabApp(preset(), lambda _: FakeWorker(preset()), settings=Settings(theme="nrd"))  # type: ignore[arg-type,return-value]


def test_the_usual_settings_put_the_usual_keys_back() -> None:
    apply(Settings(keys={"save": ("F9",)}), "")
    assert keys.shown("save") == "F9"
    apply(Settings(), "")
    assert keys.shown("save") == "s"


def test_the_lab_refuses_a_bad_file_before_it_paints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tuilab.tui.app import open_lab

    monkeypatch.setenv("TUILAB_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "config.toml").write_text('[keys]\nsave = "r"\n')
    with pytest.raises(SettingsError, match="r is bound twice"):
        open_lab("xor")
