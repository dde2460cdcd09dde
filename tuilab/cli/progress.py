"""A progress bar on stderr while a run goes on, where stderr is a terminal; elsewhere nothing."""

from __future__ import annotations

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
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("[bold]{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f}/{task.total:,.0f}"),
        TextColumn("{task.fields[rate]}"), TextColumn("{task.fields[seen]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=1, rate="loading the engine, the first time compiling it…", seen="")

        def report(session: Any, rate: float) -> None:
            bar.update(
                task, completed=session.step, total=session.total_steps, rate=f"{rate:,.0f} steps/s",
                seen=f"loss {session.train_loss:.4f}  validation {session.val_loss:.4f}",
            )  # fmt: skip

        yield report
