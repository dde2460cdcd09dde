"""The matrix unit of newer Intel processors (AMX): tiles of 16 × 16 sums, fed with bfloat16 numbers.

It multiplies sixteen times as many numbers in the same time as the vector units, but numbers of 8 bits. How a product
of float32 numbers is made of such is said in `engine.cpu.parts`: it takes six.

The eight tile registers: four sums, two tiles of the left factor and two of the right one (Intel 64 and IA-32
Architectures Software Developer's Manual, vol. 1, ch. 18). Other processors have no such unit: there these functions
do nothing, and nobody calls them.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from engine.cpu.matrix_unit import COMPILED, LINE, PARTS, SIDE, TILE
from engine.cpu.parts import gap_packer
from engine.cpu.vectors import at, byte_pointer, call_llvm, number, pointer, prefetch

#: Where another program uses the other half of the core, instructions of the unit that wait in a dense row hinder one
#: another. So each is followed by others: so many that do nothing, and so many that fetch lines of what comes next.
IDLE, LINES = 4, 5

_BYTE = ir.IntType(8)
_LEFT, _RIGHT = 4, 6  # first registers of the factors' tiles
_SUMS = [(2 * i + j, i, j) for i in range(2) for j in range(2)]  # (register, block of the left, of the right factor)
#: The parts to begin with, and those to go on with after each of the six products but the last, smallest first: one
#: side changes at a time, each of its two tiles as soon as it has been used for the last time.
_FIRST = ((_LEFT, 0), (_RIGHT, 2))
_THEN = ((_RIGHT, 1), (_LEFT, 1), (_RIGHT, 0), (_LEFT, 2), (_LEFT, 0))


def _call(builder: Any, name: str, *args: Any) -> None:
    call_llvm(builder, f"x86.{name}", ir.VoidType(), *args)


def _register(index: int) -> Any:
    return ir.Constant(_BYTE, index)


@intrinsic
def open_tiles(typing_context: Any) -> Any:
    """From here on this thread uses the unit: all eight tiles have 16 rows of 64 bytes."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if COMPILED:
            shape = bytes([1, *[0] * 15, *[LINE, 0] * 8, *[0] * 16, *[SIDE] * 8, *[0] * 8])
            kind = ir.ArrayType(_BYTE, len(shape))
            place = cgutils.alloca_once(builder, kind)
            builder.store(ir.Constant(kind, bytearray(shape)), place)
            _call(builder, "ldtilecfg", builder.bitcast(place, _BYTE.as_pointer()))
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def close_tiles(typing_context: Any) -> Any:
    """This thread is done with the unit: the system need not save its tiles any more."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if COMPILED:
            _call(builder, "tilerelease")
        return context.get_dummy_value()

    return types.void(), codegen


def _idle(builder: Any) -> None:
    llvm.initialize_native_asmparser()
    kind = ir.FunctionType(ir.VoidType(), [])
    builder.call(ir.InlineAsm(kind, "\n".join(["nop"] * IDLE), "", side_effect=True), [])


def _gap_fetcher(builder: Any, blocks: list[Any]) -> Callable[[], None]:
    """A function that fetches, each time it is called, some lines of the next group of all blocks."""
    lines = iter([(block, 4 * PARTS + LINE * i) for block in blocks for i in range(3 * SIDE)])

    def fill() -> None:
        for block, line in islice(lines, LINES):
            prefetch(builder, builder.add(block, number(line)))
        _idle(builder)

    return fill


def _group(builder: Any, blocks: dict[int, list[Any]], fill: Callable[[], None]) -> None:
    """The six products of one group of two blocks of either side, added to the four sums."""

    def load(side: int, i: int, part: int) -> None:
        address = byte_pointer(builder, builder.add(blocks[side][i], number(4 * TILE * part)))
        _call(builder, "tileloadd64", _register(side + i), address, number(LINE))
        fill()

    for side, part in _FIRST:
        load(side, 0, part)
        load(side, 1, part)
    for side, part in (*_THEN, (0, 0)):
        for i in range(2):
            for tile, row, column in _SUMS:
                if i == (column if side == _RIGHT else row):
                    _call(builder, "tdpbf16ps", *map(_register, (tile, _LEFT + row, _RIGHT + column)))
                    fill()
            if side:
                load(side, i, part)


def _multiplier(packing: bool) -> Callable[..., Any]:
    """How the products of two blocks of the left factor with two of the right one are written."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not COMPILED:
            return context.get_dummy_value()
        left, right, depth, out, step, *packed = args
        block = builder.mul(depth, number(4 * PARTS))

        def blocks(index: Any) -> dict[int, list[Any]]:
            offset = builder.mul(index, number(4 * PARTS))
            first = {side: builder.add(base, offset) for side, base in ((_LEFT, left), (_RIGHT, right))}
            return {side: [base, builder.add(base, block)] for side, base in first.items()}

        for tile, _, _ in _SUMS:
            _call(builder, "tilezero", _register(tile))
        begin = number(0)
        if packing:
            begin, source, second, other, apart, target = packed
            with cgutils.for_range(builder, begin) as rounds:
                places = source, second, other, apart, target, block
                fill = gap_packer(builder, rounds.index, *places, lambda: _idle(builder))
                _group(builder, blocks(rounds.index), fill)
        with cgutils.for_range_slice(builder, begin, depth, number(1), inc=True) as (index, _):
            here = blocks(index)
            _group(builder, here, _gap_fetcher(builder, [*here[_LEFT], *here[_RIGHT]]))
        for tile, i, j in _SUMS:
            place = at(builder, pointer(builder, out), builder.mul(step, number(SIDE * i)), number(SIDE * j))
            bytes_apart = builder.mul(step, number(4))
            _call(builder, "tilestored64", _register(tile), builder.bitcast(place, _BYTE.as_pointer()), bytes_apart)
        return context.get_dummy_value()

    return codegen


@intrinsic
def multiply(typing_context: Any, left: Any, right: Any, depth: Any, out: Any, step: Any) -> Any:
    """The sums (32, 32) of two blocks of the left factor with two of the right one, `depth` groups each.

    To `out`, rows `step` floats apart. All arguments are int64.
    """
    return types.void(*[types.int64] * 5), _multiplier(False)


@intrinsic
def multiply_and_pack(
    typing_context: Any, left: Any, right: Any, depth: Any, out: Any, step: Any, groups: Any, source: Any, second: Any,
    other: Any, apart: Any, target: Any,
) -> Any:  # fmt: skip
    """`multiply`, with `groups` groups of two other blocks packed meanwhile, see `engine.cpu.parts.gap_packer`."""
    return types.void(*[types.int64] * 11), _multiplier(True)
