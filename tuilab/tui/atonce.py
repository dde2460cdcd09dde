"""Painting in the turn in which something changed.

To refresh a widget is a message to it, one to the screen, and a timer that goes off within a sixtieth of a second. Each
of them wakes up a thread whose caches the run has taken meanwhile: together they cost more than what is painted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

from textual.geometry import Region
from textual.screen import Screen
from textual.widget import Widget

_changed: set[Widget] | None = None  # what the end of `at_once` paints; None: everything goes its usual way


@contextmanager
def at_once(screen: Screen[Any]) -> Iterator[None]:
    """Paints at its end what of `screen` was refreshed in it, as far as that is `Prompt`."""
    global _changed
    _changed = set()
    try:
        yield
    finally:
        changed, _changed = _changed, None
    if changed:
        screen._dirty_widgets |= changed
        screen._on_timer_update()


class Prompt(Widget):
    """A widget that `at_once` knows: it makes its rows itself, for what Textual keeps of a `render` would stay kept."""

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Have it painted: at the end of `at_once` if that goes on, else when its turn comes."""
        if _changed is None or layout or recompose or not self.is_attached:
            return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)
        if repaint:
            self._set_dirty(*regions)
            if self.display:  # one that is not would have the whole screen mapped anew
                _changed.add(self)
        return self
