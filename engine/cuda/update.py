"""The flat vector, span by span: norms of gradients, the optimizers, the bound on incoming weights, probes."""

import math

import numpy as np
from numba import cuda

from engine.cuda.compiling import COLUMNS as GROUP
from engine.cuda.compiling import LANES, THREADS, device
from engine.cuda.forward import PRELU
from engine.cuda.net import (
    GRADIENT_SQUARE,
    LAYERS,
    PARTIAL,
    SLOPES,
    SPAN,
    SPAN_END,
    SPAN_FIRST,
    SPAN_LAYER,
    SPANS,
    TICKET,
    TICKET_PROBED,
    UNITS,
    UPDATE_SQUARE,
    WEIGHT_SQUARE,
)  # fmt: skip
from engine.cuda.summing import block_sum, column_sum
from engine.dials import BATCH_NORM, CLIP_NORM, L1, MAX_NORM, OPTIMIZER, WEIGHT_DECAY
from engine.formulas import optimizers as opt
from engine.layout import ACTIVATION, BIAS, COLUMNS, FAN_IN, FAN_OUT, SLOPE, STATS, WEIGHT

DECAY, STRIDE = opt.COEFFICIENTS, opt.COEFFICIENTS + 1
_F = np.float32
_ZERO = _F(0.0)
_ONE = _F(1.0)


@device
def measure(net, cells):
    """Σ g² of every span; the slopes' gradients are added up first."""
    for span in range(cuda.blockIdx.x, net.plan[SPANS], cuda.gridDim.x):
        layer = net.spans[span * SPAN + SPAN_LAYER]
        first, end = net.spans[span * SPAN + SPAN_FIRST], net.spans[span * SPAN + SPAN_END]
        _add_slopes(net, cells, layer, first, end)
        square = _ZERO
        for i in range(first + cuda.threadIdx.x, end, THREADS):
            square += net.g[i] * net.g[i]
        total = block_sum(cells, square)
        if cuda.threadIdx.x == 0:
            net.partial[span * PARTIAL + GRADIENT_SQUARE] = total


@device
def _add_slopes(net, cells, layer, first, end):
    """The gradient of a layer's learned slope, if it lies in the span."""
    t = layer * COLUMNS
    slope = net.table[t + SLOPE]
    sloped = layer < net.plan[LAYERS] - 1 and net.table[t + ACTIVATION] == PRELU
    if sloped and first <= slope and slope < end:
        units = SLOPES * net.plan[UNITS] + net.table[t + STATS]
        part = 0.0
        for j in range(cuda.threadIdx.x, net.table[t + FAN_OUT], THREADS):
            part += net.units[units + j]
        total = block_sum(cells, part)
        if cuda.threadIdx.x == 0:
            net.g[slope] = _F(total)
        cuda.syncthreads()


@device
def update(net, step, cells):
    """One optimizer step on all active parameters; keeps those of before where the step is probed."""
    c = step * STRIDE
    rule = int(net.dials[OPTIMIZER])
    clip = _clip(net, cells)
    decay, l1 = net.coefficients[c + DECAY], _F(net.dials[L1])
    coupled = _ZERO if rule == opt.ADAMW else _F(net.dials[WEIGHT_DECAY])
    normed, probed = net.dials[BATCH_NORM] != 0.0, net.ticket[step * TICKET + TICKET_PROBED] != 0
    for span in range(cuda.blockIdx.x, net.plan[SPANS], cuda.gridDim.x):
        layer = net.spans[span * SPAN + SPAN_LAYER]
        t = layer * COLUMNS
        hidden, sloped = layer < net.plan[LAYERS] - 1, net.table[t + ACTIVATION] == PRELU
        units_end = net.table[t + BIAS] + net.table[t + FAN_OUT]
        slope = net.table[t + SLOPE]
        first, end = net.spans[span * SPAN + SPAN_FIRST], net.spans[span * SPAN + SPAN_END]
        for i in range(first + cuda.threadIdx.x, end, THREADS):
            p = net.p[i]
            if probed:
                net.before[i] = p
            # After weights and bias come gamma and beta, which batch norm uses, and the slope, which PReLU does.
            if i < units_end or (hidden and (normed if i < slope else sloped)):
                g = _F(opt.penalised(p, net.g[i], clip, l1, coupled))
                net.p[i], net.s1[i], net.s2[i] = _step(net, rule, c, decay * p, g, net.s1[i], net.s2[i])


