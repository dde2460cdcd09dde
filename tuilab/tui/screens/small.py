"""The small windows: a question, a value to type, a value to pick."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label, OptionList, Static

from tuilab.tui.dials import Dial
from tuilab.tui.figures import exact
from tuilab.tui.windows import Window


class ConfirmScreen(Window[bool]):
    """A yes-or-no question; enter or y says yes, escape or n no."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "answer(True)", "Yes"),
        Binding("escape,n,q", "answer(False)", "No"),
    ]

    def __init__(self, title: str, text: str):
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        with Vertical(classes="window") as window:
            window.border_title = self._title
            yield Label(self._text, markup=False)
            yield Static("[$accent bold][@click=screen.answer(True)]enter[/][/] yes   "
                         "[$accent bold][@click=screen.answer(False)]esc[/][/] no", classes="hint")  # fmt: skip

    def action_answer(self, yes: bool) -> None:
        """Close with the answer."""
        self.dismiss(yes)


class ValueScreen(Window[None]):
    """Type an exact value for a dial. `accept` is called with it and gives the reason if it cannot be."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, dial: Dial, value: Any, accept: Callable[[Any], str | None]):
        super().__init__()
        self._dial, self._value, self._accept = dial, value, accept

    def compose(self) -> ComposeResult:
        with Vertical(classes="window") as window:
            window.border_title = self._dial.label
            yield Label(self._dial.about, classes="about", markup=False)
            yield Input(exact(self._value), id="value", select_on_focus=True)
            yield Static("", id="problem", markup=False)
            yield Static("[$accent bold]enter[/] set   [$accent bold]esc[/] cancel", classes="hint")

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        try:
            problem = self._accept(self._dial.parse(event.value))
        except ValueError as error:
            problem = str(error)
        if problem is None:
            self.dismiss(None)
        else:
            self.query_one("#problem", Static).update(problem)


class PickScreen(Window[None]):
    """Pick one of a dial's names; moving through the list changes nothing before enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Cancel"),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
    ]

    def __init__(self, dial: Dial, value: Any, accept: Callable[[Any], str | None]):
        super().__init__()
        self._dial, self._value, self._accept = dial, value, accept

    def compose(self) -> ComposeResult:
        with Vertical(classes="window pick") as window:
            window.border_title = self._dial.label
            yield Label(self._dial.about, classes="about", markup=False)
            yield OptionList(*[exact(v) for v in self._dial.values])
            yield Static("[$accent bold]enter[/] set   [$accent bold]esc[/] cancel", classes="hint")

    def on_mount(self) -> None:
        """Begin at the present value."""
        if self._value in self._dial.values:
            self.query_one(OptionList).highlighted = self._dial.values.index(self._value)

    def action_move(self, way: str) -> None:
        """Up or down the list."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if way == "down" else options.action_cursor_up()

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self._accept(self._dial.values[event.option_index])
        self.dismiss(None)
