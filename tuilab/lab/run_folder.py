"""The folder of one run, in which every file is whole at every moment.

    preset.toml            the run up to now: preset and timeline; the file to replay
    metrics.jsonl          curves, appended at least every second (see metrics_log)
    snapshot.safetensors   all that is needed to go on, about every second
    weights.safetensors    the parameters at the end, by the engine's names
    result.json            the end of the run, as `--json` prints it
    machine.json           processor, BLAS, versions, threads

A disk that fails does not stop the training: `problem` tells in one line, and the next save tries again.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuilab.lab import metrics_log, tensors
from tuilab.lab.disk import FolderLock, Writer, finite_json, read_inside, why, write_atomic
from tuilab.lab.errors import RunError
from tuilab.lab.preset import Preset, dumps, load_preset
from tuilab.lab.tensors import pack, unpack
from tuilab.lab.timeline import MAX_STEP

if TYPE_CHECKING:
    import numpy as np

    from tuilab.lab.history import History

RUNS = Path("runs")
PRESET, METRICS, SNAPSHOT, WEIGHTS, RESULT, MACHINE = (
    "preset.toml", "metrics.jsonl", "snapshot.safetensors", "weights.safetensors", "result.json", "machine.json",
)  # fmt: skip
SAVE_EVERY = 0.4  # seconds; with what a save takes and a busy disk, a kill costs less than one
SAVE_SHARE = 0.05  # of a core at most, where a network is large; where a disk is slow, half of the time
_FIGURES = ("_loss", "_accuracy")  # how a result's figures end
_MAX_JSON = 64 * 2**20


@dataclass(frozen=True, slots=True)
class SavedState:
    """What a snapshot file holds: the trainer's arrays and meta, and where the session was."""

    arrays: dict[str, np.ndarray]
    trainer: dict[str, Any]
    step: int
    events: int  # changes applied so far: that many first rows of the timeline
    wall_s: float
    params_sha256: str
    seen: tuple[Any, ...] = ()  # what the preset's conditions know of the past (see watch.State)


class RunFolder:
    """One run on disk, locked against other processes. Saving happens on a thread of its own."""

    def __init__(self, path: Path, lock: FolderLock):
        self.path = path
        self.run_id = path.resolve().name
        self._lock = lock
        self._writer = Writer()
        self._log: metrics_log.MetricsLog | None = None
        self._due = 0.0
        self._saved = False

    @classmethod
    def create(cls, preset: Preset, *, out: str | Path | None = None, runs: str | Path = RUNS) -> RunFolder:
        """A new folder: `out` itself, which must be free, or one named after time and preset in `runs`.

        Raises RunError if there is something already, or if the folder cannot be made.
        """
        stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{preset.name}-{secrets.token_hex(2)}"
        path = Path(runs) / stamp if out is None else Path(out)
        try:
            return cls(path, _made(path, preset))
        except (OSError, ValueError) as error:
            if isinstance(error, RunError):
                raise
            raise RunError(f"{path}: cannot make a run folder: {why(error)}") from None

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """The folder of an earlier run, to go on with it; raises RunError if it is none or is in use."""
        path = Path(path)
        if not (path / PRESET).is_file():
            raise RunError(f"{path}: found no {PRESET}, expected a run folder")
        try:
            return cls(path, FolderLock(path))
        except OSError as error:
            raise RunError(f"{path}: cannot write here: {why(error)}") from None

    @property
    def problem(self) -> str | None:
        """Why the last save failed, in one line; None while all is well."""
        trouble = self._writer.problem
        return f"{self.path}: not saved: {trouble}" if trouble else None

    def begin(self, total_steps: int, machine: Mapping[str, Any], step: int = 0, curves: History | None = None) -> None:
        """Readies the folder for a run that is at `step`: what was logged after that step is taken out.

        With `curves` the log is written anew from them.
        """
        self._log = metrics_log.MetricsLog(self.path / METRICS, total_steps)
        self._submit(MACHINE, _json_bytes(machine))
        self._writer.submit("ready", tensors.get_ready)
        log = self.path / METRICS
        if curves is None:
            self._writer.submit("begin", lambda: metrics_log.keep_until(log, step))
        else:
            lines = metrics_log.lines(curves, step)
            self._writer.submit("begin", lambda: write_atomic(log, lines))
        self._due = time.monotonic() + SAVE_EVERY

    def add_metrics(self, metrics: Any) -> None:
        """The rows of one `Trainer.advance`."""
        if self._log is not None:
            self._log.add(metrics)

    def add_eval(self, step: int, loss: float, accuracy: float) -> None:
        """A look at the validation part."""
        if self._log is not None:
            self._log.add_eval(step, loss, accuracy)

    @property
    def is_due(self) -> bool:
        """Whether it is time to save again."""
        return time.monotonic() >= self._due

    def save(self, preset: Preset, state: SavedState | None) -> None:
        """Queues metrics, timeline and (unless there is none yet) the snapshot, in this order."""
        self._due = time.monotonic() + SAVE_EVERY
        log = self._log
        if log is not None:
            log.cut()
        self._writer.submit("save", lambda: self._save(log, preset, state))

    def _save(self, log: metrics_log.MetricsLog | None, preset: Preset, state: SavedState | None) -> None:
        begun = time.monotonic()
        if log is not None:
            log.write()
        worked = time.thread_time()  # a log costs by the step, however often it is written
        # The timeline first: a snapshot never knows of more changes than the preset beside it.
        write_atomic(self.path / PRESET, dumps(preset).encode())
        if state is not None:
            meta = {f.name: getattr(state, f.name) for f in fields(state) if f.name != "arrays"}
            write_atomic(self.path / SNAPSHOT, pack(state.arrays, meta))
        now, worked = time.monotonic(), time.thread_time() - worked
        if self._saved:  # the first also loads what saving needs: as if it took that long each time, a second was lost
            self._due = max(self._due, now + (now - begun), now + worked / SAVE_SHARE)
        self._saved = True

    def finish(
        self, preset: Preset, state: SavedState | None, weights: Mapping[str, np.ndarray],
        result: Callable[[], dict[str, Any]],
    ) -> dict[str, Any]:  # fmt: skip
        """Saves all of a run that has ended or is left, waits until it is on the disk, and gives the result.

        `result` looks at all of the data, which can take longer than whoever ends the process waits for: the state
        goes first, and a run killed meanwhile goes on from its last step.
        """
        self.save(preset, state)
        told = result()
        self._submit(WEIGHTS, pack(weights, {"run_id": self.run_id, "params_sha256": told["params_sha256"]}))
        self._submit(RESULT, _json_bytes(told))
        self._writer.drain()
        return told

    def close(self) -> None:
        """Ends the saving and lets other processes in; nothing may be saved after it."""
        self._writer.close()
        self._lock.release()

    def _submit(self, name: str, data: bytes) -> None:
        self._writer.submit(name, lambda: write_atomic(self.path / name, data))


