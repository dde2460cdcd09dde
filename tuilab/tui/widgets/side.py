"""The right of a broad screen: layers, what the network makes of the data, and what was turned."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from tuilab.tui.turns import Turn
from tuilab.tui.widgets.boundary import BoundaryMap
from tuilab.tui.widgets.layers import LayersPanel
from tuilab.tui.widgets.looks import LookView
from tuilab.tui.widgets.panels import TurnsPanel


class SidePanel(Vertical):
    """Which of the panels there are depends on the data, and on the height of the screen."""

    def __init__(self) -> None:
        super().__init__(id="side")
        self.table = LayersPanel("layers")
        self.map = BoundaryMap("side-map")
        self.look = LookView("side-look")
        self.mistakes = LookView("side-mistakes", "mistakes")
        self.turns = TurnsPanel()

    def compose(self) -> ComposeResult:
        yield self.table
        yield self.map
        yield self.look
        yield self.mistakes
        yield self.turns

    @property
    def open(self) -> bool:
        """Whether the screen is broad enough for it."""
        return self.screen.has_class("-broad")

    def holds(self, kinds: Sequence[str]) -> tuple[str, ...]:
        """Which of these views (and of "layers") have their place here."""
        if not self.open:
            return ()
        high = self.screen.has_class("-high")
        return tuple(view for view in ("layers", *kinds) if view != "mistakes" or high)

    def show(self, turns: Sequence[Turn], kinds: Sequence[str]) -> None:
        """Show the turns, and the panels that go with the data."""
        if not self.open:
            return
        self.turns.show(turns)
        held = self.holds(kinds)
        self.map.display, self.mistakes.display = "boundary" in held, "mistakes" in held
        one = next((view for view in held if view in ("confusion", "fit")), None)
        self.look.display = one is not None
        if one is not None:
            self.look.kind = one
