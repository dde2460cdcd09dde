"""Whole steps: batches drawn, stages run on all threads, parameters updated, metrics written; no allocation."""

import math

import numpy as np

from engine.cpu.access import dial, layer_row, plan, unit_vector
from engine.cpu.frame import doubles, floats, indices, numbers, words
from engine.cpu.parameters import squared_norm, sum_over_threads
from engine.cpu.pieces import BACKWARD, FORWARD, WEIGHTS, put_out
from engine.cpu.rows import thread_vectors
from engine.cpu.shares import COLLECT, LEAVE, must_meet, place_in_step, share
from engine.cpu.state import (
    ALL_SUMS,
    BATCH,
    CLIP_SCALE,
    DECAY,
    DIALS,
    GRADIENTS,
    HITS,
    KEYS,
    LARGE,
    LAYERS,
    LOSS,
    MEAN,
    MEAN_DY,
    MEAN_DYZ,
    OUTPUTS,
    PLAN_SLOT,
    ROWS,
    RSTD,
    RUNNING_MEAN,
    RUNNING_VAR,
    SHARE,
    STAGES,
    THREADS,
    UPDATE_NOW,
    UPDATING,
    WORK,
    C,
    P,
)  # fmt: skip
from engine.cpu.team import on_threads
from engine.cpu.update import limit_norms, moved_sum
from engine.dials import BATCH_NORM, BN_EPS, BN_MOMENTUM, CLIP_NORM, LR, MAX_NORM
from engine.formulas.optimizers import clip_factor, coefficients, decay_factor
from engine.formulas.random import (
    DROP,
    SHUFFLE,
    key_high,
    key_low,
    round_key,
    shuffle_domain,
    shuffle_round,
    shuffle_rounds,
    stream_key,
)
from engine.formulas.schedules import schedule_factor
from engine.jit import inner, njit
from engine.layout import BIAS, FAN_OUT, STATS, WEIGHT, Z

# Entries of `clock`: the step, the optimizer's own count, epoch and place in it, batch size, seed, rows of data.
STEP, UPDATES, EPOCH, PLACE, BATCH_SIZE, SEED, COUNT = range(7)


@inner
def _rows(s, first, last):
    on_threads(plan(s, STAGES), s, first, last)


@inner
def _parameters(s, gradients, update):
    entries = numbers(s, PLAN_SLOT)
    entries[GRADIENTS] = gradients
    entries[UPDATE_NOW] = update
    put_out(s, WEIGHTS)
    on_threads(plan(s, SHARE), s, np.int64(0), np.int64(-1))


@inner
def _merge_forward(s, layer):
    """Mean and variance of the batch from those of the threads' rows (Chan et al. 1979); running statistics."""
    t = layer_row(s, layer)
    m, rows = t[FAN_OUT], plan(s, ROWS)
    momentum, eps = dial(s, BN_MOMENTUM), dial(s, BN_EPS)
    means, rstd = unit_vector(s, MEAN, t[STATS], m), unit_vector(s, RSTD, t[STATS], m)
    running_mean, running_var = unit_vector(s, RUNNING_MEAN, t[STATS], m), unit_vector(s, RUNNING_VAR, t[STATS], m)
    for j in range(m):
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
def _merge_backward(s, layer):
    t = layer_row(s, layer)
    m, rows = t[FAN_OUT], plan(s, ROWS)
    mean_dy, mean_dyz = unit_vector(s, MEAN_DY, t[STATS], m), unit_vector(s, MEAN_DYZ, t[STATS], m)
    for j in range(m):
        total, product = 0.0, 0.0
        for thread in range(plan(s, THREADS)):
            block_total, block_product = thread_vectors(s, thread, t)
            total += block_total[j]
            product += block_product[j]
        mean_dy[j] = total / rows
        mean_dyz[j] = product / rows


@inner
def _stages(s, last):
    """The step up to position `last`: threads meet where they must, and merge what batch norm needs."""
    normed = dial(s, BATCH_NORM) != 0.0
    first = np.int64(0)
    put_out(s, FORWARD)
    put_out(s, BACKWARD)
    if normed or plan(s, LARGE):
        for position in range(last - 1):
            if must_meet(s, position):
                _rows(s, first, position + 1)
                first = position + 1
                layer, part = place_in_step(s, position)
                if part == COLLECT:
                    _merge_forward(s, layer)
                elif part == LEAVE:
                    _merge_backward(s, layer)
    _rows(s, first, last)


@inner
def _gradients(s):
    """All stages for the batch at hand, then gradient and norms; updates too if wanted and not clipped."""
    sums = doubles(s, ALL_SUMS)
    for i in range(sums.size):
        sums[i] = 0.0
    _stages(s, 6 * plan(s, LAYERS))
    _parameters(s, np.int64(1), np.int64(plan(s, UPDATING) != 0 and dial(s, CLIP_NORM) == 0.0))


@njit
def compute_gradients(s):
    """`_gradients`, for Python."""
    _gradients(s)


