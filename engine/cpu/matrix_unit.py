"""Whether this processor has a matrix unit, and which products go there: as tiles, see `engine.cpu.parts`."""

import ctypes
import sys
from functools import cache
from typing import Any

from engine.cpu.vectors import FEATURES

#: Whether numba compiles for a processor that has the unit: AMX, of newer Intel ones.
COMPILED = {"+amx-tile", "+amx-bf16", "+avx512f", "+avx512vl"} <= set(FEATURES.split(",")) and sys.platform == "linux"
#: Rows, or columns, of a tile; numbers of the common dimension in it; rows or columns of a panel.
SIDE, DEEP, PANEL = 16, 32, 32
#: Words of a tile, and of its three parts; bytes of a row of a tile.
TILE, PARTS, LINE = SIDE * SIDE, 3 * SIDE * SIDE, 4 * SIDE
#: Rows and multiplications from which on the unit is faster than the vector units, if at most a quarter more are
#: done for the sake of whole panels.
SPLIT_ROWS, SPLIT_WORK = 64, 1 << 23

_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA = 158, 0x1023, 18


@cache
def is_allowed() -> bool:
    """Whether this process may use the unit; asks Linux, which wants to be asked once before it saves the tiles."""
    if not COMPILED:
        return False
    call = ctypes.CDLL(None).syscall
    call.restype = ctypes.c_long
    return bool(call(*map(ctypes.c_long, (_ARCH_PRCTL, _REQUEST_PERMISSION, _TILE_DATA))) == 0)


def may_split(rows: Any, fan_in: Any, fan_out: Any) -> Any:
    """Whether products of at most so many rows with at most (fan_in, fan_out) weights are worth the unit."""
    return rows >= SPLIT_ROWS and rows * fan_in * fan_out >= SPLIT_WORK


def is_split(rows: Any, fan_in: Any, fan_out: Any) -> Any:
    """Whether the unit, where there is one, takes the products of so many rows with (fan_in, fan_out) weights."""
    work = rows * fan_in * fan_out
    whole = (rows + 31) // 32 * ((fan_in + 31) // 32) * ((fan_out + 31) // 32) * 32**3
    return rows >= SPLIT_ROWS and work >= SPLIT_WORK and 4 * whole <= 5 * work


def packed_floats(count: int, depth: int) -> int:
    """Floats that `count` rows or columns take, in whole panels, along a common dimension of `depth`."""
    return 2 * -(-count // PANEL) * -(-depth // DEEP) * PARTS
