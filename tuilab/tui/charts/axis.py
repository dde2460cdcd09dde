"""Axes: where a value lies, readable ticks, and ranges that follow the data without jumping."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_LOG_FLOOR = 1e-30  # zero has no place on a log axis: it is drawn at the lower end
_SHRINK_BELOW = 0.45  # a range is narrowed only when the data fill less of it than this
#: Steps to which the end of a growing step axis is rounded up.
_ENDS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Axis:
    """A closed range of values, linear or logarithmic. `low < high`; both positive if `log`."""

    low: float
    high: float
    log: bool = False

    def scaled(self, values: object) -> Array:
        """The values in the axis's own space: log10 (floored) on a log axis, as they are on a linear one."""
        import numpy as np  # here and in its neighbours: the screen is painted before NumPy is loaded

        out = np.asarray(values, dtype=np.float64)
        return np.log10(np.maximum(out, _LOG_FLOOR)) if self.log else out

    @property
    def bounds(self) -> tuple[float, float]:
        """`low` and `high` in the axis's own space."""
        return (math.log10(self.low), math.log10(self.high)) if self.log else (self.low, self.high)

    def place(self, values: object) -> Array:
        """Position of each value: 0 at `low`, 1 at `high`; outside the range it lies outside [0, 1]."""
        low, high = self.bounds
        return (self.scaled(values) - low) / (high - low)

    def value(self, position: float) -> float:
        """The value at `position` (the inverse of `place`)."""
        low, high = self.bounds
        at = low + position * (high - low)
        return float(10.0**at) if self.log else float(at)


@dataclass(frozen=True, slots=True)
class Tick:
    """A labelled value of an axis."""

    value: float
    label: str


def nice_step(span: float, count: int) -> float:
    """The step of 1, 2, 2.5 or 5 times a power of ten that cuts `span` into at most `count` parts."""
    rough = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (1.0, 2.0, 2.5, 5.0, 10.0):
        if rough <= factor * power * (1 + 1e-9):
            return factor * power
    return 10.0 * power


def ticks(axis: Axis, count: int) -> list[Tick]:
    """About `count` ticks (never more than count + 1) with labels as short as they can be."""
    if not axis.log:
        return _linear_ticks(axis.low, axis.high, count)
    low, high = axis.bounds
    decades = high - low
    if decades < 0.7:
        return _linear_ticks(axis.low, axis.high, count)
    every = max(1, math.ceil(decades / max(count, 1)))
    powers = [p for p in range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1) if p % every == 0]
    found = [10.0**p for p in powers]
    if len(found) < 3 and decades * 3 <= count + 1:
        span = range(math.floor(low), math.ceil(high) + 1)
        found = [m * 10.0**p for p in span for m in (1, 2, 5)]
    fits = (v for v in found if axis.low * (1 - 1e-9) <= v <= axis.high * (1 + 1e-9))
    return [Tick(v, log_label(v)) for v in fits]


def _linear_ticks(low: float, high: float, count: int) -> list[Tick]:
    step = nice_step(high - low, count)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    largest = max(abs(low), abs(high))
    return [Tick(i * step, linear_label(i * step, step, largest)) for i in range(first, last + 1)]


def linear_label(value: float, step: float, largest: float) -> str:
    """`value` with the digits that steps of `step` need; thousands as k, millions as M, tiny ones as powers."""
    if abs(value) < step * 1e-6:
        return "0"
    if largest < 1e-3 or largest >= 1e12:
        return f"{value:.1e}".replace("e-0", "e-").replace("e+", "e")
    for unit, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if largest >= unit * 10 or (largest >= unit and step >= unit):
            return f"{value / unit:.{_decimals(step / unit)}f}{suffix}"
    return f"{value:.{_decimals(step)}f}"


def log_label(value: float) -> str:
    """0.01, 0.5, 20 or, further out, 10⁻⁵ and 2·10⁴."""
    if 1e-3 * (1 - 1e-9) <= value < 1e4:
        return f"{value:.4g}"
    power = math.floor(math.log10(value) + 1e-9)
    mantissa = round(value / 10.0**power)
    base = f"10{power}".replace(str(power), str(power).translate(_SUPERSCRIPT)) if power != 10 else "10¹⁰"
    return base if mantissa == 1 else f"{mantissa}·{base}"


def _decimals(step: float) -> int:
    for digits in range(6):
        scaled = step * 10**digits
        if abs(scaled - round(scaled)) < 1e-6 * max(scaled, 1.0):
            return digits
    return 6


def step_end(step: float, least: float = 50.0) -> float:
    """Where a step axis that starts at 0 ends: the first of a few round numbers that holds `step`."""
    need = max(step, least)
    power = 10.0 ** math.floor(math.log10(need))
    return next(end * power for end in _ENDS if need <= end * power * (1 + 1e-12))


@dataclass(slots=True)
class AutoRange:
    """A value range that grows as soon as the data leave it and shrinks only when they fill little of it."""

    log: bool = False
    axis: Axis | None = field(default=None)

    def follow(self, low: float, high: float) -> Axis:
        """The axis to draw data between `low` and `high` on. Not finite: the last axis, or a plain one."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return self.axis or Axis(0.1 if self.log else 0.0, 1.0, self.log)
        low, high = min(low, high), max(low, high)
        fitted = _fit_log(low, high) if self.log else _fit_linear(low, high)
        now = self.axis
        if now is None or now.log != self.log or not _holds(now, low, high) or _idle(now, fitted):
            self.axis = fitted
        return self.axis or fitted

    def use(self, log: bool) -> None:
        """Switch between linear and log; the next `follow` fits afresh."""
        if log != self.log:
            self.log, self.axis = log, None


def _holds(axis: Axis, low: float, high: float) -> bool:
    if axis.log:
        low, high = max(low, _LOG_FLOOR), max(high, _LOG_FLOOR)
        return axis.low * (1 - 1e-9) <= low and high <= axis.high * (1 + 1e-9)
    return axis.low <= low and high <= axis.high


def _idle(now: Axis, fitted: Axis) -> bool:
    (a, b), (c, d) = now.bounds, fitted.bounds
    return (d - c) < _SHRINK_BELOW * (b - a)


def _fit_linear(low: float, high: float) -> Axis:
    if 0 <= low < 0.35 * high or low == high == 0:
        low = 0.0  # a loss near zero is read against zero
    span = max(high - low, abs(high) * 0.02, 1e-12)
    step = nice_step(span * 1.04, 8)
    top = math.ceil((high + 0.02 * span) / step) * step
    bottom = 0.0 if low == 0 else math.floor((low - 0.02 * span) / step) * step
    return Axis(bottom, max(top, bottom + step))


def _fit_log(low: float, high: float) -> Axis:
    """Bounds at 1, 2 or 5 times a power of ten; values under 1e-12 of the highest do not stretch the axis."""
    high = max(high, _LOG_FLOOR * 10)
    low = max(low, high * 1e-12, _LOG_FLOOR)
    bottom, top = _snap(low / 1.02, down=True), _snap(high * 1.02, down=False)
    return Axis(bottom, top if top > bottom * 1.5 else _snap(bottom * 1.5, down=False), True)


def _snap(value: float, *, down: bool) -> float:
    power = math.floor(math.log10(value))
    marks = [m * 10.0**p for p in (power - 1, power, power + 1) for m in (1, 2, 5)]
    if down:
        return max(m for m in marks if m <= value * (1 + 1e-12))
    return min(m for m in marks if m >= value * (1 - 1e-12))
