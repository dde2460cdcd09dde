"""Lines: rows of logits in whole vectors of sixteen floats, filled up with −∞.

A network has few outputs, and loops over ten numbers are mostly beginnings and ends. A place that is filled up changes
no maximum and, once it is e^−∞, no sum. Sums are taken pairwise, in one order on every processor.

All functions take addresses and numbers of floats as int64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from engine.cpu.vectors import (
    at,
    call_llvm,
    load,
    load_where,
    number,
    pointer,
    spread,
    store,
    store_where,
    vector,
)  # fmt: skip
from engine.layout import WHOLE

_INT = ir.IntType(32)
_LOWEST = ir.Constant(vector(WHOLE), [float("-inf")] * WHOLE)
_ZERO = ir.Constant(vector(WHOLE), [0.0] * WHOLE)
_FLAGS = ("contract", "nsz")


def _is(builder: Any, how: str, start: Any, value: Any) -> Any:
    """A mask: which places of the vector from `start` on compare so with `value`."""
    value = spread(builder, builder.trunc(builder.sub(value, start), _INT), WHOLE)
    return builder.icmp_signed(how, ir.Constant(value.type, list(range(WHOLE))), value)


def _vectors(builder: Any, columns: Any) -> Any:
    """A loop over the first places of the vectors of a line."""
    return cgutils.for_range_slice(builder, number(0), columns, number(WHOLE))


def _row(builder: Any, place: Any, start: Any, columns: Any) -> Any:
    """The vector from `start` on of a row of so many `columns`; zero behind them."""
    return load_where(builder, _is(builder, "<", start, columns), at(builder, place, start), _ZERO)


def _logits(builder: Any, z: Any, bias: Any, start: Any, columns: Any) -> Any:
    """Those from `start` on: z + bias, then −∞."""
    total = builder.fadd(_row(builder, z, start, columns), _row(builder, bias, start, columns), flags=_FLAGS)
    return builder.select(_is(builder, "<", start, columns), total, _LOWEST)


def _larger(builder: Any, a: Any, b: Any) -> Any:
    return builder.select(builder.fcmp_ordered(">", b, a), b, a)


def _sum(builder: Any, a: Any, b: Any) -> Any:
    return builder.fadd(a, b, flags=_FLAGS)


def _reduced(builder: Any, value: Any, join: Callable[..., Any]) -> Any:
    """One float of a vector: halves joined, again and again."""
    span = WHOLE
    while span > 1:
        span //= 2
        nothing = ir.Constant(value.type, ir.Undefined)
        halves = [
            builder.shuffle_vector(
                value, nothing, ir.Constant(ir.VectorType(_INT, span), list(range(first, first + span)))
            )
            for first in (0, span)
        ]
        value = join(builder, *halves)
    return builder.extract_element(value, ir.Constant(_INT, 0))


@intrinsic
def largest(typing_context: Any, z: Any, bias: Any, columns: Any) -> Any:
    """max(z + bias) of a row."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        z, bias = (pointer(builder, v) for v in args[:2])
        best = cgutils.alloca_once_value(builder, _LOWEST)
        with _vectors(builder, args[2]) as (start, _):
            builder.store(_larger(builder, builder.load(best), _logits(builder, z, bias, start, args[2])), best)
        return _reduced(builder, builder.load(best), _larger)

    return types.float32(*[types.int64] * 3), codegen


@intrinsic
def first_place(typing_context: Any, z: Any, bias: Any, columns: Any, value: Any) -> Any:
    """The first column whose z + bias is `value`; -1 if there is none."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        z, bias = (pointer(builder, v) for v in args[:2])
        place = cgutils.alloca_once_value(builder, number(-1))
        bits = ir.IntType(WHOLE)
        with _vectors(builder, args[2]) as (start, _):
            same = builder.fcmp_ordered(
                "==", _logits(builder, z, bias, start, args[2]), spread(builder, args[3], WHOLE)
            )
            mask = builder.bitcast(same, bits)
            lane = call_llvm(builder, f"cttz.i{WHOLE}", bits, mask, ir.Constant(ir.IntType(1), 0))
            found = builder.add(start, builder.zext(lane, start.type))
            is_first = builder.and_(
                builder.icmp_unsigned("!=", mask, ir.Constant(bits, 0)),
                builder.icmp_signed("<", builder.load(place), number(0)),
            )
            builder.store(builder.select(is_first, found, builder.load(place)), place)
        return builder.load(place)

    return types.int64(types.int64, types.int64, types.int64, types.float32), codegen


@intrinsic
def put_line(typing_context: Any, z: Any, bias: Any, columns: Any, top: Any, line: Any) -> Any:
    """Writes z + bias − top to a line."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        z, bias, line = (pointer(builder, v) for v in (args[0], args[1], args[4]))
        top = spread(builder, args[3], WHOLE)
        with _vectors(builder, args[2]) as (start, _):
            value = builder.fsub(_logits(builder, z, bias, start, args[2]), top, flags=_FLAGS)
            store(builder, value, at(builder, line, start))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64, types.float32, types.int64), codegen


@intrinsic
def total_but(typing_context: Any, line: Any, columns: Any, place: Any) -> Any:
    """The sum of a line without what is at `place`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        line, columns, place = args
        line = pointer(builder, line)
        total = cgutils.alloca_once_value(builder, _ZERO)
        with _vectors(builder, columns) as (start, _):
            value = load(builder, at(builder, line, start), WHOLE)
            value = builder.select(_is(builder, "==", start, place), _ZERO, value)
            builder.store(_sum(builder, builder.load(total), value), total)
        return _reduced(builder, builder.load(total), _sum)

    return types.float32(*[types.int64] * 3), codegen


@intrinsic
def take_line(typing_context: Any, line: Any, columns: Any, row: Any) -> Any:
    """Copies a line to a row, without what fills it up."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        line, row = (pointer(builder, v) for v in (args[0], args[2]))
        with _vectors(builder, args[1]) as (start, _):
            value = load(builder, at(builder, line, start), WHOLE)
            store_where(builder, _is(builder, "<", start, args[1]), value, at(builder, row, start))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), codegen
