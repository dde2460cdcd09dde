"""Ghosts: the curves of other runs behind those of the run on the screen, at the same steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.color import Color

if TYPE_CHECKING:
    from tuilab.lab.history import Curves
    from tuilab.tui.charts.model import Line

MOST = 4
SIGNS = "①②③④"
#: Colour numbers of a ghost: its training curve, and its validation curve.
PER_GHOST = 2
COLORS = PER_GHOST * MOST

_HUES = {True: ("#9db2cf", "#c5a3d9", "#a3c9b8", "#d6b48f"), False: ("#54688a", "#7d5a96", "#4b7a66", "#8a6a3f")}
_SHARES = (0.45, 0.75)
_DASHES = (3, 5, 7, 9)


@dataclass(frozen=True, slots=True, eq=False)
class Ghost:
    """One run to compare with; `number` gives its sign and colour."""

    number: int
    path: Path
    name: str
    curves: Curves

    @property
    def sign(self) -> str:
        """① to ④."""
        return SIGNS[self.number]


def ghost_color(number: int, dark: bool, back: Color) -> Color:
    """Colour `number` (0 to COLORS - 1) on the background `back`."""
    ghost, kind = divmod(number, PER_GHOST)
    return back.blend(Color.parse(_HUES[dark][ghost]), _SHARES[kind])


def ghost_lines(ghosts: Sequence[Ghost], view: str, plain: bool) -> list[Line]:
    """The ghosts' lines for a view of the upper chart, or `gradient`: of layers the first one, in which a gradient
    vanishes."""
    from tuilab.tui.curves import compared
    from tuilab.tui.theme import GHOST

    lines: list[Line] = []
    for ghost in ghosts:
        first = GHOST + PER_GHOST * ghost.number
        dash = _DASHES[ghost.number] if plain else 0
        made = compared(ghost.curves, view, ghost.sign, (first, first + 1), dash)
        lines += [replace(one, bars=False) for one in made if len(one.x)]
    return lines
