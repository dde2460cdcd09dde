"""The command line on a real pseudo-terminal: a progress bar on stderr, ctrl+c, and stdout left to the result."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import pytest
from ptyprocess import PtyProcess

from tuilab.lab.preset import Preset, dumps
from tuilab.lab.run_folder import read_run

ROOT = Path(__file__).resolve().parent.parent


def on_terminal(command: str, cwd: Path) -> PtyProcess:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}
    return PtyProcess.spawn(["/bin/sh", "-c", f"exec {command}"], cwd=str(cwd), env=env, dimensions=(24, 100))


def seen(process: PtyProcess, until: bytes = b"", seconds: float = 120.0) -> bytes:
    """What the terminal shows until `until` comes, or the program ends."""
    shown, ends = b"", time.monotonic() + seconds
    while time.monotonic() < ends:
        try:
            shown += process.read(4096)
        except EOFError:
            process.wait()
            return shown
        if until and until in shown:
            return shown
    raise AssertionError(shown[-2000:])


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "long.toml").write_text(dumps(Preset("digits", name="long", widths=(24, 24), steps=10**8)))
    return tmp_path


def test_progress_goes_to_stderr_and_the_result_alone_to_stdout(here: Path) -> None:
    process = on_terminal(f"{sys.executable} -m tuilab run digits --epochs 300 --out R --json > result.json", here)
    shown = seen(process)
    assert process.exitstatus == 0, shown
    assert b"steps/s" in shown and b"digits" in shown and b"params_sha256" not in shown
    assert json.loads((here / "result.json").read_text())["status"] == "finished"


def test_ctrl_c_saves_and_says_how_to_go_on(here: Path) -> None:
    process = on_terminal(f"{sys.executable} -m tuilab run long.toml --out R", here)
    seen(process, until=b"steps/s")
    process.sendintr()
    shown = seen(process)
    assert process.exitstatus == 130, shown
    assert b"go on with: tuilab resume R" in shown and b"Traceback" not in shown
    result = read_run(here / "R").result
    assert result is not None and result["status"] == "stopped" and result["saved"]


def test_a_terminal_that_hangs_up_leaves_a_saved_run(here: Path) -> None:
    process = on_terminal(f"{sys.executable} -m tuilab run long.toml --out R", here)
    seen(process, until=b"steps/s")
    process.fileobj.close()
    ends = time.monotonic() + 60
    while process.isalive() and time.monotonic() < ends:
        time.sleep(0.05)
    assert process.exitstatus == 130
    result = read_run(here / "R").result
    assert result is not None and result["status"] == "stopped" and result["saved"]
