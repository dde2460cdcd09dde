"""Matrix products by tiles in shared memory, each with the work that follows on its outputs."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import cuda, float32

from engine.cuda.backward import finish_delta
from engine.cuda.compiling import THREADS, TILES, Tile, device
from engine.cuda.forward import finish_forward
from engine.cuda.net import TICKET, TICKET_ROWS
from engine.layout import COLUMNS, FAN_IN, FAN_OUT, WEIGHT, A, D, Z

FORWARD, DELTA, GRADIENT = range(3)
_ZERO = np.float32(0.0)


def _tiled(tile: Tile) -> Callable[..., Any]:
    """The product with tiles of one size."""
    down, across, deep, rows_each, columns_each = tile.down, tile.across, tile.deep, tile.rows, tile.columns
    threads_across = across // columns_each
    threads_down = down // rows_each
    assert threads_across * threads_down == THREADS
    x_pitch, y_pitch = down + 1, across + 1  # one more: neighbours along `deep` lie in other banks
    each = rows_each * columns_each
    x_tile, y_tile = down * deep, deep * across

    @device
    def run(net, step, kind, layer, pads, left, right, out, out0, extent):
        """out[out0:] (rows, columns) = X·Y over `terms`, extent = (rows, columns, terms).

        left = (x, x0, x_row, x_term): X(i, k) = x[x0 + i·x_row + k·x_term]; right = (y, y0, y_term, y_column) likewise.
        `pads` are two arrays of TILE_CELLS numbers in shared memory.
        """
        xs, ys = pads
        x, x0, x_row, x_term = left
        y, y0, y_term, y_column = right
        rows, columns, terms = extent
        sums = cuda.local.array(each, float32)
        some = cuda.local.array(rows_each, float32)
        others = cuda.local.array(columns_each, float32)
        t = cuda.threadIdx.x
        ti, tj = t // threads_across, t % threads_across
        tiles_across = (columns + across - 1) // across
        tiles = tiles_across * ((rows + down - 1) // down)
        for place in range(cuda.blockIdx.x, tiles, cuda.gridDim.x):
            i0, j0 = (place // tiles_across) * down, (place % tiles_across) * across
            for e in range(each):
                sums[e] = _ZERO
            for k0 in range(0, terms, deep):
                for turn in range((x_tile + THREADS - 1) // THREADS):
                    e = turn * THREADS + t
                    # Neighbouring threads read neighbouring numbers, whichever way x lies.
                    i, k = (e // deep, e % deep) if x_term == 1 else (e % down, e // down)
                    if e < x_tile:
                        inside = i0 + i < rows and k0 + k < terms
                        xs[k * x_pitch + i] = x[x0 + (i0 + i) * x_row + (k0 + k) * x_term] if inside else _ZERO
                for turn in range((y_tile + THREADS - 1) // THREADS):
                    e = turn * THREADS + t
                    j, k = (e // deep, e % deep) if y_term == 1 else (e % across, e // across)
                    if e < y_tile:
                        inside = j0 + j < columns and k0 + k < terms
                        ys[k * y_pitch + j] = y[y0 + (k0 + k) * y_term + (j0 + j) * y_column] if inside else _ZERO
                cuda.syncthreads()
                for k in range(deep):
                    for i in range(rows_each):
                        some[i] = xs[k * x_pitch + ti + i * threads_down]
                    for j in range(columns_each):
                        others[j] = ys[k * y_pitch + tj + j * threads_across]
                    for i in range(rows_each):
                        for j in range(columns_each):
                            sums[i * columns_each + j] += some[i] * others[j]
                cuda.syncthreads()
            for i in range(rows_each):
                for j in range(columns_each):
                    row, column = i0 + ti + i * threads_down, j0 + tj + j * threads_across
                    if row < rows and column < columns:
                        out[out0 + row * columns + column] = sums[i * columns_each + j]
            if kind != GRADIENT:
                for e in range(each):
                    row = i0 + ti + (e // columns_each) * threads_down
                    column = j0 + tj + (e % columns_each) * threads_across
                    if row < rows and column < columns:
                        if kind == FORWARD:
                            finish_forward(net, step, layer, row, column)
                        else:
                            finish_delta(net, step, layer - 1, row, column)

    return run


_small, _middle, _large = (_tiled(tile) for tile in TILES)


@device
def product(net, step, kind, layer, tile, pads):
    """One of a layer's products: Z = A·W (and what follows), the layer below's D = D·Wᵀ (too), the gradient AᵀD."""
    t = layer * COLUMNS
    n, m = net.table[t + FAN_IN], net.table[t + FAN_OUT]
    weight, delta = net.table[t + WEIGHT], net.table[t + D]
    batch = net.ticket[step * TICKET + TICKET_ROWS]
    below = (layer - 1) * COLUMNS if layer > 0 else 0
    source = net.table[below + A] if layer > 0 else 0
    y, out = net.p, net.work
    if kind == FORWARD:
        x0, x_row, x_term = source, n, 1
        y0, y_term, y_column = weight, m, 1
        out0, rows, columns, terms = net.table[t + Z], batch, m, n
    elif kind == DELTA:
        x0, x_row, x_term = delta, m, 1
        y0, y_term, y_column = weight, 1, m
        out0, rows, columns, terms = net.table[below + D], batch, n, m
    else:
        y, out = net.work, net.g
        x0, x_row, x_term = source, 1, n
        y0, y_term, y_column = delta, m, 1
        out0, rows, columns, terms = weight, n, m, batch
    left, right = (net.work, x0, x_row, x_term), (y, y0, y_term, y_column)
    extent = rows, columns, terms
    if tile == 0:
        _small(net, step, kind, layer, pads, left, right, out, out0, extent)
    elif tile == 1:
        _middle(net, step, kind, layer, pads, left, right, out, out0, extent)
    else:
        _large(net, step, kind, layer, pads, left, right, out, out0, extent)
