"""The loss over a block of rows, and its gradient with respect to the logits or outputs, in place."""

import numpy as np

from engine.formulas.fastmath import exp
from engine.formulas.loss import cross_entropy, error_factor, label_gradient, logit_gradient, squared_error
from engine.jit import inner

_F = np.float32
_ZERO = _F(0.0)


@inner
def softmax_row(z, columns, label):
    """z (columns,) becomes e^(z − max); returns (sum of all but the label's, maximum, index of the first maximum)."""
    top = z[0]
    best = 0
    for j in range(1, columns):
        if z[j] > top:
            top = z[j]
            best = j
    for j in range(columns):
        z[j] = exp(z[j] - top)
    rest = _ZERO
    for j in range(label):
        rest += z[j]
    for j in range(label + 1, columns):
        rest += z[j]
    return rest, top, best


@inner
def cross_entropy_row(z, columns, label, smoothing, scale):
    """Softmax cross-entropy of one row; z becomes (softmax − target)·scale. Returns (loss, 1 if hit else 0)."""
    spread = smoothing / columns
    shown = np.float64(z[label])
    mean = 0.0
    if smoothing > 0.0:
        for j in range(columns):
            mean += z[j]
        mean /= columns
    rest, top, best = softmax_row(z, columns, label)
    total = np.float64(rest) + np.float64(z[label])
    loss = cross_entropy(total, top, shown, mean, smoothing)
    factor = scale / _F(total)
    for j in range(columns):
        z[j] = logit_gradient(z[j], factor, spread, scale)
    z[label] = label_gradient(rest, factor, spread, smoothing, scale)
    return loss, 1 if best == label else 0


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
