"""A float32 as the sum of three bfloat16 numbers, and matrices as tiles of such, for a matrix unit.

A float32 has a significand of 24 bits and a bfloat16 one of 8, with the same exponents: cut off twice, a number is the
exact sum of three parts, high + mid + low. Of the nine products of two numbers' parts the six largest are added up in
float32. The rest is 4e-8 of the product on average, less than the rounding of a float32 product, and 5e-7 at most.
(Henry, Tang & Heinecke 2019, "Leveraging the bfloat16 Artificial Intelligence Datatype for Higher-Precision
Computations", §III.) Parts below the smallest normal number count as zero, and an infinite number becomes NaN.

A word is two bfloat16 numbers, a tile 16 rows of 16 words. A block is 16 rows of a left factor, or 16 columns of a
right one, all along the common dimension: for each 32 of its numbers, a group, the tiles of the three parts one after
the other. Word j of a group has numbers j and 16 + j. So a row of the left factor becomes words as it lies in memory,
and so do rows j and 16 + j of the right one; a factor that is to be transposed is turned on the way.

All functions take addresses and numbers of floats as int64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from engine.cpu.matrix_unit import COMPILED, LINE, PARTS, SIDE, TILE
from engine.cpu.vectors import at, load, load_where, number, pointer, prefetch, store, store_where, turned, vector

#: Groups by which what is packed in gaps is fetched ahead.
AHEAD = 2

_BITS = ir.IntType(32)
_HIGH = 0xFFFF0000  # the bits of a float32 that are a bfloat16


def _parts(builder: Any, first: Any, second: Any) -> list[Any]:
    """The three parts of two vectors, the first one's in the lower halves of the words."""
    words = ir.VectorType(_BITS, SIDE)

    def all_lanes(value: int) -> Any:
        return ir.Constant(words, [value] * SIDE)

    parts = []
    for _ in range(3):
        low, high = (builder.and_(builder.bitcast(v, words), all_lanes(_HIGH)) for v in (first, second))
        parts.append(builder.bitcast(builder.or_(builder.lshr(low, all_lanes(16)), high), vector(SIDE)))
        first = builder.fsub(first, builder.bitcast(low, first.type))
        second = builder.fsub(second, builder.bitcast(high, second.type))
    return parts


def gap_packer(
    builder: Any, group: Any, source: Any, second: Any, other: Any, apart: Any, target: Any, block: Any,
    idle: Callable[[], None],
) -> Callable[[], None]:  # fmt: skip
    """A function that writes, each time it is called, the packing of one of the 32 rows of a group of two blocks.

    Rows are `apart` floats apart. The floats whose words follow one another: at `source` and `second` bytes further on,
    those of the other block `other` bytes further on, those of the next group 2·`second`. Blocks go to `target` and
    `block` bytes further on. What is packed soon is fetched; when nothing is left the function calls `idle`.
    """
    group_step = builder.mul(second, number(2))
    source = builder.add(source, builder.mul(group, group_step))
    target = builder.add(target, builder.mul(group, number(4 * PARTS)))
    ahead = builder.mul(group_step, number(AHEAD))
    rows = iter([(i, row) for i in range(2) for row in range(SIDE)])

    def fill() -> None:
        i, row = next(rows, (-1, 0))
        if i < 0:
            idle()
            return
        place = builder.add(source, builder.mul(apart, number(4 * row)))
        out = builder.add(target, number(LINE * row))
        if i:
            place, out = builder.add(place, other), builder.add(out, block)
        places = place, builder.add(place, second)
        for p in places:
            prefetch(builder, builder.add(p, ahead))
        pair = (load(builder, pointer(builder, p), SIDE) for p in places)
        for part, words in enumerate(_parts(builder, *pair)):
            store(builder, words, pointer(builder, builder.add(out, number(4 * TILE * part))))

    return fill


def _mask(builder: Any, count: Any) -> Any:
    """The lanes below `count`, which is 0 to 16, as 16 bits."""
    ones = builder.sub(builder.shl(ir.Constant(_BITS, 1), builder.trunc(count, _BITS)), ir.Constant(_BITS, 1))
    return builder.trunc(ones, ir.IntType(SIDE))


