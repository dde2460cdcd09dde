"""The gradient flow as a picture: layers from top to bottom, steps from left to right, the norm as heat."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tuilab.tui.charts.area import Area, area
from tuilab.tui.charts.cells import Cells
from tuilab.tui.charts.draw import draw_frame, draw_marks
from tuilab.tui.charts.model import HEAT_LEVELS, OPAQUE, Ink, Line, Plot, last_value, line_ink, value_at
from tuilab.tui.figures import short

_SHADES = " ░▒▓█"


def levels(line: Line, plot: Plot, columns: int) -> NDArray[np.int16]:
    """Heat level (columns,) of one line: the greatest mean of each column; -1 where the line has no value."""
    out = np.full(columns, -1, dtype=np.int16)
    good = np.isfinite(line.mean)
    x, mean = np.asarray(line.x)[good], np.asarray(line.mean, dtype=np.float64)[good]
    edges = np.array([plot.x.value(i / columns) for i in range(columns + 1)])
    if len(x) == 0:
        return out
    centers = (edges[:-1] + edges[1:]) / 2
    half = (edges[1] - edges[0]) / 2
    seen = (centers >= x[0] - half) & (centers <= x[-1] + half)
    value = np.interp(centers, x, mean)
    begin, end = np.searchsorted(x, edges[:-1]), np.searchsorted(x, edges[1:])
    for i in np.flatnonzero(seen & (end > begin)):
        value[i] = mean[begin[i] : end[i]].max()
    place = np.clip(plot.y.place(value), 0.0, 1.0)
    out[seen] = np.rint(place[seen] * (HEAT_LEVELS - 1)).astype(np.int16)
    return out


def paint_heat(plot: Plot, width: int, height: int, plain: bool = False) -> Cells:
    """The lines of `plot` as rows of heat on its y axis; `plain`: shades of grey blocks instead of colours."""
    cells = Cells(width, height)
    if width < 16 or height < 4:
        return cells
    where = area(width, height, step_labels=plot.step_labels, mark_labels=plot.mark_labels)
    lines = [line for line in plot.lines if len(line.x)]
    draw_frame(cells, plot, where, values=False)
    if not lines:
        return cells
    rows = _rows(len(lines), 2 * where.height)
    heat = np.stack([levels(line, plot, where.width) for line in lines])[rows]
    upper, lower = heat[0::2], heat[1::2]
    seen = (upper >= 0) & (lower >= 0)
    area_rows = slice(where.top, where.top + where.height)
    area_columns = slice(where.left, where.left + where.width)
    chars, inks = cells.chars[area_rows, area_columns], cells.inks[area_rows, area_columns]
    if plain:
        shades = np.array([ord(c) for c in _SHADES], dtype=np.uint32)
        np.copyto(chars, shades[np.clip(upper, 0, None) * (len(shades) - 1) // (HEAT_LEVELS - 1)], where=seen)
    else:
        np.copyto(chars, np.uint32(ord("▀")), where=seen)
        np.copyto(inks, (OPAQUE + upper * HEAT_LEVELS + lower).astype(np.int16), where=seen)
    _names(cells, plot, lines, rows, where)
    draw_marks(cells, plot, where)
    return cells


def _rows(layers: int, pixels: int) -> NDArray[np.int64]:
    """The layer shown by each half row of cells."""
    return np.arange(pixels) * layers // pixels


def _names(cells: Cells, plot: Plot, lines: list[Line], rows: NDArray[np.int64], where: Area) -> None:
    """Layer names on the left and their values on the right; the scale of the heat above."""
    column = where.left + where.width + 1
    room = cells.width - column
    for k, line in enumerate(lines):
        own = np.flatnonzero(rows == k)
        if len(own) == 0 or (k > 0 and rows[own[0] // 2 * 2] != k and len(own) < 2):
            continue
        row = where.top + int(own[len(own) // 2]) // 2
        cells.put(row, where.left - 1 - len(line.label), line.label, line_ink(line.color))
        value = last_value(line) if plot.cursor is None else value_at(line, plot.cursor)
        if not math.isnan(value):
            cells.put(row, column, short(value)[:room], line_ink(line.color))
    scale = f"{short(plot.y.low)} … {short(plot.y.high)}"
    cells.put(0, 2 + len(plot.title) + 1, scale, Ink.DIM)
