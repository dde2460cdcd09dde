"""Runs killed at random moments: what is left opens, little is lost, and going on ends in the same weights.

    python -m tests.reliability.kills --runs 200 --seed 1

Every run is started headless or in the lab (a pseudo-terminal, half the time with dials turned), killed with SIGKILL at
a moment drawn from the seed, looked at, resumed (now and then killed again) and compared, by the hash of its
parameters, with a run that nobody disturbed. Exit code 0 if all of that holds.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.reliability.line import Line, environment
from tuilab.lab.metrics_log import read_lines
from tuilab.lab.preset import Preset, dumps
from tuilab.lab.run_folder import SNAPSHOT, read_run
from tuilab.lab.session import Session
from tuilab.lab.timeline import Change

PATIENCE = 120.0
SECOND = 1.0
TURNS = "dDmuUwb[]"


def preset_of(steps: int) -> Preset:
    """A run of some seconds, with dials turned that leave state behind."""
    timeline = (
        Change(steps // 12, "dropout", 0.2),
        Change(steps // 3, "batch_norm", True),
        Change(2 * steps // 3, "optimizer", "sgd"),
    )
    return Preset("digits", name="killed", widths=(24, 24), steps=steps, batch_size=16, timeline=timeline)


@dataclass
class Kills:
    """What came out. `lost` counts seconds, from the moment the last save holds to the kill."""

    seed: int
    headless: int = 0
    lab: int = 0
    again: int = 0  # killed again while resumed
    early: int = 0  # killed before there was a folder
    ended: int = 0  # killed when the run was over
    lost: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether it went as promised."""
        return not self.wrong


def sha_of(preset: Preset) -> str:
    """Of the parameters at the end of a run that nobody disturbs."""
    session = Session(preset, threads=1)
    session.advance(10**9)
    return session.trainer.params_sha256()


