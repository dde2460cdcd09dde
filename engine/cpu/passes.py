"""One pass over the batch, from its gather to the update, as every member of the team walks through it.

Threads are started once a pass and meet on the way where one needs what the others did.
"""

import math

import numpy as np

from engine.cpu.access import dial, layer_row, plan, unit_vector
from engine.cpu.frame import Kernel, floats
from engine.cpu.pieces import BACKWARD, FORWARD, WEIGHTS, put_out
from engine.cpu.rows import thread_vectors
from engine.cpu.shares import COLLECT, LEAVE, must_meet, place_in_step, share
from engine.cpu.state import (
    LARGE,
    MEAN,
    MEAN_DY,
    MEAN_DYZ,
    ROWS,
    RSTD,
    RUNNING_MEAN,
    RUNNING_VAR,
    SHARE,
    STAGES,
    THREADS,
    UPDATING,
    P,
)  # fmt: skip
from engine.cpu.team import USES_OPENMP, do_shares, meet, member, start_team
from engine.dials import BATCH_NORM, BN_EPS, BN_MOMENTUM
from engine.jit import inner
from engine.layout import BIAS, FAN_OUT, STATS


@inner
def _merge_forward(s, layer, first, end):
    """Mean and variance of the batch, for units `first` to `end`, from those of the threads' rows (Chan et al. 1979);
    running statistics."""
    t = layer_row(s, layer)
    m, rows = t[FAN_OUT], plan(s, ROWS)
    momentum, eps = dial(s, BN_MOMENTUM), dial(s, BN_EPS)
    means, rstd = unit_vector(s, MEAN, t[STATS], m), unit_vector(s, RSTD, t[STATS], m)
    running_mean, running_var = unit_vector(s, RUNNING_MEAN, t[STATS], m), unit_vector(s, RUNNING_VAR, t[STATS], m)
    for j in range(first, end):
        count, mean, squares = 0.0, 0.0, 0.0
        for thread in range(plan(s, THREADS)):
            lo, hi = share(s, thread)
            if hi > lo:
                block_mean, block_squares = thread_vectors(s, thread, t)
                more = float(hi - lo)
                away = block_mean[j] - mean
                squares += block_squares[j] + away * away * count * more / (count + more)
                count += more
                mean += away * more / count
        means[j] = mean
        rstd[j] = 1.0 / math.sqrt(squares / rows + eps)
        if plan(s, UPDATING):
            running_mean[j] += momentum * (mean + floats(s, P)[t[BIAS] + j] - running_mean[j])
            if rows > 1:
                running_var[j] += momentum * (squares / (rows - 1) - running_var[j])


@inner
def _merge_backward(s, layer, first, end):
    """The means that the gradient through the norm needs, for units `first` to `end`, from those of the rows."""
    t = layer_row(s, layer)
    m, rows = t[FAN_OUT], plan(s, ROWS)
    mean_dy, mean_dyz = unit_vector(s, MEAN_DY, t[STATS], m), unit_vector(s, MEAN_DYZ, t[STATS], m)
    for j in range(first, end):
        total, product = 0.0, 0.0
        for thread in range(plan(s, THREADS)):
            block_total, block_product = thread_vectors(s, thread, t)
            total += block_total[j]
            product += block_product[j]
        mean_dy[j] = total / rows
        mean_dyz[j] = product / rows


def _pass(s, me, size, last, after):
    """What member `me` of `size` does: the step up to position `last`, then, if `after`, the parameters."""
    normed = dial(s, BATCH_NORM) != 0.0
    first = np.int64(0)
    if normed or plan(s, LARGE):
        for position in range(last - 1):
            if must_meet(s, position):
                do_shares(plan(s, STAGES), s, me, size, first, position + 1)
                meet(s)
                first = position + 1
                _merge(s, position, me, size)
    if last > 0:
        do_shares(plan(s, STAGES), s, me, size, first, last)
    if after:
        meet(s)
        do_shares(plan(s, SHARE), s, me, size, np.int64(0), np.int64(-1))


@inner
def _merge(s, position, me, size):
    """What batch norm needs of all rows after a position of the step: each member merges some units."""
    layer, part = place_in_step(s, position)
    units = layer_row(s, layer)[FAN_OUT]
    first, end = units * me // size, units * (me + 1) // size
    if part == COLLECT:
        _merge_forward(s, layer, first, end)
        meet(s)
    elif part == LEAVE:
        _merge_backward(s, layer, first, end)
        meet(s)


_whole = Kernel(_pass)
_alone = inner(_pass)


def team_kernels() -> tuple[int, int]:
    """Addresses of what a thread of the team begins with, and of the pass; zeros without libgomp."""
    return (member.address(), _whole.address()) if USES_OPENMP else (0, 0)


@inner
def _by_team(s, last, after):
    start_team(s, last, after)


@inner
def _by_loops(s, last, after):
    _alone(s, np.int64(0), np.int64(1), last, after)


_start = _by_team if USES_OPENMP else _by_loops


@inner
def run_pass(s, last, after):
    """The step up to position `last`, then, if `after`, what the plan wants with the parameters; on all threads."""
    put_out(s, FORWARD)
    put_out(s, BACKWARD)
    put_out(s, WEIGHTS)
    _start(s, last, after)
