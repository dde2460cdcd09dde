"""Contestants on one case, interleaved: each trains in turn, round after round, and ratios are taken round by round.

A machine whose speed drifts changes both sides of a ratio alike, so the median of the ratios can be trusted where
single times cannot.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from typing import Any

from tuilab.bench.cases import PLAIN, Case, find_case

PEERS = ("products", "torch", "jax", "sklearn")
ROUNDS = 5
#: Seconds before a turn. Idle threads of a BLAS and of OpenMP first spin for a tenth of a second or more and take a
#: core from whoever comes next; everyone begins on cores that are free.
SETTLE = 0.5


@dataclass(frozen=True, slots=True)
class Result:
    """Microseconds a step of the engine on a case, and how many times longer each peer takes (medians of rounds)."""

    case: str
    engine_us: float
    ratios: dict[str, float]

    def as_row(self) -> dict[str, Any]:
        """The same as JSON values, rounded to three digits."""
        ratios = {name: float(f"{ratio:.3g}") for name, ratio in self.ratios.items()}
        return {"case": self.case, "engine_us": float(f"{self.engine_us:.3g}"), "ratios": ratios}


def installed_peers() -> tuple[str, ...]:
    """The peers whose package is there (extra `bench` brings them all)."""
    return tuple(p for p in PEERS if p == "products" or find_spec(p) is not None)


class _Process:
    """A contestant waiting for its turns."""

    def __init__(self, name: str, case: str, threads: int):
        command = [sys.executable, "-m", "tuilab.bench.process", name, case, str(threads)]
        self.name = name
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def ready(self) -> None:
        """Waits until it has warmed up; raises RuntimeError if it died."""
        self._answer()

    def turn(self) -> float:
        """One timing, in microseconds a step."""
        assert self._process.stdin is not None
        time.sleep(SETTLE)
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._answer()["us"])

    def end(self) -> None:
        """Ends it, whatever it is doing."""
        self._process.kill()
        self._process.wait()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"bench: {self.name} ended with code {self._process.wait()} before it answered")
        return dict(json.loads(line))


def play(
    case: Case, peers: tuple[str, ...], threads: int, rounds: int = ROUNDS, engine: str = "engine"
) -> Result:  # fmt: skip
    """The engine against `peers` on one case; raises RuntimeError if one of them dies."""
    contestants: list[_Process] = []
    try:
        for name in (engine, *peers):  # one after another: warming up takes all cores
            contestants.append(_Process(name, case.name, threads))
            contestants[-1].ready()
        times = [[c.turn() for c in contestants] for _ in range(rounds)]
    finally:
        for contestant in contestants:
            contestant.end()
    ratios = {peer: median(row[i] / row[0] for row in times) for i, peer in enumerate(peers, 1)}
    return Result(case.name, median(row[0] for row in times), ratios)


def vary(case: Case, threads: int, rounds: int = ROUNDS) -> Result:
    """A variation against the plain case, both by the engine: the ratio is plain over varied, ≤ 1."""
    pair: list[_Process] = []
    try:
        for name in (case.name, find_case(PLAIN).name):
            pair.append(_Process("engine", name, threads))
            pair[-1].ready()
        times = [[c.turn() for c in pair] for _ in range(rounds)]
    finally:
        for contestant in pair:
            contestant.end()
    return Result(case.name, median(t[0] for t in times), {"cost": median(t[0] / t[1] for t in times)})
