"""Backward: what follows on each element of a delta, batch norm's way back, and the gradients of units and slopes."""

import numpy as np
from numba import cuda

from engine.cuda.compiling import COLUMNS as GROUP
from engine.cuda.compiling import LANES, device
from engine.cuda.forward import PRELU, drops, multiplier
from engine.cuda.net import LAYERS, MEAN_DY, MEAN_DYZ, RSTD, SLOPES, TICKET, TICKET_ROWS, UNITS
from engine.cuda.summing import column_sum
from engine.dials import BATCH_NORM
from engine.formulas.batchnorm import through_norm
from engine.layout import ACTIVATION, BETA, BIAS, COLUMNS, FAN_OUT, GAMMA, SLOPE, STATS, D, F, M, Z

_F = np.float32
_ZERO = _F(0.0)


@device
def finish_delta(net, step, layer, row, column):
    """What follows on an element of D·Wᵀ: times the derivative; for PReLU its part of the slope's gradient, in M."""
    t = layer * COLUMNS
    m = net.table[t + FAN_OUT]
    e = row * m + column
    delta = net.work[net.table[t + D] + e]
    if net.table[t + ACTIVATION] == PRELU:
        z = net.work[net.table[t + Z] + e]
        if net.dials[BATCH_NORM] != 0.0:
            y = z * net.p[net.table[t + GAMMA] + column] + net.p[net.table[t + BETA] + column]
        else:
            y = z + net.p[net.table[t + BIAS] + column]
        part = delta * (y if y < _ZERO else _ZERO)
        if drops(net):
            part *= multiplier(net, step, layer, e)
        net.work[net.table[t + M] + e] = part
    net.work[net.table[t + D] + e] = delta * net.work[net.table[t + F] + e]


@device
def back_through_norm(net, step, layer, cells):
    """D of a hidden layer becomes the gradient at Z."""
    t = layer * COLUMNS
    m, z0, d0, u = net.table[t + FAN_OUT], net.table[t + Z], net.table[t + D], net.table[t + STATS]
    units, rows = net.plan[UNITS], net.ticket[step * TICKET + TICKET_ROWS]
    lane, across = cuda.threadIdx.x // GROUP, cuda.threadIdx.x % GROUP
    for group in range(cuda.blockIdx.x, (m + GROUP - 1) // GROUP, cuda.gridDim.x):
        j = group * GROUP + across
        end = rows if j < m else 0
        total, weighted = _ZERO, _ZERO
        for r in range(lane, end, LANES):
            delta = net.work[d0 + r * m + j]
            total += delta
            weighted += delta * net.work[z0 + r * m + j]
        mean_dy = _F(column_sum(cells, total) / rows)
        mean_dyz = _F(column_sum(cells, weighted) / rows)
        if j < m:
            gamma, rstd = net.p[net.table[t + GAMMA] + j], net.units[RSTD * units + u + j]
            for r in range(lane, rows, LANES):
                e = r * m + j
                net.work[d0 + e] = through_norm(
                    net.work[d0 + e], net.work[z0 + e], gamma, rstd, mean_dy, mean_dyz
                )  # fmt: skip
            if lane == 0:
                net.units[MEAN_DY * units + u + j] = mean_dy
                net.units[MEAN_DYZ * units + u + j] = mean_dyz


@device
def unit_gradients(net, step, layer, cells):
    """Gradients of bias, gamma and beta, each unit's part of the slope's; 0 for what the dials make inactive."""
    t = layer * COLUMNS
    m, u, units = net.table[t + FAN_OUT], net.table[t + STATS], net.plan[UNITS]
    rows = net.ticket[step * TICKET + TICKET_ROWS]
    hidden = layer < net.plan[LAYERS] - 1
    normed = hidden and net.dials[BATCH_NORM] != 0.0
    sloped = hidden and net.table[t + ACTIVATION] == PRELU
    lane, across = cuda.threadIdx.x // GROUP, cuda.threadIdx.x % GROUP
    for group in range(cuda.blockIdx.x, (m + GROUP - 1) // GROUP, cuda.gridDim.x):
        j = group * GROUP + across
        bias, slope = _ZERO, _ZERO
        if not normed:  # the batch mean takes the bias out again: its gradient is 0, and a sum leaves rounding noise
            bias = _column(net, cells, net.table[t + D], m, j, lane, rows)
        if sloped:
            slope = _column(net, cells, net.table[t + M], m, j, lane, rows)
        if j < m and lane == 0:
            net.g[net.table[t + BIAS] + j] = bias
            if hidden:
                scale = _F(rows) if normed else _ZERO
                net.g[net.table[t + GAMMA] + j] = net.units[MEAN_DYZ * units + u + j] * scale
                net.g[net.table[t + BETA] + j] = net.units[MEAN_DY * units + u + j] * scale
                net.units[SLOPES * units + u + j] = slope
                if j == 0 and not sloped:
                    net.g[net.table[t + SLOPE]] = _ZERO


@device
def _column(net, cells, place, m, j, lane, rows):
    """Σ over the rows of column j of the block of the work area at `place`; every thread of the block must call it."""
    end = rows if j < m else 0
    part = _ZERO
    for r in range(lane, end, LANES):
        part += net.work[place + r * m + j]
    return _F(column_sum(cells, part))
