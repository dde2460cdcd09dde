"""TOML in and out: reading that ends in a table or a PresetError whatever the bytes, and a small writer.

The standard library reads TOML but does not write it; what a preset needs (strings, numbers, booleans, flat lists,
tables one level deep) is short enough to write here.
"""

from __future__ import annotations

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tuilab.lab.errors import PresetError, one_line

MAX_BYTES = 8 * 1024 * 1024  # a session of some hours with a dial turned ten times a second
MAX_LINE = 8192
MAX_DOTS = 100  # in one line: a key of many parts costs tomllib time that grows with the square of their number


def read_text(path: Path) -> str:
    """The text of a small UTF-8 file; raises PresetError for anything else, and never waits for a pipe."""
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise PresetError(f"{path}: found a directory, expected a TOML file")
        if not stat.S_ISREG(mode):
            raise PresetError(f"{path}: found a pipe or a device, expected a TOML file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, PresetError):
            raise
        raise PresetError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return decode(data, str(path))


def decode(data: bytes, source: str) -> str:
    """`data` as text; raises PresetError naming the byte at which it is no UTF-8 text."""
    if len(data) > MAX_BYTES:
        raise PresetError(f"{source}: found more than {MAX_BYTES // 2**20} MiB, expected a preset")
    if not data.strip():
        raise PresetError(f"{source}: found an empty file, expected keys such as dataset, widths and lr")
    if (place := data.find(b"\0")) >= 0:
        raise PresetError(f"{source}: found a binary file (byte 0 at offset {place}), expected TOML text")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        found = data[error.start]
        raise PresetError(f"{source}: offset {error.start}: found byte 0x{found:02x}, expected UTF-8 text") from None


def parse(text: str, source: str) -> dict[str, Any]:
    """The table that `text` holds; raises PresetError with the line at which it is no TOML."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MAX_LINE:
            raise PresetError(f"{source}: line {number}: found {len(line):,} characters, allowed up to {MAX_LINE:,}")
        if line.count(".") > MAX_DOTS:
            raise PresetError(f"{source}: line {number}: found {line.count('.')} dots, allowed up to {MAX_DOTS}")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message, _, place = str(error).rpartition(" (at ")
        line = place.removeprefix("line ").partition(",")[0]
        where = f"line {line}" if line.isdigit() else f"line {text.count(chr(10)) + 1}, at the end"
        raise PresetError(f"{source}: {where}: not TOML: {message[:1].lower()}{message[1:]}") from None
    except RecursionError:
        raise PresetError(f"{source}: found lists or tables nested too deep, expected a flat preset") from None
    except (ValueError, OverflowError) as error:  # a number of thousands of digits
        raise PresetError(f"{source}: not TOML: {error}") from None


def parse_value(text: str) -> Any:
    """One value as typed on a command line: TOML where it is TOML, a list where it has commas, else the text itself.

    `32,32` is [32, 32], `sgd` is "sgd", `true`, `True`, `0.5` and `[1, 2]` are what they look like, `none` is None.
    """
    text = text.strip()
    if text.lower() in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[text.lower()]
    for attempt in (text, f"[{text}]") if "," in text else (text,):
        try:
            table = parse(f"value = {attempt}", "")
        except PresetError:
            continue
        if list(table) == ["value"]:
            return table["value"]
    if "," in text and not text.startswith("["):
        return [parse_value(part) for part in text.split(",")]
    return text


def dump_value(value: Any) -> str:
    """`value` (str, bool, int, float, list or tuple) as TOML; raises TypeError for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(dump_value(v) for v in value)}]"
    raise TypeError(f"a preset cannot hold a {type(value).__name__}")


def dump_table(table: Mapping[str, Any]) -> str:
    """One `key = value` a line."""
    return "".join(f"{key} = {dump_value(value)}\n" for key, value in table.items())


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\f": "\\f", "\r": "\\r"}


def _string(text: str) -> str:
    """A basic string, over several lines where the text has several."""
    lines = ["".join(_escaped(c) for c in line) for line in text.split("\n")]
    return f'"{lines[0]}"' if len(lines) == 1 else '"""\n' + "\n".join(lines) + '"""'


def _escaped(c: str) -> str:
    return _ESCAPES.get(c) or (f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c)


def shown(value: object, limit: int = 60) -> str:
    """`value` for an error message: its repr, cut; a number too long to print is named as that."""
    try:
        return one_line(repr(value), limit)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} too long to print"
