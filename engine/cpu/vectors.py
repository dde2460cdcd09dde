"""Vectors of float32 in LLVM's own terms, for the innermost loops of the matrix products."""

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils, config

WORD, FLOAT = ir.IntType(64), ir.FloatType()
#: What the processor has that numba compiles for: NUMBA_CPU_FEATURES, as numba reads it, or what this one has.
FEATURES = str(llvm.get_host_cpu_features().flatten() if config.CPU_FEATURES is None else config.CPU_FEATURES)
#: float32 numbers in its widest vector register.
LANES = 16 if "+avx512f" in FEATURES else 8 if "+avx" in FEATURES else 4


def vector(lanes: int) -> Any:
    """The type of as many floats."""
    return ir.VectorType(FLOAT, lanes)


def number(value: int) -> Any:
    """An int64."""
    return ir.Constant(WORD, value)


def pointer(builder: Any, address: Any) -> Any:
    """An address as a pointer to floats."""
    return builder.inttoptr(address, FLOAT.as_pointer())


def load(builder: Any, place: Any, lanes: int) -> Any:
    """The vector at a place, aligned or not."""
    value = builder.load(builder.bitcast(place, vector(lanes).as_pointer()))
    value.align = 4
    return value


def store(builder: Any, value: Any, place: Any) -> None:
    """Puts a vector at a place, aligned or not."""
    builder.store(value, builder.bitcast(place, value.type.as_pointer())).align = 4


def load_where(builder: Any, mask: Any, place: Any, other: Any) -> Any:
    """The lanes of `mask` from a place, which alone are read there, and those of the vector `other` elsewhere."""
    lanes = other.type.count
    place, align = builder.bitcast(place, other.type.as_pointer()), ir.Constant(ir.IntType(32), 4)
    return call_llvm(builder, f"masked.load.v{lanes}f32.p0", other.type, place, align, mask, other)


def store_where(builder: Any, mask: Any, value: Any, place: Any) -> None:
    """Puts the lanes of `mask` at a place and touches nothing else there."""
    place, align = builder.bitcast(place, value.type.as_pointer()), ir.Constant(ir.IntType(32), 4)
    call_llvm(builder, f"masked.store.v{value.type.count}f32.p0", ir.VoidType(), value, place, align, mask)


def byte_pointer(builder: Any, address: Any) -> Any:
    """An address as a pointer to bytes."""
    return builder.inttoptr(address, ir.IntType(8).as_pointer())


def call_llvm(builder: Any, name: str, result: Any, *args: Any) -> Any:
    """One of LLVM's own functions, with what it returns."""
    kind = ir.FunctionType(result, [arg.type for arg in args])
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.{name}"), args)


def prefetch(builder: Any, address: Any) -> None:
    """Fetches a line, to be read soon; an address where nothing is does no harm."""
    kinds = (ir.Constant(ir.IntType(32), v) for v in (0, 3, 1))  # to read, into all caches, data
    call_llvm(builder, "prefetch.p0", ir.VoidType(), byte_pointer(builder, address), *kinds)


def at(builder: Any, base: Any, *offsets: Any) -> Any:
    """A pointer, some numbers of floats further on."""
    for offset in offsets:
        base = builder.gep(base, [offset])
    return base


def spread(builder: Any, value: Any, lanes: int) -> Any:
    """A vector with `value` in every lane."""
    nothing = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes))


def turned(builder: Any, rows: list[Any]) -> list[Any]:
    """The transpose of as many vectors as each has lanes, a power of two."""
    rows, lanes = list(rows), len(rows)
    span = lanes // 2
    while span:  # swap the off-diagonal halves of ever smaller squares
        low = [i if not i & span else lanes + i - span for i in range(lanes)]
        high = [i + span if not i & span else lanes + i for i in range(lanes)]
        masks = [ir.Constant(ir.VectorType(ir.IntType(32), lanes), mask) for mask in (low, high)]
        for i in (i for i in range(lanes) if not i & span):
            pair = rows[i], rows[i + span]
            rows[i], rows[i + span] = (builder.shuffle_vector(*pair, mask) for mask in masks)
        span //= 2
    return rows
