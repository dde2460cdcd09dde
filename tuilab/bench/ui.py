"""What the screen costs and how soon it answers, measured on the real lab in a pseudo-terminal.

While 784-512-512-10 trains flat out: the time from a key to the picture that shows what it did, pictures a second, and
the training rate against the same run without a screen. The two take turns in short rounds, each first as often as the
other, and the ratios are taken within a round, so that a machine whose speed drifts changes both sides alike. And, at
the very beginning of a start, how long the first picture takes, which shows the dials, and the whole lab, which
answers to keys.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from tuilab.bench.terminal import Terminal

WIDTHS = (512, 512)
SIZE = (140, 40)
KEYS, ROUNDS, SECONDS, STARTS = 60, 24, 1.0, 7
READY_SECONDS = 300.0  # for the first compile
_STEP = re.compile(r"step ([\d ]*\d) / ")
#: (key, what the screen shows when it has done its work): the cursor, a dial there and back, the charts' smoothing.
_ROUND = (
    ("j", "›initializer"), ("]", "lr 0.001 → 0.002"), ("k", "›activation"), ("[", "lr 0.002 → 0.001"),
    ("e", "smoothing strong"), ("e", "smoothing off"), ("e", "smoothing light"), ("e", "smoothing medium"),
)  # fmt: skip
_PRESET = """\
dataset = "pixels.npz"
widths = [512, 512]
batch_size = 128
lr = 0.001
steps = 100000000
eval_every = 1000
"""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured; less for a quick look."""

    keys: int = KEYS
    rounds: int = ROUNDS
    seconds: float = SECONDS  # of each side of a round
    starts: int = STARTS


@dataclass(frozen=True, slots=True)
class Screen:
    """The figures. `pictures_per_s` counts all that is painted, `figures_per_s` what shows a step not shown before."""

    size: tuple[int, int]
    threads: int
    key_ms_median: float
    key_ms_p95: float
    key_ms_worst: float
    keys: int
    pictures_per_s: float
    figures_per_s: float
    screen_steps_per_s: float
    headless_steps_per_s: float
    rate_share: float  # median of the rounds' ratios, screen over headless
    first_paint_s: float  # median, from the making of the process
    whole_lab_s: float  # likewise, with the charts and all else
    interpreter_s: float  # of it the bare interpreter's start and end

    def as_row(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {k: float(f"{v:.4g}") if isinstance(v, float) else v for k, v in asdict(self).items()}


def measure(threads: int, effort: Effort | None = None) -> Screen:
    """All of it, in a folder that is gone afterwards. Raises RuntimeError if the lab ends or does not answer."""
    effort = effort or Effort()
    with TemporaryDirectory(prefix="tuilab-bench-") as name:
        folder = Path(name)
        _prepare(folder)
        starts = [_start(folder) for _ in range(effort.starts + 1)][1:]  # the first one reads the disk
        lab = open_lab(folder, "replay", "pixels.toml", "--speed", "0", "--threads", str(threads))
        try:
            lab.wait(lambda text: len(_STEP.findall(text)) > 3, READY_SECONDS)
            rounds, seen, painted = _rounds(lab, folder, threads, effort)
            delays = sorted(key_delays(lab, effort.keys))
        finally:
            lab.close()
    p95 = delays[min(int(0.95 * len(delays)), len(delays) - 1)]
    return Screen(
        SIZE, threads, 1e3 * median(delays), 1e3 * p95, 1e3 * delays[-1], len(delays), painted, seen,
        median(r[0] for r in rounds), median(r[1] for r in rounds), median(r[0] / r[1] for r in rounds),
        *(median(times) for times in zip(*starts, strict=True)),
    )  # fmt: skip


def _prepare(folder: Path) -> None:
    """A preset with made-up pictures as large as MNIST's, and settings that are nobody's."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (8192, 28, 28), dtype=np.uint8)
    np.savez(folder / "pixels.npz", x=pixels, y=rng.integers(0, 10, len(pixels)))
    (folder / "pixels.toml").write_text(_PRESET)
    (folder / "config.toml").write_text("hints = false\n")


def open_lab(folder: Path, *args: str) -> Terminal:
    """`tuilab ARGS` in a terminal, with none of the person's own settings."""
    env = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "TUILAB_CONFIG": str(folder / "config.toml")}
    return Terminal([sys.executable, "-m", "tuilab", *args], folder, SIZE, {**_from_here(folder), **env})


