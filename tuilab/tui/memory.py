"""What keeps memory small over hours, and out of the way of the moment.

Python's search for circular garbage stops everything, and takes a tenth of a start. The screen, and numba after it,
make some hundred thousand objects that live to the end. They are set aside once they are all there, so that later
searches pass over them and a key never waits for one.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

if TYPE_CHECKING:
    from textual.screen import Screen
    from textual.theme import Theme
    from textual.widget import Widget

_ARENAS = 2
_M_ARENA_MAX = -8  # glibc's mallopt(3)
LATEST = 120.0  # seconds after which the search begins again in any case


def hold() -> None:
    """No search from now on, until `resume_when`."""
    gc.disable()


async def resume_when(ready: Callable[[], bool]) -> None:
    """Once `ready()`: what is there is set aside, and the search goes on."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + LATEST
    while not ready() and loop.time() < ends:
        await asyncio.sleep(0.2)
    gc.freeze()
    gc.enable()


def share_heaps() -> bool:
    """Has glibc make no more than two heaps; whether this is a system where it can.

    Every run has threads of its own, and glibc a heap for every thread: what one run freed stayed there, of no use to
    the next. That a run frees and makes the same large pieces again with every save is why they are not given back
    at once: the system would have to clear sixty megabytes of new memory a second for them.
    """
    return bool(_glibc("mallopt", _M_ARENA_MAX, _ARENAS))


def clear_up() -> None:
    """After a run was left: what only circles hold is freed, and what lies free goes back to the system."""
    gc.collect()
    _glibc("malloc_trim", 0)


def _glibc(name: str, *numbers: int) -> int:
    """What that function of the C library gives; 0 where the C library has none of that name."""
    import ctypes

    try:
        return int(getattr(ctypes.CDLL(None), name)(*numbers))
    except (AttributeError, OSError, TypeError):
        return 0


def let_go(screen: Screen[Any]) -> None:
    """What was painted of a screen that closes: Textual 8 remembers the last thousand widgets with all they showed."""
    for widget in screen.walk_children(with_self=True):
        widget.refresh()  # which forgets it


def on_theme(widget: Widget, do: Callable[[], None]) -> None:
    """Calls `do`, a method of `widget`, whenever the theme changes, as long as there is the widget.

    The app's signal alone would keep it for ever, and so it would if it posted the call to the widget (`immediate`).
    """
    method = WeakMethod(do)

    def changed(_: Theme) -> None:
        found = method()
        if found is not None:
            found()

    widget.app.theme_changed_signal.subscribe(widget, changed, immediate=True)
