"""Braille: two columns of four dots in every character cell, set from vertical bars (top row, bottom row)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLANK = 0x2800


class Bars:
    """Vertical bars of several curves: `top` and `bottom` (curves, columns), dot rows counted from the top.

    A column in which a curve has no bar holds top = rows, bottom = -1.
    """

    __slots__ = ("bottom", "columns", "dashes", "rows", "top")

    def __init__(self, curves: int, columns: int, rows: int):
        self.columns, self.rows = columns, rows
        self.top = np.full((curves, columns), rows, dtype=np.int16)
        self.bottom = np.full((curves, columns), -1, dtype=np.int16)
        self.dashes: dict[int, int] = {}

    def fill(self, curve: int, x: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> None:
        """Set the bars of a curve with `x` in dot columns (ascending), `low` and `high` as positions 0 (bottom) to 1.

        All points that share a column share a bar from the least to the greatest, so that a spike stays;
        columns between two points are bridged.
        """
        begin = max(int(x.searchsorted(0.0)) - 1, 0)
        end = int(x.searchsorted(float(self.columns))) + 1
        x = x[begin:end]
        if len(x) == 0 or x[-1] < 0 or x[0] >= self.columns:
            return
        column = np.floor(x)
        change = np.empty(len(x), dtype=bool)
        change[0] = True
        np.not_equal(column[1:], column[:-1], out=change[1:])
        starts = change.nonzero()[0]
        column = column[starts]
        line = low is high
        high = np.maximum.reduceat(high[begin:end], starts)
        low = high if line else np.minimum.reduceat(low[begin:end], starts)
        first, last = max(int(column[0]), 0), min(int(column[-1]), self.columns - 1)
        if last - first + 1 != len(column) or column[0] != first:
            wanted = np.arange(first, last + 1)
            high = np.interp(wanted, column, high)
            low = high if line else np.interp(wanted, column, low)
        self.top[curve, first : last + 1] = self._rows(high)
        self.bottom[curve, first : last + 1] = self._rows(low)

    def _rows(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        last = self.rows - 1
        row = np.rint(position * -last) + last
        return np.minimum(np.maximum(row, 0, out=row), last, out=row)

    def join(self) -> None:
        """Lengthen neighbouring bars to the middle of the gap between them, so that a curve has no holes."""
        top, bottom = self.top, self.bottom
        t0, b0, t1, b1 = top[:, :-1].copy(), bottom[:, :-1].copy(), top[:, 1:].copy(), bottom[:, 1:].copy()
        both = (b0 >= 0) & (b1 >= 0)
        down, up = (t1 > b0 + 1) & both, (b1 < t0 - 1) & both
        below, above = (t1 + b0) >> 1, (b1 + t0) >> 1
        np.maximum(b0, below, out=bottom[:, :-1], where=down)
        np.minimum(t1, below + 1, out=top[:, 1:], where=down)
        np.maximum(bottom[:, 1:], above, out=bottom[:, 1:], where=up)
        np.minimum(top[:, :-1], above + 1, out=top[:, :-1], where=up)

    def dots(self) -> NDArray[np.uint8]:
        """Braille bits (curves, rows / 4, columns / 2) of all bars."""
        offset = np.arange(0, self.rows, 4, dtype=np.int16)[:, None]
        start = self.top[:, None, :] - offset
        stop = self.bottom[:, None, :] - offset
        np.minimum(np.maximum(start, 0, out=start), 4, out=start)
        np.minimum(np.maximum(stop, -1, out=stop), 3, out=stop)
        # Four bits for the dots of one half cell, the lowest bit on top; none when the bar ends above its start.
        mask = np.left_shift(np.uint8(15), start.astype(np.uint8))
        mask &= np.right_shift(np.uint8(15), (3 - stop).astype(np.uint8))
        for curve, dash in self.dashes.items():
            mask[curve][:, np.arange(self.columns) % (2 * dash) >= dash] = 0
        left, right = mask[:, :, 0::2], mask[:, :, 1::2]
        bits = np.bitwise_or(left & 7, (left & 8) << 3)
        bits |= (right & 7) << 3
        bits |= (right & 8) << 4
        return bits.astype(np.uint8, copy=False)
