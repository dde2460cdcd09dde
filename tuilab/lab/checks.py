"""Checks of what a person writes into a preset, beside those of numbers and names in engine.spec."""

from __future__ import annotations

import re

from engine.spec import SpecError
from tuilab.lab.toml_text import shown

LABEL = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_NAME = re.compile(LABEL)


def is_label(value: object) -> bool:
    """Whether `value` may name a preset, an arm or a file of ours."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def check_label(key: str, value: object) -> str:
    """`value` if it may be a name; raises SpecError otherwise."""
    if not isinstance(value, str) or not is_label(value):
        raise SpecError(key, f"found {shown(value)}, expected up to 64 letters, digits, dots and dashes")
    return value


def check_text(key: str, value: object, limit: int, breaks: bool = False) -> None:
    """Raises SpecError unless `value` is printable text: a terminal would obey anything else in it."""
    if not isinstance(value, str):
        raise SpecError(key, f"found {shown(value)}, expected text")
    if len(value) > limit:
        raise SpecError(key, f"found {len(value):,} characters, allowed up to {limit:,}")
    for c in value:
        if not c.isprintable() and not (breaks and c in "\n\t"):
            raise SpecError(key, f"found the character U+{ord(c):04X}, expected printable text")
