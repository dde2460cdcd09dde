"""A confusion matrix: true classes from top to bottom, predicted ones from left to right, counts on coloured cells.

Where there are not rows enough for counts, two classes share a row of half blocks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from tuilab.tui.charts.boundary import colored
from tuilab.tui.figures import grouped, percent
from tuilab.tui.theme import Surface

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuilab.lab.looks import Classified

_NAME = 8  # cells of a class name at most
_CELL = 6  # and of a count
_LIST = 22  # cells that the list of what is confused most often needs
_SHADES = " ░▒▓█"


def paint_matrix(seen: Classified, width: int, height: int, on: Surface) -> list[Strip]:
    """Title, matrix and, where there is room, the pairs most often confused: `height` strips."""
    title = _title(seen, width, on)
    if width < 12 or height < 4:
        return [title, *[Strip.blank(width, on.blank)] * (height - 1)][:height]
    k = len(seen.counts)
    digits = len(str(int(seen.counts.max())))
    label = min(max(len(name) for name in seen.names), _NAME) + 1
    cell = min((width - label - 2) // k, _CELL)
    if height >= k + 2 and cell > digits:
        rows, used = _counted(seen, label, cell, on), label + cell * k + 1
    else:
        rows, used = _condensed(seen, label, width - 2, height - 2, on)
    aside = _confused(seen, width - used - 3, min(height - 2, 9), on) if width - used - 3 >= _LIST else []
    strips = [title]
    for i in range(height - 1):
        parts = [*rows[i]] if i < len(rows) else []
        have = sum(len(part.text) for part in parts)
        if i < len(aside):
            parts += [Segment(" " * (used + 3 - have), on.blank), *aside[i]]
        strips.append(Strip(parts).adjust_cell_length(width, on.blank))
    return strips


def heat(counts: NDArray[np.int64], on: Surface) -> NDArray[np.uint8]:
    """RGB (classes, classes, 3): green for what is right, red for what is not, by their share of the true class."""
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    right = np.eye(len(counts), dtype=bool)
    strength = np.where(right, 0.06 + 0.44 * share, np.where(share > 0, 0.14 + 0.66 * np.sqrt(share), 0.0))[:, :, None]
    tint = np.where(right[:, :, None], np.array(on.success.rgb), np.array(on.error.rgb))
    return np.rint(np.array(on.background.rgb) * (1 - strength) + tint * strength).astype(np.uint8)


def _counted(seen: Classified, label: int, cell: int, on: Surface) -> list[list[Segment]]:
    """A head line and a row for each class."""
    text, faint = on.text(), on.text(0.55)
    colors = heat(seen.counts, on)
    head = "".join(name[: cell - 1].center(cell) for name in seen.names)
    rows = [[Segment(f" {'':{label}}{head}", faint)]]
    for i, counts in enumerate(seen.counts.tolist()):
        row = [Segment(f" {seen.names[i][:_NAME]:>{label - 1}} ", text)]
        for j, count in enumerate(counts):
            shown = str(count) if count else "·"
            back = Color(*colors[i, j].tolist())
            front = on.foreground if count else on.background.blend(on.foreground, 0.3)
            style = Style(color=front.rich_color, bgcolor=back.rich_color, bold=bool(count) and i != j)
            if on.plain:
                style = Style(bold=i == j, dim=not count)
            row.append(Segment(shown.center(cell), style))
        rows.append(row)
    return rows


def _condensed(seen: Classified, label: int, width: int, height: int, on: Surface) -> tuple[list[list[Segment]], int]:
    """Two classes in a row; if they are still too many, neighbours share a place. The rows, and cells they take up."""
    k = len(seen.counts)
    fits = min(k, 2 * max(height - 1, 1), max(width - label, 1))
    place = np.arange(k) * fits // k
    counts = np.zeros((fits, fits), np.int64)
    np.add.at(counts, (place[:, None], place[None, :]), seen.counts)
    cell = max(min((width - label) // fits, 4), 1)
    colors = heat(counts, on)
    if fits % 2:
        colors = np.concatenate([colors, np.broadcast_to(np.array(on.background.rgb, np.uint8), (1, fits, 3))])
    first = [seen.names[int(np.flatnonzero(place == p)[0])] for p in range(fits)]
    fit_head = cell > max(len(name) for name in first)
    head = "".join(name.center(cell) for name in first) if fit_head else "predicted".center(cell * fits)[: cell * fits]
    faint = on.text(0.55)
    rows = [[Segment(f" {'':{label}}{head}", faint)]]
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for row, strip in enumerate(colored(np.repeat(colors, cell, axis=1), {})):
        name = Segment(f" {first[2 * row][:_NAME]:>{label - 1}} ", faint)
        if on.plain:
            shades = np.rint(share[2 * row : 2 * row + 2].max(axis=0) * 4).astype(int)
            rows.append([name, Segment("".join(_SHADES[s] * cell for s in shades))])
        else:
            rows.append([name, *strip])
    return rows, label + cell * fits + 1


def _confused(seen: Classified, width: int, height: int, on: Surface) -> list[list[Segment]]:
    """The pairs most often taken for each other, the most often first."""
    faint, text, bad = on.text(0.55), on.text(), on.text(color=on.error)
    pairs = seen.confused(max(height - 1, 0))
    rows = [[Segment("most often confused" if pairs else "nothing is confused", faint)]]
    for true, predicted, count in pairs:
        pair = f"{seen.names[true][:_NAME]} → {seen.names[predicted][:_NAME]}"
        rows.append([Segment(f"{pair:<{min(width - 6, 2 * _NAME + 3)}}", text), Segment(f"{count:>5}", bad)])
    return rows


def _title(seen: Classified, width: int, on: Surface) -> Strip:
    """What it is, how many rows were looked at, and how many of them are right."""
    name = Segment(" Confusion", on.text(bold=True))
    some = f"{grouped(seen.rows)} of {grouped(seen.of)}" if seen.rows < seen.of else grouped(seen.rows)
    right = percent(seen.right / seen.rows) if seen.rows else "–"
    texts = (f"true ↓ predicted →  ·  {some} validation rows, {right} right", f"{some} rows, {right} right",
             f"{right} right")  # fmt: skip
    about = next((t for t in texts if len(t) + 14 <= width), "")
    return Strip([name, Segment(f"  {about}", on.text(0.55))]).adjust_cell_length(width, on.blank)
