"""The lanes above the charts, if there are several: a row each, or several in one row on a low screen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from textual import events
from textual.geometry import Size

from tuilab.tui.figures import grouped, percent, short
from tuilab.tui.lanes import best, lane_hue
from tuilab.tui.messages import LaneChosen
from tuilab.tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from tuilab.lab.frame import LaneFrame

_FAINT = "$foreground 55%"
_MAIN = "the main lane"
_STATES = {"diverged": ("✖ diverged", "$error bold"), "finished": ("■ finished", "$primary")}


class LaneStrip(Rows):
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

    @property
    def _columns(self) -> int:
        """Lanes in a row."""
        return 1 if not self._low else 2 if self.size.width < 120 else 4

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row for each lane; two lanes in a row where rows are few."""
        per_row = 1 if not self._low else 2 if width < 120 else 4
        return -(-len(self._lanes) // per_row)

    def on_click(self, event: events.Click) -> None:
        """Choose the lane that was clicked."""
        at = event.y * self._columns + event.x * self._columns // max(self.size.width, 1)
        if 0 <= at < len(self._lanes):
            self.post_message(LaneChosen(self._lanes[at].name))

    def rows(self) -> list[Row]:
        """The lanes."""
        leader, per_row = best(self._lanes), self._columns
        if not self._low:
            return [self._row(lane, leader) for lane in self._lanes]
        rows = [self._lanes[at : at + per_row] for at in range(0, len(self._lanes), per_row)]
        share = (self.size.width - 1) // per_row
        return [[piece for lane in row for piece in self._short(lane, leader, share)] for row in rows]

    def _row(self, lane: LaneFrame, leader: str) -> Row:
        """Key and letter, what it is; then its figures, in columns."""
        width = self.size.width - 1
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
        return [*self._head(lane), (f"{text:<{room}}", _weight(lane)), *figures]

    def _head(self, lane: LaneFrame) -> list[tuple[str, str]]:
        hue = lane_hue(lane.name, self.app.current_theme.dark).hex
        key = "ABCD".index(lane.name) + 1
        return [
            ("▶" if lane.active else " ", f"{hue} bold"), (f"{key} ", "$accent" if lane.active else _FAINT),
            ("━━ ", f"{hue} bold"), (f"{lane.name}  ", f"{hue} bold"),
        ]  # fmt: skip

    def _short(self, lane: LaneFrame, leader: str, share: int) -> Row:
        """Letter, difference, validation loss in `share` columns."""
        mark, key, _, letter = self._head(lane)
        text = "main" if lane.main else lane.difference.split(" ", 1)[-1]
        value = "✖" if lane.status == "diverged" else _number(lane.val_loss)
        room = share - 19
        text = text if len(text) <= room else text[: max(room - 1, 0)] + "…"
        return [
            mark, key, (f"{lane.name} ", letter[1]), (f"{text:<{room}}", _weight(lane)), ("  val ", _FAINT),
            (f"{value:<8}", _good(lane, leader)),
        ]  # fmt: skip


def _weight(lane: LaneFrame) -> str:
    return "$foreground bold" if lane.active else "$foreground 75%"


def _good(lane: LaneFrame, leader: str) -> str:
    return "$success bold" if lane.name == leader else "$foreground"


def _number(value: float) -> str:
    return "–" if math.isnan(value) else short(value)


def _share(value: float) -> str:
    return "–" if math.isnan(value) else percent(value)
