"""What the screen shows at the next tick, so that watching a run costs the run little.

Figures and charts take turns: a change in both at once would have the screen composed anew from top to bottom, dials
included, which takes three times as long. While a run keeps every core busy both wait until the screen has used no more
than SHARE of a core, but never longer than LONGEST. Where a core is free the screen takes nothing from the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable

SHARE = 0.025  # of one core
_SAVED = 0.5  # seconds for which an unused share is kept
_SOON = 0.002  # seconds: the loop's clock is no finer than half of it

FIGURES, CHARTS = "figures", "charts"
#: Seconds from one picture of them to the next, but for what the loop takes: ten new figures a second and more.
LONGEST = {FIGURES: 0.09, CHARTS: 0.6}


class Beat:
    """Says which part's turn it is. `tick`: the shortest wait in seconds; `cpu`: seconds this thread has worked."""

    def __init__(
        self, tick: float, now: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.thread_time
    ):
        self._tick, self._now, self._cpu = tick, now, cpu
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

    def wait(self, busy: bool) -> float:
        """Seconds until there may be something to show, a tick from the last picture on. `busy`: a run has every core.

        A look in vain wakes this thread up for nothing, and the caches are the run's then.
        """
        now = self._count()
        wait = max(self._shown.values()) + self._tick - now
        if busy and self._credit < 0:
            ends = (at + LONGEST[part] - now for part, at in self._shown.items())
            wait = max(wait, min(-self._credit / SHARE, *ends))
        return max(wait, _SOON) if wait > -_SOON else self._tick  # there was nothing new

    def next(self, busy: bool) -> str:
        """FIGURES or CHARTS, which counts as shown then, or nothing."""
        now = self._count()
        late = now - self._shown[FIGURES] >= LONGEST[FIGURES] - self._tick  # or would be by the next picture
        first = busy and late and now - self._shown[CHARTS] < LONGEST[CHARTS]
        for part in (FIGURES, CHARTS) if first or self._last == CHARTS else (CHARTS, FIGURES):
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
