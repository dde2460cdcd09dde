"""The optimizers over ranges of the flat vector, and the bound on each unit's incoming weights."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.cpu.access import dial, layer_row, plan
from engine.cpu.frame import Kernel, floats
from engine.cpu.state import CLIP_SCALE, DECAY, LAYERS, S1, S2, WORK, C, G, P
from engine.dials import L1, MAX_NORM, OPTIMIZER, WEIGHT_DECAY
from engine.formulas import optimizers as opt
from engine.jit import inner, inner_sum, named
from engine.layout import FAN_IN, FAN_OUT, WEIGHT, M

_F = np.float32
_ZERO = _F(0.0)


def _loop(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The loop of one rule over arrays of one length; penalties and clipping act on the gradient first."""

    @inner
    @named(f"{rule.__name__}_loop")
    def run(p, g, s1, s2, c, decay, l1, weight_decay):
        c0, c1, c2, c3, c4, c5, clip = c[0], c[1], c[2], c[3], c[4], c[5], c[CLIP_SCALE]
        for i in range(p.size):
            gradient = opt.penalised(p[i], g[i], clip, l1, weight_decay)
            p[i], s1[i], s2[i] = rule(decay * p[i], gradient, s1[i], s2[i], c0, c1, c2, c3, c4, c5)

    return run


_sgd, _momentum, _nag = _loop(opt.sgd), _loop(opt.momentum), _loop(opt.nag)
_adagrad, _rmsprop, _adadelta = _loop(opt.adagrad), _loop(opt.rmsprop), _loop(opt.adadelta)
_adam, _radam = _loop(opt.adam), _loop(opt.radam)


def _update_range(s, lo, hi, place):
    """One optimizer step on parameters lo to hi (excluded) of the flat vector, their gradient from `place` on."""
    rule = np.int64(dial(s, OPTIMIZER))
    p, s1, s2 = floats(s, P)[lo:hi], floats(s, S1)[lo:hi], floats(s, S2)[lo:hi]
    g = floats(s, G)[place : place + hi - lo]
    c = floats(s, C)
    l1 = _F(dial(s, L1))
    decay = c[DECAY]
    coupled = _ZERO if rule == opt.ADAMW else _F(dial(s, WEIGHT_DECAY))
    if rule == opt.ADAM or rule == opt.ADAMW:
        _adam(p, g, s1, s2, c, decay, l1, coupled)
    elif rule == opt.SGD:
        _sgd(p, g, s1, s2, c, decay, l1, coupled)
    elif rule == opt.MOMENTUM_RULE:
        _momentum(p, g, s1, s2, c, decay, l1, coupled)
    elif rule == opt.NAG:
        _nag(p, g, s1, s2, c, decay, l1, coupled)
    elif rule == opt.ADAGRAD:
        _adagrad(p, g, s1, s2, c, decay, l1, coupled)
    elif rule == opt.RMSPROP:
        _rmsprop(p, g, s1, s2, c, decay, l1, coupled)
    elif rule == opt.ADADELTA:
        _adadelta(p, g, s1, s2, c, decay, l1, coupled)
    else:
        _radam(p, g, s1, s2, c, decay, l1, coupled)


update_range = Kernel(_update_range)


@inner_sum
def square_sum(v):
    """Σ v², summed in float32 over at most 4096 elements at a time and in float64 over these."""
    total = 0.0
    for start in range(0, v.size, 4096):
        part = v[start : min(start + 4096, v.size)]
        line = _ZERO
        for i in range(part.size):
            line += part[i] * part[i]
        total += line
    return total


@inner_sum
def moved_sum(before, v):
    """Σ (v − before)² and Σ v², summed as in `square_sum`, in one pass: both vectors come from memory."""
    moved, total = 0.0, 0.0
    for start in range(0, v.size, 4096):
        end = min(start + 4096, v.size)
        old, new = before[start:end], v[start:end]
        way, line = _ZERO, _ZERO
        for i in range(new.size):
            step = new[i] - old[i]
            way += step * step
            line += new[i] * new[i]
        moved += way
        total += line
    return moved, total


@inner
def limit_norms(s):
    """Scales each unit's incoming weight vector down to the max-norm dial (Srivastava et al. 2014, §5.1)."""
    bound = _F(dial(s, MAX_NORM))
    for layer in range(plan(s, LAYERS)):
        t = layer_row(s, layer)
        n, m = t[FAN_IN], t[FAN_OUT]
        w = floats(s, P)[t[WEIGHT] : t[WEIGHT] + n * m]
        scale = floats(s, WORK)[t[M] : t[M] + m]
        for j in range(m):
            scale[j] = _ZERO
        for k in range(n):
            row = w[k * m : (k + 1) * m]
            for j in range(m):
                scale[j] += row[j] * row[j]
        for j in range(m):
            scale[j] = opt.norm_scale(np.sqrt(scale[j]), bound)
        for k in range(n):
            row = w[k * m : (k + 1) * m]
            for j in range(m):
                row[j] *= scale[j]
