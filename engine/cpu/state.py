"""What a compiled step works on: the arrays of one trainer, allocated once, and the frame that names them."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.cpu.blas import find_blas
from engine.cpu.frame import make_frame
from engine.cpu.matmul import WIDE
from engine.cpu.matrix_unit import PANEL, is_allowed, may_split, packed_floats
from engine.cpu.memory import zeros
from engine.dials import COUNT
from engine.formulas.optimizers import COEFFICIENTS
from engine.layout import FAN_IN, FAN_OUT, Layout

# Rows of `units`: per hidden unit, running statistics, those of the current batch, and ones.
RUNNING_MEAN, RUNNING_VAR, MEAN, RSTD, MEAN_DY, MEAN_DYZ, UNIT = map(np.int64, range(7))
# Columns of `sums`, a row a thread: loss and hits of its rows, then for each layer the gradient of its slope and the
# squared norm of its gradient.
LOSS, HITS, PER_LAYER = range(3)
SLOPE_SUM, NORM_SUM, SUMS = range(3)
# Entries of `plan`. LAYERS to TILES hold for a trainer; LARGE, SHARED: whether it has large layers, and any that
# threads share in pieces; TILES: the most tiles that one thread's part of such a layer has; ROWS of the batch at hand;
# DROPPING, UPDATING: whether dropout acts, parameters and running statistics move; GRADIENTS and UPDATE_NOW: what the
# pass over the parameters does; TEAM to BARRIER: see engine.cpu.team; KEPT, PACKED_SIZE: floats that a thread has for
# the factor of a product that it keeps packed, and in all, 0 without a matrix unit; then the addresses of kernels, that
# of PANELS 0 where it is not needed.
LAYERS, UNITS, INPUTS, OUTPUTS, THREADS, REGRESSION, LARGE, SHARED, TILES = range(9)
ROWS, DROPPING, UPDATING, GRADIENTS, UPDATE_NOW = range(9, 14)
TEAM, FORK, WHO, TEAM_SIZE, BARRIER = range(14, 19)
KEPT, PACKED_SIZE = range(19, 21)
SGEMM, ACTIVATE, UPDATE, STAGES, SHARE, MEMBER, PASS, PANELS, PLAN = range(21, 30)
#: Weights from which on a layer is large: each thread multiplies with the rows of W that it also updates, so that no
#: weight goes from one core's cache to another's. That takes four more meetings, which cost more where W is small.
MANY_WEIGHTS = 1 << 13
#: Weights from which on threads share a large layer in pieces, see engine.cpu.pieces.
VERY_MANY_WEIGHTS = 1 << 18
#: Floats of a gradient tile: with its weights and slots it fits a second-level cache. Of a wide layer D is packed anew
#: for every tile, which pays from some dozen rows on.
TILE, TILE_WIDE = 16_384, 65_536
#: int64 numbers of a cache line: a counter of pieces has one for itself.
LINE = 8
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
    products: NDArray[np.float32]  # (T - 1, capacity, widest large layer) what thread 1, 2 … adds to Z
    claims: NDArray[np.int64]  # (3, L, T, LINE) how many pieces of a layer are taken
    norms: NDArray[np.float64]  # (L, T, tiles) squared norms of the gradient's tiles in shared layers
    packed: NDArray[np.float32]  # (T, PACKED_SIZE) factors of products as the matrix unit wants them; a line aligned
    frame: NDArray[np.int64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        arrays = tuple(getattr(self, f.name) for f in fields(self) if f.name != "frame")
        object.__setattr__(self, "frame", make_frame(arrays))

    @property
    def address(self) -> int:
        """What compiled functions take as their first argument. Valid while this state lives."""
        return int(self.frame.ctypes.data)

    def resized(self, layout: Layout) -> State:
        """The same state with room for batches of the layout's capacity; plan and parameters stay where they are."""
        threads = int(self.plan[THREADS])
        kept, size = packed_size(layout)
        self.plan[[KEPT, PACKED_SIZE]] = kept, size
        work, products, packed = zeros((layout.work,), (products_size(layout, threads),), (threads * size,))
        rows = np.zeros(layout.capacity, np.int32)
        return self.with_(rows=rows, work=work, table=layout.table, products=products, packed=packed)

    def with_(self, **arrays: Any) -> State:
        """The same state with some arrays replaced."""
        return replace(self, **arrays)


