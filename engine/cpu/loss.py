"""The loss of rows, and its gradient with respect to the logits or outputs, in place."""

import math

import numpy as np

from engine.formulas.fastmath import exp
from engine.formulas.loss import error_factor, label_gradient, logit_gradient, squared_error, target_score
from engine.jit import inner

_F = np.float32
_ZERO = _F(0.0)


@inner
def shift_row(z, columns, label, smoothing):
    """Takes the maximum off z (columns,). Returns what the target scores then, and 1 if the label is on top."""
    top = z[0]
    best = 0
    for j in range(1, columns):
        if z[j] > top:
            top = z[j]
            best = j
    mean = 0.0
    for j in range(columns):
        z[j] -= top
    if smoothing > 0.0:
        for j in range(columns):
            mean += z[j]
        mean /= columns
    return target_score(np.float64(z[label]), mean, smoothing), 1 if best == label else 0


@inner
def exp_all(z):
    """z ← eᶻ, all rows in one loop."""
    for i in range(z.size):
        z[i] = exp(z[i])


@inner
def softmax_row(z, columns, label, smoothing, scale):
    """z (columns,), eᶻ of a row, becomes (softmax − target)·scale; returns log Σeᶻ."""
    own = z[label]
    z[label] = _ZERO
    rest = _ZERO
    for j in range(columns):
        rest += z[j]
    total = np.float64(rest) + np.float64(own)
    factor, spread = scale / _F(total), smoothing / columns
    for j in range(columns):
        z[j] = logit_gradient(z[j], factor, spread, scale)
    z[label] = label_gradient(rest, factor, spread, smoothing, scale)
    return math.log(total)


@inner
def squared_error_row(z, columns, target, scale):
    """Squared error of one row summed over outputs; z becomes 2(z − target)·scale/columns. Returns the sum."""
    total = 0.0
    factor = error_factor(columns, scale)
    for j in range(columns):
        miss = z[j] - target[j]
        total += squared_error(miss)
        z[j] = miss * factor
    return total
