"""Forward and backward over a block of rows: what one thread does with its part of the batch.

Which parts a step has, who does them and where threads meet on the way is said in `engine.cpu.shares`.
"""

import math

import numpy as np

from engine.cpu.access import dial, layer_row, plan, unit_vector
from engine.cpu.activate import PRELU, affine, draw_mask
from engine.cpu.frame import Kernel, call, doubles, float_address, floats, indices, words
from engine.cpu.loss import exp_all, shift_row, softmax_row, squared_error_row
from engine.cpu.pieces import open_inputs
from engine.cpu.products import multiply, multiply_back
from engine.cpu.shares import (
    COLLECT,
    ENTER,
    LEAVE,
    MULTIPLY,
    RETURN,
    UNNORM,
    is_large_layer,
    share,
    thread_inputs,
)  # fmt: skip
from engine.cpu.state import (
    ACTIVATE,
    ALL_SUMS,
    BATCH,
    DROPPING,
    HITS,
    INPUTS,
    KEYS,
    LABELS,
    LARGE,
    LAYERS,
    LOSS,
    MEAN_DY,
    MEAN_DYZ,
    OUTPUTS,
    PARTIAL,
    PER_LAYER,
    PRODUCTS,
    REGRESSION,
    ROWS,
    RSTD,
    SLOPE_SUM,
    SUMS,
    TARGETS,
    THREADS,
    UNITS,
    WORK,
    P,
    X,
)  # fmt: skip
from engine.cpu.subnormal import flush_subnormals, restore_subnormals
from engine.dials import BATCH_NORM, DROPOUT, INPUT_DROPOUT, LABEL_SMOOTHING
from engine.formulas.batchnorm import through_norm
from engine.jit import inner, inner_sum
from engine.layout import ACTIVATION, BIAS, FAN_OUT, GAMMA, STATS, A, D, F, M, Z, whole

_F = np.float32
_ZERO = _F(0.0)
_MANY = 1e200
_whole = inner(whole)


def _run_stages(s, thread, first, last):
    """Positions `first` to `last` (excluded) of a step, for the share of `thread`."""
    control = flush_subnormals()
    lo, hi = share(s, thread)
    layers = plan(s, LAYERS)
    normed = dial(s, BATCH_NORM) != 0.0
    collects = normed or plan(s, LARGE) != 0
    for layer in range(layers):
        at = 3 * layer
        if first <= at + ENTER < last:
            if layer == 0:
                _gather(s, thread, lo, hi)
                open_inputs(s, thread)
            else:
                call(plan(s, ACTIVATE), (s, layer - 1, lo, hi))
        if first <= at + MULTIPLY < last:
            multiply(s, thread, layer, lo, hi)
        if collects and first <= at + COLLECT < last:
            _collect(s, thread, layer, lo, hi)
    for turn in range(layers, 2 * layers):
        layer, at = 2 * layers - 1 - turn, 3 * turn - 3
        if first <= at + LEAVE < last:
            if turn == layers:
                _output(s, thread, lo, hi)
            else:
                _activation_backward(s, thread, layer, lo, hi)
        if normed and turn > layers and first <= at + UNNORM < last:
            _norm_backward(s, layer, lo, hi)
        if first <= at + RETURN < last and layer > 0:
            multiply_back(s, thread, layer, lo, hi)
    restore_subnormals(control)


run_stages = Kernel(_run_stages)


@inner
def _gather(s, thread, lo, hi):
    """Copies the rows of the batch and drops inputs; for a large layer all rows, but the thread's inputs alone."""
    x, work, rows = floats(s, X), floats(s, WORK), indices(s, BATCH)
    inputs = plan(s, INPUTS)
    place, step, first, end = np.int64(0), inputs, np.int64(0), inputs
    if is_large_layer(s, layer_row(s, 0)):
        place, step, first, end = thread_inputs(s, thread, np.int64(0))
        lo, hi = np.int64(0), plan(s, ROWS)
    count = end - first
    for r in range(lo, hi):
        row = np.int64(rows[r])
        source = x[row * inputs + first : row * inputs + end]
        target = work[place + r * step : place + r * step + count]
        for j in range(count):
            target[j] = source[j]
    rate = dial(s, INPUT_DROPOUT)
    if plan(s, DROPPING) and rate > 0.0:
        kept = _F(1.0 / (1.0 - rate))
        offset = layer_row(s, 0)[Z] // 2  # the multipliers follow the batch
        for r in range(lo, hi):
            start = place + r * step
            m = work[offset + start : offset + start + count]
            a = work[start : start + count]
            draw_mask(m, words(s, KEYS)[0], rate, r * inputs + first, count, kept)
            for i in range(count):
                a[i] *= m[i]


