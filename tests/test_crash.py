"""Whatever ends a run (a kill, a signal, a full disk), it can be read, and going on ends in the same weights."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tuilab.lab.metrics_log import read_lines
from tuilab.lab.preset import Preset, dumps
from tuilab.lab.run_folder import read_run
from tuilab.lab.session import Session
from tuilab.lab.timeline import Change

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120.0
# At 30,000 to 60,000 steps a second it takes some seconds: a kill within a second or two comes in the middle.
LONG = Preset(
    "digits", name="long", widths=(24, 24), steps=300_000, batch_size=16,
    timeline=(Change(25_000, "dropout", 0.2), Change(100_000, "batch_norm", True), Change(200_000, "optimizer", "sgd")),
)  # fmt: skip


def start(*words: str, **options: Any) -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-m", "tuilab", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, env=env, **options,
    )  # fmt: skip


def reached(folder: Path, step: int) -> None:
    """Waits until the snapshot in `folder` is past `step`."""
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        if (folder / "preset.toml").exists():
            state = read_run(folder).state()
            if state is not None and state.step > step:
                return
        time.sleep(0.02)
    raise AssertionError(f"the run did not get past step {step}")


@pytest.fixture(scope="module")
def undisturbed() -> str:
    session = Session(LONG)
    session.advance(10**9)
    return session.trainer.params_sha256()


@pytest.fixture
def preset(tmp_path: Path) -> str:
    (tmp_path / "long.toml").write_text(dumps(LONG))
    return str(tmp_path / "long.toml")


def test_a_run_killed_again_and_again_ends_in_the_same_weights(preset: str, undisturbed: str, tmp_path: Path) -> None:
    """SIGKILL at random moments, also while files are written; the folder opens each time and loses little."""
    rng, folder, words = random.Random(7), tmp_path / "R", ("run", preset, "--out", str(tmp_path / "R"))
    step = -1
    for _ in range(4):
        process = start(*words)
        reached(folder, step)
        time.sleep(rng.random() / 2)
        process.kill()
        process.wait()
        record = read_run(folder)
        state = record.state()
        assert state is not None and state.step > step and record.result is None
        lines = [line["step"] for line in read_lines(folder / "metrics.jsonl")]
        assert lines == sorted(lines) and lines[-1] >= state.step
        step, words = state.step, ("resume", str(folder))
        if step > 0.5 * (LONG.steps or 0):
            break
    process = start("resume", str(folder), "--json")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    result = json.loads(out)
    assert (result["status"], result["params_sha256"]) == ("finished", undisturbed)
    covered = [line for line in read_lines(folder / "metrics.jsonl") if "loss" in line]
    steps = [s for line in covered for s in range(line["step"] - line.get("n", 1) + 1, line["step"] + 1)]
    assert steps == list(range(1, (LONG.steps or 0) + 1))


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_saves_and_ends_with_130(name: str, preset: str, undisturbed: str, tmp_path: Path) -> None:
    process = start("run", preset, "--out", str(tmp_path / "R"), "--json")
    reached(tmp_path / "R", 0)
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, err
    result = json.loads(out)
    assert result["status"] == "stopped" and 0 < result["steps"] < (LONG.steps or 0) and "tuilab resume" in err
    state = read_run(tmp_path / "R").state()
    assert state is not None and (state.step, state.params_sha256) == (result["steps"], result["params_sha256"])
    process = start("resume", str(tmp_path / "R"), "--json")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and json.loads(out)["params_sha256"] == undisturbed, err


def test_two_processes_do_not_share_a_folder(preset: str, tmp_path: Path) -> None:
    first = start("run", preset, "--out", str(tmp_path / "R"))
    reached(tmp_path / "R", 0)
    second = start("resume", str(tmp_path / "R"))
    _, err = second.communicate(timeout=PATIENCE)
    assert second.returncode == 2 and err.count("\n") == 1 and f"in use by another process ({first.pid})" in err
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=PATIENCE)
    assert first.returncode == 130


def test_a_disk_with_no_room_left_is_one_line_and_the_result_is_told(preset: str, tmp_path: Path) -> None:
    """A limit on file sizes stands in for the full disk: snapshot and log hit it, the small files do not."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    # The compiled code must be there already, or the limit would hit its cache.
    Session(LONG.with_(steps=1)).advance(1)
    words = ("run", preset, "--steps", "30000", "--out", str(tmp_path / "R"), "--json")
    process = start(*words, preexec_fn=limit)
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1 and err.count("\n") == 1 and "R: not saved: File too large" in err, err
    result = json.loads(out)
    assert (result["status"], result["steps"], result["saved"]) == ("finished", 30_000, False)
    assert read_run(tmp_path / "R").preset.name == "long"
    assert not [p for p in (tmp_path / "R").iterdir() if p.name.startswith(".") and p.name != ".lock"]
