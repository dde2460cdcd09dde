"""`tuilab sweep`: many runs of one preset, into one table."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tuilab.cli import INTERRUPTED

if TYPE_CHECKING:
    from tuilab.lab.drive import Stop
    from tuilab.lab.sweep.grid import Plan
    from tuilab.lab.sweep.summary import Line, Spread
    from tuilab.lab.sweep.table import Table
    from tuilab.lab.sweep.work import Files, State

_SHOWN = 20  # settings in the table at the end
_SCALES = {"accuracy": (100.0, 1, " %"), "loss": (1.0, 4, ""), "s": (1.0, 2, "")}
_TELL_S = 10.0  # between two lines where there is no terminal


def sweep(args: argparse.Namespace) -> int:
    """Runs what is not in the table yet, then prints what it says; 1 if a run failed, 130 if it was interrupted."""
    from tuilab.cli.training import chosen_preset
    from tuilab.lab.drive import Stop
    from tuilab.lab.sweep.cluster import check_installed
    from tuilab.lab.sweep.grid import expand, parse_grid
    from tuilab.lab.sweep.work import Files, check_data, open_table

    plan = expand(chosen_preset(args), parse_grid(args.grid), args.seeds)
    check_installed()
    files = Files.at(args.out, plan)
    check_data(plan)
    with open_table(plan, files) as table, Stop() as stop:
        begun = time.monotonic()
        state = _done(plan, table, args.scheduler, stop)
        return _ended(plan, table, files, state, stop.asked, round(time.monotonic() - begun, 3), args.json)


def _done(plan: Plan, table: Table, scheduler: str | None, stop: Stop) -> State:
    """Does the runs that are missing, with news of them on stderr."""
    from engine.compiled import source_hash
    from engine.threads import cores
    from tuilab.lab.sweep.cluster import connected
    from tuilab.lab.sweep.work import State, compile_once, sweep

    there = sum(run.run_id in table.rows for run in plan.runs)
    todo = len(plan.runs) - there
    seeds = len(plan.runs) // len(plan.settings)
    known = f", {there:,} of them in {table.path} already" if there else ""
    _say(f"{_count(len(plan.runs), 'run')}: {_count(len(plan.settings), 'setting')} × {_count(seeds, 'seed')}{known}")
    if not todo:
        return State(there, there)
    compile_once(_say)
    with _progress(len(plan.runs)) as tell, connected(scheduler, min(cores(), todo)) as client:
        if scheduler is not None and not client.nthreads():
            _say(f"{scheduler}: the scheduler has no workers yet, waiting for some")
        return sweep(plan, table, client, source_hash(), stop, tell)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[State], None]]:
    """What to call with the state: a bar on a terminal, elsewhere a line now and then."""
    if not sys.stderr.isatty():
        last = time.monotonic()

        def tell(state: State) -> None:
            nonlocal last
            if time.monotonic() - last >= _TELL_S:
                last = time.monotonic()
                _say(_news(state))

        yield tell
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    with Progress(BarColumn(), TextColumn("{task.description}"), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting workers…", total=total)
        yield lambda state: bar.update(task, completed=state.total - state.left, description=_news(state))


def _news(state: State) -> str:
    parts = [f"{state.total - state.left:,}/{state.total:,} runs"]
    parts += [f"{state.diverged:,} diverged"] if state.diverged else []
    parts += [f"{len(state.failed):,} failed"] if state.failed else []
    seconds = state.seconds_left
    parts.append("estimating…" if seconds is None else f"about {_duration(seconds)} left")
    return "  ".join(parts + ([state.problem] if state.problem else []))


def _duration(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {whole % 60:02} s" if minutes else f"{whole} s"


def _ended(
    plan: Plan, table: Table, files: Files, state: State, asked: bool, wall_s: float, as_json: bool
) -> int:  # fmt: skip
    """Writes what is written at the end, prints what came out, and gives the exit code."""
    from tuilab.lab.sweep.parquet import write_parquet
    from tuilab.lab.sweep.summary import summed_up

    wanted = [table.rows[run.run_id] for run in plan.runs if run.run_id in table.rows]
    if files.parquet is not None:
        write_parquet(files.parquet, list(table.rows.values()))
    metric, lines = summed_up(plan, table.rows)
    interrupted = asked and state.left > 0
    if as_json:
        print(json.dumps({
            "preset": plan.preset.name, "status": "stopped" if state.left else "failed" if state.failed else "finished",
            "runs": state.total, "in_table": len(wanted), "new": state.done, "failed": list(state.failed),
            "diverged": sum(row["status"] == "diverged" for row in wanted), "wall_s": wall_s, "metric": metric,
            "table": str(files.table), "parquet": str(files.parquet) if files.parquet else None,
            "settings": [line.as_row() for line in lines],
        }, allow_nan=False, ensure_ascii=False))  # fmt: skip
    else:
        _print_table(plan, lines)
        best = f"; the best setting first, by {metric}" if len(lines) > 1 else ""
        print(f"{len(wanted):,} of {state.total:,} runs in {files.parquet or files.table}{best}")
    for line in state.failed[:5]:
        _say(f"failed: {line}")
    if len(state.failed) > 5:
        _say(f"and {len(state.failed) - 5:,} more failed")
    if state.problem is not None:
        _say(state.problem)
    if state.left or state.failed:
        _say(f"{'interrupted' if interrupted else 'not all is done'}; the same command goes on")
    return INTERRUPTED if interrupted else int(bool(state.left or state.failed or state.problem))


def _print_table(plan: Plan, lines: Sequence[Line]) -> None:
    """A line for each setting, the best first."""
    from rich.console import Console
    from rich.table import Table as Grid

    from tuilab.lab.compare import cell
    from tuilab.lab.sweep.summary import METRICS

    shown = [name for name in METRICS if any(name in line.spreads for line in lines)]
    grid = Grid(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for key in plan.keys:
        grid.add_column(key, no_wrap=True)
    for name in ("seeds", *(["diverged"] if any(line.diverged for line in lines) else []), *shown):
        grid.add_column(name, justify="right", no_wrap=True)
    for line in lines[:_SHOWN]:
        lost = [str(line.diverged or "")] if any(other.diverged for other in lines) else []
        numbers = [_shown(name, line.spreads) for name in shown]
        grid.add_row(*(cell(value) for _, value in line.values), str(line.done), *lost, *numbers)
    wide = None if sys.stdout.isatty() else 1000
    Console(width=wide, highlight=False).print(grid)
    if len(lines) > _SHOWN:
        print(f"… and {len(lines) - _SHOWN:,} more settings")


def _shown(name: str, spreads: Mapping[str, Spread]) -> str:
    """Mean ± standard deviation of a metric."""
    if name not in spreads:
        return "–"
    found = spreads[name]
    scale, digits, unit = (
        (100.0, 1, " %") if name.endswith("accuracy") else (1.0, 4 if name.endswith("loss") else 2, "")
    )
    more = "" if found.sd is None else f" ± {scale * found.sd:.{digits}f}"
    return f"{scale * found.mean:.{digits}f}{more}{unit}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _say(line: str) -> None:
    print(f"tuilab: {line}", file=sys.stderr, flush=True)