X, LABELS, TARGETS, BATCH, P, G, S1, S2, WORK, PER_UNIT, PARTIAL, ALL_SUMS = range(12)
TABLE, DIALS, C, PLAN_SLOT, KEYS, PRODUCTS, CLAIMS, TILE_NORMS, PACKED = range(12, 21)


def is_large(fan_in: Any, fan_out: Any, threads: Any) -> Any:
    """Whether threads cut a layer by its inputs, not by the rows of the batch."""
    return threads > 1 and fan_in >= threads and fan_in * fan_out >= MANY_WEIGHTS


def is_shared(fan_in: Any, fan_out: Any, threads: Any) -> Any:
    """Whether threads take pieces of a layer from one another; each owns at least one tile of its gradient."""
    return threads > 1 and fan_in >= threads and fan_in * fan_out >= max(VERY_MANY_WEIGHTS, threads * TILE_WIDE)


def tile_rows(fan_in: Any, fan_out: Any, split: Any) -> Any:
    """Inputs of a gradient tile; `split`: whole panels, for a matrix unit."""
    if split:
        return max(1, min(max(PANEL, TILE // fan_out // PANEL * PANEL), TILE_WIDE // fan_out))
    return max(1, (TILE_WIDE if fan_in * fan_out >= WIDE else TILE) // fan_out)


def products_size(layout: Layout, threads: int) -> int:
    """Floats of the array `products` for batches of the layout's capacity."""
    large = [int(t[FAN_OUT]) for t in layout.table if is_large(t[FAN_IN], t[FAN_OUT], threads)]
    return max(1, (threads - 1) * layout.capacity * max(large, default=0))


def packed_size(layout: Layout) -> tuple[int, int]:
    """The plan's KEPT and PACKED_SIZE for batches of the layout's capacity; 0 if not used."""
    kept = panel = 0
    for t in layout.table if is_allowed() else ():
        n, m, rows = int(t[FAN_IN]), int(t[FAN_OUT]), layout.capacity
        if may_split(rows, n, m):
            kept = max(kept, packed_floats(rows, n), packed_floats(rows, m), packed_floats(m, rows))
            panel = max(panel, 2 * packed_floats(PANEL, max(n, m, rows)))
    return kept, kept + panel


def allocate(layout: Layout, threads: int, regression: bool, data: Any, kernels: tuple[int, ...]) -> State:
    """A state with all arrays zero (running variance one) for `threads` threads; `kernels` from ACTIVATE on."""
    layers, units, size = len(layout.table), max(layout.units, 1), layout.parameters
    x, labels, targets = data
    shapes = [(int(t[FAN_IN]), int(t[FAN_OUT])) for t in layout.table]
    shared = [shape for shape in shapes if is_shared(*shape, threads)]
    kept, part = packed_size(layout)
    most = [ceil(ceil(n / threads) / tile_rows(n, m, split)) for n, m in shared for split in (False, True)]
    tiles = max(most, default=1)
    p, g, s1, s2, work, products, packed, per_unit, partial = zeros(
        *[(size,)] * 4, (layout.work,), (products_size(layout, threads),), (threads * part,),
        (int(UNIT) + 1, units), (threads, 2, units),
    )  # fmt: skip
    state = State(
        x, labels, targets,
        rows=np.zeros(layout.capacity, np.int32),
        p=p, g=g, s1=s1, s2=s2, work=work, units=per_unit, partial=partial,
        sums=np.zeros((threads, PER_LAYER + SUMS * layers), np.float64),
        table=layout.table, dials=np.zeros(COUNT), c=np.zeros(COEFFICIENTS + 2, np.float32),
        plan=np.zeros(PLAN, np.int64), keys=np.zeros(layers, np.uint64),
        products=products,
        claims=np.zeros((3, layers, threads, LINE), np.int64), norms=np.zeros((layers, threads, tiles)), packed=packed,
    )  # fmt: skip
    state.units[[RUNNING_VAR, UNIT]] = 1.0
    large = any(is_large(t[FAN_IN], t[FAN_OUT], threads) for t in layout.table)
    state.plan[:ROWS] = layers, units, x.shape[1], layout.outputs, threads, regression, large, bool(shared), tiles
    state.plan[[KEPT, PACKED_SIZE]] = kept, part
    state.plan[SGEMM] = find_blas().address
    state.plan[ACTIVATE:PANELS] = kernels
    return state
