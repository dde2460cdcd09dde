"""A progress bar on stderr while a run goes on, where stderr is a terminal; elsewhere nothing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Report = Callable[[Any, float], None]


@contextmanager
def progress(name: str) -> Iterator[Report | None]:
    """What to call with the session and its rate after each chunk; None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class State(ProgressColumn):
        """What keeps the session from training, or how it trains; read as the bar is drawn, also while it compiles."""

        def render(self, task: Task) -> Text:
            session = task.fields["session"]
            if session is None or session.phase:
                return Text(f"{session.phase if session else 'starting'}…")
            return Text(
                f"{session.step:,}/{session.total_steps:,}  {task.fields['rate']:,.0f} steps/s"
                f"  loss {session.train_loss:.4f}  validation {session.val_loss:.4f}"
            )

    columns = (TextColumn("[bold]{task.description}"), BarColumn(), State(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task(name, total=None, session=None, rate=0.0)

    def report(session: Any, rate: float) -> None:
        with contextlib.suppress(OSError):
            bar.update(task, completed=session.step, total=session.total_steps or None, session=session, rate=rate)

    # A terminal that hangs up must not keep the run from being saved.
    with contextlib.suppress(OSError):
        bar.start()
    try:
        yield report
    finally:
        with contextlib.suppress(OSError):
            bar.stop()


@contextmanager
def transfer(name: str) -> Iterator[Callable[[str, int, int], None] | None]:
    """What to call while files of the set `name` come in; None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return

    def report(file: str, done: int, total: int) -> None:
        line = f"{name}: {file} {done / 1e6:.1f} of {total / 1e6:.1f} MB"
        with contextlib.suppress(OSError):
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    try:
        yield report
    finally:
        with contextlib.suppress(OSError):
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
