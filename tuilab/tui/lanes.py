"""Lanes as people see them: their colours, the lines of the charts, and a frame seen from another lane."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from textual.color import Color

from tuilab.tui.charts.model import Line

if TYPE_CHECKING:
    from tuilab.lab.frame import Frame, LaneFrame

LETTERS = "ABCD"
#: Colour numbers of a lane: its training curve and its validation curve, quiet and (two further on) as the active one.
PER_LANE = 4
COLORS = PER_LANE * len(LETTERS)

_HUES = {
    True: ("#ffb454", "#6cb6ff", "#7fd88f", "#f28fd0"),
    False: ("#b4540a", "#1f5fd6", "#1d7d3f", "#a8246f"),
}
_SHARES = (0.42, 0.66, 0.72, 1.0)  # of the hue in each of a lane's four colours
_DASHES = (0, 6, 2, 10)


def lane_hue(name: str, dark: bool) -> Color:
    """The colour of the lane with this letter."""
    return Color.parse(_HUES[dark][LETTERS.index(name)])


def lane_color(number: int, dark: bool, back: Color) -> tuple[Color, bool]:
    """Colour `number` (0 to COLORS - 1) on the background `back`, and whether it is bold."""
    lane, kind = divmod(number, PER_LANE)
    return back.blend(Color.parse(_HUES[dark][lane]), _SHARES[kind]), kind >= 2


def lane_lines(frame: Frame, view: str, plain: bool) -> list[Line]:
    """The lines of all lanes for a view of the upper chart, or `gradient`: those of the active lane last, on top.

    Of the layers (gradients, update ratios) the other lanes show the first one, in which a gradient vanishes.
    """
    from tuilab.tui.curves import compared, layer_lines
    from tuilab.tui.theme import LANE

    lines: list[Line] = []
    for lane in sorted(frame.lanes, key=lambda one: one.active):
        curves, at = lane.curves, LETTERS.index(lane.name)
        layers = {"gradient": curves.grad_norm, "Update / weight": curves.update_ratio}.get(view)
        if layers is not None and lane.active:
            made = layer_lines(layers, plain)
        else:
            first = LANE + PER_LANE * at + 2 * lane.active
            made = compared(curves, view, f"{lane.name} ", (first, first + 1), _DASHES[at] if plain else 0)
        lines += [replace(one, bars=lane.active) for one in made]
    return lines


def seen_from(frame: Frame, name: str) -> Frame:
    """`frame` with the lane `name` as the active one; as it is if that lane is not there."""
    chosen = [lane for lane in frame.lanes if lane.name == name]
    if not chosen or chosen[0].active:
        return frame
    lane = chosen[0]
    common = {f.name for f in fields(frame)} & {f.name for f in fields(lane)}
    lanes = tuple(replace(one, active=one.name == name) for one in frame.lanes)
    return replace(frame, lanes=lanes, **{field: getattr(lane, field) for field in common})


def best(lanes: tuple[LaneFrame, ...]) -> str:
    """The letter of the lane with the lowest validation loss; empty while it is not known of two of them."""
    known = sorted((lane.val_loss, lane.name) for lane in lanes if lane.val_loss == lane.val_loss)
    return known[0][1] if len(known) > 1 and known[0][0] < known[1][0] else ""
