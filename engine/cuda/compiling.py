"""How kernels are compiled, and the sizes they are compiled for.

In numba's CUDA simulator (NUMBA_ENABLE_CUDASIM=1) a kernel runs as Python with one operating-system thread for each of
its threads: there blocks and tiles are small, and everything else is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from numba import cuda
from numba.core import config

import engine.jit  # noqa: F401 - before any kernel: it says where compiled code is kept
from engine.cuda.simulator import repair

SIMULATED = bool(config.ENABLE_CUDASIM)


@dataclass(frozen=True, slots=True)
class Tile:
    """A block's piece of a product: `down` × `across` outputs, `deep` terms at a time, `rows` × `columns` a thread."""

    down: int
    across: int
    deep: int
    rows: int
    columns: int


#: Threads of a block; columns that a block handles together where it adds up columns.
THREADS, COLUMNS = (4, 2) if SIMULATED else (256, 32)
LANES = THREADS // COLUMNS
#: From small to large: a large tile reads each number fewer times, small ones spread over more blocks.
TILES = (
    (Tile(2, 2, 3, 1, 1), Tile(4, 4, 2, 2, 2), Tile(8, 8, 1, 4, 4))
    if SIMULATED
    else (Tile(16, 16, 16, 1, 1), Tile(64, 64, 16, 4, 4), Tile(128, 128, 8, 8, 8))
)
#: Numbers of a tile of either factor in shared memory; the pitch of a line is one more than its length.
TILE_CELLS = max(tile.deep * (max(tile.down, tile.across) + 1) for tile in TILES)

if SIMULATED:
    repair()
    device: Callable[..., Any] = cuda.jit(device=True)
    kernel: Callable[..., Any] = cuda.jit()
else:
    device = cuda.jit(device=True, forceinline=True)
    kernel = partial(cuda.jit, cache=True, launch_bounds=THREADS)()
