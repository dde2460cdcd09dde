"""The steps of a chunk as tables, worked out beforehand by the CPU with the same formulas, so with the same bits."""

import numpy as np

from engine.cpu.step import BATCH_SIZE, COUNT, EPOCH, PLACE, SEED, STEP, UPDATES
from engine.cuda.net import TICKET, TICKET_PLACE, TICKET_PROBED, TICKET_ROWS
from engine.dials import LR
from engine.formulas.optimizers import COEFFICIENTS, coefficients, decay_factor
from engine.formulas.random import DROP, SHUFFLE, stream_key
from engine.formulas.schedules import schedule_factor
from engine.jit import njit


@njit
def plan_steps(clock, steps, every, dials, layers, lr, ticket, c, keys):
    """Fills the rows of `steps` steps from `clock` on, which is left alone: lr (K,) and engine.cuda.net's tables."""
    place, epoch = clock[PLACE], clock[EPOCH]
    stride = COEFFICIENTS + 1
    for i in range(steps):
        step = clock[STEP] + i
        rows = min(clock[BATCH_SIZE], clock[COUNT] - place)
        ticket[i * TICKET + TICKET_ROWS] = rows
        ticket[i * TICKET + TICKET_PLACE] = place
        ticket[i * TICKET + TICKET_PROBED] = 1 if every > 0 and step % every == 0 else 0
        rate = dials[LR] * schedule_factor(dials, step)
        lr[i] = rate
        coefficients(dials, clock[UPDATES] + i + 1, rate, c[i * stride : (i + 1) * stride])
        c[i * stride + COEFFICIENTS] = decay_factor(dials, rate)
        fill_keys(keys[i * (layers + 1) : (i + 1) * (layers + 1)], clock[SEED], step)
        keys[i * (layers + 1)] = stream_key(clock[SEED], np.int64(SHUFFLE), epoch, np.int64(0))
        place += rows
        if place >= clock[COUNT]:
            place = 0
            epoch += 1


@njit
def fill_keys(keys, seed, step):
    """The dropout streams of a step, from the second place on."""
    for layer in range(keys.size - 1):
        keys[layer + 1] = stream_key(np.int64(seed), np.int64(DROP), np.int64(step), np.int64(layer))


@njit
def move_clock(clock, steps):
    """Moves `clock` on by `steps` steps that were done."""
    for _ in range(steps):
        clock[STEP] += 1
        clock[UPDATES] += 1
        clock[PLACE] += min(clock[BATCH_SIZE], clock[COUNT] - clock[PLACE])
        if clock[PLACE] >= clock[COUNT]:
            clock[PLACE] = 0
            clock[EPOCH] += 1
