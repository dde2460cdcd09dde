"""Widgets that write their rows themselves, for what changes many times a second.

Textual turns a `Content` into strips that can wrap, be selected and hold links, and a strip into one with padding and
borders. Ten times a second that costs more than all the rest of a picture, and is of no use to a row of figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.style import Style as Look
from textual.widget import Widget

from tuilab.tui.atonce import Prompt
from tuilab.tui.memory import on_theme

#: Texts of a row, each with its style in Textual's words: `$foreground 55%`.
Row = Sequence[tuple[str, str]]


class Plain(Prompt):
    """A widget that is nothing but the strips it gives: no border, no padding, no opacity."""

    _blank: Strip | None = None

    def strips(self) -> Sequence[Strip]:
        """Every row, as wide as the widget; rows that are not there stay empty."""
        return ()

    def on_mount(self) -> None:
        """New colours whenever the theme changes."""
        on_theme(self, self.notify_style_update)

    def notify_style_update(self) -> None:
        """The colours changed."""
        self._blank = None
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """One of them."""
        return self.render_lines(Region(0, y, self.outer_size.width, 1))[0]

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of `crop`, with no change but by the app's filters."""
        strips, width = list(self.strips()[crop.y : crop.bottom]), self.outer_size.width
        if len(strips) < crop.height:
            if self._blank is None or self._blank.cell_length != width:
                self._blank = Strip.blank(width, self.visual_style.rich_style)
            strips += [self._blank] * (crop.height - len(strips))
        for line_filter in self.get_line_filters():
            background = self.background_colors[1]
            strips = [strip.apply_filter(line_filter, background) for strip in strips]
        first, end = crop.column_span
        return strips if (first, end) == (0, width) else [strip.crop(first, end) for strip in strips]


class Ground(Plain):
    """What holds others, and is nothing but a background.

    Textual asks whatever lies on the screen itself for all its rows, also for a picture of one row of something else.
    """


class Kept(Widget):
    """A widget of Textual's own kind whose rows are kept as they are until it is refreshed."""

    _rows: tuple[Region, list[Strip]] | None = None

    def on_mount(self) -> None:
        """New colours whenever the theme changes."""
        on_theme(self, self.notify_style_update)

    def notify_style_update(self) -> None:
        """The colours changed."""
        self._rows = None
        super().notify_style_update()

    def refresh(self, *regions: Region, **options: Any) -> Self:
        """Ask for the rows anew before the next picture."""
        self._rows = None
        return super().refresh(*regions, **options)

    def render_lines(self, crop: Region) -> list[Strip]:
        """The rows of `crop`."""
        if self._rows is None or self._rows[0] != crop:
            self._rows = crop, super().render_lines(crop)
        return self._rows[1]


class Rows(Plain):
    """Shows what `rows` gives, each row cut or filled up to the width."""

    def __init__(self, *, id: str):
        super().__init__(id=id)
        self._inks: dict[str, Style] = {}
        self._written: list[Strip] | None = None
        self._known: dict[tuple[tuple[str, str], ...], Strip] = {}  # rows that may stay as they are
        self._for = Size(0, 0)  # what they were written for

    def rows(self) -> Sequence[Row]:
        """The rows for the present size."""
        return ()

    def notify_style_update(self) -> None:
        """The colours changed."""
        self._inks, self._known, self._written = {}, {}, None
        super().notify_style_update()

    def refresh(self, *regions: Region, **options: Any) -> Self:
        """Write anew before the next picture."""
        self._written = None
        return super().refresh(*regions, **options)

    def render(self) -> Content:
        """The rows as text."""
        return Content("\n").join([Content.assemble(*row) for row in self.rows()])

    def strips(self) -> list[Strip]:
        """The rows as strips, those written anew that changed."""
        if self._for != self.outer_size:
            self._for, self._known, self._written = self.outer_size, {}, None
        if self._written is None:
            rows = [tuple(row) for row in self.rows()]
            self._known = {row: self._known.get(row) or self._strip(row) for row in rows}
            self._written = [self._known[row] for row in rows]
        return self._written

    def _strip(self, row: Row) -> Strip:
        strip = Strip([Segment(text, self._ink(style)) for text, style in row if text])
        return strip.adjust_cell_length(self._for.width, self._ink(""))

    def _ink(self, style: str) -> Style:
        ink = self._inks.get(style)
        if ink is None:
            ink = self._inks[style] = (self.visual_style + Look.parse(style)).rich_style
        return ink
