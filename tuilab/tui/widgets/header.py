"""The top of the screen: what runs, in which state, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuilab.tui.figures import grouped, rate
from tuilab.tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from tuilab.lab.worker import Frame

#: Sign, word and colour of each state.
STATES: dict[str, tuple[str, str, str]] = {
    "starting": ("◌", "starting", "$secondary"),
    "ready": ("○", "ready", "$primary"),
    "running": ("●", "running", "$success"),
    "paused": ("❚❚", "paused", "$warning"),
    "finished": ("■", "finished", "$primary"),
    "stopped": ("■", "stopped", "$foreground"),
    "diverged": ("✖", "diverged", "$error"),
}


_LEFT = 22  # columns that the name of the preset is worth


class HeaderBar(Rows):
    """One row; what does not fit is left out from the least important on."""

    DEFAULT_CSS = "HeaderBar { height: 1; width: 1fr; }"

    def __init__(self, title: str, network: str):
        super().__init__(id="header")
        self.title, self.network = title, network
        self._facts: tuple[str, int, int, float, float] = ("starting", 0, 0, 0.0, 0.0)

    def show(self, frame: Frame) -> None:
        """Show the state of `frame`."""
        status = "starting" if frame.status == "ready" and frame.message else frame.status
        facts = (status, frame.step, frame.total_steps or 0, frame.epoch, frame.steps_per_s)
        if facts != self._facts:
            self._facts = facts
            self.refresh()

    def rows(self) -> list[Row]:
        """Title on the left, state and progress on the right."""
        status, step, total, epoch, speed = self._facts
        sign, word, color = STATES.get(status, STATES["stopped"])
        width, faint = self.size.width, "$foreground 55%"
        slash, unit = (" / ", " steps/s") if width >= 100 else ("/", "/s")
        steps = f"{grouped(step)}{slash}{grouped(total)}" if total else grouped(step)
        pieces = [
            [(f"{sign} {word}", f"{color} bold")],
            [("step ", faint), (steps, "$foreground bold")],
            [(f"{rate(speed):>5}", "$foreground"), (unit, faint)] if speed > 0 else [],
            [("epoch ", faint), (f"{epoch:.1f}", "$foreground")],
        ]
        right: list[tuple[str, str]] = []
        for piece in pieces:
            if piece and sum(len(t) for t, _ in [*right, *piece]) + 3 + _LEFT < width:
                right += [*piece, ("   ", "")]
        if right:
            right[-1] = (" ", "")
        taken = sum(len(t) for t, _ in right)
        left: list[tuple[str, str]] = [(" ▞ ", "$accent bold"), ("tuilab ", "$foreground bold")]
        room = width - taken - 11
        if room >= 6:
            title = self.title if len(self.title) <= room else self.title[: room - 1] + "…"
            left += [(" " + title, "$accent")]
            if room - len(title) >= len(self.network) + 4:
                left += [("   " + self.network, faint)]
        gap = width - taken - sum(len(t) for t, _ in left)
        return [[*left, (" " * max(gap, 1), ""), *right]]
