"""Presets on disk, as the screen saves and lists them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tuilab.lab.preset import Preset

MAX_FOUND = 200


def suggested_path(preset: Preset, folder: Path = Path(".")) -> Path:
    """A free file name for a run of `preset`: digits-mine.toml, digits-mine-2.toml, …"""
    from tuilab.lab.shelf import free_path

    stem = preset.name if preset.name.endswith("-mine") else f"{preset.name}-mine"
    return free_path(folder, stem[:60])


def write_preset(preset: Preset, path: Path, overwrite: bool = False) -> Path:
    """Write `preset` under the name of the file; gives the path, with .toml at its end.

    Raises FileExistsError if it is there and `overwrite` is not set, ValueError (one line) if it cannot be written.
    """
    from tuilab.lab.disk import why, write_atomic
    from tuilab.lab.preset import dumps

    path = path if path.suffix == ".toml" else path.with_name(path.name + ".toml")
    try:
        if path.is_dir():
            raise ValueError(f"{path}: is a folder, expected a file name")
        if path.exists() and not overwrite:
            raise FileExistsError(str(path))
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, dumps(replace(preset, name=_name(path.stem))).encode())
    except FileExistsError:
        if path.exists():
            raise
        raise ValueError(f"{path}: its folder is a file") from None
    except OSError as error:
        raise ValueError(f"{path}: {why(error)}") from None
    return path


def _name(stem: str) -> str:
    """The nearest name a preset may have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:64] or "preset"


def known_presets(folder: Path = Path(".")) -> list[tuple[str, str]]:
    """(reference, source) of the shipped presets and of the TOML files in `folder` that hold one."""
    from tuilab.lab.shelf import shipped_names

    found = [(name, "shipped") for name in shipped_names()]
    try:
        files = sorted(folder.glob("*.toml"))[:MAX_FOUND]
    except OSError:
        files = []
    own = [(f"./{path}", "here") for path in files if _is_preset(path)]
    return own + found


def _is_preset(path: Path) -> bool:
    """Whether a TOML file seems meant as a preset (a pyproject.toml is not): it names a data set."""
    try:
        with path.open("rb") as file:
            return re.search(rb"^\s*dataset\s*=", file.read(65536), re.MULTILINE) is not None
    except OSError:
        return False
