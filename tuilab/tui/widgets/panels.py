"""Panels beside the charts: the log of what was turned, and what the dial under the cursor is."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from tuilab.tui.dials import Dial
from tuilab.tui.figures import exact, grouped
from tuilab.tui.lessons import lesson, word
from tuilab.tui.turns import Turn


class TurnsPanel(Widget):
    """The newest turns, the last on top."""

    def __init__(self) -> None:
        super().__init__(id="turns")
        self.auto_links = False  # as in the header
        self._turns: tuple[Turn, ...] = ()

    def show(self, turns: Sequence[Turn]) -> None:
        """Show these turns (oldest first)."""
        if tuple(turns) != self._turns:
            self._turns = tuple(turns)
            self.refresh()

    def render(self) -> Content:
        """Step, dial, value; or what a timeline is."""
        if not self._turns:
            text = "turn a dial while it trains:\nit is written here, and saved with s"
            return Content.assemble(("Timeline\n", "$primary bold"), (text, "$foreground 55%"))
        parts: list[tuple[str, str]] = [("Timeline\n", "$primary bold")]
        for turn in self._turns[: -max(self.size.height - 1, 1) - 1 : -1]:
            parts += [
                (f"{grouped(turn.step):>9}  ", "$foreground 55%"), (f"{turn.field} ", "$foreground"),
                (f"{exact(turn.before)} → ", "$foreground 55%"), (f"{exact(turn.after)}\n", "$accent bold"),
            ]  # fmt: skip
        return Content.assemble(*parts)


class DialCard(Widget):
    """What the dial under the cursor is and what to watch, where there is room to say so."""

    def __init__(self) -> None:
        super().__init__(id="card")
        self._dial: Dial | None = None
        self._language = "en"

    def show(self, dial: Dial, language: str) -> None:
        """Tell about this dial."""
        if (dial, language) != (self._dial, self._language):
            self._dial, self._language = dial, language
            self.refresh()

    def render(self) -> Content:
        """Name, what it is, what to watch, when it matters."""
        dial = self._dial
        if dial is None:
            return Content("")
        found = lesson(dial.name, self._language)
        parts = [(f"{dial.label}\n", "$primary bold"), (f"{found.what}\n", "$foreground")]
        parts.append((found.watch, "$foreground 55%"))
        if dial.needs:
            parts.append((f"\n{word('needs', self._language)} {dial.needs}", "$warning"))
        return Content.assemble(*parts)
