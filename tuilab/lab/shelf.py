"""Where presets are kept: those that ship with the package, and the files of the person."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from engine.spec import nearest
from tuilab.lab.disk import write_new
from tuilab.lab.errors import PresetError

CLAIMS = "claims"  # the folder of presets that carry a claim
FULL = (CLAIMS, "full")  # and that of their full forms
_FIRST = ("digits", "spiral", "circle", "xor", "moons", "gaussians")  # offered before the others


@cache
def _shelf() -> Traversable:
    """The folder of shipped presets: inside an installed package, at the top of a checkout."""
    inside = files("tuilab").joinpath("presets")
    return inside if inside.is_dir() else Path(__file__).resolve().parents[2] / "presets"


@cache
def shipped_names() -> tuple[str, ...]:
    """The names of the shipped presets, the ones to begin with first."""
    found = set(_names_in(_shelf()))
    return (*(n for n in _FIRST if n in found), *sorted(found.difference(_FIRST)))


@cache
def claim_names() -> tuple[str, ...]:
    """The names of the shipped presets that carry a claim: NN-name, in the order of their numbers."""
    return tuple(sorted(_names_in(_shelf().joinpath(CLAIMS))))


@cache
def full_names() -> tuple[str, ...]:
    """The names of the claims' full forms: on the data their papers used, and far longer."""
    return tuple(sorted(_names_in(_shelf().joinpath(*FULL))))


def _names_in(folder: Traversable) -> list[str]:
    """The presets in a folder of the shelf."""
    return [p.name.removesuffix(".toml") for p in (folder.iterdir() if folder.is_dir() else ())
            if p.name.endswith(".toml")]  # fmt: skip


def is_shipped(name: str | Path) -> bool:
    """Whether `name` is that of a preset which ships, those of claims included."""
    return name in shipped_names() or name in claim_names() or name in full_names()


def shipped_bytes(name: str) -> bytes:
    """The file of a shipped preset."""
    folder = (CLAIMS,) if name in claim_names() else FULL if name in full_names() else ()
    return _shelf().joinpath(*folder, f"{name}.toml").read_bytes()


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
    close = nearest(path.name, (*names, *claim_names(), *full_names()))
    raise PresetError(f"{ref}: no such preset, file or run folder, shipped presets: {', '.join(names)}{close}")


def copy(ref: str, path: Path | None) -> Path:
    """Writes the file of preset `ref`, comments and all, to `path` (default: here, under its name).

    Raises PresetError if there is none, RunError if the file cannot be written or is there already.
    """
    data = shipped_bytes(ref) if is_shipped(ref) else find(ref).read_bytes()
    name = f"{ref if is_shipped(ref) else find(ref).stem}.toml"
    path = Path(name) if path is None else path / name if path.is_dir() else path
    write_new(path, data)
    return path


def free_path(folder: Path, name: str) -> Path:
    """`folder/name.toml`, or the first of name-2, name-3, … that is free."""
    path, number = folder / f"{name}.toml", 1
    while path.exists():
        number += 1
        path = folder / f"{name}-{number}.toml"
    return path
