"""What was turned, as people read it: marks for the charts and lines for the log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.spec import Recipe
from tuilab.tui.dials import current
from tuilab.tui.figures import exact, grouped

if TYPE_CHECKING:
    from tuilab.lab.trail import Place


@dataclass(frozen=True, slots=True)
class Turn:
    """One dial at one step, from what it was before that step to what it was made there."""

    step: int
    field: str
    before: Any
    after: Any

    @property
    def text(self) -> str:
        """`dropout 0.0 → 0.5`."""
        return f"{self.field} {exact(self.before)} → {exact(self.after)}"

    @property
    def line(self) -> str:
        """`step 1 200 · dropout 0.0 → 0.5`."""
        return f"step {grouped(self.step)} · {self.text}"


def turns(changes: Iterable[Any], recipe: Recipe, batch_size: int) -> list[Turn]:
    """The changes of a run (step, field, value) that began with `recipe`, in their order.

    Several changes of one dial at one step are one turn, and none at all if the dial came back.
    """
    done: dict[tuple[int, str], Turn] = {}
    for change in changes:
        before = current(change.field, recipe, batch_size)
        if change.field == "batch_size":
            batch_size = change.value
        else:
            recipe = recipe.changed(**{change.field: change.value})
        after = current(change.field, recipe, batch_size)
        key = (change.step, change.field)
        first = done.pop(key, None)
        done[key] = Turn(change.step, change.field, before if first is None else first.before, after)
    return [turn for turn in done.values() if turn.before != turn.after]


def marks(made: Sequence[Turn], places: Iterable[Place] = ()) -> list[tuple[int, str]]:
    """(step, label) for the charts: all turns of one step, and the bookmarks there, share a mark."""
    labels: dict[int, list[str]] = {}
    for place in places:
        if place.name:
            labels.setdefault(place.step, []).append(f"★ {place.name}")
    for turn in made:
        labels.setdefault(turn.step, []).append(f"{turn.field} {exact(turn.after)}")
    return [(step, ", ".join(parts)) for step, parts in sorted(labels.items())]
