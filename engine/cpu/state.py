"""What a compiled step works on: the arrays of one trainer, allocated once, and the frame that names them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cpu.blas import find_blas
from engine.cpu.frame import make_frame
from engine.dials import COUNT
from engine.formulas.optimizers import COEFFICIENTS
from engine.layout import Layout

# Rows of `units`: per hidden unit, running statistics, those of the current batch, and ones.
RUNNING_MEAN, RUNNING_VAR, MEAN, RSTD, MEAN_DY, MEAN_DYZ, UNIT = map(np.int64, range(7))
# Columns of `sums`, a row a thread: loss and hits of its rows, then for each layer the gradient of its slope and the
# squared norm of its gradient.
LOSS, HITS, PER_LAYER = range(3)
SLOPE_SUM, NORM_SUM, SUMS = range(3)
# Entries of `plan`. LAYERS to REGRESSION hold for a trainer; ROWS of the batch at hand; DROPPING, BACKWARD, UPDATING:
# whether dropout acts, gradients are wanted, parameters and running statistics move; GRADIENTS and
# UPDATE_NOW: what the pass over the parameters does; then the addresses of kernels.
LAYERS, UNITS, INPUTS, OUTPUTS, THREADS, REGRESSION = range(6)
ROWS, DROPPING, BACKWARD, UPDATING, GRADIENTS, UPDATE_NOW = range(6, 12)
SGEMM, ACTIVATE, UPDATE, STAGES, SHARE, PLAN = range(12, 18)
# Places in `c` after the optimizer's coefficients: the factor that clips the gradient, AdamW's decay.
CLIP_SCALE, DECAY = COEFFICIENTS, COEFFICIENTS + 1


@dataclass(frozen=True)
class State:
    """Arrays of one trainer. float32 unless said; P parameters, U hidden units, L layers, T threads.

    The order of the fields is that of the slots below, by which compiled code finds them.
    """

    x: NDArray[np.float32]  # (n, features)
    labels: NDArray[np.int32]  # (n,) classification; (1,) otherwise
    targets: NDArray[np.float32]  # (n, outputs) regression; (1, 1) otherwise
    rows: NDArray[np.int32]  # (capacity,) the batch: row numbers into x
    p: NDArray[np.float32]  # (P,) parameters
    g: NDArray[np.float32]  # (P,) gradient
    s1: NDArray[np.float32]  # (P,) optimizer slots
    s2: NDArray[np.float32]  # (P,)
    work: NDArray[np.float32]  # activations and deltas of one batch, see engine.layout
    units: NDArray[np.float32]  # (7, U)
    partial: NDArray[np.float32]  # (T, 2, U) per-thread statistics that batch norm merges
    sums: NDArray[np.float64]  # (T, 2 + 2 L)
    table: NDArray[np.int64]  # (L, COLUMNS)
    dials: NDArray[np.float64]  # (COUNT,)
    c: NDArray[np.float32]  # (COEFFICIENTS + 2,) coefficients of this step's update
    plan: NDArray[np.int64]  # (PLAN,)
    keys: NDArray[np.uint64]  # (L,) dropout streams of this step: input, then hidden layers
    frame: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        arrays = tuple(getattr(self, f.name) for f in fields(self) if f.name != "frame")
        object.__setattr__(self, "frame", make_frame(arrays))

    @property
    def address(self) -> int:
        """What compiled functions take as their first argument. Valid while this state lives."""
        return int(self.frame.ctypes.data)

    def with_(self, **arrays: Any) -> State:
        """The same state with some arrays replaced."""
        return replace(self, **arrays)


X, LABELS, TARGETS, BATCH, P, G, S1, S2, WORK, PER_UNIT, PARTIAL, ALL_SUMS, TABLE, DIALS, C, PLAN_SLOT, KEYS = range(17)


def allocate(layout: Layout, threads: int, regression: bool, data: Any, kernels: tuple[int, ...]) -> State:
    """A state with all arrays zero (running variance one) for `threads` threads; `kernels` from ACTIVATE on."""
    layers, units, size = len(layout.table), max(layout.units, 1), layout.parameters
    x, labels, targets = data
    state = State(
        x, labels, targets,
        rows=np.zeros(layout.capacity, np.int32),
        p=np.zeros(size, np.float32), g=np.zeros(size, np.float32),
        s1=np.zeros(size, np.float32), s2=np.zeros(size, np.float32),
        work=np.zeros(layout.work, np.float32),
        units=np.zeros((UNIT + 1, units), np.float32),
        partial=np.zeros((threads, 2, units), np.float32),
        sums=np.zeros((threads, PER_LAYER + SUMS * layers), np.float64),
        table=layout.table, dials=np.zeros(COUNT), c=np.zeros(COEFFICIENTS + 2, np.float32),
        plan=np.zeros(PLAN, np.int64), keys=np.zeros(layers, np.uint64),
    )  # fmt: skip
    state.units[[RUNNING_VAR, UNIT]] = 1.0
    state.plan[:ROWS] = layers, units, x.shape[1], layout.outputs, threads, regression
    state.plan[SGEMM] = find_blas().address
    state.plan[ACTIVATE:PLAN] = kernels
    return state
