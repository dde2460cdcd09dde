"""How many training steps a second the engine does, metrics of every step included: one JSON line a network.

A step draws its batch, goes forward and backward, updates with Adam and writes loss, accuracy and each layer's
gradient norm. The figure is the median of REPEATS timings, each of about SECONDS.

    python bench/steps.py [--threads N] [NAME…]
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import numpy as np

from engine import Architecture, Recipe, Trainer

NETWORKS = {  # name: (widths, batch size)
    "2-8-8-2": ((2, 8, 8, 2), 10),
    "64-32-32-10": ((64, 32, 32, 10), 32),
    "784-128-64-10": ((784, 128, 64, 10), 64),
    "784-512-512-10": ((784, 512, 512, 10), 128),
}
ROWS, REPEATS, SECONDS = 8192, 5, 0.5


def measure(widths: tuple[int, ...], batch_size: int, threads: int | None) -> dict[str, float | int]:
    """Steps a second of one network, with the spread of the timings."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, widths[0]), dtype=np.float32)
    y = rng.integers(0, widths[-1], ROWS)
    trainer = Trainer(Architecture(widths), Recipe(), x, y, batch_size, threads=threads)
    trainer.advance(20)  # compiled, caches warm
    begun = time.perf_counter()
    trainer.advance(20)
    steps = max(20, int(SECONDS * 20 / (time.perf_counter() - begun)))
    rates = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        trainer.advance(steps)
        rates.append(steps / (time.perf_counter() - begun))
    middle = statistics.median(rates)
    return {
        "threads": trainer.threads, "parameters": trainer.parameters, "batch_size": batch_size,
        "steps_per_s": round(middle, 1), "us_per_step": round(1e6 / middle, 1),
        "spread": round((max(rates) - min(rates)) / middle, 3),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NETWORKS)}; all if none")
    parser.add_argument("--threads", type=int, help="parts a step is cut into (default: by its size)")
    given = parser.parse_args()
    unknown = set(given.names) - set(NETWORKS)
    if unknown:
        parser.error(f"found {', '.join(sorted(unknown))}, allowed: {', '.join(NETWORKS)}")
    for name in given.names or NETWORKS:
        print(json.dumps({"network": name, **measure(*NETWORKS[name], given.threads)}), flush=True)


if __name__ == "__main__":
    main()
