"""Two classes of points in the plane, within about one unit of the origin: problems that can be seen at a glance.

Each function gives POINTS points, half of each class, as (x (n, 2) float64, y (n,) int64). `noise` is the standard
deviation of a normal step added to every coordinate after the class is decided, so classes may overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tuilab.datasets.base import Source
from tuilab.datasets.draws import Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 1000
TURNS = 1.75  # of each arm of the spiral
_HALF = POINTS // 2
_LABELS = np.repeat(np.arange(2, dtype=np.int64), _HALF)


def read(name: str, *, seed: int, noise: float) -> Source:
    """The set called `name`; every class is named after its number."""
    points = _SHAPES[name](Draws(seed, "points"))
    step = Draws(seed, "noise").normal(points.size).reshape(points.shape) * noise
    return Source(name, (points + step).astype(np.float32), _LABELS.copy(), class_names=("0", "1"))


def _circle(draws: Draws) -> NDArray[np.float64]:
    """A disc of radius 0.5 inside a ring from 0.7 to 1, both evenly filled."""
    share, angle = draws.uniform(POINTS), 2.0 * np.pi * draws.uniform(POINTS)
    inner, outer = np.where(_LABELS == 0, 0.0, 0.7), np.where(_LABELS == 0, 0.5, 1.0)
    radius = np.sqrt(inner**2 + share * (outer**2 - inner**2))
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])


def _xor(draws: Draws) -> NDArray[np.float64]:
    """Four squares around the origin, 0.1 apart; opposite ones belong together."""
    across = 0.05 + 0.95 * draws.uniform(POINTS)
    up = 0.05 + 0.95 * draws.uniform(POINTS)
    side = np.where(draws.uniform(POINTS) < 0.5, -1.0, 1.0)
    return np.column_stack([side * across, np.where(_LABELS == 0, side, -side) * up])


def _gaussians(_: Draws) -> NDArray[np.float64]:
    """Two clouds around (−0.5, −0.5) and (0.5, 0.5); the noise alone spreads them."""
    centre = np.where(_LABELS == 0, -0.5, 0.5)
    return np.column_stack([centre, centre])


def _spiral(draws: Draws) -> NDArray[np.float64]:
    """Two arms wound around each other, evenly filled from the centre out."""
    along = draws.uniform(POINTS)
    angle = 2.0 * np.pi * TURNS * along + np.pi * _LABELS
    return np.column_stack([along * np.sin(angle), along * np.cos(angle)])


def _moons(draws: Draws) -> NDArray[np.float64]:
    """Two half circles, each reaching into the other (the shape of scikit-learn's make_moons, centred, scaled)."""
    angle = np.pi * draws.uniform(POINTS)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1.0 - np.cos(angle), 0.5 - np.sin(angle)])
    return (np.where(_LABELS[:, None] == 0, upper, lower) - (0.5, 0.25)) / 1.5


_SHAPES = {"circle": _circle, "xor": _xor, "gaussians": _gaussians, "spiral": _spiral, "moons": _moons}
