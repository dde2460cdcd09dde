"""What some seeds say together: the mean of an effect and its 95 % confidence interval (Student's t)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean between `low` and `high`, the ends of its confidence interval; all NaN where a value is not finite."""

    mean: float
    low: float
    high: float

    def is_beyond(self, bound: float, direction: str) -> bool:
        """Whether the whole interval is less (or greater) than `bound`; never where it is not known."""
        return self.high < bound if direction == "less" else self.low > bound


UNKNOWN = Estimate(math.nan, math.nan, math.nan)


def estimate(values: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Mean and t interval of at least two independent values."""
    n = len(values)
    if n < 2:
        raise ValueError(f"values: found {n}, expected two or more")
    if not all(math.isfinite(v) for v in values):
        return UNKNOWN
    from scipy.stats import t

    mean = math.fsum(values) / n
    variance = math.fsum((v - mean) ** 2 for v in values) / (n - 1)
    half = float(t.ppf(0.5 + confidence / 2.0, n - 1)) * math.sqrt(variance / n)
    return Estimate(mean, mean - half, mean + half)


def ratio(first: Sequence[float], second: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Geometric mean of first/second pair by pair: the interval of the logarithms, carried back.

    Unknown where a value is not positive: it has no logarithm.
    """
    pairs = list(zip(first, second, strict=True))
    if not all(a > 0.0 and b > 0.0 for a, b in pairs):  # NaN fails this too
        return UNKNOWN
    logs = estimate([math.log(a) - math.log(b) for a, b in pairs], confidence)
    return Estimate(math.exp(logs.mean), math.exp(logs.low), math.exp(logs.high))


def difference(first: Sequence[float], second: Sequence[float], confidence: float = CONFIDENCE) -> Estimate:
    """Mean of first − second, pair by pair: each seed is its own control."""
    return estimate([a - b for a, b in zip(first, second, strict=True)], confidence)


def deviation(values: Sequence[float]) -> float:
    """The standard deviation of two or more values (n − 1 in the denominator)."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (len(values) - 1))
