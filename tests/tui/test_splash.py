"""The first picture: as the lab has it, before Textual is there, and gone without a trace if the lab does not come."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pyte
import pytest

from tests.tui.terminal import ROOT, Terminal
from tuilab.lab.preset import Preset, load_preset
from tuilab.lab.settings import Settings
from tuilab.tui.ansi import Ink
from tuilab.tui.app import LabApp
from tuilab.tui.layout import TALL, place
from tuilab.tui.palette import DARK, PALETTES
from tuilab.tui.splash import picture

SIZES = [(80, 24), (100, 31), (112, 32), (112, 33), (140, 40), (164, 51), (200, 60), (250, 70), (60, 18)]
Cell = tuple[str, str, str, bool, bool]


def cells(text: str, size: tuple[int, int]) -> list[list[Cell]]:
    """What a terminal shows: character, colours, bold, underlined."""
    screen = pyte.Screen(*size)
    pyte.Stream(screen).feed(text)
    return [
        [(c.data, c.fg, c.bg, c.bold, c.underscore) for c in (screen.buffer[y][x] for x in range(size[0]))]
        for y in range(size[1])
    ]


def near(one: str, other: str) -> bool:
    """Whether two colours are the same but for what Textual rounds."""
    if "default" in (one, other):
        return one == other
    return all(abs(int(one[i : i + 2], 16) - int(other[i : i + 2], 16)) <= 2 for i in (0, 2, 4))


async def lab_cells(settings: Settings, size: tuple[int, int], preset: Preset | None = None) -> list[list[Cell]]:
    """The lab's first picture, while its engine is being loaded."""
    import threading

    go = threading.Event()
    app = LabApp(preset or load_preset("digits"), lambda _: go.wait(60) and None, settings=settings)  # type: ignore[arg-type,return-value]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        lines = app.screen._compositor.render_strips()
        text = "".join(
            f"\x1b[{y};1H" + "".join(s.style.render(s.text) if s.style else s.text for s in strip)
            for y, strip in enumerate(lines, 1)
        )
        go.set()
        app.exit(0)
    return cells(text, size)


@pytest.mark.parametrize("hints", [True, False])
@pytest.mark.parametrize("size", SIZES)
async def test_its_title_and_dials_are_where_the_lab_has_them(size: tuple[int, int], hints: bool) -> None:
    settings = Settings(hints=hints)
    ours = cells(picture(load_preset("digits"), settings, size, Ink(DARK)), size)
    theirs = await lab_cells(settings, size)
    at = place(*size)
    dials = [(y, x) for y in range(at.top, at.top + at.rows) for x in range(at.columns - 1)]
    for y, x in [(0, x) for x in range(size[0])] + dials:
        (a, a_fg, a_bg, *a_looks), (b, b_fg, b_bg, *b_looks) = ours[y][x], theirs[y][x]
        assert a == b and near(a_bg, b_bg), (y, x, ours[y][x], theirs[y][x])
        assert a == " " or (near(a_fg, b_fg) and a_looks == b_looks), (y, x, ours[y][x], theirs[y][x])
    assert ("Dials" in text_of(ours)) == (size[1] >= TALL)


def text_of(rows: list[list[Cell]]) -> str:
    return "\n".join("".join(cell[0] for cell in row) for row in rows)


async def test_it_has_the_light_theme_too() -> None:
    settings = Settings(theme="tuilab-light")
    ours = cells(picture(load_preset("digits"), settings, (140, 40), Ink(PALETTES[settings.theme])), (140, 40))
    theirs = await lab_cells(settings, (140, 40))
    assert all(near(ours[y][x][2], theirs[y][x][2]) for y in range(6, 37) for x in range(41))


@pytest.mark.parametrize("title", ["한국어 제목", "한국어로 아주 길게 이어지는 제목, 끝이 없는 실험의 이름"])
async def test_wide_characters_leave_the_state_its_place(title: str) -> None:
    named = load_preset("xor").with_(title=title)
    ours = cells(picture(named, Settings(), (80, 24), Ink(DARK)), (80, 24))
    theirs = await lab_cells(Settings(), (80, 24), named)
    assert "".join(cell[0] for cell in ours[0]).rstrip().endswith("◌ starting   step 0   epoch 0.0")
    assert [cell[0] for cell in ours[0]] == [cell[0] for cell in theirs[0]]


@pytest.mark.parametrize("size", [(1, 4), (20, 5), (28, 8), (40, 10), (112, 32)])
def test_in_a_small_terminal_no_line_is_longer_than_it_is(size: tuple[int, int]) -> None:
    text = picture(load_preset("digits"), Settings(), size, Ink(None))
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in re.split(r"\x1b\[\d+;1H", text)[1:]]
    assert len(lines) == size[1]
    assert all(len(line) <= size[0] for line in lines)


