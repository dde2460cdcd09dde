"""The gradient of the parameters, its norm and the update: what one thread does with its part of each layer.

A thread owns a share of the rows of every weight matrix and of the units of every bias. It works tile by tile:
while a tile of the gradient is still in the cache, its norm is taken and its weights are updated.
"""

import numpy as np

from engine.cpu.access import dial, layer_row, plan, unit_vector
from engine.cpu.activate import PRELU
from engine.cpu.frame import Kernel, call, doubles, floats
from engine.cpu.pieces import WEIGHTS, next_piece, owner_at
from engine.cpu.products import gradient_of
from engine.cpu.rows import thread_sums
from engine.cpu.shares import is_shared_layer, rows_of_tile, thread_inputs
from engine.cpu.state import (
    GRADIENTS,
    LAYERS,
    MEAN_DY,
    MEAN_DYZ,
    NORM_SUM,
    PER_LAYER,
    ROWS,
    SLOPE_SUM,
    SUMS,
    THREADS,
    TILE_NORMS,
    TILES,
    UPDATE,
    UPDATE_NOW,
    WORK,
    G,
)  # fmt: skip
from engine.cpu.subnormal import flush_subnormals, restore_subnormals
from engine.cpu.update import square_sum
from engine.dials import BATCH_NORM
from engine.jit import inner, inner_sum
from engine.layout import ACTIVATION, BETA, BIAS, FAN_OUT, GAMMA, SLOPE, STATS, WEIGHT, D

_ZERO = np.float32(0.0)


def _parameter_share(s, thread):
    """Gradient and update, as the plan wants, of the parameters that belong to `thread`."""
    control = flush_subnormals()
    for layer in range(plan(s, LAYERS)):
        norm = _weights(s, thread, layer) + _units(s, thread, layer)
        if plan(s, GRADIENTS):
            thread_sums(s, thread)[PER_LAYER + SUMS * layer + NORM_SUM] = norm
    restore_subnormals(control)


parameter_share = Kernel(_parameter_share)


@inner
def _weights(s, thread, layer):
    t = layer_row(s, layer)
    m, weight = t[FAN_OUT], t[WEIGHT]
    shared, threads = is_shared_layer(s, t), plan(s, THREADS)
    # Where the gradient is used up at once, every tile of it lies in the place of the thread's own first one, which
    # stays in the cache.
    own = np.int64(0)
    stay = plan(s, GRADIENTS) != 0 and plan(s, UPDATE_NOW) != 0
    total = 0.0
    begun = np.int64(0)
    for turn in range(threads if shared else 1):
        owner = owner_at(s, thread, turn)
        _, _, first, end = thread_inputs(s, owner, layer)
        step = rows_of_tile(s, t, end - first)
        own = first if turn == 0 else own
        tile = next_piece(s, WEIGHTS, layer, owner, np.int64(-1), shared)
        while first + tile * step < end:
            lo = first + tile * step
            hi = min(lo + step, end)
            g = weight + (own if stay else lo) * m
            if plan(s, GRADIENTS):
                begun = gradient_of(s, thread, layer, owner, lo, hi, g, begun)
            norm = _finish(s, weight + lo * m, weight + hi * m, g)
            if shared:
                doubles(s, TILE_NORMS)[(layer * threads + owner) * plan(s, TILES) + tile] = norm
            else:
                total += norm
            tile = next_piece(s, WEIGHTS, layer, owner, tile, shared)
    return total


@inner
def _units(s, thread, layer):
    """Bias, gamma and beta of the thread's units; the slope belongs to thread 0."""
    t = layer_row(s, layer)
    m = t[FAN_OUT]
    threads = plan(s, THREADS)
    lo, hi = m * thread // threads, m * (thread + 1) // threads
    hidden = layer < plan(s, LAYERS) - 1
    normed = hidden and dial(s, BATCH_NORM) != 0.0
    sloped = hidden and thread == 0 and t[ACTIVATION] == PRELU
    if plan(s, GRADIENTS):
        if normed:
            # The batch mean takes the bias out again: its gradient is 0, and a sum would leave rounding noise that
            # the adaptive optimizers blow up to whole steps.
            rows = np.float32(plan(s, ROWS))
            g = floats(s, G)
            mean_dy, mean_dyz = unit_vector(s, MEAN_DY, t[STATS], m), unit_vector(s, MEAN_DYZ, t[STATS], m)
            for j in range(lo, hi):
                g[t[BIAS] + j] = _ZERO
                g[t[GAMMA] + j] = mean_dyz[j] * rows
                g[t[BETA] + j] = mean_dy[j] * rows
        else:
            _column_sums(floats(s, WORK), t[D] + lo, plan(s, ROWS), m, floats(s, G)[t[BIAS] + lo : t[BIAS] + hi])
        if sloped:
            floats(s, G)[t[SLOPE]] = sum_over_threads(s, PER_LAYER + SUMS * layer + SLOPE_SUM)
    norm = _finish(s, t[BIAS] + lo, t[BIAS] + hi, t[BIAS] + lo)
    if normed:
        norm += _finish(s, t[GAMMA] + lo, t[GAMMA] + hi, t[GAMMA] + lo)
        norm += _finish(s, t[BETA] + lo, t[BETA] + hi, t[BETA] + lo)
    if sloped:
        norm += _finish(s, t[SLOPE], t[SLOPE] + 1, t[SLOPE])
    return norm


@inner
def sum_over_threads(s, column):
    """Σ over threads, in their order, of a column of the sums."""
    total = 0.0
    for thread in range(plan(s, THREADS)):
        total += thread_sums(s, thread)[column]
    return total


@inner
def squared_norm(s, layer):
    """That of the gradient of a layer."""
    t = layer_row(s, layer)
    if not is_shared_layer(s, t):
        return sum_over_threads(s, PER_LAYER + SUMS * layer + NORM_SUM)
    total, threads = 0.0, plan(s, THREADS)
    for owner in range(threads):
        _, _, first, end = thread_inputs(s, owner, layer)
        start = (layer * threads + owner) * plan(s, TILES)
        part, step = 0.0, rows_of_tile(s, t, end - first)
        for tile in range((end - first + step - 1) // step):
            part += doubles(s, TILE_NORMS)[start + tile]
        total += part + thread_sums(s, owner)[PER_LAYER + SUMS * layer + NORM_SUM]
    return total


@inner
def _finish(s, lo, hi, g):
    """Squared norm of the gradient, from place `g` on, and update, where wanted, of parameters lo to hi (excluded)."""
    norm = 0.0
    if plan(s, GRADIENTS):
        norm = square_sum(floats(s, G)[g : g + hi - lo])
    if plan(s, UPDATE_NOW):
        call(plan(s, UPDATE), (s, lo, hi, g))
    return norm


@inner_sum
def _column_sums(work, place, rows, columns, out):
    for j in range(out.size):
        out[j] = _ZERO
    for r in range(rows):
        line = work[place + r * columns : place + r * columns + out.size]
        for j in range(out.size):
            out[j] += line[j]
