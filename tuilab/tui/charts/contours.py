"""A surface as filled contours, two pixels in every cell, and the paths of optimizers over it in braille."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from rich.segment import Segment
from textual.color import Color
from textual.strip import Strip

from tuilab.tui.charts.boundary import colored
from tuilab.tui.theme import Surface as Canvas
from tuilab.tui.theme import ramp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuilab.lab.races import Path, Surface

    Ints = NDArray[np.int64]

_BANDS = 13
_GROUND = {
    True: ("#2f6186", "#254b6c", "#1b344e", "#131f30", "#0f1621"),
    False: ("#8fbbe3", "#b3d1ec", "#d3e4f4", "#e8f0f8", "#f5f8fb"),
}
_RACERS = {
    True: ("#f4f6fb", "#ffb454", "#ff7a93", "#c3e88d", "#4fd6a0", "#c9a4ff", "#5ce1ff", "#fff07a"),
    False: ("#1f2733", "#c2570c", "#c21f5b", "#5a7a00", "#00794f", "#7a3fc0", "#0b6285", "#8a6d00"),
}
_BIT = np.array([[1, 8], [2, 16], [4, 32], [64, 128]])  # of the dots of a braille cell


def racer_color(number: int, dark: bool) -> Color:
    """The colour of an optimizer's path."""
    colors = _RACERS[dark]
    return Color.parse(colors[number % len(colors)])


def bands(surface: Surface, width: int, height: int) -> Ints:
    """The contour band (height, width) of every pixel, 0 around the deepest place; bands widen upwards."""
    left, right, bottom, top = surface.window
    x = left + (np.arange(width) + 0.5) * (right - left) / width
    y = top - (np.arange(height) + 0.5) * (top - bottom) / height
    z = surface.height(*np.meshgrid(x, y))
    above = z - min(float(z.min()), *(float(surface.height(np.array(a), np.array(b))) for a, b in surface.minima))
    level = np.log1p(above / (0.02 * float(np.median(above)) + 1e-12))
    return np.minimum((level / level.max() * _BANDS).astype(np.int64), _BANDS - 1)


class Trace:
    """A path on a map of `width` x `height` cells: its dots in order, and the step with which each appears."""

    def __init__(self, path: Path, surface: Surface, width: int, height: int):
        left, right, bottom, top = surface.window
        x = (path.points[:, 0] - left) / (right - left) * 2 * width
        y = (top - path.points[:, 1]) / (top - bottom) * 4 * height
        far = 8.0 * (width + height)  # beyond it nothing is seen, and a line to it would be endless
        x, y = np.clip(x, -far, far), np.clip(y, -far, far)
        count = np.maximum(np.ceil(np.maximum(np.abs(np.diff(x)), np.abs(np.diff(y)))).astype(np.int64), 1)
        step = np.repeat(np.arange(len(count)), count)
        part = (np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count) + 1) / count[step]
        column = np.floor(np.concatenate([x[:1], x[step] + np.diff(x)[step] * part])).astype(np.int64)
        row = np.floor(np.concatenate([y[:1], y[step] + np.diff(y)[step] * part])).astype(np.int64)
        seen = (row >= 0) & (row < 4 * height) & (column >= 0) & (column < 2 * width)
        self.row, self.column = row[seen], column[seen]
        self.step = np.concatenate([[0], step + 1])[seen]
        self.heads = np.floor(y / 4).astype(np.int64), np.floor(x / 2).astype(np.int64)

    def dots(self, at: int) -> tuple[Ints, Ints]:
        """Rows and columns of the dots drawn after `at` steps."""
        end = int(np.searchsorted(self.step, at, side="right"))
        return self.row[:end], self.column[:end]

    def head(self, at: int) -> tuple[int, int]:
        """The cell (row, column) in which the path has come to after `at` steps."""
        i = min(at, len(self.heads[0]) - 1)
        return int(self.heads[0][i]), int(self.heads[1][i])


class Map:
    """A surface at one size and in one theme; draws paths over it quickly."""

    def __init__(self, surface: Surface, width: int, height: int, on: Canvas):
        self.surface, self.width, self.height, self._on = surface, width, height, on
        self._bands = bands(surface, width, 2 * height)
        colors = [ramp(_GROUND[on.dark], k / (_BANDS - 1)) for k in range(_BANDS)]
        self._image = np.array([c.rgb for c in colors], np.uint8)[self._bands]
        self._traces: dict[int, tuple[Path, Trace]] = {}

    def trace(self, number: int, path: Path) -> Trace:
        """A path's trace, worked out once."""
        known = self._traces.get(number)
        if known is None or known[0] is not path:
            known = self._traces[number] = path, Trace(path, self.surface, self.width, self.height)
        return known[1]

    def strips(self, paths: Sequence[tuple[int, Path]], at: int) -> list[Strip]:
        """The map with every path as far as `at` steps; (number, path), the later over the earlier."""
        bits = np.zeros((self.height, self.width), np.int64)
        owner = np.full((self.height, self.width), -1)
        heads: dict[tuple[int, int], int] = {}
        for number, path in paths:
            trace = self.trace(number, path)
            row, column = trace.dots(at)
            np.bitwise_or.at(bits, (row // 4, column // 2), _BIT[row % 4, column % 2])
            owner[row // 4, column // 2] = number
            heads[trace.head(at)] = number
        signs: dict[tuple[int, int], tuple[str, int]] = {}
        for r, c in np.argwhere(bits).tolist():
            signs[r, c] = chr(0x2800 + int(bits[r, c])), int(owner[r, c])
        signs |= {cell: ("+", -1) for cell in self._cells(self.surface.minima)}
        signs |= {cell: ("○", -1) for cell in self._cells([self.surface.start])}
        mark = "●" if not self._on.plain else None
        signs |= {cell: (mark or str(number + 1), number) for cell, number in heads.items()}
        return self._plain(signs) if self._on.plain else self._colored(signs)

    def _cells(self, points: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
        left, right, bottom, top = self.surface.window
        return [(int((top - y) / (top - bottom) * self.height), int((x - left) / (right - left) * self.width))
                for x, y in points]  # fmt: skip

    def _colored(self, signs: dict[tuple[int, int], tuple[str, int]]) -> list[Strip]:
        text = np.array(self._on.foreground.rgb, np.uint8)
        ink = [np.array(racer_color(k, self._on.dark).rgb, np.uint8) for k in range(len(_RACERS[True]))]
        return colored(self._image, {at: (sign, ink[k] if k >= 0 else text) for at, (sign, k) in signs.items()})

    def _plain(self, signs: dict[tuple[int, int], tuple[str, int]]) -> list[Strip]:
        """Without colour: a dot where a contour passes."""
        ground = self._bands[0::2]
        edge = np.zeros(ground.shape, bool)
        edge[:, 1:] |= ground[:, 1:] != ground[:, :-1]
        edge[1:] |= ground[1:] != ground[:-1]
        rows = [["·" if e else " " for e in row] for row in edge.tolist()]
        for (row, column), (sign, _) in signs.items():
            if 0 <= row < self.height and 0 <= column < self.width:
                rows[row][column] = sign
        return [Strip([Segment("".join(row))], self.width) for row in rows]
