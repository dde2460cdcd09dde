"""The lanes above the charts, if there are several: a row each, or all in one row on a low screen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Size
from textual.style import Style
from textual.widget import Widget

from tuilab.tui.figures import grouped, percent, short
from tuilab.tui.lanes import best, lane_hue

if TYPE_CHECKING:
    from tuilab.lab.frame import LaneFrame

_FAINT = "$foreground 55%"
_MAIN = "the main lane"
_STATES = {"diverged": ("✖ diverged", "$error bold"), "finished": ("■ finished", "$primary")}


class LaneStrip(Widget):
    """Which lanes there are, what each is beside the main one, how far and how good. A click chooses one."""

    def __init__(self) -> None:
        super().__init__(id="lanes")
        self._lanes: tuple[LaneFrame, ...] = ()
        self._facts: tuple[object, ...] = ()

    def show(self, lanes: tuple[LaneFrame, ...]) -> None:
        """Show these; nothing if there is one only."""
        facts = tuple(
            (one.name, one.main, one.active, one.difference, one.status, one.step, one.train_loss, one.val_loss,
             one.val_accuracy) for one in lanes
        )  # fmt: skip
        if facts != self._facts:
            changed = len(facts) != len(self._facts)
            self._lanes, self._facts = lanes, facts
            self.display = bool(lanes)
            self.refresh(layout=changed)

    @property
    def _low(self) -> bool:
        return self.app.screen.has_class("-short")

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row for each lane, one row for all where rows are few."""
        return 1 if self._low else len(self._lanes)

    def render(self) -> Content:
        """The rows, or the one row."""
        leader = best(self._lanes)
        if self._low:
            return self._one_row(leader)
        return Content("\n").join([self._row(lane, leader) for lane in self._lanes])

    def _row(self, lane: LaneFrame, leader: str) -> Content:
        """Key and letter, what it is; then its figures, in columns."""
        width = self.size.width
        state, ink = _STATES.get(lane.status, ("", _FAINT))
        wide = width >= 100
        digits = max(len(grouped(one.step)) for one in self._lanes)
        state = f"{state}   " if state else ""
        figures = [
            (state, ink), ("step ", _FAINT), (f"{grouped(lane.step):>{digits}}   ", "$foreground"),
            *([("train ", _FAINT), (f"{_number(lane.train_loss):>7}   ", "$foreground")] if wide else []),
            ("val ", _FAINT), (f"{_number(lane.val_loss):>7}", _good(lane, leader)),
            (" ◂ best" if lane.name == leader else "       ", "$success"),
            ("  acc " if wide else "", _FAINT), (f"{_share(lane.val_accuracy):>7} " if wide else "", "$foreground"),
        ]  # fmt: skip
        room = max(width - 10 - sum(len(text) for text, _ in figures), 0)
        text = _MAIN if lane.main else f"= {lane.difference}"
        text = text if len(text) <= room else text[: max(room - 1, 0)] + "…"
        row = Content.assemble(*self._head(lane), (f"{text:<{room}}", _weight(lane)), *figures)
        return row.stylize(Style.from_meta({"@click": f"screen.lane('{lane.name}')"}))

    def _head(self, lane: LaneFrame) -> list[tuple[str, str]]:
        hue = lane_hue(lane.name, self.app.current_theme.dark).hex
        key = "ABCD".index(lane.name) + 1
        return [
            ("▶" if lane.active else " ", f"{hue} bold"), (f"{key} ", "$accent" if lane.active else _FAINT),
            ("━━ ", f"{hue} bold"), (f"{lane.name}  ", f"{hue} bold"),
        ]  # fmt: skip

    def _one_row(self, leader: str) -> Content:
        """A share of the row for each lane: letter, difference as far as it goes, validation loss."""
        share = self.size.width // max(len(self._lanes), 1)
        parts = []
        for lane in self._lanes:
            head = [*self._head(lane)[:2], (f"{lane.name} ", self._head(lane)[3][1])]
            text = "main" if lane.main else lane.difference
            value = "✖" if lane.status == "diverged" else _number(lane.val_loss)
            room = share - 5 - len(value) - 2
            text = text if len(text) <= room else text[: max(room - 1, 0)] + "…"
            piece = Content.assemble(*head, (text, _weight(lane)), " ", (value, _good(lane, leader)))
            piece = piece.stylize(Style.from_meta({"@click": f"screen.lane('{lane.name}')"}))
            parts += [piece, Content(" " * max(share - len(piece.plain), 0))]
        return Content.assemble(*parts)


def _weight(lane: LaneFrame) -> str:
    return "$foreground bold" if lane.active else "$foreground 75%"


def _good(lane: LaneFrame, leader: str) -> str:
    return "$success bold" if lane.name == leader else "$foreground"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else short(value)


def _share(value: float) -> str:
    return "–" if math.isnan(value) else percent(value)
