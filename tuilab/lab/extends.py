"""`extends = "other"`: a preset that says only what is different from another one.

The other is a shipped preset, or a file whose path counts from the folder of the one that extends it, as does the path
of a data set. Keys, timeline, conditions and arms are taken over where the preset has none of its own; name, claim and
record are not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from engine.spec import SpecError
from tuilab.lab import shelf
from tuilab.lab.errors import PresetError
from tuilab.lab.toml_text import decode, parse, read_text, shown

VERSION = 1  # of the preset format
MAX_DEPTH = 8
_OWN = ("name", "claim", "recorded")


def merged(table: dict[str, Any], source: str) -> dict[str, Any]:
    """`table` with what it extends filled in; raises PresetError in one line that begins with `source`."""
    try:
        return _merged(table, source, (source,))
    except PresetError as error:
        raise PresetError(f"{source}: extends: {error}") from None


def _merged(table: dict[str, Any], source: str, chain: tuple[str, ...]) -> dict[str, Any]:
    table = _anchored(table, Path(source).parent)
    if "extends" not in table:
        return table
    ref = table["extends"]
    if not isinstance(ref, str) or not ref:
        raise PresetError(f"found {shown(ref)}, expected the name of a preset or the path of a TOML file")
    text, where = _read(ref, source)
    if where in chain:
        raise PresetError(f"found a circle: {' → '.join((*chain, where))}")
    if len(chain) > MAX_DEPTH:
        raise PresetError(f"found more than {MAX_DEPTH} presets one on the other")
    base = _merged(parse(text, where), where, (*chain, where))
    try:
        check_version(base)
    except SpecError as error:
        raise PresetError(f"{where}: {error}") from None
    kept = {key: value for key, value in base.items() if key not in _OWN}
    for key, other in (("steps", "epochs"), ("epochs", "steps")):
        if key in table:
            kept.pop(other, None)
    return kept | {key: value for key, value in table.items() if key != "extends"}


def check_version(table: dict[str, Any]) -> None:
    """Raises SpecError if `table` is of a version that this lab does not know."""
    version = table.get("version", VERSION)
    if isinstance(version, bool) or version != VERSION:
        raise SpecError("version", f"found {shown(version)}, this lab reads version {VERSION}")


def _anchored(table: dict[str, Any], folder: Path) -> dict[str, Any]:
    """`table` with the paths of its data, and of its arms' data, counted from `folder`."""
    from tuilab.datasets import anchored

    rows = table.get("arm")
    for row in (table, *(rows if isinstance(rows, list) else ())):
        if isinstance(row, dict) and isinstance(row.get("dataset"), str):
            row["dataset"] = anchored(row["dataset"], folder)
    return table


def _read(ref: str, source: str) -> tuple[str, str]:
    """Text and source of the preset that `ref` means in a file at `source`."""
    if shelf.is_shipped(ref):
        return decode(shelf.shipped_bytes(ref), f"{ref}.toml"), f"{ref}.toml"
    path = shelf.find(Path(source).parent / ref)
    return read_text(path), str(path)