@inner
def _collect(s, thread, layer, lo, hi):
    """Adds up the parts of Z; with batch norm also mean and sum of squares about it over the rows, unit by unit."""
    t, work = layer_row(s, layer), floats(s, WORK)
    m, rows = t[FAN_OUT], plan(s, ROWS)
    z = work[t[Z] + lo * m : t[Z] + hi * m]
    if is_large_layer(s, t):
        for other in range(1, plan(s, THREADS)):
            place = (other - 1) * rows * m
            part = floats(s, PRODUCTS)[place + lo * m : place + hi * m]
            for i in range(z.size):
                z[i] += part[i]
    if dial(s, BATCH_NORM) != 0.0 and layer < plan(s, LAYERS) - 1 and hi > lo:
        _block_moments(z, *thread_vectors(s, thread, t), hi - lo, m)


@inner
def thread_vectors(s, thread, t):
    """The two vectors (fan_out,) in which a thread leaves the statistics of its rows for one layer."""
    units, partial = plan(s, UNITS), floats(s, PARTIAL)
    start = 2 * thread * units + t[STATS]
    return partial[start : start + t[FAN_OUT]], partial[start + units : start + units + t[FAN_OUT]]


@inner_sum
def _block_moments(z, mean, squares, rows, columns):
    for j in range(columns):
        mean[j] = _ZERO
        squares[j] = _ZERO
    for r in range(rows):
        zr = z[r * columns : (r + 1) * columns]
        for j in range(columns):
            mean[j] += zr[j]
    part = _F(1.0) / _F(rows)
    for j in range(columns):
        mean[j] *= part
    for r in range(rows):
        zr = z[r * columns : (r + 1) * columns]
        for j in range(columns):
            away = zr[j] - mean[j]
            squares[j] += away * away


@inner
def _output(s, thread, lo, hi):
    """Loss of the rows, and the gradient with respect to the last layer's Z in D."""
    sums = thread_sums(s, thread)
    if plan(s, REGRESSION):
        sums[LOSS] = _squared_errors(s, lo, hi)
    else:
        sums[LOSS], sums[HITS] = _cross_entropies(s, lo, hi)


@inner
def _squared_errors(s, lo, hi):
    t, work, rows = layer_row(s, plan(s, LAYERS) - 1), floats(s, WORK), indices(s, BATCH)
    m = plan(s, OUTPUTS)
    scale = _F(1.0) / _F(plan(s, ROWS))
    bias = floats(s, P)[t[BIAS] : t[BIAS] + m]
    loss = 0.0
    for r in range(lo, hi):
        z = work[t[Z] + r * m : t[Z] + (r + 1) * m]
        d = work[t[D] + r * m : t[D] + (r + 1) * m]
        for j in range(m):
            d[j] = z[j] + bias[j]
        row = np.int64(rows[r])
        loss += squared_error_row(d, m, floats(s, TARGETS)[row * m : (row + 1) * m], scale) / m
    return loss