@inner
def _norms(s, out):
    """Writes the gradient norm of each layer and returns the square of the global one."""
    total = 0.0
    for layer in range(plan(s, LAYERS)):
        square = squared_norm(s, layer)
        out[layer] = math.sqrt(square)
        total += square
    return total


@njit
def set_keys(s, seed, step):
    """The dropout streams of a step."""
    keys = words(s, KEYS)
    for layer in range(keys.size):
        keys[layer] = stream_key(np.int64(seed), np.int64(DROP), np.int64(step), np.int64(layer))


@njit
def fill_batch(clock, rows):
    """Writes the row numbers of the next batch into `rows`; returns how many (the last of an epoch may be fewer)."""
    count = min(clock[BATCH_SIZE], clock[COUNT] - clock[PLACE])
    key = stream_key(clock[SEED], np.int64(SHUFFLE), clock[EPOCH], np.int64(0))
    low, high = key_low(key), key_high(key)
    mask, half, rounds = shuffle_domain(clock[COUNT])
    for i in range(count):
        rows[i] = clock[PLACE] + i
    for turn in range(rounds):  # `shuffled`, round by round: the loop over rows is one of vectors
        factor, shift = round_key(turn, low, high)
        for i in range(count):
            rows[i] = np.int32(shuffle_round(np.uint32(rows[i]), factor, shift, mask, half))
    for i in range(count):
        place = np.uint32(rows[i])
        while place >= np.uint32(clock[COUNT]):
            place = shuffle_rounds(place, mask, half, rounds, low, high)
        rows[i] = np.int32(place)
    return count


@inner
def _tick(clock, count):
    clock[STEP] += 1
    clock[PLACE] += count
    if clock[PLACE] >= clock[COUNT]:
        clock[PLACE] = 0
        clock[EPOCH] += 1


@inner
def _prepare_update(s, clock):
    """Coefficients of this step's update; returns the learning rate."""
    dials, c = doubles(s, DIALS), floats(s, C)
    lr = dials[LR] * schedule_factor(dials, clock[STEP])
    clock[UPDATES] += 1
    coefficients(dials, clock[UPDATES], lr, c)
    c[CLIP_SCALE] = 1.0
    c[DECAY] = decay_factor(dials, lr)
    return lr


@inner
def _moved(s, before, update_norm, weight_norm):
    """Norm of the last update and of the weights, layer by layer (weight matrices alone)."""
    p = floats(s, P)
    for layer in range(plan(s, LAYERS)):
        t = layer_row(s, layer)
        lo, hi = t[WEIGHT], t[BIAS]
        moved, square = moved_sum(before[lo:hi], p[lo:hi])
        update_norm[layer] = math.sqrt(moved)
        weight_norm[layer] = math.sqrt(square)


@njit
def advance(s, clock, steps, every, before, loss, accuracy, lr, grad_norm, update_norm, weight_norm):
    """Up to `steps` steps; returns how many, fewer only if loss or gradient stopped being finite in the last.

    The metrics are (steps,) and (steps, layers) float32. Where `every` > 0 and divides the step's number, the
    norms of update and weights are written too, with `before` (P,) as scratch.
    """
    entries, p = numbers(s, PLAN_SLOT), floats(s, P)
    for i in range(steps):
        count = fill_batch(clock, indices(s, BATCH))
        entries[ROWS] = count
        set_keys(s, clock[SEED], clock[STEP])
        lr[i] = _prepare_update(s, clock)
        probing = every > 0 and clock[STEP] % every == 0
        if probing:
            for k in range(p.size):
                before[k] = p[k]
        _gradients(s)
        square = _norms(s, grad_norm[i])
        bound = dial(s, CLIP_NORM)
        if bound > 0.0:
            floats(s, C)[CLIP_SCALE] = clip_factor(square, bound)
            _parameters(s, np.int64(0), np.int64(1))
        if dial(s, MAX_NORM) > 0.0:
            limit_norms(s)
        if probing:
            _moved(s, before, update_norm[i], weight_norm[i])
        loss[i] = sum_over_threads(s, np.int64(LOSS)) / count
        accuracy[i] = sum_over_threads(s, np.int64(HITS)) / count
        _tick(clock, count)
        if not (math.isfinite(loss[i]) and math.isfinite(square)):
            return i + 1
    return steps


@njit
def forward_all(s, count, out):
    """Logits or outputs out (count, outputs) of the first `count` rows of x, in blocks of the work area's rows."""
    hidden = plan(s, LAYERS) - 1
    t, m, rows, work, p = layer_row(s, hidden), plan(s, OUTPUTS), indices(s, BATCH), floats(s, WORK), floats(s, P)
    entries = numbers(s, PLAN_SLOT)
    for start in range(0, count, rows.size):
        block = min(rows.size, count - start)
        entries[ROWS] = block
        for r in range(block):
            rows[r] = start + r
        _stages(s, 3 * (hidden + 1))
        for r in range(block):
            z = work[t[Z] + r * m : t[Z] + (r + 1) * m]
            for j in range(m):
                out[start + r, j] = z[j] + p[t[BIAS] + j]
