"""Runs from Python, and presets from where a command line finds them: a name, a file, a Python file, standard input.

    from tuilab.lab import load_preset, run

    preset = load_preset("digits").at(200, dropout=0.5).when("val_loss not fallen for 5 epochs", lr="/10")
    result = run(preset, out="R")         # what `tuilab run --json` prints; R replays without this file

A file that binds such a `preset` can be run itself: `tuilab run mine.py`.
"""

from __future__ import annotations

import runpy
import sys
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuilab.lab.checks import is_label
from tuilab.lab.disk import why
from tuilab.lab.errors import PresetError, one_line
from tuilab.lab.preset import Preset, load_preset, loads
from tuilab.lab.toml_text import MAX_BYTES, decode

if TYPE_CHECKING:
    from tuilab.lab.session import Session

STDIN = "-"
NAME = "preset"  # the variable of a Python file that is run


def run(
    preset: Preset, *, out: str | Path | None = None, backend: str = "auto", threads: int | None = None,
    watch: Callable[[Session], object] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Trains `preset` to its end and gives the result, as the object that `tuilab run --json` prints.

    `out`: the run folder to be made; None: nothing is saved. `watch` is called at each look at the validation part;
    it may read the session (`step`, `val_loss`, …) and `turn` its dials, which is saved with the run as a timeline.
    Raises PresetError or RunError, in one line, for what cannot be run.
    """
    from tuilab.lab.run_folder import RunFolder, check_free
    from tuilab.lab.session import Session

    if out is not None:
        check_free(Path(out))
    session = Session(preset, backend=backend, threads=threads)
    try:
        session.prepare()
        if out is not None:
            session.attach(RunFolder.create(preset, out=out))
        while not session.ended:
            session.advance(session.eval_every - session.step % session.eval_every)
            if watch is not None:
                watch(session)
        return session.finish()
    finally:
        session.close()


def preset_of(ref: str) -> Preset:
    """The preset that a word of the command line means; raises PresetError.

    `-` is a preset on standard input, and a Python file is run for its variable `preset`; else see load_preset.
    """
    if ref == STDIN:
        return loads(decode(sys.stdin.buffer.read(MAX_BYTES + 1), "stdin"), "stdin")
    if ref.lower().endswith(".py"):
        return from_python(Path(ref))
    return load_preset(ref)


def from_python(path: Path) -> Preset:
    """The preset that a Python file binds to `preset`; raises PresetError, also for whatever goes wrong in the file."""
    try:
        found = runpy.run_path(str(path)).get(NAME)
    except (Exception, SystemExit) as error:
        raise PresetError(f"{path}: {_place(error, path)}{_reason(error)}") from None
    if not isinstance(found, Preset):
        kind = "no variable preset" if found is None else f"preset of type {type(found).__name__}"
        raise PresetError(f"{path}: found {kind}, expected one such as preset = load_preset('digits').at(200, lr=0.1)")
    return replace(found, name=path.stem) if found.name == Preset("xor").name and is_label(path.stem) else found


def _place(error: BaseException, path: Path) -> str:
    """'line 3: ' where an error came up in the file itself."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == path]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    return f"line {line}: " if line else ""


def _reason(error: BaseException) -> str:
    if isinstance(error, PresetError | OSError):
        return str(error) if isinstance(error, PresetError) else why(error)
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return one_line(f"{type(error).__name__}: {text}" if text else type(error).__name__)
