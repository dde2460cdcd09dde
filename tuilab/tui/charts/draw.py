"""Painting a `Plot` into a grid of cells: grid, marks, curves, labels at the lines' ends, crosshair."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tuilab.tui.charts import braille
from tuilab.tui.charts.area import Area, area, lanes
from tuilab.tui.charts.axis import ticks
from tuilab.tui.charts.cells import Cells
from tuilab.tui.charts.model import Ink, Line, Mark, Plot, last_value, line_ink, value_at
from tuilab.tui.charts.smooth import ema
from tuilab.tui.figures import grouped, short

Bits = NDArray[np.uint8]


def paint(plot: Plot, width: int, height: int) -> Cells:
    """The whole chart as cells. Never raises for a small size; what does not fit is left out."""
    cells = Cells(width, height)
    if width < 16 or height < 4:
        return cells
    where = area(width, height, step_labels=plot.step_labels, mark_labels=plot.mark_labels)
    draw_frame(cells, plot, where)
    drawn = [line for line in plot.lines if len(line.x)]
    if drawn:
        draw_marks(cells, plot, where)
        rows = _levels(cells, plot, where)
        _labels(cells, plot, _curves(cells, plot, drawn, where), where)
        _level_names(cells, rows, where)
    return cells


def draw_frame(cells: Cells, plot: Plot, where: Area, values: bool = True) -> None:
    """Title and axes. `values`: label the y axis."""
    _title(cells, plot)
    if plot.step_labels:
        _step_scale(cells, plot, where)
    if values and any(len(line.x) for line in plot.lines):
        _value_scale(cells, plot, where)


def draw_marks(cells: Cells, plot: Plot, where: Area) -> None:
    """Rules where something was turned, with what it was, and the crosshair."""
    _rules(cells, plot, where)
    if plot.mark_labels:
        _mark_labels(cells, plot, where, lanes(cells.height, True))


def _title(cells: Cells, plot: Plot) -> None:
    cells.put(0, 1, plot.title, Ink.TITLE)
    column = 2 + len(plot.title)
    if plot.note and column + 1 + len(plot.note) < cells.width:
        cells.put(0, column + 1, plot.note, Ink.DIM)
        column += 1 + len(plot.note)
    hint, ink = plot.hint, plot.hint_ink
    if plot.cursor is not None:
        hint, ink = f"step {grouped(round(plot.cursor))}", Ink.CROSS
    if hint and column + 2 + len(hint) < cells.width:
        cells.put(0, cells.width - len(hint) - 1, hint, ink)


def _value_scale(cells: Cells, plot: Plot, where: Area) -> None:
    """Labels of the y axis and a faint rule at each labelled value."""
    for tick in ticks(plot.y, max(where.height // 3, 2)):
        row = where.top + _row(float(plot.y.place(tick.value)), where.height)
        cells.put(row, where.left, "┈" * where.width, Ink.GRID)
        cells.put(row, where.left - 1 - len(tick.label), tick.label, Ink.DIM)


def _step_scale(cells: Cells, plot: Plot, where: Area) -> None:
    row, free = where.top + where.height, 0
    for tick in ticks(plot.x, max(where.width // 14, 2)):
        column = where.column(float(plot.x.place(tick.value)))
        start = column - len(tick.label) // 2
        if start >= free and start + len(tick.label) <= cells.width:
            cells.put(row, start, tick.label, Ink.DIM)
            free = start + len(tick.label) + 2
    if free + 4 < where.left + where.width:
        cells.put(row, where.left + where.width - 4, "step", Ink.GRID)


def _levels(cells: Cells, plot: Plot, where: Area) -> list[tuple[int, str]]:
    """A rule for each level in view; (row, name), the highest first."""
    found = []
    for level in sorted(plot.levels, key=lambda level: -level.value):
        position = float(plot.y.place(level.value))
        if 0 <= position <= 1:
            row = where.top + _row(position, where.height)
            cells.put(row, where.left, "╌" * where.width, Ink.LEVEL)
            found.append((row, level.label))
    return found


def _level_names(cells: Cells, rows: Sequence[tuple[int, str]], where: Area) -> None:
    """The names of the levels on the left end of their rules; those that share a row one after the other."""
    free: dict[int, int] = {}
    for row, name in rows:
        start = free.get(row, where.left + 2)
        if start + len(name) + 2 <= where.left + where.width:
            cells.put(row, start, f" {name} ", Ink.LEVEL_TEXT)
            free[row] = start + len(name) + 4


def _row(position: float, height: int) -> int:
    """The cell row (from the top of the area) of a position 0 (bottom) to 1 (top)."""
    return (4 * height - 1 - round(min(max(position, 0.0), 1.0) * (4 * height - 1))) // 4


def _rules(cells: Cells, plot: Plot, where: Area) -> None:
    rows = slice(where.top, where.top + where.height)
    columns = list(_marked(plot, where))
    cells.chars[rows, columns], cells.inks[rows, columns] = ord("┊"), Ink.MARK
    if plot.cursor is not None:
        position = float(plot.x.place(plot.cursor))
        if 0 <= position <= 1:
            column = where.column(position)
            cells.chars[rows, column], cells.inks[rows, column] = ord("│"), Ink.CROSS


def _marked(plot: Plot, where: Area) -> dict[int, Mark]:
    """The newest mark of each column in view that has one, the newest first."""
    positions = plot.x.place([mark.step for mark in plot.marks])
    seen = np.flatnonzero((positions >= 0) & (positions <= 1))
    columns = [where.column(position) for position in positions[seen].tolist()]
    found = dict(zip(columns, seen.tolist(), strict=True))  # of several in one column the last stays
    return {column: plot.marks[found[column]] for column in sorted(found, reverse=True)}


@dataclass(frozen=True, slots=True)
class _End:
    """Where a line leaves the picture: its position (0 bottom, 1 top) and its row in the area."""

    line: Line
    position: float
    row: int


def _curves(cells: Cells, plot: Plot, lines: Sequence[Line], where: Area) -> list[_End]:
    """Draw every line: the smoothed curve in front, the bars that it smooths faint behind."""
    width, height = where.width, where.height
    bars = braille.Bars(2 * len(lines), 2 * width, 4 * height)
    inks = [line_ink(line.color, faint=True) for line in lines] + [line_ink(line.color) for line in lines]
    ends: list[_End] = []
    points: list[tuple[int, int, int]] = []
    for k, line in enumerate(lines):
        last = _fill(bars, k, line, plot)
        if last is None:
            continue
        row = _row(last[1], height)
        ends.append(_End(line, last[1], row))
        if 0 <= last[0] < 2 * width:
            points.append((where.top + row, where.left + int(last[0]) // 2, line_ink(line.color)))
    bars.join()
    dots = bars.dots()
    behind, before = dots[: len(lines)], dots[len(lines) :]
    front: Bits = np.bitwise_or.reduce(before)
    back: Bits = np.bitwise_or.reduce(behind)
    seen = front > 0
    ink = np.zeros((height, width), dtype=np.int16)
    for k in range(2 * len(lines)):
        ink[dots[k] > 0 if k >= len(lines) else (dots[k] > 0) & ~seen] = inks[k]
    bits = np.where(seen, front, back)
    rows, columns = slice(where.top, where.top + height), slice(where.left, where.left + width)
    drawn = bits > 0
    np.copyto(cells.chars[rows, columns], bits.astype(np.uint32) + braille.BLANK, where=drawn)
    np.copyto(cells.inks[rows, columns], ink, where=drawn)
    for row, column, color in points:
        cells.put(row, column, "●", color)
    return ends


def _fill(bars: braille.Bars, k: int, line: Line, plot: Plot) -> tuple[float, float] | None:
    """Set the bars of line `k`: those behind, and those in front. Its last point (dot column, position), or None."""
    x = plot.x.place(line.x) * (bars.columns - 1)
    low, high, mean = line.low, line.high, line.mean
    good = np.isfinite(low) & np.isfinite(high) & np.isfinite(mean)
    if not good.all():
        x, low, high, mean = x[good], low[good], high[good], mean[good]
    if len(x) == 0:
        return None
    front, level = k + len(bars.top) // 2, plot.y.place(mean)
    exact = line.low is line.high
    if plot.smoothing > 0 and line.smooth:
        if line.bars:
            bars.fill(k, x, plot.y.place(low), plot.y.place(high))
        level = ema(x, level, plot.smoothing * bars.columns)
        bars.fill(front, x, level, level)
    elif exact:
        bars.fill(front, x, level, level)
    else:
        bars.fill(front, x, plot.y.place(low), plot.y.place(high))
    if line.dash:
        bars.dashes[front] = line.dash
    return float(x[-1]), float(level[-1])


def _mark_labels(cells: Cells, plot: Plot, where: Area, count: int) -> None:
    """What was turned, beside the head of each rule; the newest first, older ones where there is room."""
    taken = [[(cells.width, cells.width)] for _ in range(count)]
    right = where.left + where.width
    for column, mark in _marked(plot, where).items():
        for lane in range(count):
            placed = _place(mark, column, where.left, right, taken[lane])
            crossed = any(start <= column < end for below in taken[:lane] for start, end in below)
            if placed is None or crossed:
                continue
            start, text = placed
            taken[lane].append((start, start + len(text)))
            cells.put(where.top - 1 - lane, start, text, Ink.MARK_TEXT)
            for below in range(lane):
                cells.put(where.top - 1 - below, column, "┊", Ink.MARK)
            break


def _place(mark: Mark, column: int, left: int, right: int, taken: list[tuple[int, int]]) -> tuple[int, str] | None:
    """Start and text of a label right of its rule, or left of it, where nothing else lies; else None."""
    for start, text in ((column, f"▾{mark.label}"), (column - len(mark.label), f"{mark.label}▾")):
        end = start + len(text)
        if start >= left and end <= right + 1 and all(end < a or start > b for a, b in taken):
            return start, text
    return None


def _labels(cells: Cells, plot: Plot, ends: Sequence[_End], where: Area) -> None:
    """Names (and values, where there is room) of the lines in the right margin, level with their ends."""
    column = where.left + where.width + 1
    room = cells.width - column
    ordered = sorted(ends, key=lambda end: -end.position)
    if len(ordered) > where.height:
        keep = {round(i * (len(ordered) - 1) / max(where.height - 1, 1)) for i in range(where.height)}
        ordered = [end for i, end in enumerate(ordered) if i in keep]
    for end, row in zip(ordered, spread([end.row for end in ordered], where.height), strict=True):
        value = last_value(end.line) if plot.cursor is None else value_at(end.line, plot.cursor)
        text = end.line.label[:room]
        if room >= 13:
            text = f"{end.line.label[:5]:<5} {'–' if math.isnan(value) else short(value)}"
        elif plot.cursor is not None:
            text = short(value)[:room]
        cells.put(where.top + row, column, text, line_ink(end.line.color))


def spread(rows: Sequence[int], height: int) -> list[int]:
    """Ascending rows moved as little as a simple sweep can so that each has a row of its own within `height`."""
    out: list[int] = []
    for row in rows:
        out.append(max(row, out[-1] + 1) if out else row)
    limit = height - 1
    for i in range(len(out) - 1, -1, -1):
        out[i] = min(out[i], limit)
        limit = out[i] - 1
    return out
