"""Keys as a person wrote them into the settings: understood, checked, and put in place of the usual ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual.keys import KEY_ALIASES, Keys, format_key
from textual.keys import _character_to_key as named

from engine.spec import nearest
from tuilab.lab.settings import Settings, SettingsError
from tuilab.tui import keys
from tuilab.tui.dials import DIALS
from tuilab.tui.keys import KEYS

_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_NAMES = frozenset(key.value for key in Keys if "+" not in key.value and not key.value.startswith("<"))
#: Keys that a dial or a chart with the focus, or a window, takes for itself.
FIXED = (
    "up", "down", "left", "right", "h", "j", "k", "l", "H", "L", "plus", "minus", "equals_sign", "enter", "backspace",
    "home", "end", "tab", "shift+tab", "shift+left", "shift+right", "escape", "ctrl+c", "ctrl+z", "0",
    "left_curly_bracket", "right_curly_bracket",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bound:
    """The keys of one command: as Textual names them, separated by commas, and as people do."""

    keys: str
    shown: str


def usual() -> dict[str, tuple[str, ...]]:
    """Every command's name and its keys, as Textual names them, before anything is rebound."""
    found = {key.id: tuple(key.keys.split(",")) for key in KEYS}
    for dial in DIALS:
        if dial.key:
            found[dial.name], found[f"{dial.name}-back"] = (dial.key,), (dial.key.upper(),)
    return found


def apply(settings: Settings, where: str) -> dict[str, str]:
    """Shows the keys of `settings` in footer and help from now on, and gives those that are not the usual ones, by
    command; raises SettingsError (`where`: the file) if they cannot be."""
    bound = rebound(settings.keys, where)
    keys.use({name: (b.keys, b.shown) for name, b in bound.items()})
    return {name: b.keys for name, b in bound.items()}


def rebound(custom: Mapping[str, Iterable[str]], where: str) -> dict[str, Bound]:
    """The commands in `custom` with the keys they get; raises SettingsError."""
    taken = usual()
    bound: dict[str, Bound] = {}
    for name, written in custom.items():
        if name not in taken:
            raise SettingsError(f"{where}: keys.{name}: no such command{nearest(name, taken) or _some(taken)}")
        understood = [understand(key, f"{where}: keys.{name}") for key in written]
        bound[name] = Bound(",".join(understood), " ".join(map(shown, understood)))
        taken[name] = tuple(understood)
    owners: dict[str, str] = {}
    for name, its in taken.items():
        for key in its:
            if key in FIXED and name in custom:
                raise SettingsError(f"{where}: keys.{name}: {shown(key)} moves on the screen and cannot be bound")
            if key in owners:
                both = f"{owners[key]} and {name}"
                raise SettingsError(f"{where}: keys: {shown(key)} is bound twice, to {both}; give one another key")
            owners[key] = name
    return bound


def understand(written: str, where: str) -> str:
    """Textual's name of a key; raises SettingsError."""
    *modifiers, key = written.split("+") if written not in ("+", "ctrl++") else [*written.split("+")[:-2], "+"]
    key = key if len(key) == 1 else key.lower()
    for modifier in modifiers:
        if modifier.lower() not in _MODIFIERS:
            raise SettingsError(f"{where}: found {written!r}, expected a key such as s, F5, ctrl+s{_near(written)}")
    if len(key) == 1 and key.isprintable():
        key = "space" if key == " " else named(key)
    elif key not in _NAMES and key not in KEY_ALIASES:
        raise SettingsError(f"{where}: found {written!r}, expected a key such as s, F5, ctrl+s{_near(written)}")
    prefix = [m.lower() for m in modifiers]
    if prefix == ["shift"] and len(key) == 1:  # how terminals tell of it
        return key.upper()
    return "+".join([*prefix, key])


def shown(key: str) -> str:
    """A key as people write it."""
    *modifiers, last = key.split("+")
    text = "space" if last == "space" else last.upper() if last[:1] == "f" and last[1:].isdigit() else format_key(last)
    return "+".join([*modifiers, text])


def _near(written: str) -> str:
    return nearest(written.lower(), sorted(_NAMES))


def _some(names: Mapping[str, object]) -> str:
    return f", allowed: {', '.join(names)}"
