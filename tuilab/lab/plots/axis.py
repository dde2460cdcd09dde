"""Where a value lies on an axis, and which values are written beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

_STEPS = (1.0, 2.0, 5.0, 10.0)
_LEAST = 1e-200  # a span below it is none: no float32 is so small, and what lies outside would be at infinity


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from `low` to `high` along the pixels from `start` to `end`, linear or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        """The pixel of `value`; outside the axis where the value is."""
        low, high, value = (_log(v) for v in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        return self.start + (value - low) / (high - low) * (self.end - self.start)

    def ticks(self, wanted: int = 5) -> list[float]:
        """About so many round values on the axis."""
        if self.log and (decades := _decades(self.low, self.high, wanted)):
            return decades
        rough = (self.high - self.low) / max(wanted, 1)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(s * power for s in _STEPS if s * power >= rough * 0.999)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [k * step for k in range(first, last + 1)]


def _log(value: float) -> float:
    return math.log10(max(value, 1e-300))


def _decades(low: float, high: float, wanted: int) -> list[float]:
    """Powers of ten between the two, every one or every few; with fewer than two of them 1, 2, 5 of each; else none."""
    first, last = math.ceil(_log(low) - 1e-9), math.floor(_log(high) + 1e-9)
    if last > first:
        every = max(1, math.ceil((last - first + 1) / wanted))
        return [10.0**k for k in range(first, last + 1, every)]
    found = [m * 10.0**k for k in range(first - 1, last + 1) for m in (1, 2, 5) if low <= m * 10.0**k <= high]
    return found if len(found) > 1 else []


def spanning(
    values: Iterable[float], start: float, end: float, *, log: bool = False, zero: bool = False, room: float = 0.05
) -> Axis:
    """An axis for those of the `values` that can be shown, with some room beside them.

    `zero`: and 0, with no room beyond it. Without any value it goes from 0 to 1.
    """
    shown = [v for v in values if is_shown(v, log)]
    if not shown:
        return Axis(0.1 if log else 0.0, 1.0, start, end, log)
    low, high = min(shown), max(shown)
    if log:
        low, high = (low / 2, high * 2) if high / low < 1.01 else (low, high)
        factor = (high / low) ** room
        return Axis(low / factor, high * factor, start, end, True)
    if zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low <= max(1e-12 * max(abs(low), abs(high)), _LEAST):
        spread = abs(low) * 0.1 if abs(low) > 1e3 * _LEAST else 1.0
        low, high = low - spread, high + spread
    extra = (high - low) * room
    return Axis(low - extra * (low != 0.0 or not zero), high + extra * (high != 0.0 or not zero), start, end)


def is_shown(value: float, log: bool) -> bool:
    """Whether a value has a place: not beyond what float32 holds, and above 0 on a logarithmic axis."""
    return abs(value) < 1e38 and (value > 1e-46 or not log)


def label(value: float) -> str:
    """A tick's text: 0.001, 0.5, 20, 4,000, 1e-7."""
    if value == 0.0:
        return "0"
    if abs(value) >= 1e7 or abs(value) < 1e-4:
        mantissa, _, power = f"{value:.2e}".partition("e")
        return f"{float(mantissa):g}e{int(power)}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.6g}"
