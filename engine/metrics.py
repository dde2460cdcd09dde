"""What training reports: plain arrays, one row a step; and what a look at the network reports."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Rows for the steps first_step, first_step + 1, …; float32. k steps, L layers.

    `loss` is the mean over the batch, with the dropout of that step and without penalties; `grad_norm` the L2 norm
    over the active parameters of a layer, before clipping and penalties. `update_norm` and `weight_norm` concern the
    weight matrices and are NaN on the steps that were not probed.
    """

    first_step: int
    loss: Floats  # (k,)
    accuracy: Floats  # (k,) share of hits in the training batch; NaN for regression
    lr: Floats  # (k,)
    grad_norm: Floats  # (k, L)
    update_norm: Floats  # (k, L)
    weight_norm: Floats  # (k, L)

    def __len__(self) -> int:
        return len(self.loss)

    @property
    def update_ratio(self) -> Floats:
        """‖Δw‖ / ‖w‖ of each layer's weights (k, L); NaN where not probed."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.update_norm / self.weight_norm, np.float32)

    @property
    def effective_step(self) -> Floats:
        """‖Δw‖ / ‖g‖ of each layer (k, L): the learning rate that plain SGD would need for a step as long.

        What an adaptive optimizer makes of its rate: Adagrad's shrinks, RMSProp's does not. NaN where not probed.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(self.update_norm / self.grad_norm, np.float32)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Mean loss over a data set in evaluation mode, and the share of hits (NaN for regression)."""

    loss: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Probe:
    """Statistics of one hidden layer over a batch in evaluation mode.

    `input_*` concern the pre-activation (after batch norm), whose drift is the notes' internal covariate shift.
    A unit is dead if its derivative is 0 on every row, saturated where |derivative| < 0.01.
    """

    layer: int
    input_mean: float
    input_var: float
    mean: float
    var: float
    dead: float  # share of units
    saturated: float  # share of unit-row pairs
    counts: NDArray[np.int64]  # (bins,)
    edges: NDArray[np.float64]  # (bins + 1,)
