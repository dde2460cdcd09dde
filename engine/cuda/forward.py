"""Forward: the batch is gathered; activations and dropout, element by element; batch norm, column by column; loss."""

import math

import numpy as np
from numba import cuda

from engine.cuda.compiling import COLUMNS as GROUP
from engine.cuda.compiling import LANES, device
from engine.cuda.net import (
    COUNT,
    DROP_HIDDEN,
    DROP_INPUT,
    DROPPING,
    INPUTS,
    KEEP,
    KEEP_INPUT,
    LAYERS,
    MEAN,
    OUTPUTS,
    PLAIN_ROWS,
    REGRESSION,
    RSTD,
    RUNNING_MEAN,
    RUNNING_VAR,
    SHIFT,
    TICKET,
    TICKET_PLACE,
    TICKET_ROWS,
    UNITS,
    UPDATING,
)  # fmt: skip
from engine.cuda.summing import column_sum
from engine.dials import (
    ALPHA_DROPOUT,
    BATCH_NORM,
    BN_EPS,
    BN_MOMENTUM,
    DROPOUT,
    ELU_ALPHA,
    INPUT_DROPOUT,
    LABEL_SMOOTHING,
    NEGATIVE_SLOPE,
)  # fmt: skip
from engine.formulas import activations as act
from engine.formulas.batchnorm import standardised
from engine.formulas.dropout import alpha_dropped
from engine.formulas.fastmath import exp
from engine.formulas.loss import cross_entropy, error_factor, label_gradient, logit_gradient, squared_error
from engine.formulas.random import key_high, key_low, random_bits, shuffled
from engine.layout import ACTIVATION, BETA, BIAS, COLUMNS, FAN_OUT, GAMMA, SLOPE, STATS, A, D, F, Z
from engine.spec import ACTIVATIONS

LINEAR, SIGMOID, TANH, RELU, LEAKY_RELU, ELU, PRELU, SELU, SERLU = range(len(ACTIVATIONS))
_F = np.float32
_ZERO = _F(0.0)
_ONE = _F(1.0)


@device
def stream(net, step, place):
    """The halves of a step's key: of the epoch's shuffle at place 0, of the dropout of layer `place` − 1 after it."""
    key = net.keys[step * (net.plan[LAYERS] + 1) + place]
    return np.uint32(key_low(key)), np.uint32(key_high(key))


@device
def gather(net, step):
    """Copies the rows of the batch and drops inputs."""
    inputs, count = net.plan[INPUTS], net.plan[COUNT]
    place = net.ticket[step * TICKET + TICKET_PLACE]
    low, high = stream(net, step, 0)
    drop_low, drop_high = stream(net, step, 1)
    dropping = net.plan[DROPPING] != 0 and net.dials[INPUT_DROPOUT] > 0.0
    threshold, keep = net.thresholds[DROP_INPUT], net.rates[KEEP_INPUT]
    for e in range(cuda.grid(1), net.ticket[step * TICKET + TICKET_ROWS] * inputs, cuda.gridsize(1)):
        r = e // inputs
        j = e - r * inputs
        row = place + r
        if net.plan[PLAIN_ROWS] == 0:
            row = shuffled(row, count, low, high)
        if j == 0:
            net.rows[r] = row
        value = net.x[row * inputs + j]
        if dropping:
            value = value * keep if random_bits(drop_low, drop_high, np.uint32(e)) >= threshold else value * _ZERO
        net.work[e] = value


@device
def activated(net, t, y):
    """Value and derivative at y of the activation of the layer whose row of the table begins at t."""
    kind = net.table[t + ACTIVATION]
    if kind == RELU:
        return act.relu(y, _ZERO)
    if kind == LEAKY_RELU:
        return act.leaky_relu(y, _F(net.dials[NEGATIVE_SLOPE]))
    if kind == PRELU:
        return act.leaky_relu(y, net.p[net.table[t + SLOPE]])
    if kind == ELU:
        return act.elu(y, _F(net.dials[ELU_ALPHA]))
    if kind == SELU:
        return act.selu(y, _ZERO)
    if kind == SERLU:
        return act.serlu(y, _ZERO)
    if kind == TANH:
        return act.tanh(y, _ZERO)
    if kind == SIGMOID:
        return act.sigmoid(y, _ZERO)
    return act.linear(y, _ZERO)


@device
def multiplier(net, step, layer, e):
    """Dropout's multiplier of element `e` of a hidden layer: 0, or what keeps the mean."""
    low, high = stream(net, step, layer + 2)
    bits = random_bits(low, high, np.uint32(e))
    return net.rates[KEEP] if bits >= net.thresholds[DROP_HIDDEN] else _ZERO


@device
def drops(net):
    """Whether hidden units are dropped."""
    return net.plan[DROPPING] != 0 and net.dials[DROPOUT] > 0.0


