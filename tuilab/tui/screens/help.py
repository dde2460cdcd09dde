"""The help: every key, in as many columns as the screen has room for."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from tuilab.tui.keys import help_rows


class HelpScreen(ModalScreen[None]):
    """Lists the keys by section; any of its own keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "app.pop_screen", "Close")]

    def compose(self) -> ComposeResult:
        with Vertical(classes="window help") as window:
            window.border_title = "Keys"
            window.border_subtitle = "esc closes"
            with VerticalScroll(), Grid(id="sections"):
                rows = help_rows()
                columns = (("Training", "Lab"), ("Dials",), ("Charts",))
                for sections in columns:
                    with Vertical(classes="column"):
                        for section in sections:
                            yield Static(section_text(section, rows[section]))


def section_text(title: str, rows: list[tuple[str, str]]) -> Content:
    """A heading and its keys, the keys in a column of their own."""
    parts: list[tuple[str, str]] = [(f"{title}\n", "$primary bold")]
    for shown, about in rows:
        parts += [(f"{shown:<15}", "$accent bold"), (f"{about}\n", "$foreground")]
    return Content.assemble(*parts)
