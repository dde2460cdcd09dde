"""What a session has to do with its run folder: making it with the first step, saving about every second, the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuilab.lab.errors import LabError
from tuilab.lab.run_folder import RunFolder, SavedState

if TYPE_CHECKING:
    from tuilab.lab.history import History
    from tuilab.lab.preset import Preset


class Saver:
    """Saves into `folder`, or into one made in `runs` with the first step, or (both None) nowhere.

    A disk that fails is told once in `problem` and does not stop the training.
    """

    def __init__(self, folder: RunFolder | None, runs: str | Path | None):
        self.folder = folder
        self.runs = folder.path.parent if folder is not None and runs is None else runs
        self._trouble: str | None = None

    @property
    def wanted(self) -> bool:
        """Whether anything is saved or was meant to be."""
        return self.folder is not None or self.runs is not None or self._trouble is not None

    @property
    def problem(self) -> str | None:
        """Why what is in memory is not on the disk, in one line; None while it is."""
        return self._trouble or (self.folder.problem if self.folder is not None else None)

    def make(self, preset: Callable[[], Preset]) -> bool:
        """Makes the folder in `runs` if there is none yet; True if it was made now."""
        if self.folder is not None or self.runs is None:
            return False
        try:
            self.folder = RunFolder.create(preset(), runs=self.runs)
        except LabError as error:
            self._trouble, self.runs = str(error), None
            return False
        return True

    def begin(
        self, total_steps: int, step: int, threads: int | None, backend: str, curves: History | None = None
    ) -> None:
        """Readies the folder for a run that is at `step`; `curves`, if given, are what it logs of the steps before."""
        if self.folder is not None:
            from tuilab.lab.machine import facts

            self.folder.begin(total_steps, {**facts(), "threads": threads, "backend": backend}, step, curves)

    def add_metrics(self, metrics: Any) -> None:
        """The rows of one `Trainer.advance`."""
        if self.folder is not None:
            self.folder.add_metrics(metrics)

    def add_eval(self, step: int, loss: float, accuracy: float) -> None:
        """A look at the validation part."""
        if self.folder is not None:
            self.folder.add_eval(step, loss, accuracy)

    def save_if_due(self, lived: Callable[[], Preset], state: Callable[[], SavedState | None]) -> None:
        """Queues a save if the last one is long enough ago; only then are the two asked for."""
        if self.folder is not None and self.folder.is_due:
            self.folder.save(lived(), state())

    def finish(
        self, preset: Preset, state: SavedState | None, weights: dict[str, Any], result: Callable[[], dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Saves the end of a run, waits for it, and gives the result; None if nothing is saved."""
        return None if self.folder is None else self.folder.finish(preset, state, weights, result)

    def close(self) -> None:
        """Lets go of the folder, keeping what it had to tell."""
        if self.folder is not None:
            self.folder.close()
            self._trouble = self.problem
