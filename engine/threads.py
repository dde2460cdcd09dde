"""Into how many parts a step is cut: part of the result of a run, so chosen once and written down."""

from __future__ import annotations

import os
from itertools import pairwise

from engine.spec import Architecture, check_int

MAX_THREADS = 256
#: Multiply-adds of a step for which one more thread saves more than the threads' meeting costs.
WORTH_A_THREAD = 2_000_000
#: Rows below which a thread's matrix products are too flat to be fast.
ROWS_A_THREAD = 16


def check_threads(threads: int) -> int:
    """`threads` if it is a number of parts; raises SpecError otherwise."""
    return check_int("threads", threads, 1, MAX_THREADS)


def useful_threads(architecture: Architecture, rows: int) -> int:
    """How many parts make a step on `rows` rows fastest on this machine, by the size of its matrix products."""
    work = 3 * rows * sum(n * m for n, m in pairwise(architecture.widths))
    return max(1, min(cores(), work // WORTH_A_THREAD, rows // ROWS_A_THREAD))


def cores() -> int:
    """Cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
