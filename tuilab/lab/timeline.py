"""Which dial is turned to what, and when: the changes of a run.

A change at step N is applied once N steps are done, before the next one; a change at step 0 before the first.
Changes at one step are applied one by one, in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.spec import DIALS, MAX_BATCH, Recipe, SpecError, check_int, nearest

MAX_STEP = 10**12

#: What can be turned while a run goes on.
TURNABLE = (*DIALS, "batch_size")

_NEW_NETWORK = "needs a new network, so it cannot change in the middle of a run; set it before the first step"
_NEW_DATA = "is other data than the run began with, so it cannot change in the middle of a run"
_WHOLE_RUN = "belongs to the whole run, so it cannot change in the middle of it"

#: Why the other keys of a preset stay as they are once a run has begun.
FIXED: dict[str, str] = {
    "widths": _NEW_NETWORK,
    "dataset": _NEW_NETWORK,
    "train_size": _NEW_DATA,
    "noise": _NEW_DATA,
    "label_noise": _NEW_DATA,
    "standardise": _NEW_DATA,
    "target": _NEW_DATA,
    "task": _NEW_NETWORK,
    "missing": _NEW_DATA,
    "seed": _WHOLE_RUN,
    "steps": _WHOLE_RUN,
    "epochs": _WHOLE_RUN,
    "eval_every": _WHOLE_RUN,
    "name": _WHOLE_RUN,
    "title": _WHOLE_RUN,
    "description": _WHOLE_RUN,
}

#: The word, in files and on the command line, for the optimizer's usual value of a dial; None in the recipe.
AUTO = "auto"
USUAL = ("lr", "eps")

_DEFAULTS = Recipe()

#: Dials whose turning does more than write a number (state is cleared, weights are drawn or folded).
WITH_SIDE_EFFECTS = ("optimizer", "initializer", "batch_norm", "batch_size")


@dataclass(frozen=True, slots=True)
class Change:
    """`field` becomes `value` once `step` steps are done; raises SpecError if that cannot be."""

    step: int
    field: str
    value: Any

    def __post_init__(self) -> None:
        check_int("step", self.step, 0, MAX_STEP)
        object.__setattr__(self, "value", check_dial(self.field, self.value))


def check_dial(field: str, value: object, hidden: int | None = None) -> Any:
    """`value` in the form the dial `field` keeps it; raises SpecError naming what is allowed, or why not.

    `hidden` is the number of hidden layers, where one activation for each of them has to be checked.
    """
    if field in FIXED:
        raise SpecError(field, FIXED[field])
    if field not in TURNABLE:
        raise SpecError(field, f"unknown dial, allowed: {', '.join(TURNABLE)}{nearest(field, TURNABLE)}")
    if field == "batch_size":
        return check_int(field, value, 1, MAX_BATCH)
    if value == AUTO and field in USUAL:
        value = None
    recipe = _DEFAULTS.changed(**{field: value})
    if hidden is not None:
        recipe.activations(hidden)
    return getattr(recipe, field)


def in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """`changes` by step; those of one step keep their order."""
    return tuple(sorted(changes, key=lambda change: change.step))


def from_rows(rows: object) -> tuple[Change, ...]:
    """The changes of `[[timeline]]` rows such as {"step": 200, "dropout": 0.5}; raises SpecError naming the row."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SpecError("timeline", "expected rows such as [[timeline]] step = 200, dropout = 0.5")
    changes = []
    for number, row in enumerate(rows, 1):
        try:
            if "step" not in row:
                raise SpecError("step", "missing, expected the number of steps done before the change")
            if len(row) == 1:
                raise SpecError("step", "found no dial beside it, expected one such as dropout = 0.5")
            changes += [Change(row["step"], field, value) for field, value in row.items() if field != "step"]
        except SpecError as error:
            raise SpecError("timeline", f"row {number}: {error}") from None
    return in_order(changes)


def to_rows(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Rows that `from_rows` reads back: neighbours at one step share a row as long as no dial comes twice."""
    rows: list[dict[str, Any]] = []
    for change in changes:
        if not rows or rows[-1]["step"] != change.step or change.field in rows[-1]:
            rows.append({"step": change.step})
        rows[-1][change.field] = AUTO if change.value is None else change.value
    return rows


def joined(changes: Mapping[str, Any]) -> str:
    """A row without its step, for people: `dropout = 0.5, lr = 0.01`."""
    return ", ".join(f"{field} = {value}" for field, value in changes.items())
