"""How much of the cores a sweep turns into training: the runs' own times over cores × wall time.

    python -m tuilab.bench.sweep [--seconds S] [--runs N]

The whole command is timed, from the start of the program to its end, so that starting workers, loading data and
writing the table count as waste. A run's time is `wall_s` of its result: steps and looks at the validation part.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from engine.threads import cores
from tuilab.bench.headless import rate
from tuilab.lab.preset import load_preset
from tuilab.lab.session import Session

PRESET = "digits"


@dataclass(frozen=True, slots=True)
class Efficiency:
    """`share` of the cores that trained; `waste_s`, seconds of each core that did not."""

    runs: int
    cores: int
    run_s: float  # of one run, the mean
    wall_s: float
    share: float
    waste_s: float


def efficiency(rows: Sequence[Mapping[str, str]], cores: int, wall_s: float) -> Efficiency:
    """What the rows of a sweep's table say about its `wall_s` seconds on `cores` cores."""
    busy = sum(float(row["wall_s"]) for row in rows)
    return Efficiency(
        len(rows), cores, busy / len(rows), wall_s, busy / (cores * wall_s), wall_s - busy / cores
    )  # fmt: skip


def measure(seconds: float, runs: int) -> Efficiency:
    """A sweep of `runs` runs of about `seconds` each; raises RuntimeError if it fails."""
    steps = max(1, round(rate(Session(load_preset(PRESET), threads=1, until=10**9), 1.0) * seconds))
    with TemporaryDirectory() as folder:
        words = ["--seeds", str(runs), "--steps", str(steps), "--out", str(Path(folder) / "sweep.csv")]
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "tuilab", "sweep", PRESET, *words], capture_output=True, text=True, check=False
        )
        wall_s = time.monotonic() - begun
        if done.returncode:
            raise RuntimeError(f"bench: the sweep ended with code {done.returncode}: {done.stderr.strip()[-200:]}")
        with (Path(folder) / "sweep.csv").open(newline="", encoding="utf-8") as file:
            return efficiency(list(csv.DictReader(file)), cores(), wall_s)


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="python -m tuilab.bench.sweep")
    parser.add_argument("--seconds", type=float, default=1.5, metavar="S", help="about how long a run takes")
    parser.add_argument("--runs", type=int, default=20 * cores(), metavar="N", help="default: 20 for each core")
    args = parser.parse_args()
    found = measure(args.seconds, args.runs)
    print(f"{found.runs} runs of {found.run_s:.2f} s on {found.cores} cores took {found.wall_s:.1f} s:")
    print(f"{100 * found.share:.1f} % of the cores trained; of each core, {found.waste_s:.1f} s did not")


if __name__ == "__main__":
    main()
