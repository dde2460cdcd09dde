"""A sweep from its plan to its table: what is there already is left alone, the rest is run, each result is a row."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuilab.lab.building import DATA_KEYS, load_data, warm_up
from tuilab.lab.disk import why, write_atomic
from tuilab.lab.drive import Stop
from tuilab.lab.errors import RunError
from tuilab.lab.preset import dumps, load_preset
from tuilab.lab.sweep.grid import Plan, Run, columns, differences
from tuilab.lab.sweep.parquet import check_pyarrow
from tuilab.lab.sweep.table import Table

if TYPE_CHECKING:
    from distributed import Client

SWEEPS = Path("sweeps")
_MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class Files:
    """Where a sweep is kept: the table, the preset it was made with, and the table as Parquet where that is asked for.

    `out` is a folder (sweep.csv, sweep.toml in it) or the name of a table: FILE.csv or FILE.parquet, the others beside.
    """

    table: Path
    preset: Path
    parquet: Path | None = None

    @classmethod
    def at(cls, out: str | Path | None, plan: Plan) -> Files:
        """The files for `out`, which by default is a folder named after the preset and what is swept."""
        name = "-".join((plan.preset.name, *plan.keys))[:_MAX_NAME]
        path = SWEEPS / name if out is None else Path(out)
        if path.suffix.lower() not in (".csv", ".parquet"):
            return cls(path / "sweep.csv", path / "sweep.toml")
        parquet = path if path.suffix.lower() == ".parquet" else None
        return cls(path.with_suffix(".csv"), path.with_suffix(".toml"), parquet)


@dataclass(slots=True)
class State:
    """How far a sweep is. `before` counts the rows that were there, `failed` holds a line for each run without one."""

    total: int
    before: int
    done: int = 0
    diverged: int = 0
    begun: float = 0.0
    problem: str | None = None
    failed: tuple[str, ...] = ()

    @property
    def left(self) -> int:
        """Runs still to be done."""
        return self.total - self.before - self.done - len(self.failed)

    @property
    def seconds_left(self) -> float | None:
        """About how long the rest takes, by what was done so far; None before the first result."""
        here = self.done + len(self.failed)
        return (time.monotonic() - self.begun) / here * self.left if here else None


def open_table(plan: Plan, files: Files) -> Table:
    """The table of `plan`, new or to go on with; raises RunError if it was made with another preset."""
    if files.parquet is not None:
        check_pyarrow(files.parquet)
    try:
        files.table.parent.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise RunError(f"{files.table.parent}: cannot make this folder: {why(error)}") from None
    table = Table(files.table, columns(plan.keys))
    try:
        if table.rows and files.preset.exists():
            changed = differences(load_preset(files.preset), plan.preset, plan.keys)
            if changed:
                raise RunError(
                    f"{files.table}: made with another preset ({'; '.join(changed)}): choose another --out, or go on"
                    f" with the preset of then: {files.preset}"
                )
        try:
            write_atomic(files.preset, dumps(plan.preset).encode())
        except OSError as error:
            raise RunError(f"{files.preset}: not saved: {why(error)}") from None
    except BaseException:
        table.close()
        raise
    return table


def check_data(plan: Plan) -> None:
    """Loads all data that a plan needs, at one seed; raises PresetError for what is not there or cannot be."""
    for preset in {tuple(s.preset.get(key) for key in DATA_KEYS): s.preset for s in plan.settings}.values():
        load_data(preset)


def compile_once(say: Callable[[str], None]) -> None:
    """Compiles the kernels if this machine has none yet, so that not every worker does."""
    from engine.compiled import is_warm

    if not is_warm():
        warm_up(say)


def sweep(
    plan: Plan, table: Table, client: Client, engine: str, stop: Stop, tell: Callable[[State], None],
) -> State:  # fmt: skip
    """Runs what `table` lacks until `stop` is asked; `tell` hears of it after each result and every moment between."""
    from tuilab.lab.sweep.cluster import results

    todo = [run for run in plan.runs if run.run_id not in table.rows]
    state = State(len(plan.runs), len(plan.runs) - len(todo), begun=time.monotonic())
    try:
        for news in results(client, todo, engine):
            if news is not None:
                run, result = news
                if isinstance(result, str):
                    state.failed += (f"{said(run)}: {result}",)
                else:
                    _note(plan, run, result, table, state)
            tell(state)
            if stop.asked:
                break
        if table.waiting:
            table.flush()
    except RunError as error:
        state.problem = str(error)
    return state


def _note(plan: Plan, run: Run, result: dict[str, Any], table: Table, state: State) -> None:
    """Makes a row of a result."""
    if not state.done:  # the estimate counts from when the workers were ready
        state.begun = time.monotonic() - result["wall_s"]
    state.done += 1
    state.diverged += result["status"] == "diverged"
    try:
        table.append(as_row(plan, run, result))
        state.problem = None
    except RunError as error:
        state.problem = str(error)


def as_row(plan: Plan, run: Run, result: dict[str, Any]) -> dict[str, Any]:
    """The row of a result. A setting whose name a result has too (steps, epochs, …) is the column set_NAME."""
    return {
        **{column: value for column, (_, value) in zip(columns(plan.keys), run.setting.values, strict=True)},
        **result,
        "preset": plan.preset.name,
    }


def said(run: Run) -> str:
    """A run in words: `lr=0.1 dropout=0.5 seed=3`."""
    return " ".join([*(f"{key}={value}" for key, value in run.setting.values), f"seed={run.seed}"])
