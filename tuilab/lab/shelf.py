"""Where presets are kept: those that ship with the package, and the files of the person."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from engine.spec import nearest
from tuilab.lab.errors import PresetError

_FIRST = ("digits", "spiral", "circle", "xor", "moons", "gaussians")  # offered before the others


@cache
def _shelf() -> Traversable:
    """The folder of shipped presets: inside an installed package, at the top of a checkout."""
    inside = files("tuilab").joinpath("presets")
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / "presets"


@cache
def shipped_names() -> tuple[str, ...]:
    """The names of the shipped presets, the ones to begin with first."""
    shelf = _shelf()
    found = {p.name.removesuffix(".toml") for p in (shelf.iterdir() if shelf.is_dir() else ())
             if p.name.endswith(".toml")}  # fmt: skip
    return (*(n for n in _FIRST if n in found), *sorted(found.difference(_FIRST)))


def shipped_bytes(name: str) -> bytes:
    """The file of a shipped preset."""
    return _shelf().joinpath(f"{name}.toml").read_bytes()


def find(ref: str | Path) -> Path:
    """The preset file that `ref` names: a TOML file, or the one in a run folder. Raises PresetError."""
    path = Path(ref)
    try:
        if path.is_dir():
            inside = path / "preset.toml"
            if inside.is_file() and not inside.is_symlink():
                return inside
            raise PresetError(f"{path}: found a directory without preset.toml, expected a run folder or a TOML file")
        if path.exists():
            return path
    except (OSError, ValueError) as error:  # a name too long, a NUL, a folder that may not be entered
        if isinstance(error, PresetError):
            raise
        raise PresetError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    names = shipped_names()
    raise PresetError(
        f"{ref}: no such preset, file or run folder, shipped presets: {', '.join(names)}{nearest(ref, names)}"
    )


def copy(ref: str, path: Path | None) -> Path:
    """Writes the file of preset `ref`, comments and all, to `path` (default: here, under its name), which is new."""
    data = shipped_bytes(ref) if ref in shipped_names() else find(ref).read_bytes()
    name = f"{ref if ref in shipped_names() else find(ref).stem}.toml"
    path = Path(name) if path is None else path / name if path.is_dir() else path
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise PresetError(f"{path}: is there already, expected the name of a new file") from None
    except (OSError, ValueError) as error:
        raise PresetError(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    return path


def free_path(folder: Path, name: str) -> Path:
    """`folder/name.toml`, or the first of name-2, name-3, … that is free."""
    path, number = folder / f"{name}.toml", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.toml"
    return path
