"""Predicted against true, as dots of braille around the diagonal on which both are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from rich.style import Style
from textual.strip import Strip

from tuilab.tui.charts.axis import AutoRange, Axis, ticks
from tuilab.tui.charts.braille import BLANK
from tuilab.tui.charts.cells import Cells
from tuilab.tui.charts.model import Ink, line_ink
from tuilab.tui.figures import short
from tuilab.tui.theme import VAL, Surface, chart_styles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tuilab.lab.looks import Fitted

    Floats = NDArray[np.floating]

_LEFT, _BOTTOM = 7, 1
_BITS = np.array([[1, 8], [2, 16], [4, 32], [64, 128]], np.uint32)  # of the dots of a braille cell


def paint_fit(seen: Fitted, width: int, height: int, on: Surface) -> list[Strip]:
    """Title with R² and RMSE, both axes over the same range, the diagonal and a dot for each row."""
    cells = Cells(width, height)
    styles = cast("Sequence[Style]", chart_styles(on, 1))
    _title(cells, seen)
    if width < 20 or height < 5:
        return cells.strips(styles)
    both = np.concatenate([seen.true, seen.predicted])
    both = both[np.isfinite(both)]
    axis = AutoRange().follow(float(both.min()), float(both.max())) if len(both) else Axis(0.0, 1.0)
    rows, columns = height - 1 - _BOTTOM, width - _LEFT - 2
    _scales(cells, axis, rows, columns)
    steps = np.linspace(0.0, 1.0, 2 * max(rows * 4, columns * 2))
    _put(cells, dots(steps, steps, rows, columns), int(Ink.DIM))
    good = np.isfinite(seen.predicted)
    points = dots(axis.place(seen.true[good]), axis.place(seen.predicted[good]), rows, columns)
    _put(cells, points, line_ink(VAL))
    return cells.strips(styles)


def dots(x: Floats, y: Floats, rows: int, columns: int) -> NDArray[np.uint32]:
    """Braille bits (rows, columns) of points at positions 0..1, y from the bottom; outside they lie on the edge."""
    across = np.clip(np.floor(x * 2 * columns), 0, 2 * columns - 1).astype(int)
    down = np.clip(np.floor((1 - y) * 4 * rows), 0, 4 * rows - 1).astype(int)
    lit = np.zeros((4 * rows, 2 * columns), bool)
    lit[down, across] = True
    bits = lit.reshape(rows, 4, columns, 2) * _BITS[None, :, None, :]
    return np.asarray(bits.sum(axis=(1, 3)), np.uint32)


def _put(cells: Cells, bits: NDArray[np.uint32], ink: int) -> None:
    """Write braille over what is there, dots of earlier braille kept."""
    rows, columns = bits.shape
    chars, inks = (a[1 : 1 + rows, _LEFT : _LEFT + columns] for a in (cells.chars, cells.inks))
    before = np.where((chars >= BLANK) & (chars < BLANK + 256), chars - np.uint32(BLANK), 0)
    drawn = bits > 0
    np.copyto(chars, (bits | before) + np.uint32(BLANK), where=drawn, casting="same_kind")
    np.copyto(inks, np.int16(ink), where=drawn)


def _scales(cells: Cells, axis: Axis, rows: int, columns: int) -> None:
    for tick in ticks(axis, max(rows // 3, 2)):
        row = 1 + min(int((1 - float(axis.place(tick.value))) * rows), rows - 1)
        cells.put(row, _LEFT, "┈" * columns, Ink.GRID)
        cells.put(row, _LEFT - 1 - len(tick.label), tick.label, Ink.DIM)
    free = 0
    for tick in ticks(axis, max(columns // 14, 2)):
        start = _LEFT + int(float(axis.place(tick.value)) * (columns - 1)) - len(tick.label) // 2
        if start >= free and start + len(tick.label) <= cells.width - 5:
            cells.put(cells.height - 1, start, tick.label, Ink.DIM)
            free = start + len(tick.label) + 2
    cells.put(cells.height - 1, cells.width - 5, "true", Ink.GRID)


def _title(cells: Cells, seen: Fitted) -> None:
    cells.put(0, 1, "Predicted against true", Ink.TITLE)
    of = f" · output {seen.output + 1} of {seen.outputs}" if seen.outputs > 1 else ""
    measure = f"R² {short(seen.r2)} · RMSE {short(seen.rmse)}"
    for text in (f"{measure} · {seen.rows} validation rows{of}", f"{measure}{of}", f"R² {short(seen.r2)}"):
        if len(text) + 27 <= cells.width:
            cells.put(0, 25, text, Ink.DIM)
            break
