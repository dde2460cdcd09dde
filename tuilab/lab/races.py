"""Optimizers racing on surfaces over the plane, each with the engine's own update rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.spec import Recipe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

STEPS = 1000
#: AdamW is not among them: without weight decay it is Adam.
RACERS = ("sgd", "momentum", "nag", "adagrad", "rmsprop", "adadelta", "adam", "radam")


@dataclass(frozen=True, eq=False)
class Surface:
    """A height over the plane. `window` is the part that is looked at: (x low, x high, y low, y high).

    `height(x, y)` and `slope(x, y)` (both derivatives) work on arrays of any shape. `rates` are learning rates
    that show each optimizer as it is.
    """

    name: str
    title: str
    about: str
    window: tuple[float, float, float, float]
    start: tuple[float, float]
    minima: tuple[tuple[float, float], ...]
    height: Callable[[Doubles, Doubles], Doubles]
    slope: Callable[[Doubles, Doubles], tuple[Doubles, Doubles]]
    rates: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Path:
    """Where an optimizer was after each step: `points` (k + 1, 2) and `heights` (k + 1,), the start first.

    It ends early where a number was no longer finite.
    """

    optimizer: str
    rate: float
    points: Doubles
    heights: Doubles
    diverged: bool


def run(surface: Surface, optimizer: str, rate: float, steps: int = STEPS) -> Path:
    """`steps` steps of an optimizer down a surface. Loads the engine's formulas; compiles nothing."""
    from tuilab.lab.claims.surfaces import path

    def gradient(point: NDArray[np.float32], _: int) -> NDArray[np.float32]:
        x, y = point.astype(np.float64)
        return np.array(surface.slope(x, y), np.float32)

    start = np.array(surface.start, np.float32)
    with np.errstate(all="ignore"):
        found = np.array([start, *path(Recipe(optimizer=optimizer, lr=rate), gradient, start, steps)], np.float64)
        heights = surface.height(found[:, 0], found[:, 1])
    good = np.isfinite(found).all(1) & np.isfinite(heights)
    end = len(found) if good.all() else int(good.argmin())
    return Path(optimizer, rate, found[:end], heights[:end], end < len(found))


def _valley(x: Doubles, y: Doubles) -> Doubles:
    return 0.5 * (x**2 + 20.0 * y**2)


def _valley_slope(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    return x, 20.0 * y


def _two_minima(x: Doubles, y: Doubles) -> Doubles:
    from tuilab.lab.claims.surfaces import two_minima

    points: Any = np.column_stack([np.ravel(x), np.ravel(y)])
    height: Any = two_minima(points)[0]
    return np.reshape(height, np.shape(x))


def _two_minima_slope(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    from tuilab.lab.claims.surfaces import two_minima

    points: Any = np.column_stack([np.ravel(x), np.ravel(y)])
    slope: Any = two_minima(points)[1]
    return np.reshape(slope[:, 0], np.shape(x)), np.reshape(slope[:, 1], np.shape(x))


def _saddle(x: Doubles, y: Doubles) -> Doubles:
    return x**4 / 4.0 - x**2 / 2.0 + y**2


def _saddle_slope(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    return x**3 - x, 2.0 * y


def _rosenbrock(x: Doubles, y: Doubles) -> Doubles:
    return (1.0 - x) ** 2 + 100.0 * (y - x**2) ** 2


def _rosenbrock_slope(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    bend = y - x**2
    return -2.0 * (1.0 - x) - 400.0 * x * bend, 200.0 * bend


def _beale(x: Doubles, y: Doubles) -> Doubles:
    one, two, three = (c - x + x * y**k for k, c in enumerate((1.5, 2.25, 2.625), 1))
    return one**2 + two**2 + three**2


def _beale_slope(x: Doubles, y: Doubles) -> tuple[Doubles, Doubles]:
    dx = dy = 0.0 * x
    for k, c in enumerate((1.5, 2.25, 2.625), 1):
        rest = c - x + x * y**k
        dx = dx + 2.0 * rest * (y**k - 1.0)
        dy = dy + 2.0 * rest * k * x * y ** (k - 1)
    return dx, dy


def _rates(*values: float) -> dict[str, float]:
    return dict(zip(RACERS, values, strict=True))


SURFACES: tuple[Surface, ...] = (
    Surface("valley", "Valley", "20 times steeper across than along: plain descent swings between the walls",
            (-2.2, 2.2, -1.1, 1.1), (-1.9, 0.8), ((0.0, 0.0),), _valley, _valley_slope,
            _rates(0.09, 0.02, 0.02, 0.5, 0.02, 1.0, 0.05, 0.05)),
    Surface("two-minima", "Two minima", "a shallow minimum on the way to a deep one: momentum may roll past it",
            (-1.9, 2.1, -1.3, 1.3), (1.9, 1.0), ((-1.088, 0.0), (0.879, 0.0)), _two_minima, _two_minima_slope,
            _rates(0.05, 0.05, 0.05, 0.5, 0.02, 1.0, 0.05, 0.05)),
    Surface("saddle", "Saddle", "almost on the ridge between two minima, where the slope is next to nothing",
            (-1.7, 1.7, -1.2, 1.2), (0.001, 1.0), ((-1.0, 0.0), (1.0, 0.0)), _saddle, _saddle_slope,
            _rates(0.05, 0.02, 0.02, 0.2, 0.01, 1.0, 0.02, 0.02)),
    Surface("rosenbrock", "Rosenbrock", "a bent valley: easy to reach, hard to follow to its end",
            (-1.9, 1.9, -0.9, 3.1), (-1.5, 2.6), ((1.0, 1.0),), _rosenbrock, _rosenbrock_slope,
            _rates(0.0005, 0.0002, 0.0002, 0.5, 0.01, 1.0, 0.05, 0.002)),
    Surface("beale", "Beale", "flat plains between steep cliffs: one rate hardly fits both",
            (-1.5, 4.5, -2.0, 2.0), (1.0, 1.5), ((3.0, 0.5),), _beale, _beale_slope,
            _rates(0.005, 0.002, 0.002, 0.5, 0.01, 1.0, 0.05, 0.005)),
)  # fmt: skip