def check_free(path: Path) -> None:
    """Raises RunError if `path` holds anything already; for telling so before the work begins."""
    try:
        found = sorted(p.name for p in path.iterdir() if p.name != ".lock") if path.is_dir() else []
        if path.exists() and not path.is_dir():
            raise RunError(f"{path}: found a file, expected a new or empty folder")
    except (OSError, ValueError) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{path}: cannot make a run folder: {why(error)}") from None
    if PRESET in found:
        raise RunError(f"{path}: found a run in this folder; go on with it: tuilab resume {path}, or choose another")
    if found:
        raise RunError(f"{path}: found other files in this folder, expected a new or empty one")


def _made(path: Path, preset: Preset) -> FolderLock:
    """Makes the folder with its preset in one move, so that no kill leaves a folder that is no run."""
    check_free(path)
    if path.is_dir():
        lock = FolderLock(path)
        try:
            check_free(path)  # another process may have been here first
            _fill(path, preset)
        except BaseException:
            lock.release()
            raise
        return lock
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f".new-{secrets.token_hex(4)}"
    draft.mkdir()
    try:
        lock = FolderLock(draft)
        _fill(draft, preset)
        os.rename(draft, path)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    lock.path = path / ".lock"
    return lock


def _fill(path: Path, preset: Preset) -> None:
    (path / METRICS).touch()
    write_atomic(path / PRESET, dumps(preset).encode())


def _json_bytes(table: Mapping[str, Any]) -> bytes:
    return (json.dumps(table, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run folder as it lies there, read without a lock: also one that is being written."""

    path: Path
    preset: Preset
    result: dict[str, Any] | None
    machine: dict[str, Any]

    @property
    def run_id(self) -> str:
        """The folder's name."""
        return self.path.resolve().name

    def state(self) -> SavedState | None:
        """The last snapshot; None if the run was left before the first. Raises RunError if it is damaged."""
        path = self.path / SNAPSHOT
        if not path.exists():
            return None
        arrays, meta = unpack(path)
        try:
            return SavedState(
                arrays, dict(meta["trainer"]), int(meta["step"]), int(meta["events"]),
                float(meta["wall_s"]), str(meta["params_sha256"]), tuple(tuple(part) for part in meta.get("seen", ())),
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, OverflowError):
            raise RunError(f"{path}: its header is not one of this lab") from None

    def weights(self) -> dict[str, np.ndarray] | None:
        """The parameters at the end by name; None if the run has not ended."""
        path = self.path / WEIGHTS
        return unpack(path)[0] if path.exists() else None


def read_run(path: str | Path) -> RunRecord:
    """The run in `path`; raises RunError or PresetError if there is none to be read."""
    path = Path(path)
    if not (path / PRESET).is_file():
        raise RunError(f"{path}: found no {PRESET}, expected a run folder")
    result = _table(path / RESULT)
    return RunRecord(path, load_preset(path), result if _is_result(result) else None, _table(path / MACHINE) or {})


def _is_result(found: dict[str, Any] | None) -> bool:
    """Whether `found` says how a run ended."""
    if found is None or not {"status", "steps", "params_sha256"} <= set(found):
        return False
    texts = [found[key] for key in ("status", "params_sha256", "backend") if key in found]
    counts = [found[key] for key in ("steps", "threads") if key in found]
    others = [v for k, v in found.items() if k in ("epochs", "wall_s") or (v is not None and k.endswith(_FIGURES))]
    return (
        all(isinstance(text, str) for text in texts)
        and all(map(_is_number, [*counts, *others]))
        and all(isinstance(n, int) and 0 <= n <= MAX_STEP for n in counts)
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def is_run(ref: str | Path) -> bool:
    """Whether `ref` is the folder of a run."""
    with contextlib.suppress(OSError, ValueError):
        return (Path(ref) / PRESET).is_file()
    return False


def _table(path: Path) -> dict[str, Any] | None:
    """The JSON object in `path`, or None if there is none (a kill before it was written)."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = finite_json(read_inside(path, _MAX_JSON))
        if isinstance(found, dict):
            return found
    return None
