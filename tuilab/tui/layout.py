"""Where things are on the lab's screen, for whoever paints before its style sheet is read."""

from __future__ import annotations

from dataclasses import dataclass

WIDE, BROAD = 112, 164  # columns, and
TALL, HIGH = 32, 52  # rows, from which on the lab lays itself out otherwise
_CARD = 16  # rows of the lesson card below the dials


@dataclass(frozen=True, slots=True)
class Place:
    """Where the dials are: the panel's first row, that of the first of its `rows` and their number, its columns, the
    rows below the panels, and whether the first group is titled."""

    body: int
    top: int
    rows: int
    columns: int
    below: int
    titled: bool


def place(width: int, height: int) -> Place:
    """The dials' place in a terminal of that size; the style sheet's arithmetic."""
    tall = height >= TALL
    body, top, below = (5, 6, 3) if tall else (2, 2, 2)
    rows = height - top - below - (_CARD if height >= HIGH else 0)
    return Place(body, top, max(rows, 0), 42 if width >= WIDE else 28, below, tall)