@device
def activate(net, step, layer, e, y):
    """A and F of element `e` from the activation's input y, with dropout on both."""
    t = layer * COLUMNS
    value, slope = activated(net, t, y)
    value, slope = _F(value), _F(slope)
    if drops(net):
        m = multiplier(net, step, layer, e)
        if net.dials[ALPHA_DROPOUT] != 0.0:
            value = _F(alpha_dropped(m, value, net.rates[KEEP], net.rates[SHIFT]))
        else:
            value *= m
        slope *= m
    net.work[net.table[t + A] + e] = value
    net.work[net.table[t + F] + e] = slope


@device
def finish_forward(net, step, layer, row, column):
    """What follows on an element of Z = A·W: bias and activation; in the last layer bias alone, into D."""
    t = layer * COLUMNS
    e = row * net.table[t + FAN_OUT] + column
    y = net.work[net.table[t + Z] + e] + net.p[net.table[t + BIAS] + column]
    if layer == net.plan[LAYERS] - 1:
        net.work[net.table[t + D] + e] = y
    elif net.dials[BATCH_NORM] == 0.0:
        activate(net, step, layer, e, y)


@device
def normalise(net, step, layer, cells):
    """Batch norm and activation of a layer: statistics of the batch, running ones, then A and F of each element."""
    t = layer * COLUMNS
    m, z0, u = net.table[t + FAN_OUT], net.table[t + Z], net.table[t + STATS]
    units, rows = net.plan[UNITS], net.ticket[step * TICKET + TICKET_ROWS]
    lane, across = cuda.threadIdx.x // GROUP, cuda.threadIdx.x % GROUP
    momentum = net.dials[BN_MOMENTUM]
    for group in range(cuda.blockIdx.x, (m + GROUP - 1) // GROUP, cuda.gridDim.x):
        j = group * GROUP + across
        end = rows if j < m else 0
        part = _ZERO
        for r in range(lane, end, LANES):
            part += net.work[z0 + r * m + j]
        exact = column_sum(cells, part) / rows
        mean = _F(exact)
        part = _ZERO
        for r in range(lane, end, LANES):
            away = net.work[z0 + r * m + j] - mean
            part += away * away
        squares = column_sum(cells, part)
        rstd = _F(1.0 / math.sqrt(squares / rows + net.dials[BN_EPS]))
        if j < m:
            gamma, beta = net.p[net.table[t + GAMMA] + j], net.p[net.table[t + BETA] + j]
            for r in range(lane, rows, LANES):
                z = _F(standardised(net.work[z0 + r * m + j], mean, rstd))
                net.work[z0 + r * m + j] = z
                activate(net, step, layer, r * m + j, z * gamma + beta)
            if lane == 0:
                net.units[MEAN * units + u + j] = mean
                net.units[RSTD * units + u + j] = rstd
                if net.plan[UPDATING] != 0:
                    old = np.float64(net.units[RUNNING_MEAN * units + u + j])
                    bias = net.p[net.table[t + BIAS] + j]
                    net.units[RUNNING_MEAN * units + u + j] = _F(old + momentum * (exact + bias - old))
                    if rows > 1:
                        old = np.float64(net.units[RUNNING_VAR * units + u + j])
                        net.units[RUNNING_VAR * units + u + j] = _F(old + momentum * (squares / (rows - 1) - old))


@device
def output(net, step):
    """Loss and hit of each row, and the gradient with respect to the last layer's Z, in D."""
    t = (net.plan[LAYERS] - 1) * COLUMNS
    m, d0 = net.plan[OUTPUTS], net.table[t + D]
    rows = net.ticket[step * TICKET + TICKET_ROWS]
    scale = _ONE / _F(rows)
    for r in range(cuda.grid(1), rows, cuda.gridsize(1)):
        row = net.rows[r]
        if net.plan[REGRESSION] != 0:
            _squared_error(net, d0 + r * m, m, r, row, scale)
        else:
            _cross_entropy(net, d0 + r * m, m, r, net.labels[row], scale)


@device
def _squared_error(net, d, m, r, row, scale):
    total = 0.0
    factor = _F(error_factor(m, scale))
    for j in range(m):
        miss = net.work[d + j] - net.targets[row * m + j]
        total += squared_error(miss)
        net.work[d + j] = miss * factor
    net.row_loss[r] = total / m
    net.row_hit[r] = 0.0


@device
def _cross_entropy(net, d, m, r, label, scale):
    smoothing = net.dials[LABEL_SMOOTHING]
    spread = smoothing / m
    shown = np.float64(net.work[d + label])
    top = net.work[d]
    best = 0
    mean = 0.0
    for j in range(m):
        z = net.work[d + j]
        mean += z
        if z > top:
            top = z
            best = j
    rest = _ZERO
    for j in range(m):
        e = _F(exp(net.work[d + j] - top))
        net.work[d + j] = e
        if j != label:
            rest += e
    total = np.float64(rest) + np.float64(net.work[d + label])
    net.row_loss[r] = cross_entropy(total, top, shown, mean / m, smoothing)
    net.row_hit[r] = 1.0 if best == label else 0.0
    factor = scale / _F(total)
    for j in range(m):
        net.work[d + j] = logit_gradient(net.work[d + j], factor, spread, scale)
    net.work[d + label] = label_gradient(rest, factor, spread, smoothing, scale)
