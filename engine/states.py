"""States that share a trainer's parameters: on other data, or in evaluation mode."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine import dials
from engine.cpu.memory import zeros
from engine.cpu.state import DROPPING, THREADS, UPDATING, State, products_size
from engine.data import Data
from engine.layout import ACTIVATION, layout
from engine.normalise import folded
from engine.spec import Architecture, Recipe


def aside(s: State, architecture: Architecture, data: Data) -> State:
    """A state on all rows of other data, with its own gradient and work area; nothing that it does moves parameters."""
    rows = len(data[0])
    plan = layout(architecture, rows)
    plan.table[:, ACTIVATION] = s.table[:, ACTIVATION]
    g, work, products = zeros((s.g.size,), (plan.work,), (products_size(plan, int(s.plan[THREADS])),))
    side = s.with_(
        x=data[0], labels=data[1], targets=data[2], rows=np.zeros(rows, np.int32), g=g, work=work, table=plan.table,
        plan=s.plan.copy(), products=products,
    )  # fmt: skip
    side.plan[UPDATING] = 0
    return side


def frozen(s: State, recipe: Recipe, x: NDArray[np.float32]) -> State:
    """The state in evaluation mode over the rows of x: batch norm folded into the weights, nothing dropped."""
    still = s.dials.copy()
    still[dials.BATCH_NORM] = 0.0
    s.plan[DROPPING] = 0
    return s.with_(x=x, p=folded(s, recipe) if recipe.batch_norm else s.p, dials=still)
