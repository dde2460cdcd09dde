"""Sums over the threads of a block, in a fixed order: the same bits on every run.

`cells` (THREADS,) float64 is shared memory, which the kernel makes: a device function that made it itself could only be
called from one place.
"""

from numba import cuda

from engine.cuda.compiling import COLUMNS, LANES, THREADS, device


@device
def block_sum(cells, value):
    """Σ of the threads' values, to every thread of the block; all of them must call it."""
    t = cuda.threadIdx.x
    cells[t] = value
    cuda.syncthreads()
    half = THREADS // 2
    while half > 0:
        if t < half:
            cells[t] += cells[t + half]
        cuda.syncthreads()
        half //= 2
    total = cells[0]
    cuda.syncthreads()
    return total


@device
def column_sum(cells, value):
    """Σ over the lanes of a column (threads COLUMNS apart), to each of them; all threads of the block must call it."""
    t = cuda.threadIdx.x
    cells[t] = value
    cuda.syncthreads()
    total = 0.0
    for lane in range(LANES):
        total += cells[lane * COLUMNS + t % COLUMNS]
    cuda.syncthreads()
    return total
