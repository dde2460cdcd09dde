"""Batch norm turned on and off without changing the function: calibrated in, folded out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.cpu.state import DROPPING, RUNNING_MEAN, RUNNING_VAR, State
from engine.cpu.step import forward_all
from engine.cpu.team import prepare_team
from engine.dials import BATCH_NORM
from engine.layout import BETA, BIAS, FAN_IN, FAN_OUT, GAMMA, STATS, WEIGHT, Z
from engine.spec import Recipe

#: Training rows, evenly spaced, over which the statistics are taken when batch norm is turned on.
CALIBRATION_ROWS = 4096


def folded(s: State, recipe: Recipe) -> NDArray[np.float32]:
    """A copy of the parameters in which weights and biases do what batch norm does in evaluation mode.

    W ← W·γ/√(v + ε), b ← (b − m)·γ/√(v + ε) + β with running mean m and variance v; γ ← 1, β ← 0.
    """
    p = s.p.copy()
    for t in s.table[:-1]:
        n, m, place = t[FAN_IN], t[FAN_OUT], t[STATS]
        gamma, beta, bias = (p[t[c] : t[c] + m] for c in (GAMMA, BETA, BIAS))
        scale = gamma / np.sqrt(s.units[RUNNING_VAR, place : place + m] + np.float32(recipe.bn_eps))
        p[t[WEIGHT] : t[WEIGHT] + n * m].reshape(n, m)[:] *= scale
        bias[:] = (bias - s.units[RUNNING_MEAN, place : place + m]) * scale + beta
        gamma[:] = 1.0
        beta[:] = 0.0
    return p


def calibrate(s: State, recipe: Recipe) -> None:
    """Sets running statistics, γ and β so that batch norm, turned on now, leaves the network's function as it is.

    The mean and variance of each unit's pre-activation over the training data become running statistics, and
    β and γ undo the normalisation.
    """
    every = -(-len(s.x) // CALIBRATION_ROWS)
    rows = np.ascontiguousarray(s.x[::every])
    dials = s.dials.copy()
    dials[BATCH_NORM] = 0.0
    view = s.with_(dials=dials)
    s.plan[DROPPING] = 0
    prepare_team(s.plan)
    out = np.empty((len(s.rows), s.table[-1, FAN_OUT]), np.float32)
    units = s.units.shape[1]
    total, squares = np.zeros(units), np.zeros(units)
    for start in range(0, len(rows), len(s.rows)):
        block = rows[start : start + len(s.rows)]
        part = view.with_(x=block)  # named: a frame's address is good only while its state lives
        forward_all(part.address, len(block), out)
        for t in s.table[:-1]:
            m = t[FAN_OUT]
            z = s.work[t[Z] : t[Z] + len(block) * m].reshape(len(block), m) + s.p[t[BIAS] : t[BIAS] + m]
            here = slice(t[STATS], t[STATS] + m)
            total[here] += z.sum(0, dtype=np.float64)
            squares[here] += np.square(z, dtype=np.float64).sum(0)
    mean = total / len(rows)
    var = np.maximum(squares / len(rows) - mean * mean, 0.0)
    s.units[RUNNING_MEAN], s.units[RUNNING_VAR] = mean, var
    for t in s.table[:-1]:
        m, here = t[FAN_OUT], slice(t[STATS], t[STATS] + t[FAN_OUT])
        s.p[t[GAMMA] : t[GAMMA] + m] = np.sqrt(s.units[RUNNING_VAR, here] + recipe.bn_eps)
        s.p[t[BETA] : t[BETA] + m] = s.units[RUNNING_MEAN, here]
