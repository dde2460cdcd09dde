"""Register tiles: the innermost loops of the matrix products, written in LLVM's own terms.

A tile is a few rows by two vectors of columns whose sums stay in registers while the loop runs over the common
dimension (Goto & van de Geijn 2008, "Anatomy of high-performance matrix multiplication", §4-5). A compiler does not
find this form in nested loops, so it is spelled out here: everything else about a product is ordinary code in
`engine.cpu.matmul`. Each sum is taken in the order of the common dimension, whatever the shape of the tile.

All functions take addresses and numbers of floats as int64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from engine.cpu.vectors import FLOAT, LANES, WORD, at, load, number, pointer, spread, store, turned, vector
from engine.jit import inner, named

_FLAGS = ("contract", "nsz")  # a product and a sum may be one instruction
ROWS = 6  # of a tile: with two vectors a row, its sums fill twelve of sixteen registers
COLUMNS, HALF = 2 * LANES, LANES // 2
#: Columns of a tile that takes a rest of half a vector along: of thirty-two registers its sums fill eighteen.
WIDER = COLUMNS + HALF if LANES == 16 else COLUMNS
DEPTH = 256  # of a packed panel, which then fills half of a usual first-level cache
BLOCK = 144  # floats from row to row of a copied block, an odd number of cache lines


def _vectors(width: int) -> list[tuple[Any, int]]:
    """(first column, lanes) of the vectors of a row."""
    return [(number(first), min(width - first, LANES)) for first in range(0, width, LANES)]


def _tile(rows: int, width: int, down: bool) -> Any:
    """An intrinsic: C (rows, width) = (C if `add`) + A·B over `depth` ≥ 1, with row steps lda, ldb, ldc.

    A is (rows, depth), or with `down` the transpose of (depth, rows); `width` one of WIDER, COLUMNS, LANES, HALF.
    """
    columns = _vectors(width)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, lda, b, ldb, c, ldc, depth, add = args
        a, b, c = (pointer(builder, v) for v in (a, b, c))
        lines = [at(builder, c, builder.mul(ldc, number(r))) for r in range(rows)]
        before = builder.block
        fetch, loop, end = (builder.append_basic_block(f"tile.{name}") for name in ("fetch", "loop", "end"))
        builder.cbranch(builder.icmp_signed("!=", add, number(0)), fetch, loop)

        builder.position_at_end(fetch)
        old = [[load(builder, at(builder, line, v), lanes) for v, lanes in columns] for line in lines]
        builder.branch(loop)

        builder.position_at_end(loop)
        k = builder.phi(WORD)
        k.add_incoming(number(0), before)
        k.add_incoming(number(0), fetch)
        sums = [[builder.phi(vector(lanes)) for _, lanes in columns] for _ in lines]
        row_of_b = at(builder, b, builder.mul(k, ldb))
        values = [load(builder, at(builder, row_of_b, v), lanes) for v, lanes in columns]
        new = []
        for r in range(rows):
            steps = (builder.mul(lda, k), number(r)) if down else (builder.mul(lda, number(r)), k)
            factor = builder.load(at(builder, a, *steps))
            factors = [spread(builder, factor, lanes) for _, lanes in columns]
            terms = [builder.fmul(f, value, flags=_FLAGS) for f, value in zip(factors, values, strict=True)]
            new.append([builder.fadd(s, t, flags=_FLAGS) for s, t in zip(sums[r], terms, strict=True)])
        following = builder.add(k, number(1))
        k.add_incoming(following, loop)
        for r in range(rows):
            for v, (_, lanes) in enumerate(columns):
                sums[r][v].add_incoming(ir.Constant(vector(lanes), [0.0] * lanes), before)
                sums[r][v].add_incoming(old[r][v], fetch)
                sums[r][v].add_incoming(new[r][v], loop)
        builder.cbranch(builder.icmp_signed("<", following, depth), loop, end)

        builder.position_at_end(end)
        for line, row in zip(lines, new, strict=True):
            for (v, _), value in zip(columns, row, strict=True):
                store(builder, value, at(builder, line, v))
        return context.get_dummy_value()

    @intrinsic
    def tile(typing_context: Any, a: Any, lda: Any, b: Any, ldb: Any, c: Any, ldc: Any, depth: Any, add: Any) -> Any:
        return types.void(*[types.int64] * 8), codegen

    return tile


def _tiles(width: int, down: bool) -> Callable[..., Any]:
    """A function of the number of rows (1 to ROWS) and the arguments of a tile."""
    tile1, tile2, tile3, tile4, tile5, tile6 = (_tile(rows, width, down) for rows in range(1, ROWS + 1))

    @inner
    @named(f"{'down' if down else 'across'}_{width}")
    def run(rows, a, lda, b, ldb, c, ldc, depth, add):
        if rows == 6:
            tile6(a, lda, b, ldb, c, ldc, depth, add)
        elif rows == 5:
            tile5(a, lda, b, ldb, c, ldc, depth, add)
        elif rows == 4:
            tile4(a, lda, b, ldb, c, ldc, depth, add)
        elif rows == 3:
            tile3(a, lda, b, ldb, c, ldc, depth, add)
        elif rows == 2:
            tile2(a, lda, b, ldb, c, ldc, depth, add)
        else:
            tile1(a, lda, b, ldb, c, ldc, depth, add)

    return run


#: C = A·B, tiles of two vectors, of one and of half a one.
across2, across1, across_half = (_tiles(width, False) for width in (COLUMNS, LANES, HALF))
#: C = Aᵀ·B.
down2, down1, down_half = (_tiles(width, True) for width in (COLUMNS, LANES, HALF))
#: Both with two vectors and a half, where there are registers for it.
across_wider, down_wider = (across2, down2) if WIDER == COLUMNS else (_tiles(WIDER, down) for down in (False, True))


def _packer(width: int) -> Any:
    """An intrinsic: to (count, width), contiguous, from rows `step` floats apart."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, step, target, count = args
        source, target = pointer(builder, source), pointer(builder, target)
        with cgutils.for_range(builder, count) as rounds:
            line = at(builder, source, builder.mul(rounds.index, step))
            out = at(builder, target, builder.mul(rounds.index, number(width)))
            for place, lanes in _vectors(width):
                store(builder, load(builder, at(builder, line, place), lanes), at(builder, out, place))
        return context.get_dummy_value()

    @intrinsic
    def pack(typing_context: Any, source: Any, step: Any, target: Any, count: Any) -> Any:
        return types.void(*[types.int64] * 4), codegen

    return pack