@inner
def _cross_entropies(s, lo, hi):
    """(loss, hits) of the rows. Their logits lie in the last layer's A, each in a line of its own."""
    t, work, rows, labels = layer_row(s, plan(s, LAYERS) - 1), floats(s, WORK), indices(s, BATCH), indices(s, LABELS)
    m, width = plan(s, OUTPUTS), _whole(plan(s, OUTPUTS))
    scale, smoothing = _F(1.0) / _F(plan(s, ROWS)), dial(s, LABEL_SMOOTHING)
    bias = float_address(s, P, t[BIAS])
    loss, hits, product = 0.0, 0, 1.0
    for r in range(lo, hi):
        z, line = float_address(s, WORK, t[Z] + r * m), float_address(s, WORK, t[A] + r * width)
        score, hit = shift_row(z, bias, m, line, np.int64(labels[np.int64(rows[r])]), smoothing)
        loss -= score
        hits += hit
    exp_all(work[t[A] + lo * width : t[A] + hi * width])
    for r in range(lo, hi):
        place = t[A] + r * width
        line, d = work[place : place + width], float_address(s, WORK, t[D] + r * m)
        label = np.int64(labels[np.int64(rows[r])])
        product *= softmax_row(line, float_address(s, WORK, place), m, label, smoothing, scale, d)
        if product > _MANY or r == hi - 1:  # one logarithm for many rows: each sum is at least 1
            loss += math.log(product)
            product = 1.0
    return loss, hits


@inner
def thread_sums(s, thread):
    """The row of sums that belongs to `thread`."""
    columns = PER_LAYER + SUMS * plan(s, LAYERS)
    return doubles(s, ALL_SUMS)[thread * columns : (thread + 1) * columns]


@inner
def _norm_backward(s, layer, lo, hi):
    """With batch norm: D becomes the gradient at Z."""
    t, work, p = layer_row(s, layer), floats(s, WORK), floats(s, P)
    m = t[FAN_OUT]
    gamma = p[t[GAMMA] : t[GAMMA] + m]
    rstd = unit_vector(s, RSTD, t[STATS], m)
    mean_dy = unit_vector(s, MEAN_DY, t[STATS], m)
    mean_dyz = unit_vector(s, MEAN_DYZ, t[STATS], m)
    for r in range(lo, hi):
        z = work[t[Z] + r * m : t[Z] + (r + 1) * m]
        d = work[t[D] + r * m : t[D] + (r + 1) * m]
        for j in range(m):
            d[j] = through_norm(d[j], z[j], gamma[j], rstd[j], mean_dy[j], mean_dyz[j])


@inner
def _activation_backward(s, thread, layer, lo, hi):
    """D becomes the gradient at the activation's input; sums for PReLU's slope and for batch norm."""
    t, work = layer_row(s, layer), floats(s, WORK)
    m = t[FAN_OUT]
    d = work[t[D] + lo * m : t[D] + hi * m]
    f = work[t[F] + lo * m : t[F] + hi * m]
    z = work[t[Z] + lo * m : t[Z] + hi * m]
    if t[ACTIVATION] == PRELU:
        scale, shift = affine(s, t)
        dropped = plan(s, DROPPING) != 0 and dial(s, DROPOUT) > 0.0
        mask = work[t[M] + lo * m : t[M] + hi * m]
        slope = _slope_sum(d, z, scale, shift, mask, dropped, hi - lo, m)
        thread_sums(s, thread)[PER_LAYER + SUMS * layer + SLOPE_SUM] = slope
    for i in range((hi - lo) * m):
        d[i] *= f[i]
    if dial(s, BATCH_NORM) != 0.0:
        _block_products(d, z, *thread_vectors(s, thread, t), hi - lo, m)


@inner_sum
def _slope_sum(d, z, scale, shift, mask, dropped, rows, columns):
    """Σ d·mask·min(y, 0), y = z·scale + shift: the gradient of the learned slope."""
    total = 0.0
    for r in range(rows):
        line = _ZERO
        for j in range(columns):
            i = r * columns + j
            y = z[i] * scale[j] + shift[j]
            part = d[i] * (y if y < _ZERO else _ZERO)
            line += part * mask[i] if dropped else part
        total += line
    return total


@inner_sum
def _block_products(d, z, total, product, rows, columns):
    for j in range(columns):
        total[j] = _ZERO
        product[j] = _ZERO
    for r in range(rows):
        dr = d[r * columns : (r + 1) * columns]
        zr = z[r * columns : (r + 1) * columns]
        for j in range(columns):
            total[j] += dr[j]
            product[j] += dr[j] * zr[j]
