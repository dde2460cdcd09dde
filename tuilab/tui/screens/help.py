"""The help: every key, in as many columns as the screen has room for."""

from __future__ import annotations

from textwrap import wrap
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from tuilab.tui.keys import help_rows
from tuilab.tui.windows import Window


class HelpScreen(Window[None]):
    """Lists the keys by section; any of its own keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss(None)", "Close")]

    def compose(self) -> ComposeResult:
        with Vertical(classes="window help") as window:
            window.border_title = "Keys"
            window.border_subtitle = "esc closes"
            with VerticalScroll(), Grid(id="sections"):
                rows = help_rows()
                columns = (("Training", "Lanes and time"), ("Dials",), ("Charts", "Lab"))
                for sections in columns:
                    with Vertical(classes="column"):
                        for section in sections:
                            yield KeyList(section, rows[section])


class KeyList(Static):
    """A heading and its keys; what does not fit beside a key goes on below, under itself."""

    def __init__(self, title: str, rows: list[tuple[str, str]]):
        super().__init__()
        self._title, self._rows = title, rows

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return len(self._lines(width)) + 1

    def render(self) -> Content:
        """Keys in a column of their own."""
        return Content("\n").join([Content.styled(self._title, "$primary bold"), *self._lines(self.size.width)])

    def _lines(self, width: int) -> list[Content]:
        lines: list[Content] = []
        keys = max(len(shown) for shown, _ in self._rows) + 2
        for shown, about in self._rows:
            parts = wrap(about, max(width - keys, 10))
            for i, part in enumerate(parts):
                key = shown if i == 0 else ""
                lines.append(Content.assemble((f"{key:<{keys}}", "$accent bold"), (part, "$foreground")))
        return [*lines, Content("")]
