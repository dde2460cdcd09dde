"""The line to the person: a terminal, or the pipe from the server of a browser's tab."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable


def when_cut(fd: int, then: Callable[[], None]) -> None:
    """Calls `then`, on a thread of its own, once nobody is left at the other end of `fd`; reads nothing from it.

    A signal tells so to the processes that a terminal controls only, and Textual 8 takes the end of its input for
    silence, or for a failure of its own. A file that is no line to anybody is never cut.
    """

    def watch() -> None:
        line = select.poll()
        line.register(fd, 0)  # no event is asked for: hang-up and errors are told in any case
        line.poll()
        then()

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
