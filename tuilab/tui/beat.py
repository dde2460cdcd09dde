"""What the screen shows at the next tick, so that watching a run costs the run little.

Figures and charts take turns: a change in both at once would have the screen composed anew from top to bottom, dials
included, which takes three times as long. While a run is on its way the charts, which cost most, wait until the screen
has used no more than SHARE of a core, but never longer than LONGEST. A small network's charts never wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable

SHARE = 0.04  # of one core
LONGEST = 0.2  # seconds from one picture of the charts to the next at most
_SAVED = 0.5  # seconds for which an unused share is kept

FIGURES, CHARTS = "figures", "charts"


class Beat:
    """Says which part's turn it is. `cpu` counts the seconds this thread has worked."""

    def __init__(
        self, now: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.thread_time
    ):  # fmt: skip
        self._now, self._cpu = now, cpu
        self._due: set[str] = set()
        self._last = ""
        self._at, self._spent = now(), cpu()
        self._shown = -LONGEST
        self._credit = 0.0  # seconds of work that may be done at once

    @property
    def settled(self) -> bool:
        """Whether everything shows the newest frame."""
        return not self._due

    def news(self) -> None:
        """There is a new frame."""
        self._due = {FIGURES, CHARTS}

    def next(self, busy: bool) -> str:
        """FIGURES or CHARTS, which counts as shown then, or nothing. `busy`: a run is on its way."""
        now, spent = self._now(), self._cpu()
        earned = SHARE * (now - self._at) - (spent - self._spent)
        self._credit = max(min(self._credit + earned, SHARE * _SAVED), -SHARE)
        self._at, self._spent = now, spent
        other = CHARTS if self._last == FIGURES else FIGURES
        turn = other if other in self._due else self._last if self._last in self._due else ""
        if turn == CHARTS and busy and self._credit < 0 and now - self._shown < LONGEST:
            turn, self._last = "", CHARTS  # as if it had been: the figures go on at their pace
        elif turn:
            self._last = turn
            self._due.discard(turn)
            self._shown = now if turn == CHARTS else self._shown
        return turn
