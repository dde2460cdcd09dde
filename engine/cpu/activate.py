"""Activation and dropout over a block of rows. The derivative factor is kept, so backward is one product."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.cpu.access import dial, layer_row, plan, unit_vector
from engine.cpu.frame import Kernel, floats, words
from engine.cpu.state import DROPPING, KEYS, MEAN, RSTD, UNIT, WORK, P
from engine.dials import ALPHA_DROPOUT, BATCH_NORM, DROPOUT, ELU_ALPHA, NEGATIVE_SLOPE
from engine.formulas import activations as act
from engine.formulas.batchnorm import standardised
from engine.formulas.dropout import SATURATION, alpha_dropped
from engine.formulas.random import drop_threshold, key_high, key_low, random_bits
from engine.jit import inner, named, njit
from engine.layout import ACTIVATION, BETA, BIAS, FAN_OUT, GAMMA, SLOPE, STATS, A, F, M, Z
from engine.spec import ACTIVATIONS

LINEAR, SIGMOID, TANH, RELU, LEAKY_RELU, ELU, PRELU, SELU, SERLU = range(len(ACTIVATIONS))
_F = np.float32
_ZERO = _F(0.0)
_ONE = _F(1.0)


def _loop(formula: Callable[..., Any]) -> Callable[..., Any]:
    """The loop of one activation: y = z·scale + shift by column; a = f(y), f = f′(y)."""

    @inner
    @named(f"{formula.__name__}_loop")
    def run(z, a, f, scale, shift, rows, columns, c):
        for r in range(rows):
            zr = z[r * columns : (r + 1) * columns]
            ar = a[r * columns : (r + 1) * columns]
            fr = f[r * columns : (r + 1) * columns]
            for j in range(columns):
                value, slope = formula(zr[j] * scale[j] + shift[j], c)
                ar[j] = value
                fr[j] = slope

    return run


_linear, _sigmoid, _tanh = _loop(act.linear), _loop(act.sigmoid), _loop(act.tanh)
_relu, _leaky_relu, _elu = _loop(act.relu), _loop(act.leaky_relu), _loop(act.elu)
_selu, _serlu = _loop(act.selu), _loop(act.serlu)


@inner
def activate(kind, z, a, f, scale, shift, rows, columns, negative_slope, elu_alpha, learned_slope):
    """a, f (rows·columns,) = value and derivative of activation `kind` at z·scale + shift (by column)."""
    if kind == RELU:
        _relu(z, a, f, scale, shift, rows, columns, _ZERO)
    elif kind == LEAKY_RELU:
        _leaky_relu(z, a, f, scale, shift, rows, columns, negative_slope)
    elif kind == PRELU:
        _leaky_relu(z, a, f, scale, shift, rows, columns, learned_slope)
    elif kind == ELU:
        _elu(z, a, f, scale, shift, rows, columns, elu_alpha)
    elif kind == SELU:
        _selu(z, a, f, scale, shift, rows, columns, _ZERO)
    elif kind == SERLU:
        _serlu(z, a, f, scale, shift, rows, columns, _ZERO)
    elif kind == TANH:
        _tanh(z, a, f, scale, shift, rows, columns, _ZERO)
    elif kind == SIGMOID:
        _sigmoid(z, a, f, scale, shift, rows, columns, _ZERO)
    else:
        _linear(z, a, f, scale, shift, rows, columns, _ZERO)


@njit
def draw_mask(m, key, rate, first, count, kept):
    """m (count,) = 0 for a dropped element and `kept` for another; element numbers start at `first`."""
    low, high, threshold = key_low(key), key_high(key), drop_threshold(rate)
    for i in range(count):
        bits = random_bits(low, high, np.uint32(first + i))
        m[i] = kept if bits >= threshold else _ZERO


@inner
def drop(m, a, f, count):
    """Dropout with multipliers `m` on values and derivatives (Srivastava et al. 2014)."""
    for i in range(count):
        a[i] *= m[i]
        f[i] *= m[i]


@inner
def alpha_drop(m, a, f, scale, shift, count):
    """Alpha dropout with multipliers `m`, which are 0 or `scale`, on values and derivatives."""
    for i in range(count):
        a[i] = alpha_dropped(m[i], a[i], scale, shift)
        f[i] *= m[i]


@njit
def alpha_affine(rate):
    """(scale, shift) of alpha dropout at a dropout `rate`, so that mean 0 and variance 1 stay."""
    keep = 1.0 - rate
    floor = float(SATURATION)
    scale = 1.0 / math.sqrt(keep + floor * floor * keep * rate)
    return _F(scale), _F(-scale * floor * rate)


@inner
def affine(s, t):
    """(scale, shift) by which Z becomes the input of the activation: batch norm's, or one and the bias."""
    p, m = floats(s, P), t[FAN_OUT]
    if dial(s, BATCH_NORM) != 0.0:
        return p[t[GAMMA] : t[GAMMA] + m], p[t[BETA] : t[BETA] + m]
    return unit_vector(s, UNIT, t[STATS], m), p[t[BIAS] : t[BIAS] + m]


def _activate_layer(s, layer, lo, hi):
    """A = f(Z), F = f′(Z), then dropout on both; with batch norm Z is normalised in place first."""
    t, work = layer_row(s, layer), floats(s, WORK)
    m = t[FAN_OUT]
    count = (hi - lo) * m
    z = work[t[Z] + lo * m : t[Z] + hi * m]
    a = work[t[A] + lo * m : t[A] + hi * m]
    f = work[t[F] + lo * m : t[F] + hi * m]
    if dial(s, BATCH_NORM) != 0.0:
        mean, rstd = unit_vector(s, MEAN, t[STATS], m), unit_vector(s, RSTD, t[STATS], m)
        for r in range(hi - lo):
            zr = z[r * m : (r + 1) * m]
            for j in range(m):
                zr[j] = standardised(zr[j], mean[j], rstd[j])
    scale, shift = affine(s, t)
    activate(
        t[ACTIVATION], z, a, f, scale, shift, hi - lo, m,
        _F(dial(s, NEGATIVE_SLOPE)), _F(dial(s, ELU_ALPHA)), floats(s, P)[t[SLOPE]],
    )  # fmt: skip
    rate = dial(s, DROPOUT)
    if plan(s, DROPPING) and rate > 0.0:
        mask = work[t[M] + lo * m : t[M] + hi * m]
        key = words(s, KEYS)[layer + 1]
        if dial(s, ALPHA_DROPOUT) != 0.0:
            grow, move = alpha_affine(rate)
            draw_mask(mask, key, rate, lo * m, count, grow)
            alpha_drop(mask, a, f, grow, move, count)
        else:
            draw_mask(mask, key, rate, lo * m, count, _F(1.0 / (1.0 - rate)))
            drop(mask, a, f, count)


activate_layer = Kernel(_activate_layer)
