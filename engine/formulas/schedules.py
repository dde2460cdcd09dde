"""Learning-rate schedules and warm-up, as a factor on the learning rate of step t (from 0)."""

import math

from engine.dials import DECAY_RATE, DECAY_STEPS, SCHEDULE, WARMUP_STEPS
from engine.jit import formula
from engine.spec import SCHEDULES

CONSTANT, STEP, EXPONENTIAL, COSINE = range(len(SCHEDULES))


@formula
def schedule_factor(dials, t):
    """min(1, (t + 1) / warm-up), times: 1; rate^⌊t/T⌋; rate^(t/T); or ½(1 + cos(π·min(t, T)/T)).

    The cosine is Loshchilov & Hutter 2017, eq. 5, without restarts.
    """
    rate, period = dials[DECAY_RATE], dials[DECAY_STEPS]
    kind = int(dials[SCHEDULE])
    factor = 1.0
    if kind == STEP:
        factor = rate ** math.floor(t / period)
    elif kind == EXPONENTIAL:
        factor = rate ** (t / period)
    elif kind == COSINE:
        factor = 0.5 * (1.0 + math.cos(math.pi * min(float(t), period) / period))
    if t + 1 < dials[WARMUP_STEPS]:
        factor *= (t + 1) / dials[WARMUP_STEPS]
    return factor
