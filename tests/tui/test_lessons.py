"""The lesson cards: complete in both languages, switched live and for good, and aligned where characters are wide."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from engine.spec import ACTIVATIONS, INITIALIZERS, OPTIMIZERS
from tests.tui.fake import FakeWorker, preset
from tests.tui.lab_app import open_fake, until
from tests.tui.test_pictures import SIZES, Pictured, Snap, settled
from tuilab.lab.settings import LANGUAGES, load
from tuilab.tui.dials import BY_NAME, DIALS
from tuilab.tui.lessons import lesson, word
from tuilab.tui.screens.lesson import LessonScreen, card
from tuilab.tui.widgets.panels import DialCard

WORDS = ("what", "watch", "paper", "now", "needs", "keys", "next", "language", "close")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", list(BY_NAME))
def test_every_dial_has_a_card(name: str, language: str) -> None:
    found = lesson(name, language)
    assert len(found.what) > 15 and len(found.watch) > 15
    hangul = re.findall("[가-힣]", found.what + found.watch)
    assert (len(hangul) > 20) == (language == "ko")
    assert found.papers and all(re.fullmatch(r"[^()]+ \((18|19|20)\d\d\): .{5,}", paper) for paper in found.papers)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_heading_is_there(language: str) -> None:
    assert all(word(name, language) for name in WORDS)


@pytest.mark.parametrize(("name", "values"), [
    ("activation", ACTIVATIONS), ("initializer", INITIALIZERS), ("optimizer", OPTIMIZERS),
])  # fmt: skip
def test_a_method_has_the_paper_it_comes_from(name: str, values: tuple[str, ...]) -> None:
    papers = {value: lesson(name, "en", value).papers for value in values}
    assert all(len(found) == 1 for found in papers.values())
    assert len(set(papers.values())) >= 4
    if name == "optimizer":
        assert "Kingma & Ba (2015)" in papers["adam"][0] and "Zeiler (2012)" in papers["adadelta"][0]


def test_a_card_says_when_its_dial_has_an_effect() -> None:
    assert "Has an effect with optimizer momentum or nag" in card(BY_NAME["momentum"], 0.9, "en").plain
    assert "다음일 때 효과가 있음: optimizer momentum or nag" in card(BY_NAME["momentum"], 0.9, "ko").plain


async def test_cards_are_opened_walked_turned_and_translated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config.toml"
    monkeypatch.setenv("TUILAB_CONFIG", str(config))
    async with open_fake() as (pilot, screen, worker):
        await pilot.press("j", "j", "E")
        await until(pilot, lambda: isinstance(pilot.app.screen, LessonScreen))
        window = pilot.app.screen
        assert isinstance(window, LessonScreen) and window.dial.name == "optimizer"
        await pilot.press("right")
        assert worker.calls == [("turn", "optimizer", "radam")]
        await until(pilot, lambda: "Liu, Jiang" in text(window))
        await pilot.press("j", "k", "k", "k", "k")
        assert window.dial is DIALS[-1], "the ends are joined"
        await pilot.press("Y")
        await until(pilot, lambda: "무엇을 볼까" in text(window))
        await until(pilot, lambda: config.exists() and load(config).language == "ko")
        await pilot.press("E")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("Y")
        await until(pilot, lambda: load(config).language == "en")


async def test_wide_characters_line_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TUILAB_CONFIG", str(tmp_path / "config.toml"))
    async with open_fake(size=(200, 60)) as (pilot, screen, _):
        await pilot.press("Y")
        small = screen.query_one(DialCard)
        for dial in DIALS:
            screen.query_one(f"#dial-{dial.name}").focus()
            await pilot.pause()
            assert any("가" <= c <= "힣" for y in range(small.size.height) for c in small.render_line(y).text)
            assert_aligned(screen)
        await pilot.press("E")
        await until(pilot, lambda: isinstance(pilot.app.screen, LessonScreen))
        await pilot.pause()
        assert_aligned(pilot.app.screen)


async def test_a_language_that_cannot_be_kept_is_told_and_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    (tmp_path / "config.toml").write_text("theme = [")
    monkeypatch.setenv("TUILAB_CONFIG", str(tmp_path / "config.toml"))
    async with open_fake() as (pilot, _, _worker):
        await pilot.press("Y")
        await until(pilot, lambda: any("not kept" in n.message for n in pilot.app._notifications))
        assert pilot.app.language == "ko" and (tmp_path / "config.toml").read_text() == "theme = ["


def text(screen: Any) -> str:
    return str(screen.query_one("#card-text").content)


def assert_aligned(screen: Any) -> None:
    """Every row is as wide as the screen, and what stands right of the wide characters where it stands elsewhere."""
    rows = ["".join(segment.text for segment in strip) for strip in screen._compositor.render_strips()]
    assert {cell_len(row) for row in rows} == {screen.size.width}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_a_picture_of_a_card(size: tuple[int, int], language: str, snap_compare: Snap) -> None:
    app = Pictured(FakeWorker(preset()))
    app.language = language

    async def opened(pilot: Pilot[int]) -> None:
        await settled("j", "j", "E")(pilot)
        await until(pilot, lambda: isinstance(pilot.app.screen, LessonScreen))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=opened)
