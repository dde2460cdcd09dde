"""A recipe as the float64 vector that compiled code reads: turning a dial writes a number, nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.spec import OPTIMIZERS, SCHEDULES, Recipe

_FIELDS = (
    "momentum", "beta1", "beta2", "alpha", "rho", "weight_decay", "l1", "max_norm", "clip_norm", "dropout",
    "input_dropout", "alpha_dropout", "batch_norm", "bn_momentum", "bn_eps", "negative_slope", "elu_alpha",
    "label_smoothing", "warmup_steps", "decay_steps", "decay_rate",
)  # fmt: skip

(
    MOMENTUM, BETA1, BETA2, ALPHA, RHO, WEIGHT_DECAY, L1, MAX_NORM, CLIP_NORM, DROPOUT, INPUT_DROPOUT, ALPHA_DROPOUT,
    BATCH_NORM, BN_MOMENTUM, BN_EPS, NEGATIVE_SLOPE, ELU_ALPHA, LABEL_SMOOTHING, WARMUP_STEPS, DECAY_STEPS, DECAY_RATE,
) = range(len(_FIELDS))  # fmt: skip
LR, EPS, OPTIMIZER, SCHEDULE = range(len(_FIELDS), len(_FIELDS) + 4)
COUNT = len(_FIELDS) + 4


def pack(recipe: Recipe, out: NDArray[np.float64]) -> None:
    """Writes the dials of `recipe` into `out` (COUNT,)."""
    for place, name in enumerate(_FIELDS):
        out[place] = getattr(recipe, name)
    out[LR] = recipe.learning_rate
    out[EPS] = recipe.epsilon
    out[OPTIMIZER] = OPTIMIZERS.index(recipe.optimizer)
    out[SCHEDULE] = SCHEDULES.index(recipe.schedule)
