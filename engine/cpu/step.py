"""Whole steps: batches drawn, stages run on all threads, parameters updated, metrics written; no allocation."""

import math

import numpy as np

from engine.cpu.access import dial, layer_row, plan
from engine.cpu.frame import doubles, floats, indices, numbers, words
from engine.cpu.parameters import squared_norm, sum_over_threads
from engine.cpu.passes import run_pass
from engine.cpu.state import (
    ALL_SUMS,
    BATCH,
    CLIP_SCALE,
    DECAY,
    DIALS,
    GRADIENTS,
    HITS,
    KEYS,
    LAYERS,
    LOSS,
    OUTPUTS,
    PLAN_SLOT,
    ROWS,
    UPDATE_NOW,
    UPDATING,
    WORK,
    C,
    P,
)  # fmt: skip
from engine.cpu.update import limit_norms, moved_sum
from engine.dials import CLIP_NORM, LR, MAX_NORM
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
from engine.layout import BIAS, WEIGHT, Z

# Entries of `clock`: the step, the optimizer's own count, epoch and place in it, batch size, seed, rows of data.
STEP, UPDATES, EPOCH, PLACE, BATCH_SIZE, SEED, COUNT = range(7)


@inner
def _gradients(s):
    """All stages for the batch at hand, then gradient and norms; updates too if wanted and not clipped."""
    sums = doubles(s, ALL_SUMS)
    for i in range(sums.size):
        sums[i] = 0.0
    entries = numbers(s, PLAN_SLOT)
    entries[GRADIENTS] = 1
    entries[UPDATE_NOW] = plan(s, UPDATING) != 0 and dial(s, CLIP_NORM) == 0.0
    run_pass(s, 6 * plan(s, LAYERS), np.int64(1))


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
            entries[GRADIENTS], entries[UPDATE_NOW] = 0, 1
            run_pass(s, np.int64(0), np.int64(1))
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
        run_pass(s, 3 * (hidden + 1), np.int64(0))
        for r in range(block):
            z = work[t[Z] + r * m : t[Z] + (r + 1) * m]
            for j in range(m):
                out[start + r, j] = z[j] + p[t[BIAS] + j]
