"""The timeline of a run as it comes about: what was turned so far, what is planned still, what was just asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from engine.spec import SpecError
from tuilab.lab.timeline import WITH_SIDE_EFFECTS, Change

if TYPE_CHECKING:
    from engine import Trainer


class Lived:
    """`events` were done, in this order; those in `ahead` are done when their step comes.

    Any thread may `ask`; all else is for the engine thread.
    """

    def __init__(self, events: Iterable[Change], ahead: Iterable[Change]):
        self.events: tuple[Change, ...] = tuple(events)
        self.ahead = deque(ahead)
        self.refused: str | None = None  # the last turn that could not be, in one line
        self._asked: deque[tuple[str, Any]] = deque()

    @property
    def timeline(self) -> tuple[Change, ...]:
        """What was done, then what is planned."""
        return (*self.events, *self.ahead)

    def go_to(self, events: Iterable[Change], ahead: Iterable[Change]) -> None:
        """Another place of the timeline; what was asked for and not done is done there."""
        self.events, self.ahead = tuple(events), deque(ahead)

    def ask(self, field: str, value: Any) -> None:
        """Notes that a dial, checked already, is to be turned before the next step."""
        self._asked.append((field, value))

    def do_asked(self, trainer: Trainer) -> None:
        """Does what was asked for since; a dial that stands there already is left alone."""
        while self._asked:
            field, value = self._asked.popleft()
            now = trainer.batch_size if field == "batch_size" else getattr(trainer.recipe, field)
            if value == now:
                continue
            try:
                self._do(trainer, Change(trainer.step, field, value))
                self.refused = None
            except SpecError as error:
                self.refused = str(error)

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
