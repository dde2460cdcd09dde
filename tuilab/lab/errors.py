"""The errors a person can cause: each is one short line, fit to be printed as it is."""

from __future__ import annotations

MAX_LINE = 600


def one_line(text: object, limit: int = MAX_LINE) -> str:
    """`text` without line breaks or control characters (a terminal obeys those), its middle cut out if too long."""
    line = "".join(c if c.isprintable() else " " for c in str(text)).strip()
    if len(line) <= limit:
        return line
    keep = (limit - 3) // 2
    return f"{line[:keep]} … {line[-keep:]}"


class LabError(ValueError):
    """One line: where, what was found, what is allowed."""

    def __init__(self, message: object):
        super().__init__(one_line(message))


class PresetError(LabError):
    """A preset that cannot be read, or a value it cannot have."""


class RunError(LabError):
    """A run folder that cannot be made, opened or read."""
