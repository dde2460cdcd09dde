"""The worst mistakes as little pictures: two pixels in a cell, or eight dots of braille where there is no colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.segment import Segment
from textual.strip import Strip

from tuilab.tui.charts.boundary import colored
from tuilab.tui.theme import Surface

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuilab.lab.looks import Classified, Mistake

    Floats = NDArray[np.floating]

_CAPTION = 10  # cells that "3 → 8 97 %" needs
_NAME = 7  # and of a class name at most
_GAP = 2
_BITS = np.array([[1, 8], [2, 16], [4, 32], [64, 128]])  # of the dots of a braille cell


def paint_mistakes(seen: Classified, width: int, height: int, on: Surface) -> list[Strip]:
    """Title, and as many of the mistakes as there is room for, the surest first: `height` strips."""
    pictures = [m.image for m in seen.worst if m.image is not None]
    strips = [Strip([Segment(" Worst mistakes", on.text(bold=True)), *_about(seen, width, on)])]
    if pictures and height >= 4 and width >= _CAPTION + 2:
        factor = shrink(pictures[0].shape, width, height)
        captions = [caption(m, seen.names) for m in seen.worst]
        wide = -(-pictures[0].shape[1] // factor)
        column = max(wide, max(len(what) + len(sure) + 1 for what, sure in captions)) + _GAP
        across = max((width - 1 + _GAP) // column, 1)
        for start in range(0, len(pictures), across):
            some = slice(start, start + across)
            rows = _row([_drawn(p, factor, on) for p in pictures[some]], captions[some], column, on)
            if len(strips) + len(rows) > height:
                break
            strips += [*rows, Strip([])]
    elif not seen.worst:
        strips += [Strip([]), Strip([Segment("  none among the rows looked at", on.text(0.55))])]
    strips = (strips + [Strip([])] * height)[:height]
    return [strip.adjust_cell_length(width, on.blank) for strip in strips]


def caption(mistake: Mistake, names: tuple[str, ...]) -> tuple[str, str]:
    """`3 → 8` and `97 %`."""
    what = f"{names[mistake.true][:_NAME]} → {names[mistake.predicted][:_NAME]}"
    return what, f"{min(int(100 * mistake.probability), 99)} %"


def shrink(shape: tuple[int, ...], width: int, height: int) -> int:
    """By how much pictures of this shape (rows, columns) are made smaller: as little as lets three of them be seen,
    but not to less than seven rows for the sake of that."""
    rows, columns = shape
    for factor in range(1, max(rows, columns) + 1):
        tall, wide = -(-rows // factor), -(-columns // factor)
        three = 3 * (max(wide, _CAPTION) + _GAP) - 1 <= width
        if -(-tall // 2) + 2 <= height and (three or -(-rows // (factor + 1)) < 7):
            return factor
    return max(rows, columns)


def smaller(image: Floats, factor: int) -> Floats:
    """Means over squares of `factor` pixels; what is left at the right and lower edge counts as a square too."""
    rows, columns = (np.arange(0, n, factor) for n in image.shape)
    total, count = (
        np.add.reduceat(np.add.reduceat(a, rows, axis=0), columns, axis=1) for a in (image, np.ones(image.shape))
    )
    return np.asarray(total / count)


def _drawn(image: Floats, factor: int, on: Surface) -> list[Strip]:
    small = smaller(image, factor)
    small = np.pad(small, ((0, small.shape[0] % 2), (0, 0)))
    if on.plain:
        return _dots(image, small.shape[1], small.shape[0] // 2)
    back = np.array(on.background.blend(on.foreground, 0.06).rgb, np.float64)
    shade = (np.rint(np.clip(small, 0, 1) * 16) / 16)[:, :, None]
    return colored(np.rint(back * (1 - shade) + np.array(on.foreground.rgb) * shade).astype(np.uint8), {})


def _dots(image: Floats, width: int, height: int) -> list[Strip]:
    """Braille where a pixel is brighter than the middle."""
    y = (np.arange(4 * height) + 0.5) * image.shape[0] / (4 * height)
    x = (np.arange(2 * width) + 0.5) * image.shape[1] / (2 * width)
    lit = image[y.astype(int)[:, None], x.astype(int)[None, :]] > 0.5
    bits = (lit.reshape(height, 4, width, 2) * _BITS[None, :, None, :]).sum(axis=(1, 3))
    return [Strip([Segment("".join(chr(0x2800 + int(b)) for b in row))], width) for row in bits]


def _row(drawn: list[list[Strip]], captions: list[tuple[str, str]], column: int, on: Surface) -> list[Strip]:
    """Pictures side by side, and what was taken for what below them."""
    strips = []
    for line in zip(*drawn, strict=True):
        parts = [Segment(" ", on.blank)]
        for strip in line:
            parts += [*strip, Segment(" " * (column - strip.cell_length), on.blank)]
        strips.append(Strip(parts))
    parts = [Segment(" ", on.blank)]
    for what, sure in captions:
        parts += [Segment(what, on.text(color=on.error)), Segment(f" {sure}".ljust(column - len(what)), on.text(0.55))]
    return [*strips, Strip(parts)]


def _about(seen: Classified, width: int, on: Surface) -> list[Segment]:
    wrong = seen.rows - seen.right
    texts = (f"true → predicted, the surest of {wrong} first", f"surest of {wrong}")
    about = next((t for t in texts if len(t) + 18 <= width), "")
    return [Segment(f"  {about}" if wrong else "", on.text(0.55))]
