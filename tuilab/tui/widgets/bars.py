"""The bottom of the screen: what happened last, and the keys. And the banner for bad news."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.style import Style
from textual.widget import Widget

from tuilab.tui.widgets.rows import Kept, Row, Rows


class StatusLine(Rows):
    """One row: the last event on the left, settings of the view on the right."""

    def __init__(self) -> None:
        super().__init__(id="status")
        self._text, self._style, self._right = "", "$foreground", ""

    def say(self, text: str, style: str = "$foreground") -> None:
        """Show `text`."""
        if (text, style) != (self._text, self._style):
            self._text, self._style = text, style
            self.refresh()

    def settings(self, text: str) -> None:
        """Show `text` on the right."""
        if text != self._right:
            self._right = text
            self.refresh()

    @property
    def text(self) -> str:
        """What is said now."""
        return self._text

    def rows(self) -> list[Row]:
        """The event is cut before the settings are, and those vanish before it is cut to nothing."""
        width = self.outer_size.width - 2
        right = self._right if width - len(self._right) >= 30 else ""
        room = width - len(right) - 2
        text = self._text if len(self._text) <= room else self._text[: max(room - 1, 0)] + "…"
        gap = " " * (width - len(text) - len(right))
        return [[(" ", ""), (text, self._style), (gap, ""), (right, "$foreground 45%")]]


class Banner(Widget):
    """A row that is only there while something is wrong."""

    def __init__(self) -> None:
        super().__init__(id="banner")
        self._text = ""

    def show(self, text: str) -> None:
        """Show `text`, or nothing."""
        if text != self._text:
            self._text = text
            self.display = bool(text)
            self.refresh(layout=True)

    @property
    def text(self) -> str:
        """What is shown now."""
        return self._text

    def render(self) -> Content:
        """The text, as many rows as it needs."""
        return Content(self._text)


class KeyBar(Kept):
    """The keys, as many as fit; each can be clicked."""

    def __init__(self, hints: Sequence[tuple[str, str, str]]):
        """`hints`: (key as shown, what it does, action), the most important first."""
        super().__init__(id="keys")
        self._hints = hints

    def render(self) -> Content:
        """Hints from the first on until the row is full; help and quit always."""
        width = self.size.width - 1
        must = self._hints[-2:]
        used = sum(len(k) + len(w) + 3 for k, w, _ in must)
        chosen: list[tuple[str, str, str]] = []
        for key, word, action in self._hints[:-2]:
            used += len(key) + len(word) + 3
            if used > width:
                break
            chosen.append((key, word, action))
        parts: list[Content | str] = [" "]
        for key, word, action in [*chosen, *must]:
            hint = Content.assemble((key, "$accent bold"), (f" {word}", "$foreground 65%"))
            parts += [hint.stylize(Style.from_meta({"@click": action})), "  "]
        return Content.assemble(*parts)
