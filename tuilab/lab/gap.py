"""The gap of overfitting: how far the validation loss lies above the training loss, and which way it goes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuilab.lab.history import Curves

_LAST = 3  # looks at the validation part that the number is a mean of
_ENOUGH = 6  # looks from which on there is a trend
_SURE = 2.0  # standard errors of a mean that a change must exceed to be one


@dataclass(frozen=True, slots=True)
class Gap:
    """Validation loss less training loss, smoothed; `trend` is 1 where it grows, -1 where it closes, 0 in between."""

    value: float
    trend: int
    looks: int  # how many looks at the validation part it rests on


def gaps(curves: Curves) -> NDArray[np.float64]:
    """The gap at every look (k,): the validation loss less the mean training loss since the look before."""
    val, train = curves.val, curves.train
    good = np.isfinite(train.mean)
    x, mean = train.x[good], train.mean[good].astype(np.float64)
    seen = (val.x > 0) & np.isfinite(val.mean)
    at, height = val.x[seen], val.mean[seen].astype(np.float64)
    if len(x) == 0 or len(at) == 0:
        return np.zeros(0)
    total = np.concatenate([[0.0], np.cumsum(mean)])
    end = np.searchsorted(x, at, side="right")
    begin = np.concatenate([[0], end[:-1]])
    count = end - begin
    since = (total[end] - total[begin]) / np.maximum(count, 1)
    return height - np.where(count > 0, since, np.interp(at, x, mean))


def gap(curves: Curves) -> Gap | None:
    """The gap now; None before there is a look at the validation part after the first step."""
    found = gaps(curves)
    if len(found) == 0:
        return None
    return Gap(float(np.mean(found[-_LAST:])), _trend(found), len(found))


def _trend(found: NDArray[np.float64]) -> int:
    """The last fifth of the looks against the fifth before it."""
    if len(found) < _ENOUGH:
        return 0
    recent = max(len(found) // 5, 3)
    change = float(np.mean(found[-recent:]) - np.mean(found[-2 * recent : -recent]))
    spread = float(np.std(found[-2 * recent :])) / math.sqrt(recent)
    if not math.isfinite(change) or abs(change) <= _SURE * spread:
        return 0
    return 1 if change > 0 else -1
