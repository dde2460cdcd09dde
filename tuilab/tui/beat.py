"""What the screen shows at the next tick, so that watching a run costs the run little.

Figures and charts take turns: a change in both at once would have the screen composed anew from top to bottom, dials
included, which takes three times as long. While a run keeps every core busy both wait until the screen has used no more
than SHARE of a core, but never longer than LONGEST. Where a core is free the screen takes nothing from the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

SHARE = 0.04  # of one core
_SAVED = 0.5  # seconds for which an unused share is kept

FIGURES, CHARTS = "figures", "charts"
#: Seconds from one picture of them to the next, but for the tick in which they come: ten new figures a second and more.
LONGEST = {FIGURES: 0.07, CHARTS: 0.48}


class Beat:
    """Says which part's turn it is. `cpu` counts the seconds this thread has worked."""

    def __init__(
        self, now: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.thread_time
    ):  # fmt: skip
        self._now, self._cpu = now, cpu
        self._due: set[str] = set()
        self._last = CHARTS
        self._at, self._spent = now(), cpu()
        self._shown = {part: -seconds for part, seconds in LONGEST.items()}
        self._credit = 0.0  # seconds of work that may be done at once

    @property
    def settled(self) -> bool:
        """Whether everything shows the newest frame."""
        return not self._due

    def news(self) -> None:
        """There is a new frame."""
        self._due = {FIGURES, CHARTS}

    def rests(self, busy: bool) -> bool:
        """Whether whatever there is has to wait, so that nobody need look for it. `busy`: a run has every core."""
        now = self._count()
        return busy and self._credit < 0 and all(now - at < LONGEST[part] for part, at in self._shown.items())

    def next(self, busy: bool) -> str:
        """FIGURES or CHARTS, which counts as shown then, or nothing."""
        now = self._count()
        late = now - self._shown[FIGURES] >= LONGEST[FIGURES]
        for part in (FIGURES, CHARTS) if late or self._last == CHARTS else (CHARTS, FIGURES):
            waits = busy and self._credit < 0 and now - self._shown[part] < LONGEST[part]
            if part in self._due and not waits:
                self._last = part
                self._due.discard(part)
                self._shown[part] = now
                return part
        return ""

    def _count(self) -> float:
        """Brings the credit up to now, and gives the time."""
        now, spent = self._now(), self._cpu()
        earned = SHARE * (now - self._at) - (spent - self._spent)
        self._credit = max(min(self._credit + earned, SHARE * _SAVED), -SHARE)
        self._at, self._spent = now, spent
        return now
