"""Metrics as an engine would report them, made up: for tests of what only reads them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rows:
    """The fields of engine.Metrics that the lab reads; row i is step first_step + i + 1."""

    first_step: int
    loss: np.ndarray
    accuracy: np.ndarray
    lr: np.ndarray
    grad_norm: np.ndarray
    update_ratio: np.ndarray

    def __len__(self) -> int:
        return len(self.loss)


def rows(first_step: int, loss: np.ndarray, layers: int = 2, probe_every: int = 0) -> Rows:
    """Rows with the given losses; the other values follow from the step."""
    loss = np.asarray(loss, np.float32)
    step = np.arange(first_step + 1, first_step + 1 + len(loss), dtype=np.float32)
    norms = np.stack([step * (layer + 1) for layer in range(layers)], 1)
    ratio = np.full(norms.shape, np.nan, np.float32)
    if probe_every:
        probed = (step - 1) % probe_every == 0
        ratio[probed] = norms[probed] / 1000
    return Rows(first_step, loss, np.float32(1) / step, np.full(len(loss), 0.1, np.float32), norms, ratio)