@contextlib.contextmanager
def headless(folder: Path, *words: str) -> Iterator[tuple[int, Callable[[float], object]]]:
    """`tuilab WORDS` without a terminal: its process id, and how to wait for some seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tuilab", *words], cwd=folder, env=environment(),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield process.pid, time.sleep
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def in_the_lab(folder: Path, rng: random.Random, turning: bool) -> Iterator[tuple[int, Callable[[float], object]]]:
    """The lab on killed.toml at full speed, with dials turned while one waits."""
    lab = Line(folder, "replay", "killed.toml", "--speed", "0", "--threads", "1")

    def wait(seconds: float) -> None:
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            if turning and runs_in(folder):
                lab.press(rng.choice(TURNS))
            lab.read(min(left, 0.1))

    try:
        yield lab.pid, wait
    finally:
        lab.close()


def runs_in(folder: Path) -> list[Path]:
    """The run folders below `folder` (never more than one here)."""
    return [path.parent for path in folder.glob("runs/[!.]*/preset.toml")]


def killed(rng: random.Random, folder: Path, wait: Callable[[float], object], pid: int, longest: float) -> float:
    """Kills the process at a random moment, mostly while it trains; gives the time of the kill."""
    ends = time.monotonic() + PATIENCE
    if rng.random() < 0.1:
        wait(rng.random() * 2.0)
    else:
        while not runs_in(folder):
            assert time.monotonic() < ends, "no run folder"
            wait(0.02)
        wait(rng.random() * longest)
    now = time.time()
    os.kill(pid, signal.SIGKILL)
    return now


def lost(run: Path, now: float) -> float:
    """Seconds of training, up to the kill at `now`, that no save holds."""
    saved = [p.stat().st_mtime for p in (run / ".lock", run / SNAPSHOT) if p.exists()]
    return max(0.0, now - max(saved))


def problems(run: Path, steps: int) -> Iterator[str]:
    """What is wrong with a run folder left by a kill."""
    record = read_run(run)  # raises if it does not open
    state = record.state()
    if state is not None and not 0 <= state.step <= steps:
        yield f"its snapshot is at step {state.step}"
    if state is not None and state.events > len(record.preset.timeline):
        yield "its snapshot knows of more changes than its preset"
    rows = [line["step"] for line in read_lines(run / "metrics.jsonl")]
    if rows != sorted(rows) or (state is not None and (rows or [0])[-1] < state.step):
        yield "its curves have gaps"


def resumed(folder: Path, run: Path) -> dict[str, object]:
    """What `tuilab resume` prints when it has gone on to the end."""
    done = subprocess.run(
        [sys.executable, "-m", "tuilab", "resume", str(run), "--json"], cwd=folder, env=environment(),
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    return dict(json.loads(done.stdout)) if done.returncode == 0 else {"stderr": done.stderr, "code": done.returncode}


def one(out: Kills, number: int, folder: Path, steps: int, undisturbed: str, longest: float) -> None:
    """One run, its kill and its end; everything drawn depends on the seed and the number of the run."""
    rng = random.Random(f"{out.seed}/{number}")
    (folder / "killed.toml").write_text(dumps(preset_of(steps)))
    at_the_screen, turning = number % 2 == 1, rng.random() < 0.5
    while True:
        words = ("run", "killed.toml", "--out", "runs/killed", "--threads", "1")
        with in_the_lab(folder, rng, turning) if at_the_screen else headless(folder, *words) as (pid, wait):
            now = killed(rng, folder, wait, pid, longest)
        if runs_in(folder):
            break
        out.early += 1
    [run] = runs_in(folder)
    if at_the_screen:
        out.lab += 1
    else:
        out.headless += 1
    _look(out, number, run, steps, now)
    if rng.random() < 0.25:
        out.again += 1
        with headless(folder, "resume", str(run)) as (pid, wait):
            wait(0.8 + rng.random() * longest)
        out.wrong += [f"run {number}, killed again: {text}" for text in problems(run, steps)]
    preset = read_run(run).preset
    expected = undisturbed if preset == preset_of(steps) else sha_of(preset)
    result = resumed(folder, run)
    if (result.get("status"), result.get("params_sha256")) != ("finished", expected):
        out.wrong.append(f"run {number}: expected {expected} at the end, found {result}")
    rows = [line for line in read_lines(run / "metrics.jsonl") if "loss" in line]
    covered = [step for row in rows for step in range(row["step"] - row.get("n", 1) + 1, row["step"] + 1)]
    if covered != list(range(1, steps + 1)):
        out.wrong.append(f"run {number}: its curves have gaps at the end")


def _look(out: Kills, number: int, run: Path, steps: int, now: float) -> None:
    """Notes what a kill left."""
    out.wrong += [f"run {number}: {text}" for text in problems(run, steps)]
    if read_run(run).result is not None:
        out.ended += 1
    else:
        out.lost.append(lost(run, now))


def campaign(folder: Path, runs: int, seed: int, *, steps: int, longest: float, log: bool = False) -> Kills:
    """`runs` kills, each in a folder of its own below `folder`."""
    out, undisturbed = Kills(seed), sha_of(preset_of(steps))
    for number in range(runs):
        with tempfile.TemporaryDirectory(dir=folder, prefix=f"{number:03}-") as scratch:
            one(out, number, Path(scratch), steps, undisturbed, longest)
        if log and (number + 1) % 10 == 0:
            most = max(out.lost, default=0.0)
            print(f"{number + 1} runs, {len(out.wrong)} wrong, {most:.2f} s lost at most", flush=True)
    return out


def told(out: Kills) -> str:
    """The figures, for people."""
    within = sum(seconds <= SECOND for seconds in out.lost)
    lines = [
        f"kills     seed {out.seed}: {out.headless} runs headless, {out.lab} in the lab; {out.again} killed again while"
        f" resumed, {out.early} killed before they began, {out.ended} when they had ended",
        f"lost      {median(out.lost or [0.0]):.2f} s in the middle, {max(out.lost, default=0.0):.2f} s at most;"
        f" {within} of {len(out.lost)} within a second",
        f"resumed   {out.headless + out.lab - len(out.wrong)} of {out.headless + out.lab} with the parameters of the"
        " undisturbed run, all folders opened" if not out.wrong else "\n".join(out.wrong),
    ]  # fmt: skip
    return "\n".join(lines)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Kill runs at random moments, and go on with them.")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60_000, help="of each run")
    parser.add_argument("--longest", type=float, default=3.0, metavar="SECONDS", help="of training before the kill")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tuilab-kills-") as scratch:
        out = campaign(Path(scratch), args.runs, args.seed, steps=args.steps, longest=args.longest, log=True)
    print(told(out), flush=True)
    return int(not out.holds)


if __name__ == "__main__":
    sys.exit(main())
