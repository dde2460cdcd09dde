"""Building what a session trains: data, budget, compiled kernels, a trainer that is new or one that goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from engine.backends import DeviceError
from engine.spec import Architecture, Recipe
from tuilab.lab import metrics_log
from tuilab.lab.disk import one_at_a_time
from tuilab.lab.errors import LabError, PresetError, RunError
from tuilab.lab.preset import DEFAULT_EPOCHS, Preset
from tuilab.lab.run_folder import METRICS, SavedState
from tuilab.lab.timeline import Change

if TYPE_CHECKING:
    from engine import Trainer
    from tuilab.datasets import Split
    from tuilab.lab.history import History
    from tuilab.lab.moment import Moment

#: Validation rows looked at for each row trained on, at most: the looks then take about a tenth of the time.
LOOK_SHARE = 0.3
MAX_LOOKS = 2000
#: The keys of a preset on which its data depend.
DATA_KEYS = ("dataset", "train_size", "noise", "label_noise", "standardise", "target", "task", "missing", "seed")


def load_data(preset: Preset, tell: Callable[[str], None] | None = None) -> Split:
    """The data of `preset`; raises PresetError. `tell`: fetch it if it is not here, and tell how far."""
    from tuilab.datasets import DataError, load

    try:
        if tell is not None:
            _fetched(preset.dataset, tell)
        data = load(
            preset.dataset, seed=preset.seed, train_size=preset.train_size, noise=preset.noise,
            label_noise=preset.label_noise, standardise=preset.standardise, target=preset.target, task=preset.task,
            missing=preset.missing,
        )  # fmt: skip
    except DataError as error:
        raise PresetError(f"{preset.name}: {error}") from None
    if data.task != "classification" and any(when.metric == "val_accuracy" for when in preset.conditions):
        raise PresetError(f"{preset.name}: when: val_accuracy: {data.name} has no classes, allowed: val_loss, …")
    return data


def _fetched(dataset: str, tell: Callable[[str], None]) -> None:
    from tuilab.datasets.fetch import ensure

    ensure(dataset, lambda file, done, total: tell(f"fetching {file} {done / max(total, 1):.0%}"))


def budget(preset: Preset, data: Split) -> int:
    """Steps of the whole run; an epoch counts by the batch size the preset begins with."""
    epochs = DEFAULT_EPOCHS if preset.epochs is None else preset.epochs
    return preset.steps or max(1, round(epochs * epoch_steps(preset, data)))


def epoch_steps(preset: Preset, data: Split) -> int:
    """Steps of one epoch, the last of which may have a smaller batch."""
    return -(-len(data.x_train) // preset.batch_size)


def usual_eval_every(preset: Preset, data: Split, total_steps: int) -> int:
    """Steps between two looks at the validation part: an epoch, and more where looking takes long."""
    looking = len(data.x_val) / (LOOK_SHARE * preset.batch_size)
    return max(1, round(max(min(epoch_steps(preset, data), 50), looking, total_steps / MAX_LOOKS)))


def warm_up(tell: Callable[[str], None]) -> None:
    """Compiles the kernels, or loads them from the cache, by one step of the smallest network; tells what it does.

    Of processes that start at once for the first time, one compiles and the others wait for it.
    """
    tell("loading the compiler")
    from engine import Trainer
    from engine.compiled import cache_folder, is_warm
    from engine.warm import warm_up as compile_all

    def part(what: str, done: int, total: int) -> None:
        tell(f"compiling, only this once: {what} {done}/{total}")

    if not is_warm():
        tell("waiting for another process to compile")
        with one_at_a_time(cache_folder().parent / ".compiling"):
            compile_all(part)
    tell("loading kernels")
    tiny = Trainer(Architecture((1, 1, 1)), Recipe(), [[0.0]], [0])
    tiny.advance(1)
    tiny.evaluate([[0.0]], [0])


@contextmanager
def one_line_errors(preset: Preset) -> Iterator[None]:
    """What the engine refuses becomes a PresetError with the preset's name."""
    try:
        yield
    except MemoryError:
        raise LabError(f"{preset.name}: not enough memory for widths = {list(preset.widths)}") from None
    except LabError:
        raise
    except DeviceError as error:
        raise LabError(f"{preset.name}: {error}; --backend cpu trains on the processor") from None
    except ValueError as error:
        raise PresetError(f"{preset.name}: {error}") from None


def new_trainer(preset: Preset, data: Split, backend: str, threads: int | None) -> Trainer:
    """The trainer as the preset begins; raises SpecError or ValueError."""
    from engine import Trainer

    return Trainer(
        Architecture((data.features, *preset.widths, data.outputs), data.task), preset.recipe,
        data.x_train, data.y_train, batch_size=preset.batch_size, seed=preset.seed, backend=backend, threads=threads,
    )  # fmt: skip


def restored_trainer(preset: Preset, data: Split, saved: SavedState, backend: str, threads: int | None) -> Trainer:
    """The trainer as it was saved, on its own backend if `backend` is "auto"; raises RunError if it is another's."""
    from engine import Trainer
    from engine.snapshot import Snapshot

    if not 0 <= saved.events <= len(preset.timeline):
        raise RunError(f"snapshot: it knows of {saved.events} changes, preset.toml of {len(preset.timeline)}")
    widths = (data.features, *preset.widths, data.outputs)
    size = sum(n * m for n, m in pairwise(widths))
    if saved.trainer.get("widths") != list(widths) or getattr(saved.arrays.get("params"), "size", 0) < size:
        raise RunError("snapshot: it is not of this preset.toml, which must have been changed since")
    try:
        snapshot, kind = Snapshot(saved.trainer, saved.arrays), None if backend == "auto" else backend
        trainer = Trainer.restore(snapshot, data.x_train, data.y_train, threads=threads, backend=kind)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise RunError(f"snapshot: cannot be read: {error}") from None
    if trainer.params_sha256() != saved.params_sha256 or trainer.step != saved.step:
        raise RunError("snapshot: damaged, its parameters are not those it was saved with")
    recipe, batch_size = _dials_after(preset, preset.timeline[: saved.events])
    wanted = widths, recipe, batch_size, preset.seed
    if (trainer.architecture.widths, trainer.recipe, trainer.batch_size, trainer.seed) != wanted:
        raise RunError("snapshot: it is not of this preset.toml, which must have been changed since")
    return trainer


def _dials_after(preset: Preset, changes: tuple[Change, ...]) -> tuple[Recipe, int]:
    """Recipe and batch size once `changes` are done."""
    dials = {change.field: change.value for change in changes}
    batch_size = dials.pop("batch_size", preset.batch_size)
    return preset.recipe.changed(**dials), batch_size


def saved_state(moment: Moment, wall_s: float) -> SavedState:
    """`moment` as a run folder keeps it."""
    snapshot = moment.snapshot
    sha = hashlib.sha256(snapshot.arrays["params"].tobytes()).hexdigest()
    return SavedState(snapshot.arrays, snapshot.meta, moment.step, len(moment.events), wall_s, sha, moment.seen or ())


def read_curves(folder: Path, history: History, step: int) -> None:
    """Fills `history` with what the folder's log holds up to `step`."""
    metrics_log.fill(history, folder / METRICS, step)
