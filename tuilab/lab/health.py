"""How each layer is: how long its weights are, how many of its units are dead, what its activations look like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tuilab.lab.session import Session

ROWS = 256  # of the training part that the activations are looked at on, at most (and at most one batch)
BINS = 16


@dataclass(frozen=True, slots=True)
class LayerHealth:
    """One layer at one moment. The output layer has no activation: `dead` is NaN and `counts` empty.

    `dead` is the share of units whose derivative is 0 on every row looked at; `counts` is the histogram of the
    activations between `low` and `high`.
    """

    fan_in: int
    fan_out: int
    activation: str
    weight_norm: float
    dead: float = float("nan")
    saturated: float = float("nan")
    counts: tuple[int, ...] = ()
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True, slots=True)
class Health:
    """All layers after `step` steps, the first layer first."""

    step: int
    layers: tuple[LayerHealth, ...]


def health(session: Session) -> Health:
    """How the layers of the session's network are now. Engine thread; changes nothing."""
    trainer = session.trainer
    rows = session.data.x_train[:ROWS]
    probes = trainer.probe(rows, BINS)
    widths = trainer.architecture.widths
    names = (*trainer.recipe.activations(trainer.layers - 1), "output")
    tensors = trainer.tensors()
    layers = []
    for k, name in enumerate(names):
        weight = tensors[f"{k}.weight"]
        norm = float(np.sqrt(np.vdot(weight, weight)))
        layer = LayerHealth(widths[k], widths[k + 1], name, norm)
        if k < len(probes):
            p = probes[k]
            counts = tuple(int(c) for c in p.counts)
            ends = float(p.edges[0]), float(p.edges[-1])
            layer = LayerHealth(widths[k], widths[k + 1], name, norm, p.dead, p.saturated, counts, *ends)
        layers.append(layer)
    return Health(session.step, tuple(layers))
