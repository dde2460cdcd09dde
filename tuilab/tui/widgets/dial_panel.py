"""The dials, one below the other in two groups, and the keys that move among them and turn them."""

from __future__ import annotations

from itertools import groupby
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from tuilab.tui.dials import DIALS
from tuilab.tui.labmodel import LabModel
from tuilab.tui.messages import DialRestored, DialTurned, DialTyped
from tuilab.tui.widgets.dial import DialRow


class DialPanel(VerticalScroll, can_focus=False):
    """All dials. Each row can have the focus; the panel's keys act on the one that has it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "step(-1)", "Dial above", show=False),
        Binding("down,j", "step(1)", "Dial below", show=False),
        Binding("left,h,minus", "turn(-1)", "Turn down", show=False),
        Binding("right,l,plus,equals_sign", "turn(1)", "Turn up", show=False),
        Binding("enter", "type", "Type a value", show=False),
        Binding("backspace", "restore", "As in the preset", show=False),
        Binding("home", "end(0)", "First dial", show=False),
        Binding("end", "end(-1)", "Last dial", show=False),
    ]

    _stand: tuple[object, ...] = ()  # what is shown

    def compose(self) -> ComposeResult:
        for number, (group, dials) in enumerate(groupby(DIALS, key=lambda dial: dial.group)):
            yield Static(group, classes="group" if number else "group first")
            for dial in dials:
                yield DialRow(dial)

    def on_mount(self) -> None:
        """Keep the rows at hand."""
        self.rows = list(self.query(DialRow))

    def show(self, model: LabModel) -> None:
        """Show the dials as the model has them."""
        stand = (model.recipe, model.value("batch_size"), model.preset)
        if stand == self._stand:
            return
        self._stand = stand
        for row in self.rows:
            name = row.dial.name
            value = model.value(name)
            row.show(value, changed=value != model.start_value(name), active=model.has_effect(name))

    @property
    def focused(self) -> DialRow | None:
        """The dial under the cursor."""
        return next((row for row in self.rows if row.has_focus), None)

    def action_step(self, by: int) -> None:
        """To the dial above or below; the ends are joined."""
        row = self.focused
        if row is not None:
            self.rows[(self.rows.index(row) + by) % len(self.rows)].focus()

    def action_end(self, at: int) -> None:
        """To the first or last dial."""
        self.rows[at].focus()

    def action_turn(self, direction: int) -> None:
        """Turn the dial under the cursor."""
        if self.focused is not None:
            self.post_message(DialTurned(self.focused.dial.name, direction))

    def action_type(self) -> None:
        """Ask for an exact value of the dial under the cursor."""
        if self.focused is not None:
            self.post_message(DialTyped(self.focused.dial.name))

    def action_restore(self) -> None:
        """Put the dial under the cursor where the preset had it."""
        if self.focused is not None:
            self.post_message(DialRestored(self.focused.dial.name))