@device
def _step(net, rule, c, p, g, s1, s2):
    """A parameter and its slots after one step of optimizer `rule`; c is where the coefficients begin."""
    k = net.coefficients
    c0, c1, c2, c3, c4, c5 = k[c], k[c + 1], k[c + 2], k[c + 3], k[c + 4], k[c + 5]
    if rule == opt.ADAM or rule == opt.ADAMW:
        return opt.adam(p, g, s1, s2, c0, c1, c2, c3, c4, c5)
    if rule == opt.SGD:
        return opt.sgd(p, g, s1, s2, c0, c1, c2, c3, c4, c5)
    if rule == opt.MOMENTUM_RULE:
        return opt.momentum(p, g, s1, s2, c0, c1, c2, c3, c4, c5)
    if rule == opt.NAG:
        return opt.nag(p, g, s1, s2, c0, c1, c2, c3, c4, c5)
    if rule == opt.ADAGRAD:
        return opt.adagrad(p, g, s1, s2, c0, c1, c2, c3, c4, c5)
    if rule == opt.RMSPROP:
        return opt.rmsprop(p, g, s1, s2, c0, c1, c2, c3, c4, c5)
    if rule == opt.ADADELTA:
        return opt.adadelta(p, g, s1, s2, c0, c1, c2, c3, c4, c5)
    return opt.radam(p, g, s1, s2, c0, c1, c2, c3, c4, c5)


@device
def _clip(net, cells):
    """What the clip-norm dial multiplies the gradient with; every block works it out, with the same bits."""
    bound = net.dials[CLIP_NORM]
    if bound == 0.0:
        return _ONE
    part = 0.0
    for span in range(cuda.threadIdx.x, net.plan[SPANS], THREADS):
        part += net.partial[span * PARTIAL + GRADIENT_SQUARE]
    return _F(opt.clip_factor(block_sum(cells, part), bound))


@device
def limit_norms(net, layer, cells):
    """Scales each unit's incoming weight vector down to the max-norm dial."""
    t = layer * COLUMNS
    n, m, w = net.table[t + FAN_IN], net.table[t + FAN_OUT], net.table[t + WEIGHT]
    bound = _F(net.dials[MAX_NORM])
    lane, across = cuda.threadIdx.x // GROUP, cuda.threadIdx.x % GROUP
    for group in range(cuda.blockIdx.x, (m + GROUP - 1) // GROUP, cuda.gridDim.x):
        j = group * GROUP + across
        end = n if j < m else 0
        part = _ZERO
        for k in range(lane, end, LANES):
            part += net.p[w + k * m + j] * net.p[w + k * m + j]
        scale = _F(opt.norm_scale(_F(math.sqrt(column_sum(cells, part))), bound))
        for k in range(lane, end, LANES):
            net.p[w + k * m + j] *= scale


@device
def moved(net, step, cells):
    """Σ Δw² and Σ w² of every span over the weight matrices, on a probed step."""
    if net.ticket[step * TICKET + TICKET_PROBED] == 0:
        return
    for span in range(cuda.blockIdx.x, net.plan[SPANS], cuda.gridDim.x):
        bias = net.table[net.spans[span * SPAN + SPAN_LAYER] * COLUMNS + BIAS]
        end = min(net.spans[span * SPAN + SPAN_END], bias)
        away, length = _ZERO, _ZERO
        for i in range(net.spans[span * SPAN + SPAN_FIRST] + cuda.threadIdx.x, end, THREADS):
            step_taken = net.before[i] - net.p[i]
            away += step_taken * step_taken
            length += net.p[i] * net.p[i]
        away_sum, length_sum = block_sum(cells, away), block_sum(cells, length)
        if cuda.threadIdx.x == 0:
            net.partial[span * PARTIAL + UPDATE_SQUARE] = away_sum
            net.partial[span * PARTIAL + WEIGHT_SQUARE] = length_sum
