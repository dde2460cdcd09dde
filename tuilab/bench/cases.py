"""What is timed: networks from a toy to four million weights, and variations of one of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ROWS = 16_384  # rows of made-up training data


@dataclass(frozen=True, slots=True)
class Case:
    """One network with its batch size, how many steps make one timing, and the dials that differ from plain Adam."""

    name: str
    widths: tuple[int, ...]
    batch_size: int
    steps: int
    dials: dict[str, Any] = field(default_factory=dict)
    probe_every: int = 0


CASES = (
    Case("tiny", (2, 8, 8, 2), 10, 20_000),
    Case("small", (64, 32, 32, 10), 32, 20_000),
    Case("mnist-100x3", (784, 100, 100, 100, 10), 60, 3000),
    Case("mnist-128-64", (784, 128, 64, 10), 64, 3000),
    Case("mnist-512x2", (784, 512, 512, 10), 128, 300),
    Case("mnist-1024x3", (784, 1024, 1024, 1024, 10), 128, 60),
)

_PLAIN = CASES[3]
#: The same network with everything on, and with the probes on; compared with `mnist-128-64`.
VARIATIONS = (
    Case(
        "all-remedies", _PLAIN.widths, _PLAIN.batch_size, _PLAIN.steps,
        {"activation": "elu", "optimizer": "radam", "batch_norm": True, "dropout": 0.5},
    ),
    Case("all-probes", _PLAIN.widths, _PLAIN.batch_size, _PLAIN.steps, probe_every=10),
)  # fmt: skip
PLAIN = _PLAIN.name


#: What a GPU is timed on.
GPU_CASES = (*CASES, Case("wide-4096x2", (784, 4096, 4096, 10), 1024, 30))


def find_case(name: str) -> Case:
    """The case or variation of that name; raises KeyError."""
    return {case.name: case for case in GPU_CASES + VARIATIONS}[name]