pack2, pack1, pack_half = (_packer(width) for width in (COLUMNS, LANES, HALF))
pack_wider = pack2 if WIDER == COLUMNS else _packer(WIDER)


@intrinsic
def turn8(typing_context: Any, source: Any, step: Any, target: Any, width: Any) -> Any:
    """The transpose of 8 × 8 floats: rows `step` apart at `source`, `width` apart at `target`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, step, target, width = args
        source, target = pointer(builder, source), pointer(builder, target)
        rows = [load(builder, at(builder, source, builder.mul(step, number(i))), 8) for i in range(8)]
        for i, row in enumerate(turned(builder, rows)):
            store(builder, row, at(builder, target, builder.mul(width, number(i))))
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), codegen


@intrinsic
def read_float(typing_context: Any, address: Any) -> Any:
    """The float at an address."""
    return types.float32(types.int64), lambda context, builder, signature, args: builder.load(pointer(builder, args[0]))


@intrinsic
def write_float(typing_context: Any, address: Any, value: Any) -> Any:
    """Puts a float at an address."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[1], pointer(builder, args[0]))
        return context.get_dummy_value()

    return types.void(types.int64, types.float32), codegen


def _scratch(width: int) -> Any:
    """An intrinsic: the address of DEPTH·width floats of its own."""

    @intrinsic
    def address(typing_context: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            with builder.goto_entry_block():
                place = builder.alloca(FLOAT, size=number(DEPTH * width))
                place.align = 64
            return builder.ptrtoint(place, WORD)

        return types.int64(), codegen

    return address


#: Room for a packed panel and for a copied block, which lives until the function returns.
scratch, block_scratch = _scratch(WIDER), _scratch(BLOCK)


@intrinsic
def copy_floats(typing_context: Any, source: Any, target: Any, count: Any) -> Any:
    """`count` floats from an address to another."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        source, target, count = args
        cgutils.raw_memcpy(builder, pointer(builder, target), pointer(builder, source), count, 4)
        return context.get_dummy_value()

    return types.void(*[types.int64] * 3), codegen
