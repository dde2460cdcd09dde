"""What a first-time user is led through, one step after the other; a step that was done is not asked for again."""

from __future__ import annotations

import time
from collections.abc import Callable

STEPS = ("run", "turn", "look", "fork", "back")
END = "end"  # what is said when all are done
READING = 6.0  # seconds that a step which asks for a look is shown


class FirstSteps:
    """Which step is next. `now` is a clock in seconds."""

    def __init__(self, wanted: bool, now: Callable[[], float] = time.monotonic):
        self._now = now
        self._at = now()
        self.begin()
        self.wanted = wanted

    def begin(self) -> None:
        """Lead through all of them, from the first on."""
        self.wanted = True
        self._done: set[str] = set()
        self._read = 0.0  # seconds for which the present look was shown

    @property
    def current(self) -> str:
        """The step to show, END after the last, nothing if none is wanted."""
        return next((step for step in STEPS if step not in self._done), END) if self.wanted else ""

    @property
    def done(self) -> int:
        """How many of STEPS are done."""
        return len(self._done)

    def did(self, step: str) -> None:
        """A step was done, asked for or not."""
        self._done.add(step)

    def pass_time(self, running: bool) -> bool:
        """Time goes by, in which there is something to see if the network is `running`. Whether that was the end."""
        last, self._at = self._at, self._now()
        if self.current != END and not (self.current == "look" and running):
            return False
        self._read += self._at - last
        if self._read < READING:
            return False
        self._read = 0.0
        if self.current == END:
            self.wanted = False
            return True
        self.did("look")
        return False
