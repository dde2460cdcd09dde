"""A small window that asks for a step to go to."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from tuilab.tui.figures import grouped
from tuilab.tui.windows import Window


class SeekScreen(Window[None]):
    """Type a step. `accept` is called with the text and gives the reason if it is none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, step: int, total: int, accept: Callable[[str], str | None]):
        super().__init__()
        self._step, self._total, self._accept = step, total, accept

    def compose(self) -> ComposeResult:
        end = f" of {grouped(self._total)}" if self._total else ""
        about = f"Now at {grouped(self._step)}{end}. Back and forth change nothing: what was turned is turned again."
        with Vertical(classes="window") as window:
            window.border_title = "To step"
            yield Label(about, classes="about", markup=False)
            yield Input(str(self._step), placeholder="1200, or 50 %", id="value", select_on_focus=True)
            yield Static("", id="problem", markup=False)
            yield Static("[$accent bold]enter[/] go   [$accent bold]esc[/] cancel", classes="hint")

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        problem = self._accept(event.value)
        if problem is None:
            self.dismiss(None)
        else:
            self.query_one("#problem", Static).update(problem)
