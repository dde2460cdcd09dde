"""Smoothing: an exponential moving average over unevenly spaced points, without a Python loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Names of the smoothing levels and their time constants as a share of the visible range (0: off).
LEVELS: tuple[tuple[str, float], ...] = (("off", 0.0), ("light", 0.006), ("medium", 0.02), ("strong", 0.06))

_REACH = 500.0  # time constants that exp() may span in float64 with room to spare


def ema(x: NDArray[np.float64], y: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
    """The average of all earlier points, each weighted exp(-distance / tau) and normalised.

    `x` (k,) ascending, `y` (k,) finite, `tau` > 0 in the units of x. Unlike the usual recursion it starts at
    the first point without bias and does not depend on how densely the points lie.
    """
    import numpy as np

    if len(x) == 0:
        return y
    since = (x - x[-1]) / tau
    if since[0] >= -_REACH:
        weight = np.exp(since)
        return np.cumsum(weight * y) / np.cumsum(weight)
    # A long range: each part starts far enough back that what lies before no longer counts.
    out = np.empty_like(y)
    start = 0
    while start < len(x):
        end = int(np.searchsorted(since, since[start] + _REACH * 0.5, side="right"))
        back = int(np.searchsorted(since, since[start] - 40.0))
        weight = np.exp(since[back:end] - since[end - 1])
        out[start:end] = (np.cumsum(weight * y[back:end]) / np.cumsum(weight))[start - back :]
        start = end
    return out
