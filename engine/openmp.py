"""Where libgomp's functions lie, on machines that have it: looked for without loading the compiler."""

import ctypes
import sys
from functools import cache


@cache
def openmp() -> tuple[int, ...]:
    """Addresses of GOMP_parallel, omp_get_thread_num, omp_get_num_threads, GOMP_barrier; zeros where they are not."""
    names = ("GOMP_parallel", "omp_get_thread_num", "omp_get_num_threads", "GOMP_barrier")
    try:
        library = ctypes.CDLL("libgomp.so.1") if sys.platform.startswith("linux") else None
        return tuple(ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0 for name in names)
    except (OSError, AttributeError):
        return (0,) * len(names)
