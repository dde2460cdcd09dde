"""One dial: a row that shows it and is turned by mouse."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.content import Content
from textual.widget import Widget

from tuilab.tui.dials import Dial
from tuilab.tui.dialtext import Stand, arrows, dial_text
from tuilab.tui.keys import quick
from tuilab.tui.messages import DialTurned, DialTyped


class DialRow(Widget, can_focus=True):
    """Shows a dial and turns it by mouse; the keys are the panel's."""

    DEFAULT_CSS = "DialRow { height: 1; width: 1fr; }"

    def __init__(self, dial: Dial):
        super().__init__(id=f"dial-{dial.name}")
        self.auto_links = False  # as in the header
        self.dial = dial
        self._stand = Stand()
        self.tooltip = f"{dial.about}\n(has an effect with {dial.needs})" if dial.needs else dial.about

    @property
    def value(self) -> Any:
        """The value that is shown."""
        return self._stand.value

    def show(self, value: Any, *, changed: bool, active: bool) -> None:
        """Show `value`; `changed`: not as in the preset; `active`: it has an effect at present."""
        stand = Stand(value, changed, active)
        if stand != self._stand:
            self._stand = stand
            self.refresh()

    def render(self) -> Content:
        """The row, as wide as the panel."""
        key = quick(self.dial.name, self.dial.key)
        plain = self.app.no_color
        return Content.assemble(
            *dial_text(self.dial, self._stand, self.size.width, key=key, focused=self.has_focus, plain=plain)
        )

    def on_click(self, event: events.Click) -> None:
        """An arrow turns the dial, the value between them asks for an exact one."""
        self.focus()
        left, right = arrows(self.size.width)
        if left - 1 <= event.x <= left:
            self.post_message(DialTurned(self.dial.name, -1))
        elif right <= event.x <= right + 1:
            self.post_message(DialTurned(self.dial.name, 1))
        elif left < event.x < right:
            self.post_message(DialTyped(self.dial.name))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel turns the dial that has the focus; over any other it scrolls the panel."""
        if self.has_focus:
            event.stop()
            self.post_message(DialTurned(self.dial.name, 1))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """As up, the other way."""
        if self.has_focus:
            event.stop()
            self.post_message(DialTurned(self.dial.name, -1))
