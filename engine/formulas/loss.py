"""The losses of one row, as scalars: what loops over the outputs and sums over the row put in."""

import math

import numpy as np

from engine.jit import formula

_F = np.float32
_TWO = _F(2.0)


@formula
def target_score(shown, mean, smoothing):
    """The logits weighted with the target, float64: `shown` is the label's logit, `mean` that of all."""
    return (1.0 - smoothing) * shown + smoothing * mean


@formula
def cross_entropy(total, top, shown, mean, smoothing):
    """The loss of a row of logits z, float64: log Σe^(z − top) + top, less the score of the target.

    The target is (1 − s) on the label plus s/columns everywhere (Szegedy et al. 2016, §7).
    """
    return math.log(total) + np.float64(top) - target_score(shown, mean, smoothing)


@formula
def logit_gradient(e, factor, spread, scale):
    """(softmax − target)·scale at an output that is not the label; e = e^(z − top), factor = scale / Σe."""
    return e * factor - _F(spread) * scale


@formula
def label_gradient(rest, factor, spread, smoothing, scale):
    """The same at the label. p − 1 is taken as minus the sum `rest` of the others: for a row the net is sure of, the
    difference would be rounding alone."""
    return _F(smoothing - spread) * scale - rest * factor


@formula
def squared_error(miss):
    """miss² in float64."""
    return np.float64(miss) * np.float64(miss)


@formula
def error_factor(columns, scale):
    """What a miss is multiplied with to give the gradient of the mean squared error over `columns` outputs."""
    return _TWO * scale / _F(columns)
