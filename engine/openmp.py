"""Where libgomp's functions lie, on machines that have it: looked for without loading the compiler."""

import ctypes
import sys
from functools import cache


@cache
def openmp() -> tuple[int, int, int]:
    """Addresses of GOMP_parallel, omp_get_thread_num and omp_get_num_threads; zeros where they are not."""
    names = ("GOMP_parallel", "omp_get_thread_num", "omp_get_num_threads")
    try:
        library = ctypes.CDLL("libgomp.so.1") if sys.platform.startswith("linux") else None
        one, two, three = (ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0 for name in names)
    except (OSError, AttributeError):
        return 0, 0, 0
    return one, two, three