def test_without_colours_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLORTERM", "truecolor")
    text = picture(load_preset("digits"), Settings(), (140, 40), Ink.here(DARK))
    codes = {code for found in re.findall(r"\x1b\[([\d;]*)m", text) for code in found.split(";")}
    assert codes <= {"0", "1", "2", "4", "7"}
    assert "7" in codes, "the cursor"


def test_colours_are_told_as_the_terminal_understands_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert Ink.here(DARK).codes("$accent bold", "$panel") == "\x1b[0;1;38;2;255;180;84;48;2;26;32;44m"
    assert Ink.here(DARK).codes("$foreground 50%", "$primary 50% $surface") == "\x1b[0;38;2;142;156;185;48;2;69;91;138m"
    monkeypatch.setenv("COLORTERM", "")
    assert Ink.here(DARK).codes("$accent bold", "$panel") == "\x1b[0;1;38;5;215;48;5;16m"
    monkeypatch.setenv("TERM", "vt100")
    assert Ink.here(DARK).codes("$accent bold", "$panel") == "\x1b[0;1m"


def test_it_loads_neither_textual_nor_numpy() -> None:
    code = (
        "import sys\n"
        "from tuilab.cli.parser import parse\n"
        "args = parse(['digits'])\n"
        "from tuilab.tui import memory\n"
        "from tuilab.lab.preset import load_preset\n"
        "from tuilab.tui.splash import Splash\n"
        "with Splash(load_preset(args.ref)): print(sorted({'textual', 'numpy', 'numba'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert done.stdout == "[]\n", done.stderr


LINGERS = (
    "import sys, time\n"
    "from tuilab.lab.preset import load_preset\n"
    "from tuilab.tui.splash import Splash\n"
    "try:\n"
    "    with Splash(load_preset('xor')): time.sleep(60)\n"
    "except KeyboardInterrupt:\n"
    "    sys.exit(130)\n"
)


def back(terminal: Terminal) -> bool:
    """Whether the terminal is as it was."""
    raw = terminal.raw
    return (
        raw.count(b"\x1b[?1049h") == raw.count(b"\x1b[?1049l")
        and raw.rindex(b"\x1b[?25h") > raw.rindex(b"\x1b[?25l")
        and termios.tcgetattr(terminal.process.fd) == terminal.modes_before
    )


@pytest.mark.parametrize("how", ["ctrl+c", "SIGTERM"])
def test_who_leaves_at_once_finds_the_terminal_as_it_was(how: str, tmp_path: Path) -> None:
    lab = Terminal(tmp_path, program=(sys.executable, "-c", LINGERS))
    try:
        lab.see("batch norm")
        lab.press("ZZ")
        lab.read(0.3)
        assert "ZZ" not in lab.text, "what is typed is not echoed into the picture"
        assert not back(lab)
        if how == "ctrl+c":
            lab.press("\x03")
        else:
            os.kill(lab.process.pid, signal.SIGTERM)
        assert lab.end() == 130
        assert back(lab)
    finally:
        lab.close()


@pytest.mark.parametrize(
    ("config", "told"),
    [("theme = 'tuilab-drak'", b"theme"), ("[keys]\nsave = 'j'", b"keys.save"), ("refresh = 'often'", b"refresh")],
)
def test_settings_that_cannot_be_are_told_on_the_screen_they_came_from(
    config: str, told: bytes, tmp_path: Path
) -> None:  # fmt: skip
    (tmp_path / "config.toml").write_text(config + "\n")
    lab = Terminal(tmp_path, "xor", TUILAB_CONFIG=str(tmp_path / "config.toml"))
    try:
        assert lab.end() == 2
        assert told in lab.raw[lab.raw.rfind(b"\x1b[?25h") + 1 :], "after the lab's screen was left"
        assert b"\x1b[?1049h" not in lab.raw or back(lab)
    finally:
        lab.close()


def test_the_lab_takes_over_without_an_empty_screen_between(tmp_path: Path) -> None:
    lab = Terminal(tmp_path, "xor")
    try:
        lab.see("Gradient norm")
        first, second = (m.start() for m in re.finditer(rb"\x1b\[\?1049h", lab.raw))
        assert b"Dials" in lab.raw[first:second]
        whole = lab.raw.index(b"Gradient norm")
        assert b"More dials" in lab.raw[second:whole], "again, for entering the other screen clears it"
        lab.press("q")
        assert lab.end() == 0
        assert termios.tcgetattr(lab.process.fd) == lab.modes_before
    finally:
        lab.close()


def test_without_a_terminal_nothing_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    from tuilab.tui.splash import Splash

    with Splash(preset()) as splash:
        assert splash.hand_over() == ""
    assert capfd.readouterr() == ("", "")


def preset() -> Preset:
    return load_preset("xor")
