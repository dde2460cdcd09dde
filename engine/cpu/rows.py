"""Forward and backward over a block of rows: what one thread does with its part of the batch.

A step is 2H + 1 stages for H hidden layers. Without batch norm no row needs another, so a thread runs all stages of
its rows at once; with it, all threads meet after each stage to merge the statistics of the units.
"""

import numpy as np

from engine.cpu.access import dial, layer_row, plan, unit_vector
from engine.cpu.activate import PRELU, affine, draw_mask
from engine.cpu.frame import Kernel, call4, doubles, float_address, floats, indices, words
from engine.cpu.loss import exp_all, shift_row, softmax_row, squared_error_row
from engine.cpu.matmul import backward_product, forward_product
from engine.cpu.state import (
    ACTIVATE,
    ALL_SUMS,
    BACKWARD,
    BATCH,
    DROPPING,
    HITS,
    INPUTS,
    KEYS,
    LABELS,
    LAYERS,
    LOSS,
    MEAN_DY,
    MEAN_DYZ,
    OUTPUTS,
    PARTIAL,
    PER_LAYER,
    REGRESSION,
    ROWS,
    RSTD,
    SGEMM,
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
from engine.layout import ACTIVATION, BIAS, FAN_IN, FAN_OUT, GAMMA, STATS, WEIGHT, A, D, F, M, Z

_F = np.float32
_ZERO = _F(0.0)


@inner
def share(s, thread):
    """The rows (lo, hi excluded) of the batch that belong to `thread`."""
    rows, threads = plan(s, ROWS), plan(s, THREADS)
    return rows * thread // threads, rows * (thread + 1) // threads


def _run_stages(s, thread, first, last):
    """Stages `first` to `last` (excluded) for the rows of `thread`."""
    control = flush_subnormals()
    lo, hi = share(s, thread)
    hidden = plan(s, LAYERS) - 1
    for stage in range(first, last):
        if stage == 0:
            _gather(s, lo, hi)
        elif stage <= hidden:
            call4(plan(s, ACTIVATE), s, stage - 1, lo, hi)
        if stage <= hidden:
            _linear_forward(s, thread, stage, lo, hi)
        if stage >= hidden and plan(s, BACKWARD):
            if stage == hidden:
                _output(s, thread, lo, hi)
            layer = 2 * hidden - stage
            _linear_backward(s, layer, lo, hi)
            if layer > 0:
                _activation_backward(s, thread, layer - 1, lo, hi)
    restore_subnormals(control)


run_stages = Kernel(_run_stages)


@inner
def _gather(s, lo, hi):
    """Copies the rows of the batch and drops inputs."""
    x, work, rows = floats(s, X), floats(s, WORK), indices(s, BATCH)
    inputs = plan(s, INPUTS)
    for r in range(lo, hi):
        row = np.int64(rows[r])
        source = x[row * inputs : (row + 1) * inputs]
        target = work[r * inputs : (r + 1) * inputs]
        for j in range(inputs):
            target[j] = source[j]
    rate = dial(s, INPUT_DROPOUT)
    if plan(s, DROPPING) and rate > 0.0:
        count = (hi - lo) * inputs
        offset = layer_row(s, 0)[Z] // 2  # the multipliers follow the batch
        m = work[offset + lo * inputs : offset + hi * inputs]
        a = work[lo * inputs : hi * inputs]
        draw_mask(m, words(s, KEYS)[0], rate, lo * inputs, count, _F(1.0 / (1.0 - rate)))
        for i in range(count):
            a[i] *= m[i]


@inner
def input_place(s, layer):
    """Where the input of `layer` lies in the work area."""
    return np.int64(0) if layer == 0 else layer_row(s, layer - 1)[A]


@inner
def _linear_forward(s, thread, layer, lo, hi):
    """Z = A·W for the rows; with batch norm also their mean and sum of squares about it, unit by unit."""
    t, work = layer_row(s, layer), floats(s, WORK)
    n, m = t[FAN_IN], t[FAN_OUT]
    a = float_address(s, WORK, input_place(s, layer) + lo * n)
    z = float_address(s, WORK, t[Z] + lo * m)
    forward_product(plan(s, SGEMM), a, float_address(s, P, t[WEIGHT]), z, hi - lo, n, m)
    if dial(s, BATCH_NORM) != 0.0 and layer < plan(s, LAYERS) - 1 and hi > lo:
        _block_moments(work[t[Z] + lo * m : t[Z] + hi * m], *thread_vectors(s, thread, t), hi - lo, m)


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
    t, work, rows = layer_row(s, plan(s, LAYERS) - 1), floats(s, WORK), indices(s, BATCH)
    m = plan(s, OUTPUTS)
    scale = _F(1.0) / _F(plan(s, ROWS))
    loss = 0.0
    hits = 0
    bias = floats(s, P)[t[BIAS] : t[BIAS] + m]
    smoothing = dial(s, LABEL_SMOOTHING)
    for r in range(lo, hi):
        z = work[t[Z] + r * m : t[Z] + (r + 1) * m]
        d = work[t[D] + r * m : t[D] + (r + 1) * m]
        for j in range(m):
            d[j] = z[j] + bias[j]
        row = np.int64(rows[r])
        if plan(s, REGRESSION):
            loss += squared_error_row(d, m, floats(s, TARGETS)[row * m : (row + 1) * m], scale) / m
        else:
            score, hit = shift_row(d, m, np.int64(indices(s, LABELS)[row]), smoothing)
            loss -= score
            hits += hit
    if not plan(s, REGRESSION):
        exp_all(work[t[D] + lo * m : t[D] + hi * m])
        for r in range(lo, hi):
            d = work[t[D] + r * m : t[D] + (r + 1) * m]
            loss += softmax_row(d, m, np.int64(indices(s, LABELS)[np.int64(rows[r])]), smoothing, scale)
    sums = thread_sums(s, thread)
    sums[LOSS] = loss
    sums[HITS] = hits


@inner
def thread_sums(s, thread):
    """The row of sums that belongs to `thread`."""
    columns = PER_LAYER + SUMS * plan(s, LAYERS)
    return doubles(s, ALL_SUMS)[thread * columns : (thread + 1) * columns]


@inner
def _linear_backward(s, layer, lo, hi):
    """D becomes the gradient at Z (through batch norm if on); the layer below gets D·Wᵀ."""
    t, work, p = layer_row(s, layer), floats(s, WORK), floats(s, P)
    n, m = t[FAN_IN], t[FAN_OUT]
    if dial(s, BATCH_NORM) != 0.0 and layer < plan(s, LAYERS) - 1:
        gamma = p[t[GAMMA] : t[GAMMA] + m]
        rstd = unit_vector(s, RSTD, t[STATS], m)
        mean_dy = unit_vector(s, MEAN_DY, t[STATS], m)
        mean_dyz = unit_vector(s, MEAN_DYZ, t[STATS], m)
        for r in range(lo, hi):
            z = work[t[Z] + r * m : t[Z] + (r + 1) * m]
            d = work[t[D] + r * m : t[D] + (r + 1) * m]
            for j in range(m):
                d[j] = through_norm(d[j], z[j], gamma[j], rstd[j], mean_dy[j], mean_dyz[j])
    if layer > 0:
        below = float_address(s, WORK, layer_row(s, layer - 1)[D] + lo * n)
        d = float_address(s, WORK, t[D] + lo * m)
        backward_product(plan(s, SGEMM), d, float_address(s, P, t[WEIGHT]), below, hi - lo, n, m)


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
