"""Watching a run for its conditions: which of them fire at a look at the validation part.

What it knows of the past is one small tuple (`state`), kept with every snapshot, so that a run which goes on from one
fires where it would have fired without the break. It does not depend on how the steps are cut into chunks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tuilab.lab.conditions import When
from tuilab.lab.errors import RunError

#: (loss, gradient norm, steps) summed since the last look, then (best, its epoch, times fired, beyond the bound)
#: for each condition.
State = tuple[Any, ...] | None  # None: it was let go

_TINY = 1e-9  # an epoch is a quotient of steps, and may miss a whole number by its last bit


@dataclass(slots=True)
class _Mark:
    """Where one condition stands."""

    best: float | None = None
    since: float = 0.0
    fired: int = 0
    beyond: bool = False


class Watch:
    """The conditions of a run on its way. `note` hears of every step, `look` of every look."""

    def __init__(self, conditions: Iterable[When], state: State = ()):
        self.conditions = tuple(conditions)
        self.is_on = True
        self.restore(state)

    def restore(self, state: State) -> None:
        """Back to a state that `state` gave (empty: the beginning); raises RunError if it cannot be one."""
        self.is_on = state is not None
        try:
            sums, *marks = state or ((0.0, 0.0, 0), *(() for _ in self.conditions))
            self._loss, self._norm, self._steps = sums
            self._marks = [_Mark(*mark) for _, mark in zip(self.conditions, marks, strict=True)]
        except (TypeError, ValueError):
            raise RunError("snapshot: it is not of this preset.toml, which must have been changed since") from None

    @property
    def state(self) -> State:
        """All it knows of the past, as plain numbers."""
        if not self.is_on:
            return None
        marks = ((m.best, m.since, m.fired, m.beyond) for m in self._marks)
        return ((self._loss, self._norm, self._steps), *marks) if self.conditions else ()

    def let_go(self) -> None:
        """Nothing fires any more."""
        self.is_on = False

    def note(self, metrics: Any) -> None:
        """The rows of some steps (engine Metrics)."""
        if not self.conditions or not self.is_on:
            return
        norms = np.sqrt(np.square(metrics.grad_norm.astype(np.float64)).sum(axis=1))
        # One after the other, from the sum so far on: the same number however the steps are cut.
        self._loss = float(np.cumsum(np.concatenate([[self._loss], metrics.loss.astype(np.float64)]))[-1])
        self._norm = float(np.cumsum(np.concatenate([[self._norm], norms]))[-1])
        self._steps += len(metrics)

    def look(self, step: int, epoch: float, val_loss: float, val_accuracy: float) -> Iterator[tuple[str, Any]]:
        """The dials (name, value) that the conditions turn after `step` steps."""
        if not self.conditions or not self.is_on or not self._steps:
            return
        seen = {
            "val_loss": val_loss, "val_accuracy": val_accuracy,
            "train_loss": self._loss / self._steps, "grad_norm": self._norm / self._steps,
        }  # fmt: skip
        self._loss, self._norm, self._steps = 0.0, 0.0, 0
        for when, mark in zip(self.conditions, self._marks, strict=True):
            if _fires(when, mark, seen[when.metric], epoch) and step > when.done:
                yield from when.changes


def _fires(when: When, mark: _Mark, value: float, epoch: float) -> bool:
    """Whether a condition fires at this value; brings its mark up to date."""
    if not math.isfinite(value) or (when.limit is not None and mark.fired >= when.limit):
        return False
    if when.wait is None:
        beyond = value > when.above if when.above is not None else value < (when.below or 0.0)
        fires, mark.beyond = beyond and not mark.beyond, beyond
    else:
        better = -1.0 if when.not_fallen_for is not None else 1.0
        if mark.best is None or better * (value - mark.best) > when.by:
            mark.best, mark.since = value, epoch
            return False
        fires = epoch - mark.since >= when.wait - _TINY
        mark.since = epoch if fires else mark.since
    mark.fired += fires
    return fires
