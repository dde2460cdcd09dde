"""Memory for what every step walks through: on cache lines of its own and, if there is much of it, on huge pages.

A cache is shared out by physical address. Pages of 4 KiB lie wherever there was room when a program started: where more
of them than a cache has ways fall on the same place, they drive each other out, in one start of a program and not in
the next. Within a huge page neighbours stay neighbours.
"""

from __future__ import annotations

import mmap
from itertools import accumulate
from math import prod

import numpy as np
from numpy.typing import NDArray

from engine.layout import WHOLE, whole

#: Bytes of a huge page, and from which on it pays to ask for some.
PAGE, ENOUGH = 1 << 21, 1 << 20
_LINE = 4 * WHOLE


def zeros(*shapes: tuple[int, ...]) -> list[NDArray[np.float32]]:
    """float32 arrays of these shapes, one behind the other; each begins on a cache line."""
    sizes = [whole(prod(shape)) for shape in shapes]
    block = _block(4 * sum(sizes))
    starts = accumulate(sizes, initial=0)
    return [block[start : start + prod(shape)].reshape(shape) for start, shape in zip(starts, shapes, strict=False)]


def _block(size: int) -> NDArray[np.float32]:
    """`size` bytes of zeros, as float32."""
    space = _huge_pages(size) if size >= ENOUGH else None
    floats = np.zeros(size // 4 + WHOLE, np.float32) if space is None else np.frombuffer(space, np.float32)
    start = -floats.ctypes.data % (_LINE if space is None else PAGE) // 4
    return floats[start : start + size // 4]


def _huge_pages(size: int) -> mmap.mmap | None:
    """Room for `size` bytes from the start of a huge page on, freed with the last array on it; None without any."""
    if not hasattr(mmap, "MADV_HUGEPAGE"):
        return None
    space = mmap.mmap(-1, size + PAGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        space.madvise(mmap.MADV_HUGEPAGE)
    except OSError:  # a kernel that has none
        return None
    return space
