"""Every float32 that matters through exp, expm1, tanh and sigmoid: `python -m tests.engine.ulps [--stride N]`.

The suite looks at some millions of them; this looks at all of both signs up to 105, past which every function is at its
limit, and prints the largest error in units of the last place, where it is, and whether the function ever falls.
Exit code 1 if exp, expm1 or tanh is further off than 4, or not monotone.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np

from tests.engine.test_fastmath import FUNCTIONS, TRUTH, ULP, between, computed, ulps

BLOCK = 1 << 22
LARGEST = 105.0
FINITE = float(np.finfo(np.float32).max)
RISING = ("exp", "expm1", "tanh", "sigmoid")
HELD = RISING[:3]


@dataclass
class Seen:
    """What is known of a function so far."""

    error: float = 0.0
    where: float = 0.0
    falls: int = 0
    last: float = -np.inf


def look(x: np.ndarray, seen: dict[str, Seen]) -> None:
    """Takes in the floats of `x`, in order."""
    got, exact = computed(x), x.astype(np.float64)
    for name in FUNCTIONS:
        state, values = seen[name], got[name]
        with np.errstate(over="ignore", invalid="ignore"):
            truth = TRUTH[name](exact)
            errors = np.where(np.abs(truth) > FINITE, np.where(values == np.inf, 0.0, np.inf), ulps(values, truth))
        worst = int(np.argmax(errors))
        if errors[worst] > state.error:
            state.error, state.where = float(errors[worst]), float(x[worst])
        if name in RISING:
            state.falls += int(np.count_nonzero(values[1:] < values[:-1])) + int(values[0] < state.last)
            state.last = float(values[-1])


def main() -> int:
    """Prints a line for each function."""
    parser = argparse.ArgumentParser(prog="python -m tests.engine.ulps", description=__doc__.split("\n")[0])
    parser.add_argument("--stride", type=int, default=1, help="only every N-th float")
    stride = parser.parse_args().stride
    seen = {name: Seen() for name in FUNCTIONS}
    everything = between(1e-45, LARGEST, stride)
    count = 0
    for sign in (-1, 1):
        starts = range(0, len(everything), BLOCK)
        for start in reversed(starts) if sign < 0 else starts:
            block = everything[start : start + BLOCK]
            look(-block[::-1] if sign < 0 else block, seen)
            count += len(block)
    print(f"{count:,} floats")
    for name, state in seen.items():
        told = f"falls {state.falls} times" if name in RISING else ""
        print(f"{name:<9} at most {state.error:.2f} ulp, at {state.where!r:<24} {told}")
    return int(any(seen[name].error > ULP[name] or seen[name].falls for name in HELD))


if __name__ == "__main__":
    sys.exit(main())
