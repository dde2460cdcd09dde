"""Going on with a run that was stopped or killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tuilab.lab.run_folder import RunFolder, read_run
from tuilab.lab.session import Session


def finished_result(path: str | Path) -> dict[str, Any] | None:
    """The result of the run in `path` if there is nothing to go on with; raises RunError or PresetError."""
    result = read_run(path).result
    return result if result is not None and result["status"] in ("finished", "diverged") else None


def resumed(path: str | Path, backend: str | None = None) -> Session:
    """The run of a folder from its last snapshot, or from its beginning if it was left before the first.

    It ends with the parameters of a run that was never disturbed, unless `backend` is another than the run had: that
    one rounds in its own way. Raises RunError or PresetError.
    """
    session = reopened(path, backend)
    try:
        session.prepare()
    except BaseException:
        session.close()
        raise
    return session


def reopened(path: str | Path, backend: str | None = None) -> Session:
    """The same before anything is loaded or compiled; raises RunError or PresetError."""
    read_run(path)  # tells what is wrong with the folder before it is locked
    folder = RunFolder.open(path)
    try:
        record = read_run(path)
        threads = record.machine.get("threads")
        return Session(
            record.preset, folder=folder, backend=backend or str(record.machine.get("backend", "auto")),
            threads=threads if isinstance(threads, int) else None, saved=record.state(),
        )  # fmt: skip
    except BaseException:
        folder.close()
        raise
