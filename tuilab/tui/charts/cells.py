"""A grid of characters and ink numbers, and its way onto the screen as Textual strips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tuilab.tui.charts.model import OPAQUE


class Cells:
    """`chars` (height, width) code points and `inks` (height, width) numbers of the styles they are drawn in.

    Every character is one cell wide.
    """

    __slots__ = ("chars", "height", "inks", "width")

    def __init__(self, width: int, height: int):
        self.width, self.height = width, height
        self.chars = np.full((height, width), 0x20, dtype=np.uint32)
        self.inks = np.zeros((height, width), dtype=np.int16)

    def put(self, row: int, column: int, text: str, ink: int) -> None:
        """Write `text` from (row, column) on; what falls outside the grid is cut off."""
        if not 0 <= row < self.height:
            return
        text = text[max(-column, 0) : max(self.width - column, 0)]
        column = max(column, 0)
        if text:
            self.chars[row, column : column + len(text)] = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
            self.inks[row, column : column + len(text)] = ink

    def text(self) -> list[str]:
        """The rows as strings."""
        flat = self.chars.tobytes().decode("utf-32-le")
        return [flat[i * self.width : (i + 1) * self.width] for i in range(self.height)]

    def changed(self, old: Cells) -> list[tuple[int, int, int]]:
        """(row, first column, end column) of what differs from `old`, a grid of the same size."""
        differ = (self.chars != old.chars) | (self.inks != old.inks)
        rows = np.flatnonzero(differ.any(axis=1))
        first = differ[rows].argmax(axis=1)
        end = self.width - differ[rows, ::-1].argmax(axis=1)
        return list(zip(rows.tolist(), first.tolist(), end.tolist(), strict=True))

    def strips(self, styles: Sequence[Style], rows: Sequence[int] | None = None) -> list[Strip]:
        """One strip for each row (of `rows`); runs of one ink become one segment."""
        width = self.width
        chars, inks = (self.chars, self.inks) if rows is None else (self.chars[rows], self.inks[rows])
        if width == 0 or len(chars) == 0:
            return [Strip.blank(width)] * len(chars)
        grid = _carried_over_blanks(chars, inks)
        change = np.ones(grid.shape, dtype=bool)
        np.not_equal(grid[:, 1:], grid[:, :-1], out=change[:, 1:])
        starts = np.flatnonzero(change)
        runs = grid.ravel()[starts].tolist()
        begin = starts.tolist()
        flat = chars.tobytes().decode("utf-32-le")
        strips: list[Strip] = []
        row: list[Segment] = []
        for start, end, ink in zip(begin, [*begin[1:], len(flat)], runs, strict=True):
            row.append(Segment(flat[start:end], styles[ink]))
            if end % width == 0:
                strips.append(Strip(row, width))
                row = []
        return strips


def _carried_over_blanks(chars: NDArray[np.uint32], inks: NDArray[np.int16]) -> NDArray[np.int16]:
    """The inks, a blank cell's replaced by that of the cell before it: all look alike there, and runs get longer."""
    last = np.where(chars != 0x20, np.arange(chars.shape[1], dtype=np.int32), 0)
    np.maximum.accumulate(last, axis=1, out=last)
    carried = np.take_along_axis(inks, last, axis=1)
    return np.where(carried < OPAQUE, carried, inks)
