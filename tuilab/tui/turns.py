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


@dataclass(frozen=True, slots=True)
class _Stand:
    """How the dials stood before the change at `index`, the first one of its step."""

    index: int
    step: int
    recipe: Recipe
    batch_size: int


class TurnLog:
    """The turns of a run that began with `recipe`, as its changes (step, field, value) come in.

    Several changes of one dial at one step are one turn, and none at all if the dial came back. One change more costs
    the same after ten thousand as after ten.
    """

    def __init__(self, recipe: Recipe, batch_size: int):
        self._start = self._last = _Stand(0, -1, recipe, batch_size)
        self._seen: tuple[Any, ...] = ()
        self.turns: tuple[Turn, ...] = ()

    def follow(self, changes: tuple[Any, ...]) -> tuple[Turn, ...]:
        """The turns, in their order, of a run that made these `changes`: some more than last time, or others."""
        if changes != self._seen:
            if not self._goes_on(changes):
                self._last = self._start
            begin, self._seen = self._last, changes
            self.turns = (*(turn for turn in self.turns if turn.step < begin.step), *self._made(begin))
        return self.turns

    def _goes_on(self, changes: tuple[Any, ...]) -> bool:
        """Whether the last stand is one of `changes` too: the same before it, and the same step after it, if any."""
        index, step = self._last.index, self._last.step
        return changes[:index] == self._seen[:index] and all(c.step == step for c in changes[index : index + 1])

    def _made(self, begin: _Stand) -> list[Turn]:
        """The turns since `begin`; keeps the stand before the last step of them."""
        done: dict[tuple[int, str], Turn] = {}
        recipe, batch_size = begin.recipe, begin.batch_size
        for index, change in enumerate(self._seen[begin.index :], begin.index):
            if change.step != self._last.step:
                self._last = _Stand(index, change.step, recipe, batch_size)
            before = current(change.field, recipe, batch_size)
            if change.field == "batch_size":
                batch_size = change.value
            else:
                recipe = recipe.changed(**{change.field: change.value})
            key = (change.step, change.field)
            first = done.pop(key, None)
            after = current(change.field, recipe, batch_size)
            done[key] = Turn(change.step, change.field, before if first is None else first.before, after)
        return [turn for turn in done.values() if turn.before != turn.after]


def turns(changes: Iterable[Any], recipe: Recipe, batch_size: int) -> list[Turn]:
    """The turns of a run that began with `recipe` and made these changes."""
    return list(TurnLog(recipe, batch_size).follow(tuple(changes)))


def marks(made: Sequence[Turn], places: Iterable[Place] = ()) -> list[tuple[int, str]]:
    """(step, label) for the charts: all turns of one step, and the bookmarks there, share a mark."""
    labels: dict[int, list[str]] = {}
    for place in places:
        if place.name:
            labels.setdefault(place.step, []).append(f"★ {place.name}")
    for turn in made:
        labels.setdefault(turn.step, []).append(f"{turn.field} {exact(turn.after)}")
    return [(step, ", ".join(parts)) for step, parts in sorted(labels.items())]
