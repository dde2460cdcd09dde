"""The pieces of a wide layer, which threads take one by one: who is done with its own takes from another.

Cores that others use as well differ in speed by half and more, from one moment to the next, and where every thread has
a fixed part the fast one waits. A piece is the same work whoever does it, and its result has a place of its own, so
that no bit depends on who did. The weights of a wide layer do not stay in a core's own cache from step to step, so it
costs little to fetch those of another's piece. Smaller ones do stay, and their layers have no pieces.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from engine.cpu.access import plan
from engine.cpu.frame import numbers, word_address
from engine.cpu.matmul import for_blas
from engine.cpu.state import CLAIMS, LAYERS, LINE, SHARED, THREADS
from engine.jit import inner

#: What is cut into pieces: the forward product, the backward product, gradient with update; KEEP: see `panels`.
FORWARD, BACKWARD, WEIGHTS, KEEP = map(np.int64, range(4))
#: Columns of a product that make a piece: whole panels of any width.
COLUMNS = 64
#: What a counter holds before its pieces may be taken: more than there ever are.
CLOSED = 1 << 40

_WORD = ir.IntType(64)


def _exchange(operation: str) -> Any:
    """An intrinsic: one atomic operation on the int64 at an address; returns what was there."""

    @intrinsic
    def change(typing_context: Any, address: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            place = builder.inttoptr(args[0], _WORD.as_pointer())
            return builder.atomic_rmw(operation, place, args[1], "acq_rel")

        return types.int64(types.int64, types.int64), codegen

    return change


_add, _set = _exchange("add"), _exchange("xchg")


@inner
def _counter(s, kind, layer, owner):
    return ((kind * plan(s, LAYERS) + layer) * plan(s, THREADS) + owner) * LINE


@inner
def put_out(s, kind):
    """Puts out all pieces of a kind anew; before threads start. The forward ones of layer 0 wait for its inputs."""
    if plan(s, SHARED):
        counters = numbers(s, CLAIMS)
        for layer in range(plan(s, LAYERS)):
            for owner in range(plan(s, THREADS)):
                counters[_counter(s, kind, layer, owner)] = CLOSED if kind == FORWARD and layer == 0 else 0


@inner
def open_inputs(s, owner):
    """The owner's inputs of layer 0 are there: its forward pieces may be taken."""
    if plan(s, SHARED):
        _set(word_address(s, CLAIMS, _counter(s, FORWARD, np.int64(0), owner)), 0)


@inner
def owner_at(s, thread, turn):
    """Whose pieces a thread does in its turn: first its own."""
    owner = thread + turn
    return owner - plan(s, THREADS) if owner >= plan(s, THREADS) else owner


@inner
def next_piece(s, kind, layer, owner, before, shared):
    """The piece to do after `before`, -1 for the first, of those that belong to `owner`."""
    if shared:
        return _add(word_address(s, CLAIMS, _counter(s, kind, layer, owner)), 1)
    return before + 1


@inner
def pieces_of(shared, rows, fan_in, fan_out, columns):
    """How many pieces a product of so many columns has: one where BLAS does it, which packs both sides anew each."""
    return max(1, columns // COLUMNS) if shared and not for_blas(rows, fan_in, fan_out, columns) else 1


@inner
def columns_of(piece, pieces, columns):
    """The columns (first, end excluded) of a piece; the last one has the rest."""
    return piece * COLUMNS, columns if piece == pieces - 1 else (piece + 1) * COLUMNS
