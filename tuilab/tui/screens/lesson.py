"""The lesson card of a dial, in a window: from dial to dial, turned on the spot, in another language by a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Static

from tuilab.tui.dials import BY_NAME, DIALS, Dial
from tuilab.tui.figures import exact
from tuilab.tui.keys import keys_of, shown
from tuilab.tui.lessons import lesson, word
from tuilab.tui.windows import Window

_FAINT = "$foreground 55%"


class LessonScreen(Window[None]):
    """Shows one dial's card. `value` tells how a dial stands, `turn` turns it, `language` tells and changes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss(None)", "Close"),
        Binding("up,k,shift+tab", "step(-1)", show=False),
        Binding("down,j,tab", "step(1)", show=False),
        Binding("left,h,minus", "turn(-1)", show=False),
        Binding("right,l,plus,equals_sign", "turn(1)", show=False),
    ]
    CSS = """
    LessonScreen .lesson { width: 76; max-height: 96%; padding: 1 2; }
    LessonScreen VerticalScroll { height: auto; }
    LessonScreen #card-text { height: auto; }
    LessonScreen.-short .lesson { padding: 0 2; }
    LessonScreen.-short .window .hint { margin: 0; }
    """

    def __init__(
        self, name: str, value: Callable[[str], Any], turn: Callable[[str, int], object],
        language: Callable[[], str], change_language: Callable[[], None],
    ):  # fmt: skip
        super().__init__()
        self.dial: Dial = BY_NAME[name]
        self._value, self._turn = value, turn
        self._language, self._change_language = language, change_language

    def compose(self) -> ComposeResult:
        with Vertical(classes="window lesson"):
            with VerticalScroll(can_focus=False):
                yield Static("", id="card-text")
            yield Static("", classes="hint")

    def on_mount(self) -> None:
        """The keys that open the card and change its language close it and change it here, too."""
        for key in keys_of("explain"):
            self._bindings.bind(key, "dismiss(None)", show=False)
        for key in keys_of("language"):
            self._bindings.bind(key, "language", show=False)
        self._show()

    def _show(self) -> None:
        language = self._language()
        self.query_one(".lesson").border_title = self.dial.label
        value = self._value(self.dial.name)
        self.query_one("#card-text", Static).update(card(self.dial, value, language))
        pairs = (
            ("← →", word("keys", language)), ("↑ ↓", word("next", language)),
            (shown("language"), word("language", language)), ("esc", word("close", language)),
        )  # fmt: skip
        parts = [part for key, text in pairs for part in ((key, "$accent bold"), (f" {text}   ", "$foreground 65%"))]
        self.query_one(".hint", Static).update(Content.assemble(*parts))

    def action_step(self, by: int) -> None:
        """The card of the dial above or below."""
        self.dial = DIALS[(DIALS.index(self.dial) + by) % len(DIALS)]
        self._show()

    def action_turn(self, direction: int) -> None:
        """Turn the dial."""
        self._turn(self.dial.name, direction)
        self._show()

    def action_language(self) -> None:
        """The other language."""
        self._change_language()
        self._show()


def card(dial: Dial, value: object, language: str) -> Content:
    """The whole card."""
    found = lesson(dial.name, language, value)
    ends = f"{exact(dial.values[0])} … {exact(dial.values[-1])}"
    way = ", ".join(exact(v) for v in dial.values) if dial.cyclic else ends
    parts = [
        (f"{word('now', language)}  ", _FAINT), (exact(value), "$accent bold"), (f"   {way}\n", _FAINT),
        (f"\n{word('what', language)}\n", "$primary bold"), (f"{found.what}\n", "$foreground"),
        (f"\n{word('watch', language)}\n", "$primary bold"), (f"{found.watch}\n", "$foreground"),
    ]  # fmt: skip
    if dial.needs:
        parts.append((f"\n{word('needs', language)} {dial.needs}\n", "$warning"))
    if found.papers:
        parts.append((f"\n{word('paper', language)}\n", "$primary bold"))
        parts += [(f"{paper}\n", _FAINT) for paper in found.papers]
    return Content.assemble(*parts)
