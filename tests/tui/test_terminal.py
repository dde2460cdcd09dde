"""The whole story in a real terminal: open, train, turn dials, fork, go back, save, quit, replay."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tui.terminal import ROOT, Terminal
from tuilab.lab.preset import load_preset

Open = Callable[..., Terminal]


@pytest.fixture
def open_terminal(tmp_path: Path) -> Iterator[Open]:
    """Opens terminals in an empty folder and leaves none behind."""
    opened: list[Terminal] = []

    def open_one(*args: str, **options: object) -> Terminal:
        opened.append(Terminal(tmp_path, *args, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for terminal in opened:
        terminal.close()


def test_the_whole_story(open_terminal: Open, tmp_path: Path) -> None:
    lab = open_terminal("digits")
    lab.see("Gradient norm")
    lab.see("● running", 180)
    lab.wait(lambda: lab.steps > 50)
    lab.press("d")
    lab.see("dropout 0.0 → 0.1")
    lab.press("b")
    lab.see("batch_norm off → on")
    lab.press("]")
    lab.see("lr 0.003 → 0.005")
    before = lab.steps
    lab.wait(lambda: lab.steps > before + 100)
    lab.press(" ")
    lab.see("❚❚ paused")
    assert "▾" in lab.text and "┊" in lab.text, "marks where dials were turned"
    assert any("⠀" <= c <= "⣿" for c in lab.text), "curves"
    forked = lab.steps
    lab.press("n")
    lab.see("the main lane")
    lab.press("u")
    lab.see("= A + input dropout 0.1")
    lab.press(">")
    lab.wait(lambda: lab.steps == forked + 100)
    lab.see("❚❚ paused")
    lab.press("<")
    lab.see("back at step")
    lab.wait(lambda: forked < lab.steps < forked + 100)
    lab.press("w")
    lab.see("= A + weight decay 0.0002, input dropout 0.1")
    back = lab.steps
    lab.press(".")
    at = back + 1
    lab.wait(lambda: lab.steps == at)
    lab.press("s")
    lab.see("digits-b-mine.toml")
    lab.press("\r")
    lab.wait(lambda: (tmp_path / "digits-b-mine.toml").exists())
    lab.see("Saved")
    lab.press("q")
    assert lab.end() == 0
    assert lab.raw.rindex(b"\x1b[?1049l") > lab.raw.rindex(b"\x1b[?1049h"), "the other screen was left"
    assert lab.raw.rindex(b"\x1b[?25h") > lab.raw.rindex(b"\x1b[?25l"), "the cursor is back"
    assert termios.tcgetattr(lab.process.fd) == lab.modes_before, "and so is the line"
    assert b"Traceback" not in lab.raw

    saved = load_preset(tmp_path / "digits-b-mine.toml")
    turned = [(c.field, c.value) for c in saved.timeline]
    assert turned[:3] == [("dropout", 0.1), ("batch_norm", True), ("lr", 0.005)], "its parent's past"
    assert turned[3:] == [("input_dropout", 0.1), ("weight_decay", 0.0002)]
    assert saved.recorded is not None and saved.recorded.step == at
    parent, run = sorted((tmp_path / "runs").iterdir(), key=lambda path: "digits-b-" in path.name)
    assert load_preset(parent).timeline == saved.timeline[:3]
    assert json.loads((run / "result.json").read_text())["params_sha256"] == saved.recorded.params_sha256
    for ref in ("digits-b-mine.toml", str(run)):
        done = subprocess.run(
            [sys.executable, "-m", "tuilab", "replay", ref, "--check", "--json"],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["params_sha256"] == saved.recorded.params_sha256


@pytest.mark.parametrize("size", [(80, 24), (200, 60)])
def test_it_opens_resizes_and_quits_at_any_size(size: tuple[int, int], open_terminal: Open) -> None:
    lab = open_terminal("xor", size=size)
    lab.see("Gradient norm")
    lab.see("q quit")
    lab.wait(lambda: "◌" not in lab.screen.display[0], 180)
    lab.resize(100, 30)
    lab.see("smoothing medium")
    lab.press("q")
    assert lab.end() == 0


def test_what_was_done_outlives_every_size(open_terminal: Open) -> None:
    lab = open_terminal("xor")
    lab.wait(lambda: lab.steps > 0, 180)
    lab.press("d")
    lab.see("dropout 0.0 → 0.1")
    lab.press(" ")
    lab.see("❚❚ paused")
    at = lab.steps
    for columns, rows in ((80, 24), (140, 40), (250, 70), (80, 24), (140, 40)):
        lab.resize(columns, rows)
        lab.wait(lambda rows=rows: "q quit" in lab.screen.display[rows - 1])
        lab.wait(lambda: lab.steps == at)
        lab.wait(lambda rows=rows: lab.screen.display[rows - 2].strip().startswith("step"))  # the turn, told still
        lab.wait(lambda: re.search(r"dropout +◂ +0.1 +▸", lab.text))  # the dial stands where it was
        lab.wait(lambda: "▾" in lab.text and any("⠀" < c <= "⣿" for c in lab.text))  # mark and curve are there
    lab.press("q")
    assert lab.end() == 0


def test_without_colour_no_colour_code_is_sent(open_terminal: Open) -> None:
    lab = open_terminal("xor", NO_COLOR="1")
    lab.see("Gradient norm")
    lab.wait(lambda: "◌" not in lab.screen.display[0], 180)
    lab.press("j")
    lab.wait(lambda: any(cell.reverse for row in lab.screen.buffer.values() for cell in row.values()))
    lab.press("q")
    assert lab.end() == 0
    codes = {code for group in re.findall(rb"\x1b\[([\d;]*)m", lab.raw) for code in group.split(b";")}
    assert codes <= {b"", b"0", b"1", b"2", b"3", b"4", b"7", b"9", b"22", b"23", b"24", b"27", b"39", b"49"}, codes


def test_a_terminal_that_goes_away_leaves_a_saved_run(open_terminal: Open, tmp_path: Path) -> None:
    lab = open_terminal("digits")
    lab.see("● running", 180)
    lab.wait(lambda: lab.steps > 50)
    os.kill(lab.process.pid, signal.SIGHUP)
    assert lab.end() == 130
    [run] = (tmp_path / "runs").iterdir()
    result = json.loads((run / "result.json").read_text())
    assert result["status"] in ("stopped", "paused") and result["steps"] >= 50


def test_a_terminal_server_that_is_killed_leaves_a_saved_run(open_terminal: Open, tmp_path: Path) -> None:
    """As tmux does it: the terminal is closed under the lab, which is told to go on and that the line hung up."""
    lab = open_terminal("digits")
    lab.see("● running", 180)
    lab.wait(lambda: lab.steps > 50)
    os.close(lab.process.fd)
    lab.process.closed = True
    for sign in (signal.SIGCONT, signal.SIGHUP):
        os.kill(lab.process.pid, sign)
    end = time.monotonic() + 30.0
    while os.waitpid(lab.process.pid, os.WNOHANG) == (0, 0):
        assert time.monotonic() < end, "the lab outlives its terminal"
        time.sleep(0.05)
    [run] = (tmp_path / "runs").iterdir()
    assert json.loads((run / "result.json").read_text())["steps"] >= 50


def test_an_unknown_preset_is_one_line_and_exit_code_2(open_terminal: Open) -> None:
    lab = open_terminal("digitz")
    assert lab.end() == 2
    assert b"digits" in lab.raw and b"Traceback" not in lab.raw and b"\x1b[?1049h" not in lab.raw
    assert len(lab.raw.strip().splitlines()) == 1