def _row_mask(builder: Any, row: Any, rows: Any, lanes: Any) -> Any:
    """`lanes` in the rows below `rows`, none in the others; as booleans."""
    bits = builder.select(builder.icmp_signed("<", row, rows), lanes, ir.Constant(lanes.type, 0))
    return builder.bitcast(bits, ir.VectorType(ir.IntType(1), SIDE))


def _load_some(builder: Any, base: Any, step: Any, row: Any, rows: Any, lanes: Any) -> Any:
    """Row `row` of floats, zero from `rows` on and outside `lanes`; nothing is read there."""
    zeros = ir.Constant(vector(SIDE), [0.0] * SIDE)
    return load_where(builder, _row_mask(builder, row, rows, lanes), at(builder, base, builder.mul(step, row)), zeros)


def _packer(turn: bool) -> Callable[..., Any]:
    """How the parts of one tile are written."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not COMPILED:
            return context.get_dummy_value()
        first, second, step, target, rows0, columns0, rows1, columns1 = args
        squares = [(pointer(builder, first), rows0, _mask(builder, columns0))]
        squares.append((pointer(builder, second), rows1, _mask(builder, columns1)))
        out = pointer(builder, target)

        def put(row: Any, *pair: Any) -> None:
            for part, words in enumerate(_parts(builder, *pair)):
                store(builder, words, at(builder, out, builder.mul(row, number(SIDE)), number(part * TILE)))

        if turn:
            lines = [
                turned(builder, [_load_some(builder, base, step, number(i), rows, lanes) for i in range(SIDE)])
                for base, rows, lanes in squares
            ]
            for i, pair in enumerate(zip(*lines, strict=True)):
                put(number(i), *pair)
        else:
            with cgutils.for_range(builder, number(SIDE)) as rounds:
                row = rounds.index
                put(row, *(_load_some(builder, base, step, row, rows, lanes) for base, rows, lanes in squares))
        return context.get_dummy_value()

    return codegen


@intrinsic
def pack_tile(typing_context: Any, first: Any, second: Any, step: Any, target: Any, rows0: Any, columns0: Any,
              rows1: Any, columns1: Any) -> Any:  # fmt: skip
    """The parts of a tile to `target`: word (i, j) is made of entries (i, j) of two squares of floats.

    The squares are at `first` and `second`, their rows `step` apart. Of each only rows × columns entries are read, the
    others count as zero.
    """
    return types.void(*[types.int64] * 8), _packer(False)


@intrinsic
def pack_turned_tile(typing_context: Any, first: Any, second: Any, step: Any, target: Any, rows0: Any, columns0: Any,
                     rows1: Any, columns1: Any) -> Any:  # fmt: skip
    """As `pack_tile`, of the entries (j, i)."""
    return types.void(*[types.int64] * 8), _packer(True)


def _writer(turn: bool) -> Callable[..., Any]:
    """How the sums of one tile are written."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not COMPILED:
            return context.get_dummy_value()
        source, source_step, target, step, rows, columns = args
        source, target = pointer(builder, source), pointer(builder, target)
        lines = [load(builder, at(builder, source, builder.mul(source_step, number(i))), SIDE) for i in range(SIDE)]
        if turn:
            lines, rows, columns = turned(builder, lines), columns, rows
        lanes = _mask(builder, columns)
        for i, line in enumerate(lines):
            place = at(builder, target, builder.mul(step, number(i)))
            store_where(builder, _row_mask(builder, number(i), rows, lanes), line, place)
        return context.get_dummy_value()

    return codegen


@intrinsic
def write_tile(typing_context: Any, source: Any, source_step: Any, target: Any, step: Any, rows: Any,
               columns: Any) -> Any:  # fmt: skip
    """The first `rows` × `columns` of 16 × 16 floats to `target`; steps from row to row in floats."""
    return types.void(*[types.int64] * 6), _writer(False)


@intrinsic
def write_turned_tile(typing_context: Any, source: Any, source_step: Any, target: Any, step: Any, rows: Any,
                      columns: Any) -> Any:  # fmt: skip
    """Their transpose."""
    return types.void(*[types.int64] * 6), _writer(True)
