"""One dial: a row with its name, its value between two arrows, and how far along its way it stands."""

from __future__ import annotations

from typing import Any

from textual import events
from textual.content import Content
from textual.widget import Widget

from tuilab.tui.dials import Dial
from tuilab.tui.figures import exact
from tuilab.tui.keys import quick
from tuilab.tui.messages import DialTurned, DialTyped

_GAUGE = 7


class DialRow(Widget, can_focus=True):
    """Shows a dial and turns it by mouse; the keys are the panel's."""

    DEFAULT_CSS = "DialRow { height: 1; width: 1fr; }"

    def __init__(self, dial: Dial):
        super().__init__(id=f"dial-{dial.name}")
        self.auto_links = False  # as in the header
        self.dial = dial
        self.value: Any = None
        self._changed = self._active = False
        self.tooltip = f"{dial.about}\n(has an effect with {dial.needs})" if dial.needs else dial.about

    def show(self, value: Any, *, changed: bool, active: bool) -> None:
        """Show `value`; `changed`: not as in the preset; `active`: it has an effect at present."""
        if (value, changed, active) != (self.value, self._changed, self._active):
            self.value, self._changed, self._active = value, changed, active
            self.refresh()

    @property
    def _wide(self) -> bool:
        return self.size.width >= 40

    def _arrows(self) -> tuple[int, int]:
        """Columns of the two arrows."""
        return (17, 32) if self._wide else (15, 26)

    def render(self) -> Content:
        """The row, as wide as the panel."""
        room = 12 if self._wide else 10
        name = 16 if self._wide else 14
        focused = self.has_focus
        idle = "$foreground 40% dim" if self.app.no_color else "$foreground 40%"
        muted = "$foreground 65%" if self._active else idle
        strong = idle if not self._active else "$accent bold" if self._changed else "$foreground"
        arrow = "$accent bold" if focused else "$foreground 40%"
        pad = " " if self._wide else ""
        parts: list[Content | tuple[str, str]] = [
            ("›" if focused else "•" if self._changed else " ", "$accent bold"),
            *self._label(name, "$foreground bold" if focused else muted),
            (f"◂{pad}", arrow),
            (f"{fitted(exact(self.value), room):^{room}}", strong),
            (f"{pad}▸", arrow),
        ]
        if self._wide:
            parts += self._gauge(arrow)
        return Content.assemble(*parts)

    def _label(self, width: int, style: str) -> list[tuple[str, str]]:
        """The name, its quick key underlined."""
        label = self.dial.label
        label = label if len(label) < width else label[: width - 2] + "…"
        key = quick(self.dial.name, self.dial.key)
        at = label.find(key) if len(key) == 1 else -1
        padded = label.ljust(width)
        if at < 0:
            return [(padded, style)]
        return [(padded[:at], style), (padded[at], f"{style} underline"), (padded[at + 1 :], style)]

    def _gauge(self, knob: str) -> list[tuple[str, str]]:
        share = self.dial.gauge(self.value) if isinstance(self.value, int | float) else None
        if share is None:
            return []
        at = round(share * (_GAUGE - 1))
        faint = "$foreground 20%"
        done = "$primary" if self._active else faint
        return [(" " + "━" * at, done), ("●", knob if self._active else faint), ("─" * (_GAUGE - 1 - at), faint)]

    def on_click(self, event: events.Click) -> None:
        """An arrow turns the dial, the value between them asks for an exact one."""
        self.focus()
        left, right = self._arrows()
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


def fitted(text: str, width: int) -> str:
    """`text` in at most `width` characters: first by shorter endings, then by cutting."""
    if len(text) > width:
        text = text.replace("_normal", " N").replace("_uniform", " U")
    return text if len(text) <= width else text[: width - 1] + "…"
