"""A small window with a list to pick one of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import OptionList, Static

from tuilab.tui.windows import Window


class ChoiceScreen(Window[str | None]):
    """Gives the one that was picked, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Cancel"),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[str]):
        super().__init__()
        self._title, self._choices = title, choices

    def compose(self) -> ComposeResult:
        with Vertical(classes="window pick") as window:
            window.border_title = self._title
            yield OptionList(*self._choices, markup=False)
            yield Static("[$accent bold]enter[/] this one   [$accent bold]esc[/] cancel", classes="hint")

    def action_move(self, way: str) -> None:
        """Up or down the list."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if way == "down" else options.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index])
