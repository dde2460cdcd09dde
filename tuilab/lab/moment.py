"""One moment of a run, to which it can go back, or from which another run can go on: nothing later changes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tuilab.lab.timeline import Change
from tuilab.lab.watch import State

if TYPE_CHECKING:
    from engine.snapshot import Snapshot
    from tuilab.lab.history import History


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """The state after `step` steps and `events`, with the changes planned then and the figures shown then.

    `curves` is a copy of the curves up to here; None: the run's own, less what came later, are meant.
    """

    snapshot: Snapshot
    step: int
    events: tuple[Change, ...]
    ahead: tuple[Change, ...]
    train_loss: float
    val_loss: float
    val_accuracy: float
    grad_norms: tuple[float, ...]
    seen: State = ()  # what the conditions know of the past
    curves: History | None = None

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        arrays = sum(array.nbytes for array in self.snapshot.arrays.values())
        return arrays + (0 if self.curves is None else self.curves.nbytes)
