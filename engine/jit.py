"""How functions are compiled: one place for numba's options."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numba
from numba.core import config

from engine.compiled import cache_folder


def _load_array_functions() -> None:
    """Loads numba's array functions without SciPy, which they import only to see whether it has a BLAS.

    That look costs a quarter of a warm start, and the engine calls NumPy's own BLAS. Afterwards numba's products
    work as ever for whoever uses them in this process: they ask for SciPy again when they are compiled.
    """
    probe = "scipy.linalg.cython_blas"
    if "numba.np.arraymath" in sys.modules or probe in sys.modules:
        return
    sys.modules[probe] = None  # type: ignore[assignment]
    try:
        arraymath = import_module("numba.np.arraymath")
    finally:
        del sys.modules[probe]
    if hasattr(arraymath, "_HAVE_BLAS"):
        setattr(arraymath, "_HAVE_BLAS", find_spec("scipy") is not None)  # noqa: B010 - not in its stubs


_load_array_functions()

# numba reads this when a function is decorated; a folder of the user's own choice wins.
if "NUMBA_CACHE_DIR" not in os.environ:
    config.CACHE_DIR = str(cache_folder())

# "numpy": a division by zero gives inf instead of raising, without which no division vectorises.
# "contract" permits fused multiply-add; NaN and inf keep their meaning, since divergence must be noticed.
# "reassoc", for sums alone: the order of additions inside a loop is the compiler's, fixed once compiled.
_FAST, _SUM = {"contract", "nsz"}, {"contract", "nsz", "reassoc"}
_OUTER: dict[str, Any] = {"nogil": True, "cache": True, "error_model": "numpy"}
_INNER: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
_LINKED = dict(_INNER)
with suppress(ImportError):  # a numba whose insides are others: the first start is longer then
    _LINKED["pipeline_class"] = import_module("engine.linked").LinkedCompiler


def named(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Names a function that a factory makes, before it is compiled; every one needs a name of its own.

    A symbol is made of module, name, types and a number that starts anew in every process. Where code from the cache
    and code compiled now agree in all four, the linker takes one for the other, whatever they do.
    """

    def rename(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__qualname__ = name
        return function

    return rename


#: What Python calls: kept in the cache together with all that it calls.
njit: Callable[..., Any] = partial(numba.njit, **_OUTER, fastmath=_FAST)
#: A function with a C address, see engine.cpu.frame; takes the signature first.
kernel: Callable[..., Any] = partial(numba.cfunc, cache=True, nopython=True, error_model="numpy", fastmath=_FAST)
#: What only compiled code calls: no wrapper, no machine code and no cache entry of its own.
inner: Callable[..., Any] = partial(numba.njit, **_LINKED, fastmath=_FAST)
inner_sum: Callable[..., Any] = partial(numba.njit, **_LINKED, fastmath=_SUM)
#: A parallel loop. Neither it nor its callers may be cached, up to the function that Python calls: what is compiled
#: against a cached caller of a parallel loop lacks that loop, and the process that loads it next crashes.
inner_parallel: Callable[..., Any] = partial(numba.njit, **_INNER, parallel=True)
#: A formula: one scalar function, inlined into the loops of the CPU and called by the kernels of the GPU. The CUDA
#: simulator runs kernels as Python, so there it needs what Python can call.
formula = njit if config.ENABLE_CUDASIM else inner
