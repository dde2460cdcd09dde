"""The runs in a folder, as a browser lists them: what each was, how it went, and what a person wrote about it.

A name and a note of one's own lie in the run folder's `note.toml`, which is always whole; nothing else is changed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuilab.lab import metrics_log
from tuilab.lab.checks import check_text
from tuilab.lab.disk import finite_json, open_inside, read_inside, why, write_atomic
from tuilab.lab.errors import LabError, RunError
from tuilab.lab.preset import Preset
from tuilab.lab.run_folder import METRICS, PRESET, RUNS, RunRecord, read_run
from tuilab.lab.timeline import MAX_STEP
from tuilab.lab.toml_text import dump_table, parse

if TYPE_CHECKING:
    from tuilab.lab.history import Curves

NOTE = "note.toml"
NAME_LENGTH, NOTE_LENGTH = 80, 2000
_MAX_NOTE = 64 * 1024
_STAMP = re.compile(r"^\d{8}-\d{6}-(?=.)")
_TAIL = 256 * 1024  # bytes at the end of a log in which its last lines are looked for


@dataclass(frozen=True, slots=True)
class RunEntry:
    """One run. A number that is not known is None. `problem`: why the folder cannot be read, in one line."""

    path: Path
    when: float  # of the last change, seconds since the epoch
    name: str = ""  # a person's, or the run's
    note: str = ""
    preset: str = ""
    title: str = ""
    dataset: str = ""
    status: str = ""  # finished, diverged, stopped, running
    steps: int | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    test_accuracy: float | None = None
    sha256: str = ""
    layers: int = 0
    problem: str = ""

    @property
    def short(self) -> str:
        """The name, without the time at which the run began where it was made of it."""
        return _STAMP.sub("", self.name)

    @property
    def words(self) -> str:
        """All that a search looks at, in small letters."""
        parts = (self.path.name, self.name, self.note, self.preset, self.title, self.dataset, self.status)
        return " ".join(parts).lower()


def entries(runs: Path = RUNS) -> list[RunEntry]:
    """The runs in a folder, the newest first; none if there is no such folder."""
    try:
        folders = [path for path in runs.iterdir() if (path / PRESET).is_file()]
    except OSError:
        return []
    return sorted(map(entry, folders), key=lambda found: (found.when, found.path.name), reverse=True)


def entry(path: Path) -> RunEntry:
    """The run in `path`; one that cannot be read says why."""
    when = _changed(path)
    try:
        record = read_run(path)
    except LabError as error:
        return RunEntry(path, when, name=path.name, status="damaged", problem=str(error))
    name, note = about(path)
    preset, result = record.preset, record.result or {}
    facts = result or _last_lines(path / METRICS)
    return RunEntry(
        path, when, name or path.name, note, preset.name, preset.title, preset.dataset, _status(record),
        _whole(facts.get("steps")), _number(facts.get("val_loss")), _number(facts.get("val_accuracy")),
        _number(result.get("test_accuracy")), str(result.get("params_sha256", "")), len(preset.widths) + 1,
    )  # fmt: skip


def run_of(preset: Preset, known: list[RunEntry]) -> RunEntry | None:
    """The run that `preset` was saved from if it is among the `known`, else the newest run of a preset of its name."""
    sha256 = preset.recorded.params_sha256 if preset.recorded is not None else None
    same = [run for run in known if sha256 and run.sha256 == sha256]
    return next(iter([*same, *(run for run in known if run.preset == preset.name)]), None)


def curves(run: RunEntry) -> Curves:
    """The curves of a run, decimated while they are read; a long log takes its time (not for the screen's thread)."""
    from tuilab.lab.history import History

    history = History(run.layers)
    metrics_log.fill(history, run.path / METRICS, MAX_STEP)
    return history.series()


def about(path: Path) -> tuple[str, str]:
    """A person's name for the run in `path`, and note; empty if there is none that can be read."""
    try:
        table = parse(read_inside(path / NOTE, _MAX_NOTE).decode(), NOTE)
    except (OSError, ValueError):
        return "", ""
    found = [table.get(key) for key in ("name", "note")]
    for key, text, limit in zip(("name", "note"), found, (NAME_LENGTH, NOTE_LENGTH), strict=True):
        try:
            check_text(key, text, limit, breaks=key == "note")
        except ValueError:
            return "", ""
    return str(found[0]), str(found[1])


def write_about(path: Path, name: str, note: str) -> None:
    """Keeps a name and a note for the run in `path`; raises SpecError (a text that may not be) or RunError."""
    check_text("name", name, NAME_LENGTH)
    check_text("note", note, NOTE_LENGTH, breaks=True)
    try:
        write_atomic(path / NOTE, dump_table({"name": name, "note": note}).encode())
    except OSError as error:
        raise RunError(f"{path / NOTE}: {why(error)}") from None


def is_in_use(path: Path) -> bool:
    """Whether a process (this one too) trains in this run folder."""
    try:
        import fcntl

        with os.fdopen(open_inside(path / ".lock", os.O_RDONLY), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except (ImportError, OSError):
        pass
    return False


def _status(record: RunRecord) -> str:
    if is_in_use(record.path):
        return "running"
    status = str((record.result or {}).get("status", "stopped"))
    return status if status in ("finished", "diverged") else "stopped"


def _last_lines(path: Path) -> dict[str, Any]:
    """Steps and validation figures of a run without a result, from the end of its log."""
    found: dict[str, Any] = {}
    try:
        with os.fdopen(open_inside(path, os.O_RDONLY), "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL, 0))
            lines = file.read().split(b"\n")
    except OSError:
        return found
    for text in reversed(lines):
        try:
            line = finite_json(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(line, dict) and "step" in line:
            found.setdefault("steps", line["step"])
            if "val_loss" in line:
                return found | {"val_loss": line["val_loss"], "val_accuracy": line.get("val_accuracy")}
    return found


def _changed(path: Path) -> float:
    """When something was last trained there."""
    for name in (METRICS, PRESET):
        try:
            return (path / name).stat().st_mtime
        except OSError:
            continue
    return 0.0


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_STEP else None


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    except OverflowError:  # a whole number of hundreds of digits
        return None
