"""A picture of some lines over one axis of steps, as an SVG group or a whole SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from tuilab.lab.plots.axis import Axis, is_shown, label, spanning
from tuilab.lab.plots.style import picture_css

WIDTH, HEIGHT = 880.0, 260.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 16.0, 44.0, 34.0
_MOST_NAMES = 6
_MARK_TEXT = 26  # characters
_MARK_GAP = 5.0  # from one mark to the next
_LETTER = 7.2  # width of one of the small ones, in a wide font


@dataclass(frozen=True, slots=True)
class Line:
    """One curve. `style` is a class of the style sheet, or a colour such as "#4f7be8"; `low` and `high` its band."""

    name: str
    style: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over steps, with a mark (step, text) where a dial was turned."""

    title: str
    lines: tuple[Line, ...]
    marks: tuple[tuple[int, str], ...] = ()
    log: bool = False
    zero: bool = False  # whether the axis begins at 0
    last_step: float = 0.0


def picture(plots: Sequence[Plot], title: str = "", below: str = "") -> str:
    """A whole SVG file: the plots one below the other, under a title and over a line of text."""
    head, foot = (40.0 if title else 0.0), (26.0 if below else 0.0)
    height = head + HEIGHT * len(plots) + foot
    parts = [f'<rect class="paper" width="{WIDTH:g}" height="{height:g}"/>']
    if title:
        parts.append(text(_LEFT, 26, title, "head"))
    parts += [f'<g transform="translate(0 {head + k * HEIGHT:g})">\n{group(p)}\n</g>' for k, p in enumerate(plots)]
    if below:
        parts.append(text(_LEFT, height - 10, below, "faint"))
    style = f"<style>\n{picture_css()}\n</style>"
    return f"{opening(WIDTH, height, title)}\n{style}\n" + "\n".join(parts) + "\n</svg>\n"


def figure(plot: Plot) -> str:
    """The plot as an SVG element for a page that has the style sheet."""
    return f"{opening(WIDTH, HEIGHT, plot.title)}\n{group(plot)}\n</svg>"


def opening(width: float, height: float, title: str) -> str:
    """The first tag of an SVG of that size."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}"'
        f' height="{height:g}" role="img" aria-label="{escape(title)}">'
    )


def group(plot: Plot) -> str:
    """The parts of a plot: grid and axes, bands, lines, marks, names."""
    steps = [v for line in plot.lines for v in (*line.x[:1], *line.x[-1:])]
    x = spanning([0.0, plot.last_step, *steps], _LEFT, WIDTH - _RIGHT, room=0.0)
    values = (v for line in plot.lines for side in (line.y, line.low, line.high) for v in side)
    y = spanning(values, HEIGHT - _BOTTOM, _TOP, log=plot.log, zero=plot.zero)
    parts = [*_frame(x, y), *_marks(plot.marks, x)]
    parts += [_band(line, x, y) for line in plot.lines if len(line.low)]
    parts += [_path(line, x, y) for line in plot.lines]
    return "\n".join([text(_LEFT, 18, plot.title, "head"), *parts, *_names(plot.lines)])


def _frame(x: Axis, y: Axis) -> list[str]:
    parts = []
    for value in y.ticks():
        at = y.at(value)
        parts.append(rule(x.start, at, x.end, at, "grid"))
        parts.append(text(x.start - 8, at + 4, label(value), "faint", "end"))
    for value in x.ticks(8):
        words, at = label(value), x.at(value)
        fits = at + _LETTER * len(words) / 2 < x.end + _RIGHT
        parts.append(text(at if fits else x.end, y.start + 16, words, "faint", "middle" if fits else "end"))
    parts.append(rule(x.start, y.start, x.end, y.start, "axis"))
    return [*parts, text(x.end, y.start + 30, "step", "faint", "end")]


def _marks(marks: Sequence[tuple[int, str]], x: Axis) -> list[str]:
    """A dashed line for each mark, and its text where there is room for it."""
    parts, last, free = [], -math.inf, -math.inf
    for step, words in marks:
        at = x.at(step)
        if at < last + _MARK_GAP:
            continue
        last = at
        line = rule(at, _TOP - 8, at, HEIGHT - _BOTTOM, "mark")
        parts.append(f"<g>{line}<title>step {step}: {escape(words)}</title></g>")
        short = words if len(words) <= _MARK_TEXT else f"{words[: _MARK_TEXT - 1]}…"
        wide = _LETTER * len(short) + 8
        if at >= free and at + wide < x.end:
            parts.append(text(at + 3, _TOP - 2, short, "faint mark"))
            free = at + wide
    return parts


def _runs(line: Line, x: Axis, y: Axis, side: Sequence[float]) -> list[list[tuple[float, float]]]:
    """The points of a curve as pixels, cut where a value is not there."""
    runs: list[list[tuple[float, float]]] = [[]]
    for step, value in zip(line.x, side, strict=True):
        if is_shown(value, y.log):
            runs[-1].append((x.at(step), y.at(value)))
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _path(line: Line, x: Axis, y: Axis) -> str:
    runs = _runs(line, x, y, line.y)
    dot = f'<circle class="fill {_class(line)}"{_colour(line, "fill")} r="2.2" cx="%.1f" cy="%.1f"/>'
    single = "".join(dot % run[0] for run in runs if len(run) == 1)
    d = "".join(f"M{_points(run)}" for run in runs if len(run) > 1)
    return f'<path class="line {_class(line)}"{_colour(line, "stroke")} d="{d}"/>{single}' if d else single


def _band(line: Line, x: Axis, y: Axis) -> str:
    both = zip(_runs(line, x, y, line.high), _runs(line, x, y, line.low), strict=False)
    d = "".join(f"M{_points(up)}L{_points(down[::-1])}Z" for up, down in both if len(up) > 1)
    return f'<path class="fill band {_class(line)}"{_colour(line, "fill")} d="{d}"/>' if d else ""


def _points(run: Iterable[tuple[float, float]]) -> str:
    return "L".join(f"{a:.1f} {b:.1f}" for a, b in run)


def _class(line: Line) -> str:
    return "" if line.style.startswith("#") else line.style


def _colour(line: Line, what: str) -> str:
    return f' style="{what}: {line.style}"' if line.style.startswith("#") else ""


def _names(lines: Sequence[Line]) -> list[str]:
    """What is which, from the right end of the title's row on; of many lines the first, the last and some between."""
    if len(lines) > _MOST_NAMES:
        lines = [lines[round(k * (len(lines) - 1) / (_MOST_NAMES - 1))] for k in range(_MOST_NAMES)]
    parts, at = [], WIDTH - _RIGHT
    for line in reversed(lines):
        parts.append(text(at, 18, line.name, "faint", "end"))
        at -= _LETTER * len(line.name) + 27
        place = f'x1="{at:.1f}" y1="14" x2="{at + 15:.1f}" y2="14"'
        parts.append(f'<line class="line {_class(line)}"{_colour(line, "stroke")} {place}/>')
        at -= 14
    return parts


def text(x: float, y: float, words: str, style: str = "", anchor: str = "start") -> str:
    """Words at a place."""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}"{where}>{escape(words)}</text>'


def rule(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """A straight line."""
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
