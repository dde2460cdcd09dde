"""How compiled functions see a state: as one address.

A frame is a vector of (address, length) pairs of int64, one for each array of `engine.cpu.state.State`. Every compiled
function takes the frame's address and plain numbers, so each is compiled once, in a moment, and can be called
through a pointer by functions that are compiled apart from it. Without that cut, numba optimises every loop
again in each of its callers: 140 seconds instead of a few.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np import arrayobj
from numpy.typing import NDArray

from engine.jit import kernel

_WORD = ir.IntType(64)


def _reader(dtype: Any) -> Any:
    """An intrinsic (frame, slot) → the 1-D array of `dtype` in that slot."""
    array = types.Array(dtype, 1, "C")

    @intrinsic
    def read(typing_context: Any, frame: Any, slot: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            words = builder.inttoptr(args[0], _WORD.as_pointer())
            first = builder.shl(args[1], ir.Constant(_WORD, 1))
            address = builder.load(builder.gep(words, [first]))
            length = builder.load(builder.gep(words, [builder.add(first, ir.Constant(_WORD, 1))]))
            result = context.make_array(array)(context, builder)
            kind = context.get_data_type(dtype)
            size = ir.Constant(_WORD, context.get_abi_sizeof(kind))
            arrayobj.populate_array(
                result,
                data=builder.inttoptr(address, kind.as_pointer()),
                shape=cgutils.pack_array(builder, [length]),
                strides=cgutils.pack_array(builder, [size]),
                itemsize=size,
                meminfo=None,
            )
            return result._getvalue()

        return array(types.int64, types.int64), codegen

    return read


def entry_reader(dtype: Any, slot: int) -> Any:
    """An intrinsic (frame, place) → the entry at `place` of the array of `dtype` in `slot`."""

    @intrinsic
    def read(typing_context: Any, frame: Any, place: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            words = builder.inttoptr(args[0], _WORD.as_pointer())
            address = builder.load(builder.gep(words, [ir.Constant(_WORD, 2 * slot)]))
            values = builder.inttoptr(address, context.get_data_type(dtype).as_pointer())
            return builder.load(builder.gep(values, [args[1]]))

        return dtype(types.int64, types.int64), codegen

    return read


def _place(size: int) -> Any:
    """An intrinsic (frame, slot, place) → the address of an entry of `size` bytes."""

    @intrinsic
    def address(typing_context: Any, frame: Any, slot: Any, place: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            words = builder.inttoptr(args[0], _WORD.as_pointer())
            base = builder.load(builder.gep(words, [builder.shl(args[1], ir.Constant(_WORD, 1))]))
            return builder.add(base, builder.mul(args[2], ir.Constant(_WORD, size)))

        return types.int64(types.int64, types.int64, types.int64), codegen

    return address


#: The address of the float32 or the int64 at a place of the array in a slot.
float_address, word_address = _place(4), _place(8)

floats = _reader(types.float32)
doubles = _reader(types.float64)
numbers = _reader(types.int64)
indices = _reader(types.int32)
words = _reader(types.uint64)


@intrinsic
def call(typing_context: Any, address: Any, numbers: Any) -> Any:
    """Calls the kernel at an address; `numbers` is the tuple of its arguments, all int64."""
    count = len(numbers)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [_WORD] * count)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), cgutils.unpack_tuple(builder, args[1], count))
        return context.get_dummy_value()

    return types.void(types.int64, types.UniTuple(types.int64, count)), codegen


class Kernel:
    """A compiled function void(int64 …) that others call by its address; compiled when first asked for."""

    def __init__(self, function: Callable[..., None]):
        self._function = function
        self._compiled: Any = None
        self.__doc__ = function.__doc__

    def address(self) -> int:
        """The address of its machine code, compiled now or read from the cache; valid while this object lives."""
        if self._compiled is None:
            count = self._function.__code__.co_argcount
            self._compiled = kernel(types.void(*([types.int64] * count)))(self._function)
        return int(self._compiled.address)


def make_frame(arrays: tuple[Any, ...]) -> NDArray[np.int64]:
    """The frame (2 · len(arrays),) int64 of contiguous arrays, which must outlive it."""
    for array in arrays:
        if not array.flags.c_contiguous:
            raise ValueError("a frame holds contiguous arrays only")
    return np.array([v for a in arrays for v in (a.ctypes.data, a.size)], np.int64)
