"""The loss of rows, and its gradient with respect to the logits or outputs, in place."""

import numpy as np

from engine.cpu.lines import first_place, largest, put_line, take_line, total_but
from engine.cpu.matmul import FLOAT
from engine.cpu.tile import read_float, write_float
from engine.formulas.fastmath import exp
from engine.formulas.loss import error_factor, label_gradient, logit_gradient, squared_error, target_score
from engine.jit import inner
from engine.layout import WHOLE

_F = np.float32
_ZERO = _F(0.0)


@inner
def shift_row(z, bias, columns, line, label, smoothing):
    """Writes a row of logits z + bias, less their maximum, to a line, all three given by address.

    Returns what the target scores then, and 1 if the label is on top.
    """
    top = largest(z, bias, columns)
    put_line(z, bias, columns, top, line)
    mean = 0.0
    if smoothing > 0.0:
        for j in range(columns):
            mean += read_float(line + FLOAT * j)
        mean /= columns
    shown = np.float64(read_float(line + FLOAT * label))
    return target_score(shown, mean, smoothing), 1 if first_place(z, bias, columns, top) == label else 0


@inner
def exp_all(z):
    """z ← eᶻ, all rows in one loop."""
    for i in range(z.size):
        z[i] = exp(z[i])


@inner
def softmax_row(line, place, columns, label, smoothing, scale, d):
    """The gradient (softmax − target)·scale of a row to address d, from eᶻ in a line (whole,) at address `place`.

    Returns Σeᶻ.
    """
    own = line[label]
    rest = total_but(place, columns, label)
    total = np.float64(rest) + np.float64(own)
    factor, spread = scale / _F(total), smoothing / columns
    for start in range(0, line.size, WHOLE):
        part = line[start : start + WHOLE]
        for j in range(WHOLE):
            part[j] = logit_gradient(part[j], factor, spread, scale)
    take_line(place, columns, d)
    write_float(d + FLOAT * label, label_gradient(rest, factor, spread, smoothing, scale))
    return total


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
