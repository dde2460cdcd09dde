"""What a person chose for good: one small TOML file at the platform's place for settings, or where TUILAB_CONFIG says.

    theme = "tuilab-light"
    language = "ko"        # of the lesson cards
    refresh = 12           # looks at the run in a second, on a slow line
    hints = false          # no first steps

    [keys]
    save = "ctrl+s"
    run = ["space", "f5"]

The lab itself changes single lines of it (language, hints) and leaves the rest, comments included, as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from engine.spec import nearest
from tuilab.lab.errors import LabError
from tuilab.lab.toml_text import dump_value, parse, read_text, shown

LANGUAGES = ("en", "ko")
SLOWEST, FASTEST = 2, 60


class SettingsError(LabError):
    """A settings file that cannot be read, or a value it cannot have."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings; `keys` maps the name of what a key does to the keys that do it, as they are written."""

    theme: str = "tuilab-dark"
    language: str = "en"
    refresh: int = 24
    hints: bool = True
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


NAMES = tuple(f.name for f in fields(Settings))


def place() -> Path:
    """Where the settings are kept; the file need not be there."""
    given = os.environ.get("TUILAB_CONFIG")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_config_path

    return user_config_path("tuilab", appauthor=False) / "config.toml"


def load(path: Path | None = None) -> Settings:
    """The settings in `path` (default: at their place), the usual ones if there is no file; raises SettingsError."""
    path = place() if path is None else path
    if not path.exists():
        return Settings()
    try:
        text = read_text(path) if path.stat().st_size else ""
        return _checked(parse(text, str(path)), path)
    except SettingsError:
        raise
    except (LabError, OSError) as error:
        raise SettingsError(error) from None


def _checked(table: Mapping[str, Any], path: Path) -> Settings:
    for name in table:
        if name not in NAMES:
            allowed = ", ".join(NAMES)
            raise SettingsError(f"{path}: {name}: no such setting, allowed: {allowed}{nearest(name, NAMES)}")
    found = dict(table)
    if "language" in found and found["language"] not in LANGUAGES:
        raise _wrong(path, "language", found["language"], " or ".join(f'"{name}"' for name in LANGUAGES))
    if "theme" in found and not isinstance(found["theme"], str):
        raise _wrong(path, "theme", found["theme"], "the name of a theme")
    if "hints" in found and not isinstance(found["hints"], bool):
        raise _wrong(path, "hints", found["hints"], "true or false")
    refresh = found.get("refresh", SLOWEST)
    if isinstance(refresh, bool) or not isinstance(refresh, int) or not SLOWEST <= refresh <= FASTEST:
        raise _wrong(path, "refresh", refresh, f"a whole number from {SLOWEST} to {FASTEST}")
    found["keys"] = _keys(found.get("keys", {}), path)
    return Settings(**found)


def _keys(table: Any, path: Path) -> dict[str, tuple[str, ...]]:
    if not isinstance(table, dict):
        raise _wrong(path, "keys", table, 'a table: [keys] and below it save = "ctrl+s"')
    keys: dict[str, tuple[str, ...]] = {}
    for name, value in table.items():
        given = value if isinstance(value, list) else [value]
        if not given or not all(isinstance(key, str) and key for key in given):
            raise _wrong(path, f"keys.{name}", value, 'a key or a list of keys, such as "s" or ["ctrl+s", "f5"]')
        keys[name] = tuple(given)
    return keys


def _wrong(path: Path, name: str, value: object, expected: str) -> SettingsError:
    return SettingsError(f"{path}: {name}: found {shown(value)}, expected {expected}")


def keep(name: str, value: str | int | bool, path: Path | None = None) -> None:
    """Writes one setting into the file, whose other lines stay as they are; raises OSError or SettingsError."""
    from tuilab.lab.disk import write_atomic

    path = place() if path is None else path
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    line = f"{name} = {dump_value(value)}"
    head, bracket, tables = _split(text)
    old = re.compile(rf"^[ \t]*{name}[ \t]*=[^\n#]*", re.MULTILINE)
    if old.search(head):
        head = old.sub(lambda found: line + " " * (found[0] != found[0].rstrip()), head, count=1)
    else:
        head = f"{line}\n{head}"
    text = head + bracket + tables
    _checked(parse(text, str(path)), path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path.resolve(), text.encode())


def _split(text: str) -> tuple[str, str, str]:
    """What stands before the first table, that table's head, and the rest."""
    found = re.search(r"^[ \t]*\[", text, re.MULTILINE)
    return (text, "", "") if found is None else (text[: found.start()], found[0], text[found.end() :])
