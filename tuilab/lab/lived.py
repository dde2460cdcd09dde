"""The timeline of a run as it comes about: what was turned so far, what is planned still, what was just asked for.

And what the conditions of the preset add to it, as they fire.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.spec import SpecError
from tuilab.lab import conditions
from tuilab.lab.conditions import When
from tuilab.lab.timeline import WITH_SIDE_EFFECTS, Change
from tuilab.lab.watch import State, Watch

if TYPE_CHECKING:
    from engine import Trainer
    from tuilab.lab.moment import Moment


class Lived:
    """`events` were done, in this order; those in `ahead` are done when their step comes.

    Any thread may `ask`; all else is for the engine thread.
    """

    def __init__(self, ahead: Iterable[Change], whens: Iterable[When] = (), seen: State = ()):
        self.events: tuple[Change, ...] = ()
        self.ahead = deque(ahead)
        self.watch = Watch(whens, seen)
        self.refused: str | None = None  # the last turn that could not be, in one line
        self._asked: deque[tuple[str, Any]] = deque()

    @property
    def timeline(self) -> tuple[Change, ...]:
        """What was done, then what is planned."""
        return (*self.events, *self.ahead)

    def go_to(self, events: Iterable[Change], ahead: Iterable[Change], seen: State) -> None:
        """Another place of the timeline; what was asked for and not done is done there."""
        self.events, self.ahead = tuple(events), deque(ahead)
        self.watch.restore(seen)

    def whens(self, step: int) -> tuple[When, ...]:
        """The conditions for a preset whose timeline is this one up to `step`."""
        return conditions.done_until(self.watch.conditions, step) if self.watch.is_on else ()

    @property
    def planned(self) -> int:
        """How many changes are planned, and conditions that may add some."""
        return len(self.ahead) + len(self.watch.conditions) * self.watch.is_on

    def take_over(self) -> int:
        """From here on nothing is done but what is asked for; gives how much was planned."""
        planned = self.planned
        self.ahead.clear()
        self.watch.let_go()
        return planned

    def replan(self, moment: Moment, step: int) -> Moment:
        """`moment`, from which the run would come to where it is at `step` by itself, planned changes included."""
        timeline, known = self.timeline, moment.events
        same = next((k for k, pair in enumerate(zip(timeline, known, strict=False)) if pair[0] != pair[1]), len(known))
        self.watch.conditions = conditions.done_until(self.watch.conditions, step)
        return replace(moment, ahead=timeline[same:], seen=moment.seen if self.watch.is_on else None)

    def do_seen(self, trainer: Trainer, val_loss: float, val_accuracy: float) -> None:
        """Does what the conditions make of this look at the validation part."""
        for field, value in self.watch.look(trainer.step, trainer.epoch, val_loss, val_accuracy):
            try:
                wanted = conditions.resolved(field, value, trainer.recipe, trainer.batch_size)
                self._do_unless_there(trainer, field, wanted)
            except SpecError as error:
                self.refused = str(error)

    def ask(self, field: str, value: Any) -> None:
        """Notes that a dial, checked already, is to be turned before the next step."""
        self._asked.append((field, value))

    def do_asked(self, trainer: Trainer) -> None:
        """Does what was asked for since; a dial that stands there already is left alone."""
        while self._asked:
            field, value = self._asked.popleft()
            try:
                if self._do_unless_there(trainer, field, value):
                    self.refused = None
            except SpecError as error:
                self.refused = str(error)

    def _do_unless_there(self, trainer: Trainer, field: str, value: Any) -> bool:
        there = value == (trainer.batch_size if field == "batch_size" else getattr(trainer.recipe, field))
        if not there:
            self._do(trainer, Change(trainer.step, field, value))
        return not there

    def do_due(self, trainer: Trainer) -> None:
        """Does what is planned up to the step at which the trainer is."""
        while self.ahead and self.ahead[0].step <= trainer.step:
            self._do(trainer, self.ahead.popleft())

    def _do(self, trainer: Trainer, change: Change) -> None:
        trainer.change(**{change.field: change.value})
        last = self.events[-1] if self.events else None
        again = last is not None and (last.step, last.field) == (change.step, change.field)
        # Turned twice before any step was done with it: only where it came to rest is part of the run.
        kept = self.events[:-1] if again and change.field not in WITH_SIDE_EFFECTS else self.events
        self.events = (*kept, change)
