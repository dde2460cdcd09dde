"""States that share a trainer's parameters: on other data, or in evaluation mode."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine import dials
from engine.cpu.memory import zeros
from engine.cpu.state import DROPPING, UPDATING, State
from engine.data import Data
from engine.layout import ACTIVATION, layout
from engine.normalise import folded
from engine.spec import Architecture, Recipe


def aside(s: State, architecture: Architecture, data: Data) -> State:
    """A state on all rows of other data, with its own gradient and work area; nothing that it does moves parameters."""
    plan = layout(architecture, len(data[0]))
    plan.table[:, ACTIVATION] = s.table[:, ACTIVATION]
    (g,) = zeros((s.g.size,))
    side = s.with_(x=data[0], labels=data[1], targets=data[2], g=g, plan=s.plan.copy()).resized(plan)
    side.plan[UPDATING] = 0
    return side


def frozen(s: State, recipe: Recipe, x: NDArray[np.float32]) -> State:
    """The state in evaluation mode over the rows of x: batch norm folded into the weights, nothing dropped."""
    still = s.dials.copy()
    still[dials.BATCH_NORM] = 0.0
    s.plan[DROPPING] = 0
    return s.with_(x=x, p=folded(s, recipe) if recipe.batch_norm else s.p, dials=still)