def _from_here(folder: Path) -> dict[str, str]:
    """This tuilab for a process that starts in another folder."""
    import tuilab

    root = str(Path(tuilab.__file__).resolve().parents[1])
    env = {"PYTHONPATH": os.pathsep.join(p for p in (root, os.environ.get("PYTHONPATH", "")) if p)}
    if sys.dont_write_bytecode:  # then a start would compile every module, as no start of an installed package does
        env |= {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    return env


def _start(folder: Path) -> tuple[float, float, float]:
    """Seconds from the making of a process to the first picture and to the whole lab, and those of Python alone."""
    begun = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    bare = time.perf_counter() - begun
    lab = open_lab(folder, "xor")
    try:
        first = lab.see("dropout") - lab.begun
        return first, lab.see("Gradient norm") - lab.begun, bare
    finally:
        lab.close()


def key_delays(lab: Terminal, keys: int) -> list[float]:
    """Seconds from each key to the picture with its effect, at irregular moments, for the screen has a beat."""
    moments = random.Random(0)
    delays = []
    for i in range(keys):
        pause = time.perf_counter() + moments.uniform(0.1, 0.3)
        while (left := pause - time.perf_counter()) > 0:
            lab.read(left)
        key, shown = _ROUND[i % len(_ROUND)]
        lab.forget()
        begun = time.perf_counter()
        lab.press(key)
        delays.append(lab.see(shown, 30.0) - begun)
    return delays


def _rounds(
    lab: Terminal, folder: Path, threads: int, effort: Effort
) -> tuple[list[tuple[float, float]], float, float]:
    """(screen, headless) steps a second of each round; new steps shown and pictures painted in a second, medians."""
    command = [sys.executable, "-m", "tuilab.bench.headless", "pixels.toml", str(threads)]
    lab.press(" ")
    lab.see("paused")
    with subprocess.Popen(
        command, cwd=folder, env={**os.environ, **_from_here(folder)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
    ) as headless:  # fmt: skip
        try:
            _answer(headless)
            found = [_round(lab, headless, effort.seconds, turn % 2 == 1) for turn in range(effort.rounds)]
        finally:
            headless.kill()
    lab.press(" ")
    return [f[0] for f in found], median(f[1] for f in found), median(f[2] for f in found)


def _round(
    lab: Terminal, headless: subprocess.Popen[str], seconds: float, headless_first: bool
) -> tuple[tuple[float, float], float, float]:
    """Each side once, the other waiting."""
    bare = _bare(headless, seconds) if headless_first else 0.0
    rate, shown, painted = _watched(lab, seconds)
    return (rate, bare or _bare(headless, seconds)), shown, painted


def _bare(headless: subprocess.Popen[str], seconds: float) -> float:
    """Steps a second without a screen."""
    assert headless.stdin is not None
    print(seconds, file=headless.stdin, flush=True)
    return float(_answer(headless)["steps_per_s"])


def _answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"bench: the run without a screen ended with code {process.wait()}")
    return dict(json.loads(line))


def _watched(lab: Terminal, seconds: float) -> tuple[float, float, float]:
    """Lets the lab run for `seconds` and pauses it; steps a second, new steps shown a second, pictures a second.

    The rate is the slope of the steps over the moments at which they were painted.
    """
    lab.forget()
    lab.press(" ")
    lab.wait(_STEP.search, 30.0)
    begun, before = time.perf_counter(), lab.pictures
    points: list[tuple[float, int]] = []
    while (now := time.perf_counter()) - begun < seconds:
        if lab.read(seconds - (now - begun)) and (found := _STEP.findall(lab.text)):
            step = int(found[-1].replace(" ", ""))
            if not points or step != points[-1][1]:
                points.append((time.perf_counter(), step))
            lab.forget(keep=64)
    painted = (lab.pictures - before) / seconds
    lab.press(" ")
    lab.see("paused")
    if len(points) < 3:
        raise RuntimeError(f"bench: the lab showed {len(points)} steps in {seconds:g} s, expected at least 3")
    at, steps = np.array(points).T
    return float(np.polyfit(at - at[0], steps, 1)[0]), len(points) / seconds, painted
