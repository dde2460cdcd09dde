"""Who multiplies what: the three products of a layer by its rows or by its inputs, and those of wide layers in pieces.

How a product is done is said in `engine.cpu.matmul`, and in `engine.cpu.panels` for a matrix unit.
"""

import numpy as np

from engine.cpu.access import layer_row, plan
from engine.cpu.frame import call, float_address
from engine.cpu.matmul import FLOAT, backward_product, forward_product, gradient_product
from engine.cpu.pieces import BACKWARD, FORWARD, KEEP, WEIGHTS, columns_of, next_piece, owner_at, pieces_of
from engine.cpu.shares import by_matrix_unit, is_large_layer, is_shared_layer, thread_inputs
from engine.cpu.state import PANELS, PRODUCTS, ROWS, SGEMM, THREADS, WORK, G, P
from engine.jit import inner
from engine.layout import FAN_IN, FAN_OUT, WEIGHT, A, D, Z


@inner
def multiply(s, thread, layer, lo, hi):
    """Z = A·W for the rows; of a large layer for all rows, but the part of it that comes from an owner's inputs."""
    t = layer_row(s, layer)
    n, m = t[FAN_IN], t[FAN_OUT]
    large, shared = is_large_layer(s, t), is_shared_layer(s, t)
    for turn in range(plan(s, THREADS) if shared else 1):
        owner = owner_at(s, thread, turn)
        if large:
            place, step, first, end = thread_inputs(s, owner, layer)
            lo, hi = np.int64(0), plan(s, ROWS)
            z = float_address(s, PRODUCTS, (owner - 1) * hi * m) if owner > 0 else float_address(s, WORK, t[Z])
        else:
            below = layer_row(s, layer - 1)[A] if layer > 0 else np.int64(0)
            place, step, first, end = below + lo * n, n, np.int64(0), n
            z = float_address(s, WORK, t[Z] + lo * m)
        a, w = float_address(s, WORK, place), float_address(s, P, t[WEIGHT] + first * m)
        rows, inputs = hi - lo, end - first
        if by_matrix_unit(s, rows, inputs, m):
            call(plan(s, PANELS), (s, thread, FORWARD, layer, owner, shared, a, step, rows, inputs, m, w, z, m))
            continue
        pieces = pieces_of(shared, rows, inputs, m, m)
        piece = next_piece(s, FORWARD, layer, owner, np.int64(-1), shared)
        while piece < pieces:
            c, stop = columns_of(piece, pieces, m)
            forward_product(plan(s, SGEMM), a, step, w + FLOAT * c, z + FLOAT * c, rows, inputs, m, stop - c)
            piece = next_piece(s, FORWARD, layer, owner, piece, shared)


@inner
def multiply_back(s, thread, layer, lo, hi):
    """The D of the layer below = D·Wᵀ for the rows; of a large layer for all rows, but an owner's inputs alone."""
    t = layer_row(s, layer)
    n, m = t[FAN_IN], t[FAN_OUT]
    large, shared = is_large_layer(s, t), is_shared_layer(s, t)
    for turn in range(plan(s, THREADS) if shared else 1):
        owner = owner_at(s, thread, turn)
        first, end = np.int64(0), n
        if large:
            _, _, first, end = thread_inputs(s, owner, layer)
            lo, hi = np.int64(0), plan(s, ROWS)
        rows, inputs = hi - lo, end - first
        d, w = float_address(s, WORK, t[D] + lo * m), float_address(s, P, t[WEIGHT] + first * m)
        below = float_address(s, WORK, layer_row(s, layer - 1)[D] + lo * n + first)
        if by_matrix_unit(s, rows, inputs, m):
            call(plan(s, PANELS), (s, thread, BACKWARD, layer, owner, shared, d, m, rows, inputs, m, w, below, n))
            continue
        pieces = pieces_of(shared, rows, inputs, m, inputs)
        piece = next_piece(s, BACKWARD, layer, owner, np.int64(-1), shared)
        while piece < pieces:
            c, stop = columns_of(piece, pieces, inputs)
            backward_product(plan(s, SGEMM), d, w + FLOAT * c * m, below + FLOAT * c, n, rows, stop - c, m)
            piece = next_piece(s, BACKWARD, layer, owner, piece, shared)


@inner
def gradient_of(s, thread, layer, owner, first, last, place, kept):
    """The gradient of the weights of an owner's inputs `first` to `last`, to `place` of the gradient.

    `kept`: not 0 where the matrix unit has done a tile of this layer before. Returns what it is for the next one.
    """
    t, rows = layer_row(s, layer), plan(s, ROWS)
    source, step, start, end = thread_inputs(s, owner, layer)
    m, count, no = t[FAN_OUT], last - first, np.int64(0)
    a, d, g = float_address(s, WORK, source), float_address(s, WORK, t[D]), float_address(s, G, place)
    if by_matrix_unit(s, rows, end - start, m):
        if kept == 0:
            call(plan(s, PANELS), (s, thread, KEEP, no, no, no, d, m, rows, no, m, no, no, no))
        a += FLOAT * (first - start)
        call(plan(s, PANELS), (s, thread, WEIGHTS, no, no, no, a, step, rows, count, m, no, g, m))
        return np.int64(1)
    gradient_product(plan(s, SGEMM), a, d, g, rows, step, m, first - start, last - start)
    return np.int64(0)
