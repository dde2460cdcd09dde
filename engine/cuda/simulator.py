"""Repairs of numba's CUDA simulator, which runs each thread of a kernel as a Python thread.

Of a shared array it gives two threads that come to it at once one each. Here one thread at a time makes it.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

import numpy as np


def repair() -> None:
    """Replaces the simulator's shared arrays; only once numba.cuda was imported as the simulator."""
    from numba.cuda.np import numpy_support
    from numba.cuda.simulator.kernelapi import FakeCUDAShared

    lock = threading.Lock()

    def array(self: Any, shape: int, dtype: Any) -> Any:
        frame = sys._getframe(1)
        key = frame.f_code.co_filename, frame.f_lineno
        with lock:
            if key not in self._allocations:
                self._allocations[key] = np.empty(shape, numpy_support.as_dtype(dtype))
            return self._allocations[key]

    FakeCUDAShared.array = array
