"""Python's search for circular garbage, kept out of the way: it stops everything, and takes a tenth of a start.

The screen, and numba after it, make some hundred thousand objects that live to the end. They are set aside once they
are all there, so that later searches pass over them and a key never waits for one.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

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
