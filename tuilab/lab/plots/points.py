"""Some values in rows, and an interval against a bound: what the seeds of a claim gave, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tuilab.lab.plots.axis import Axis, is_shown, label, spanning
from tuilab.lab.plots.draw import WIDTH, opening, rule, text

_ROW = 30.0
_TOP, _BOTTOM = 34.0, 40.0
_NAMES, _MIDDLE, _GAP = 150.0, 500.0, 70.0
STYLES = ("train", "val")


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean between `low` and `high`, the bound it is compared with, and on which side of it it should lie."""

    title: str
    mean: float
    low: float
    high: float
    bound: float
    greater: bool
    holds: bool


def compared(title: str, rows: Sequence[tuple[str, Sequence[float]]], interval: Interval, log: bool = False) -> str:
    """The rows of points on the left, the interval on the right; `log`: both on logarithmic axes, where they can be."""
    height = _TOP + _ROW * max(len(rows), 2) + _BOTTOM
    foot = height - _BOTTOM
    values = [v for _, row in rows for v in row]
    x = spanning(values, _NAMES, _MIDDLE, log=log and all(v > 0 for v in values))
    parts = [text(_NAMES, 18, title, "head"), *_ticks(x, foot)]
    for k, (name, row) in enumerate(rows):
        parts += _points(name, row, x, _TOP + _ROW * (k + 0.5), STYLES[k % len(STYLES)])
    return "\n".join([opening(WIDTH, height, title), *parts, *_effect(interval, foot, log), "</svg>"])


def _ticks(x: Axis, foot: float) -> list[str]:
    parts = [rule(x.start, foot, x.end, foot, "axis")]
    for value in x.ticks(4):
        at = x.at(value)
        parts += [rule(at, _TOP - 6, at, foot, "grid"), text(at, foot + 16, label(value), "faint", "middle")]
    return parts


def _points(name: str, values: Sequence[float], x: Axis, y: float, style: str) -> list[str]:
    """A dot for each value, and a stroke at their mean."""
    parts = [text(_NAMES - 12, y + 4, name if len(name) <= 20 else f"{name[:19]}…", "", "end")]
    shown = [v for v in values if is_shown(v, x.log)]
    parts += [f'<circle class="fill {style}" opacity="0.55" cx="{x.at(v):.1f}" cy="{y:.1f}" r="4"/>' for v in shown]
    if shown:
        mean = math.exp(sum(map(math.log, shown)) / len(shown)) if x.log else sum(shown) / len(shown)
        at = x.at(mean)
        parts.append(f"<g>{rule(at, y - 10, at, y + 10, f'line {style}')}<title>mean {label(mean)}</title></g>")
    return parts


def _effect(interval: Interval, foot: float, log: bool) -> list[str]:
    """The interval, the bound, and the side of it on which the claim holds."""
    values = (interval.mean, interval.low, interval.high, interval.bound)
    log = log and all(v > 0 for v in values)
    x = spanning(values, _MIDDLE + _GAP, WIDTH - 20.0, log=log, room=0.15)
    at, y = x.at(interval.bound), (_TOP + foot) / 2
    left, right = (at, x.end) if interval.greater else (x.start, at)
    parts = [
        text(x.start, 18, interval.title, "head"),
        f'<rect class="fill soft good" x="{left:.1f}" y="{_TOP - 6:.1f}" width="{max(right - left, 0):.1f}"'
        f' height="{foot - _TOP + 6:.1f}"/>',
        *_ticks(x, foot),
        rule(at, _TOP - 6, at, foot, "mark"),
        text(at, foot + 32, f"bound {label(interval.bound)}", "faint", "middle"),
    ]
    if all(is_shown(v, x.log) for v in values):
        style = "good" if interval.holds else "bad"
        low, high, mean = (x.at(v) for v in (interval.low, interval.high, interval.mean))
        parts += [
            rule(low, y, high, y, f"line {style}"),
            *(rule(end, y - 6, end, y + 6, f"line {style}") for end in (low, high)),
            f'<circle class="fill {style}" cx="{mean:.1f}" cy="{y:.1f}" r="5"/>',
        ]
    return parts
