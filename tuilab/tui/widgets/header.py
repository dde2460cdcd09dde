"""The top of the screen: what runs, in which state, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuilab.tui.headline import Progress, headline
from tuilab.tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from tuilab.lab.worker import Frame


class HeaderBar(Rows):
    """One row."""

    DEFAULT_CSS = "HeaderBar { height: 1; width: 1fr; }"

    def __init__(self, title: str, network: str):
        super().__init__(id="header")
        self.title, self.network = title, network
        self._at = Progress()

    def show(self, frame: Frame) -> None:
        """Show the state of `frame`."""
        status = "starting" if frame.status == "ready" and frame.message else frame.status
        at = Progress(status, frame.step, frame.total_steps or 0, frame.epoch, frame.steps_per_s)
        if at != self._at:
            self._at = at
            self.refresh()

    def rows(self) -> list[Row]:
        """The headline."""
        return [headline(self.size.width, self.title, self.network, self._at)]
