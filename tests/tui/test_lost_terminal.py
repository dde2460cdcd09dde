"""A lab that is put aside goes on where it was; one whose terminal or browser is gone saves the run and ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pty
import signal
import subprocess
import termios
from pathlib import Path

import aiohttp
import pytest

from tests.served import labs, served, until
from tests.tui.terminal import LAB, ROOT, Terminal
from tuilab.tui import lifeline


def saved(folder: Path) -> dict[str, object]:
    """The result of the one run in `folder`."""
    [run] = (folder / "runs").iterdir()
    return dict(json.loads((run / "result.json").read_text()))


def training(folder: Path) -> bool:
    """Whether a lab that was started in `folder` has begun to write its run."""
    return any(path.stat().st_size > 0 for path in folder.glob("runs/*/metrics.jsonl"))


def is_there(pid: int) -> bool:
    """Whether that process lives: one that ended, and that nobody has asked about yet, does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_a_shell_puts_the_lab_aside_and_brings_it_back(tmp_path: Path) -> None:
    shell = Terminal(tmp_path, program=("bash", "--norc", "--noediting", "-i"), PS1="$ ")
    try:
        shell.press("stty -a | tr -s ' \\n' '  ' > before; " + " ".join(LAB) + " xor\r")
        shell.wait(lambda: shell.steps > 0, 180)
        shell.press("d")
        shell.see("dropout 0.0 → 0.1")
        shell.press(" ")
        shell.see("❚❚ paused")
        at = shell.steps
        shell.press("\x1a")
        shell.see("Stopped")
        assert shell.raw.rindex(b"\x1b[?1049l") > shell.raw.rindex(b"\x1b[?1049h"), "the other screen was left"
        assert shell.raw.rindex(b"\x1b[?25h") > shell.raw.rindex(b"\x1b[?25l"), "the cursor is back"
        shell.press("stty -a | tr -s ' \\n' '  ' > aside; echo the $((6 * 7))\r")
        shell.see("the 42")
        assert (tmp_path / "aside").read_text() == (tmp_path / "before").read_text(), "the line is the shell's"
        shell.press("fg\r")
        shell.see("❚❚ paused")
        shell.wait(lambda: "dropout 0.0 → 0.1" in shell.text and shell.steps == at)
        shell.press(".")
        shell.wait(lambda: shell.steps == at + 1)
        shell.press("q")
        shell.wait(lambda: shell.raw.rindex(b"\x1b[?1049l") > shell.raw.rindex(b"\x1b[?1049h"))
        # What is typed while the lab still ends is the lab's, and gone with it: a person waits for the prompt, too.
        shell.wait(lambda: shell.raw.endswith(b"$ "))
        shell.press("echo code $?; exit\r")
        shell.see("code 0")
        shell.end()
    finally:
        shell.close()
    assert saved(tmp_path)["steps"] == at + 1


def test_a_lab_that_no_terminal_controls_ends_with_its_pseudo_terminal(tmp_path: Path) -> None:
    """Nobody sends it a signal: it is not the terminal's own process."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (30, 100))
    lab = subprocess.Popen(
        [*LAB, "digits"], cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"},
    )  # fmt: skip
    os.close(theirs)
    try:
        os.set_blocking(ours, False)

        def going() -> bool:
            with contextlib.suppress(BlockingIOError):
                os.read(ours, 1 << 16)
            return training(tmp_path)

        until(going, 180)
        os.close(ours)
        assert lab.wait(30) == 130
    finally:
        lab.kill()
        lab.wait()
    assert saved(tmp_path)["saved"]


@pytest.mark.parametrize("end", ["the tab is closed", "the server is killed"])
async def test_a_lab_in_a_browser_saves_when_nobody_is_left(end: str, tmp_path: Path) -> None:
    with served(tmp_path, "digits") as (server, port):
        async with aiohttp.ClientSession() as session:
            place = f"http://127.0.0.1:{port}/ws?width=100&height=30"
            tab = await session.ws_connect(place, headers={"Origin": f"http://127.0.0.1:{port}"})
            while not training(tmp_path):
                await asyncio.wait_for(tab.receive(), 120)
            [lab] = labs(server.pid)
            if end == "the tab is closed":
                await tab.close()
            else:
                server.send_signal(signal.SIGKILL)
            until(lambda: not is_there(lab))
    assert saved(tmp_path)["saved"]


def test_a_line_is_cut_when_the_other_end_is_closed_and_not_before() -> None:
    ours, theirs = os.pipe()
    told: list[str] = []
    lifeline.when_cut(ours, lambda: told.append("cut"))
    os.write(theirs, b"a key")
    assert os.read(ours, 100) == b"a key" and told == [], "what is typed is left to whom it is for"
    os.close(theirs)
    until(lambda: told == ["cut"])
    os.close(ours)
