"""Single-precision matrix products: the BLAS that NumPy ships, called at its address.

Compiled code gets the address of `sgemm` as a plain number, so it stays cacheable and never takes the GIL. BLAS
itself is kept to one thread: the engine's own threads share the work, each with whole rows of the batch.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic


@dataclass(frozen=True, slots=True)
class Blas:
    """Where `sgemm` of a BLAS lies, and what it calls itself."""

    address: int
    name: str


@cache
def find_blas() -> Blas:
    """NumPy's own OpenBLAS if it ships one, otherwise the BLAS of SciPy; limited to one thread."""
    return _numpy_openblas() or _scipy_blas()


def _numpy_openblas() -> Blas | None:
    """The OpenBLAS inside a NumPy wheel (already loaded by NumPy: opening it again costs nothing)."""
    root = Path(np.__file__).parent
    places = (root.parent / "numpy.libs", root / ".dylibs")
    for path in sorted(p for place in places if place.is_dir() for p in place.glob("*openblas*")):
        library = ctypes.CDLL(str(path))
        for prefix, suffix in (("scipy_", "64_"), ("", "64_"), ("scipy_", ""), ("", "")):
            symbol = f"{prefix}sgemm_{suffix}"
            if not hasattr(library, symbol):
                continue
            set_threads = getattr(library, f"{prefix}openblas_set_num_threads{suffix}", None)
            config = getattr(library, f"{prefix}openblas_get_config{suffix}", None)
            if set_threads is not None:
                set_threads(1)
            name = "OpenBLAS"
            if config is not None:
                config.restype = ctypes.c_char_p
                name = config().decode()
            return Blas(ctypes.cast(getattr(library, symbol), ctypes.c_void_p).value or 0, f"NumPy: {name}")
    return None


def _scipy_blas() -> Blas:
    from numba.extending import get_cython_function_address
    from threadpoolctl import threadpool_limits

    address = get_cython_function_address("scipy.linalg.cython_blas", "sgemm")
    threadpool_limits(1, user_api="blas")
    return Blas(address, "SciPy's BLAS")


@intrinsic
def sgemm(typing_context: Any, fn: Any, ta: Any, tb: Any, m: Any, n: Any, k: Any, a: Any, lda: Any,
          b: Any, ldb: Any, c: Any, ldc: Any) -> Any:  # fmt: skip
    """Fortran sgemm: C = op(A) · op(B), column-major, all three given by address; α = 1, β = 0.

    Whole numbers go as pointers to int64: right for 64-bit and, on little-endian machines, for 32-bit BLAS.
    """
    number = types.int64
    signature = types.void(number, types.int8, types.int8, *[number] * 9)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        fn, ta, tb, m, n, k, a, lda, b, ldb, c, ldc = args

        def by_reference(value: Any) -> Any:
            slot = cgutils.alloca_once(builder, value.type)
            builder.store(value, slot)
            return slot

        one, zero = (by_reference(ir.Constant(ir.FloatType(), v)) for v in (1.0, 0.0))
        a, b, c = (builder.inttoptr(v, ir.FloatType().as_pointer()) for v in (a, b, c))
        pointers = [
            *(by_reference(v) for v in (ta, tb, m, n, k)), one, a, by_reference(lda),
            b, by_reference(ldb), zero, c, by_reference(ldc),
        ]  # fmt: skip
        kind = ir.FunctionType(ir.VoidType(), [p.type for p in pointers])
        builder.call(builder.inttoptr(fn, kind.as_pointer()), pointers)
        return context.get_dummy_value()

    return signature, codegen
