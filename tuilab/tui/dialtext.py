"""The words of a dial's row: its name, its value between two arrows, and how far along its way it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tuilab.tui.dials import Dial
from tuilab.tui.figures import exact

WIDE = 40  # columns from which on a row has room for its gauge
_GAUGE = 7
_IDLE = "$foreground 40%"


@dataclass(frozen=True, slots=True)
class Stand:
    """How a dial stands. `changed`: not as in the preset; `active`: it has an effect at present."""

    value: Any = None
    changed: bool = False
    active: bool = False


def arrows(width: int) -> tuple[int, int]:
    """Columns of the two arrows in a row of `width`."""
    return (17, 32) if width >= WIDE else (15, 26)


def dial_text(
    dial: Dial, stand: Stand, width: int, *, key: str = "", focused: bool = False, plain: bool = False
) -> list[tuple[str, str]]:
    """The row as texts with named styles. `key` turns the dial and is underlined; `plain`: there are no colours."""
    wide = width >= WIDE
    name, room, pad = (16, 12, " ") if wide else (14, 10, "")
    idle = f"{_IDLE} dim" if plain else _IDLE
    muted = "$foreground 65%" if stand.active else idle
    strong = idle if not stand.active else "$accent bold" if stand.changed else "$foreground"
    arrow = "$accent bold" if focused else _IDLE
    row = [
        ("›" if focused else "•" if stand.changed else " ", "$accent bold"),
        *_label(dial.label, key, name, "$foreground bold" if focused else muted),
        (f"◂{pad}", arrow),
        (f"{fitted(exact(stand.value), room):^{room}}", strong),
        (f"{pad}▸", arrow),
    ]
    return row + _gauge(dial, stand, arrow) if wide else row


def _label(label: str, key: str, width: int, style: str) -> list[tuple[str, str]]:
    """The name, its quick key underlined."""
    label = label if len(label) < width else label[: width - 2] + "…"
    at = label.find(key) if len(key) == 1 else -1
    padded = label.ljust(width)
    if at < 0:
        return [(padded, style)]
    return [(padded[:at], style), (padded[at], f"{style} underline"), (padded[at + 1 :], style)]


def _gauge(dial: Dial, stand: Stand, knob: str) -> list[tuple[str, str]]:
    share = dial.gauge(stand.value) if isinstance(stand.value, int | float) else None
    if share is None:
        return []
    at = round(share * (_GAUGE - 1))
    faint = "$foreground 20%"
    done = "$primary" if stand.active else faint
    return [(" " + "━" * at, done), ("●", knob if stand.active else faint), ("─" * (_GAUGE - 1 - at), faint)]


def fitted(text: str, width: int) -> str:
    """`text` in at most `width` characters: first by shorter endings, then by cutting."""
    if len(text) > width:
        text = text.replace("_normal", " N").replace("_uniform", " U")
    return text if len(text) <= width else text[: width - 1] + "…"
