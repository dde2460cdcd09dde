"""Where a network decides for which class: the plane of a 2-D data set in colour, two pixels in every cell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

Floats = NDArray[np.floating]
Bytes = NDArray[np.uint8]

_STRENGTH = 0.62  # share of the class colour where the network is certain
_LEVELS = 8  # steps of a colour channel that are told apart, so that runs of one colour are long
_SHADES = (" ", "░", "▒", "▓")
_SIGNS = ("o", "x", "+", "*", "#", "%", "@", "&", "s", "z")
MAX_POINTS = 240


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the plane that is shown: centre, and half the side of a pixel's square times its count."""

    x: float
    y: float
    pixel: float  # side of a pixel
    width: int  # pixels
    height: int

    @classmethod
    def around(cls, points: Floats, width: int, height: int, margin: float = 0.08) -> Window:
        """The smallest window of square pixels that holds all points (n, 2) and a margin."""
        low, high = points.min(axis=0), points.max(axis=0)
        span = np.maximum((high - low) * (1 + 2 * margin), 1e-6)
        pixel = float(max(span[0] / max(width, 1), span[1] / max(height, 1)))
        center = (low + high) / 2
        return cls(float(center[0]), float(center[1]), pixel, width, height)

    def grid(self) -> NDArray[np.float32]:
        """The middle of every pixel (height * width, 2), row by row from the top."""
        x = self.x + (np.arange(self.width) - (self.width - 1) / 2) * self.pixel
        y = self.y - (np.arange(self.height) - (self.height - 1) / 2) * self.pixel
        across, down = np.meshgrid(x, y)
        return np.column_stack([across.ravel(), down.ravel()]).astype(np.float32)

    def cells(self, points: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Row and column of the cell in which each point lies."""
        column = np.floor((points[:, 0] - self.x) / self.pixel + self.width / 2).astype(np.int64)
        row = np.floor((self.y - points[:, 1]) / self.pixel + self.height / 2).astype(np.int64) // 2
        return np.clip(row, 0, self.height // 2 - 1), np.clip(column, 0, self.width - 1)


def pixels(probabilities: Floats, colors: Bytes, back: Bytes, window: Window) -> Bytes:
    """RGB (height, width, 3): the classes' colours (classes, 3) mixed by their probabilities (pixels, classes), and
    faint where the network is undecided."""
    certain = probabilities.max(axis=1, keepdims=True)
    least = 1.0 / probabilities.shape[1]
    share = _STRENGTH * np.clip((certain - least) / (1 - least), 0.0, 1.0) ** 0.7
    mixed = probabilities @ colors.astype(np.float64)
    out = back * (1 - share) + mixed * share
    out = np.rint(out / _LEVELS) * _LEVELS
    return np.clip(out, 0, 255).astype(np.uint8).reshape(window.height, window.width, 3)


def colored(image: Bytes, marks: dict[tuple[int, int], tuple[str, Bytes]]) -> list[Strip]:
    """Half blocks of an image (even height, width, 3); `marks`: (row, column) of a cell → sign and colour over it."""
    height, width = image.shape[0] // 2, image.shape[1]
    code = image.astype(np.int32) @ np.array([65536, 256, 1])
    upper, lower = code[0::2], code[1::2]
    strips = []
    for row in range(height):
        cut = (np.diff(upper[row]) != 0) | (np.diff(lower[row]) != 0)
        starts = {0, *(np.flatnonzero(cut) + 1).tolist()}
        signs = {column: mark for (at, column), mark in marks.items() if at == row}
        starts.update(signs, (column + 1 for column in signs if column + 1 < width))
        edges = [*sorted(starts), width]
        segments = []
        for begin, end in pairwise(edges):
            top, bottom = _color(int(upper[row, begin])), _color(int(lower[row, begin]))
            if begin in signs:
                sign, color = signs[begin]
                segments.append(Segment(sign, Style(color=_rgb(color), bgcolor=bottom, bold=True)))
            else:
                segments.append(Segment("▀" * (end - begin), Style(color=top, bgcolor=bottom)))
        strips.append(Strip(segments, width))
    return strips


def plain(probabilities: Floats, window: Window, marks: dict[tuple[int, int], str]) -> list[Strip]:
    """Without colour: a shade for each class, a letter for the points of each."""
    winner = probabilities.argmax(axis=1).reshape(window.height, window.width)[0::2]
    strips = []
    for row in range(window.height // 2):
        text = [_SHADES[int(k) % len(_SHADES)] for k in winner[row]]
        for (at, column), sign in marks.items():
            if at == row:
                text[column] = sign
        strips.append(Strip([Segment("".join(text), Style())], window.width))
    return strips


def points_by_cell(points: Floats, classes: NDArray[np.int64], window: Window) -> dict[tuple[int, int], int]:
    """Cell → class of the first of (at most MAX_POINTS) points in it."""
    rows, columns = window.cells(points[:MAX_POINTS])
    found: dict[tuple[int, int], int] = {}
    for row, column, label in zip(rows.tolist(), columns.tolist(), classes[:MAX_POINTS].tolist(), strict=True):
        found.setdefault((row, column), int(label))
    return found


def sign(label: int) -> str:
    """The letter of a class where there is no colour."""
    return _SIGNS[label % len(_SIGNS)]


def _color(code: int) -> Color:
    return Color.from_triplet(ColorTriplet(code >> 16, code >> 8 & 255, code & 255))


def _rgb(color: Bytes | Sequence[int]) -> Color:
    return Color.from_triplet(ColorTriplet(*(int(c) for c in color)))
