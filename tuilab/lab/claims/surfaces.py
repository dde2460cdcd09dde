"""Optimizers without a network: the engine's own update rules on surfaces that can be seen through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.spec import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Singles = NDArray[np.float32]

STARTS = 200
COORDINATES = 20_000  # of the noise that RAdam is looked at with


def path(recipe: Recipe, gradient: Callable[[Singles, int], Singles], start: Singles, steps: int) -> Iterator[Singles]:
    """The points after each of `steps` updates by `recipe`, element by element; start (…) float32.

    `gradient(point, t)` is asked before update number t, from 1.
    """
    from engine import dials
    from engine.formulas import optimizers

    rule = _on_arrays(getattr(optimizers, recipe.optimizer).py_func)  # the formula that the compiled step inlines
    packed = np.empty(dials.COUNT)
    dials.pack(recipe, packed)
    c = np.zeros(optimizers.COEFFICIENTS, np.float32)
    p, s1, s2 = start.astype(np.float32), np.zeros_like(start), np.zeros_like(start)
    for t in range(1, steps + 1):
        optimizers.coefficients.py_func(packed, t, recipe.learning_rate, c)
        p, s1, s2 = rule(p, gradient(p, t), s1, s2, *c)
        yield p


def _on_arrays(formula: Any) -> Callable[..., Any]:
    """A scalar formula that works on arrays element by element: NumPy's root stands where it takes math's."""
    return FunctionType(formula.__code__, {**formula.__globals__, "math": np})


def two_minima(point: Singles) -> tuple[Singles, Singles]:
    """Height and slope over the plane, point (n, 2): x⁴/4 − x²/2 + x/5 along x, a round valley along y.

    Along x there is a shallow minimum near 0.88 and a deep one near −1.09, with a ridge near 0.21 between them.
    """
    x, y = point[:, 0], point[:, 1]
    height = x**4 / 4.0 - x**2 / 2.0 + x / 5.0 + y**2 / 2.0
    return height, np.column_stack([x**3 - x + np.float32(0.2), y])


RIDGE, SHALLOW_TO = 0.2, 1.6


def escaped(recipe: Recipe, steps: int, seed: int) -> float:
    """The share of STARTS points on the shallow side from which the run ends on the deep side."""
    draws = np.random.default_rng(seed)
    x = draws.uniform(RIDGE + 0.1, SHALLOW_TO, STARTS)
    start = np.column_stack([x, draws.uniform(-1.0, 1.0, STARTS)]).astype(np.float32)
    *_, end = path(recipe, lambda p, _: two_minima(p)[1].astype(np.float32), start, steps)
    return float(np.mean(end[:, 0] < RIDGE))


def overshot(recipe: Recipe, steps: int, seed: int) -> float:
    """Mean over STARTS valleys ½(x² + k·y²), k log-uniform in [3, 30], of the farthest point past the bottom along y.

    As a share of the distance from it at the start.
    """
    draws = np.random.default_rng(seed)
    curvature = np.column_stack([np.ones(STARTS), 10.0 ** draws.uniform(np.log10(3.0), np.log10(30.0), STARTS)])
    k = curvature.astype(np.float32)
    points = np.array(list(path(recipe, lambda p, _: k * p, np.ones((STARTS, 2), np.float32), steps)))
    return float(np.mean(np.maximum(0.0, -points[:, :, 1].min(0))))


def factor_spread(recipe: Recipe, steps: int, seed: int) -> float:
    """Mean over the first `steps` updates of the interquartile range of the adaptive factor.

    The factor is Δp / (lr·m̂), 1 for an optimizer that does not adapt; the gradients are independent N(0, 1), as in
    the analysis of Liu et al. 2020.
    """
    noise = np.random.default_rng(seed).standard_normal((steps, COORDINATES)).astype(np.float32)
    before, mean, spreads = np.zeros(COORDINATES, np.float32), np.zeros(COORDINATES), []
    for t, point in enumerate(path(recipe, lambda _, t: noise[t - 1], before, steps), 1):
        mean = recipe.beta1 * mean + (1.0 - recipe.beta1) * noise[t - 1]
        corrected = mean / (1.0 - recipe.beta1**t)
        factor = (before.astype(np.float64) - point) / (recipe.learning_rate * corrected)
        low, high = np.quantile(factor, (0.25, 0.75))
        spreads.append(high - low)
        before = point
    return float(np.mean(spreads))
