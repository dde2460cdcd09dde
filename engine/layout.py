"""Where each tensor of a network lies: in the flat vectors, in the statistics and in the work area.

Parameters, gradients and optimizer slots share one order, layer after layer: weight (fan_in × fan_out, row-major),
bias, and for hidden layers gamma, beta (batch norm) and slope (PReLU). All are always present, whatever the
dials say, so that turning a dial moves no memory.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.spec import Architecture

# Columns of the layer table read by compiled code. STATS: place of the layer's first unit in per-unit vectors.
FAN_IN, FAN_OUT, WEIGHT, BIAS, GAMMA, BETA, SLOPE, STATS, Z, A, F, D, M, ACTIVATION = range(14)
COLUMNS = 14
#: Floats of a cache line of 64 bytes. Rows of logits come in multiples of it where their softmax is taken.
WHOLE = 16


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named slice of the flat vector."""

    name: str
    offset: int
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)


@dataclass(frozen=True, slots=True)
class Layout:
    """The places of all tensors of one architecture.

    `table` is (layers, COLUMNS) int64; its work-area columns hold the offsets for `capacity` rows.
    """

    tensors: tuple[Tensor, ...]
    parameters: int
    units: int  # hidden units, over all layers
    capacity: int
    work: int  # floats of the work area
    outputs: int
    table: NDArray[np.int64]

    def views(self, flat: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Each tensor as a writable view on `flat` (parameters,)."""
        return {t.name: flat[t.offset : t.offset + t.size].reshape(t.shape) for t in self.tensors}

    def unit_views(self, flat: NDArray[np.float32], name: str) -> dict[str, NDArray[np.float32]]:
        """A per-unit vector cut into hidden layers: {"0.name": view, …}."""
        rows = self.table[:-1]
        return {f"{i}.{name}": flat[r[STATS] : r[STATS] + r[FAN_OUT]] for i, r in enumerate(rows)}


def layout(architecture: Architecture, capacity: int) -> Layout:
    """The layout of `architecture` with a work area for batches of up to `capacity` rows."""
    widths = architecture.widths
    table = np.zeros((architecture.layers, COLUMNS), np.int64)
    tensors: list[Tensor] = []
    place = units = 0

    def put(name: str, *shape: int) -> int:
        nonlocal place
        tensors.append(Tensor(name, place, shape))
        place += prod(shape)
        return tensors[-1].offset

    for i, (fan_in, fan_out) in enumerate(itertools.pairwise(widths)):
        row = table[i]
        row[[FAN_IN, FAN_OUT, STATS]] = fan_in, fan_out, units
        row[WEIGHT] = put(f"{i}.weight", fan_in, fan_out)
        row[BIAS] = put(f"{i}.bias", fan_out)
        if i < architecture.layers - 1:
            row[GAMMA] = put(f"{i}.gamma", fan_out)
            row[BETA] = put(f"{i}.beta", fan_out)
            row[SLOPE] = put(f"{i}.slope", 1)
            units += fan_out
    work = _work_area(table, widths[0], capacity)
    return Layout(tuple(tensors), place, units, capacity, work, widths[-1], table)


def _work_area(table: NDArray[np.int64], inputs: int, capacity: int) -> int:
    """Fills the work-area columns and returns the floats needed: the batch, then Z, A, F, D, M a layer.

    The last layer's A, not needed otherwise, has the rows of logits in whole cache lines.
    """
    place = whole(inputs * capacity) * 2  # the gathered batch and its dropout multipliers
    for i, row in enumerate(table):
        for column in (Z, A, F, D, M):
            row[column] = place
            width = int(row[FAN_OUT])
            place += whole((whole(width) if column == A and i == len(table) - 1 else width) * capacity)
    return place


def whole(floats: Any) -> Any:
    """`floats` rounded up to whole cache lines; for compiled code too."""
    return (floats + WHOLE - 1) // WHOLE * WHOLE
