"""A sweep on a real scheduler with three workers, each a process of its own, one of which is killed in mid-run."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from engine import Recipe
from engine.compiled import source_hash
from tuilab.lab.drive import Stop
from tuilab.lab.preset import Preset
from tuilab.lab.sweep.cluster import connected
from tuilab.lab.sweep.grid import Plan, expand, parse_grid
from tuilab.lab.sweep.run import execute
from tuilab.lab.sweep.work import Files, State, as_row, open_table, sweep

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60.0
OF_THE_CLOCK = {"wall_s", "steps_per_s"}
PLAN = expand(
    Preset("xor", name="tiny", widths=(8, 8), recipe=Recipe(optimizer="momentum"), steps=3000),
    parse_grid(["lr=0.01,0.1,1e6", "dropout=0,0.2"]),
    2,
)


def started(*words: str) -> tuple[subprocess.Popen[str], str]:
    """A dask process, and the address that it tells once it listens."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "distributed.cli.dask_" + words[0], "--host", "127.0.0.1", "--no-dashboard", *words[1:]],
        env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    stream: IO[str] | None = process.stderr
    assert stream is not None
    told = ""
    for line in stream:
        told += line
        if found := re.search(r"(?:Scheduler at|Start worker at): +(tcp://\S+)", line):
            return process, found[1]
    raise AssertionError(told)


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, dict[str, subprocess.Popen[str]]]]:
    """The scheduler's address, and three workers by theirs."""
    scheduler, address = started("scheduler", "--port", "0")
    processes = [scheduler]
    try:
        workers = {}
        for _ in range(3):
            process, own = started("worker", address, "--nthreads", "1", "--no-nanny", "--memory-limit", "0")
            processes.append(process)
            workers[own] = process
        yield address, workers
    finally:
        for process in processes:
            process.kill()
            process.wait()


def serial(plan: Plan) -> dict[str, dict[str, object]]:
    engine = source_hash()
    rows = (as_row(plan, r, execute(r.setting.text, r.seed, r.run_id, "serial", engine)) for r in plan.runs)
    return {str(row["run_id"]): row for row in rows}


def test_a_killed_worker_costs_no_run_and_doubles_none(
    cluster: tuple[str, dict[str, subprocess.Popen[str]]], tmp_path: Path
) -> None:
    address, workers = cluster
    killed: list[str] = []
    files = Files.at(tmp_path / "S", PLAN)
    with connected(address, 0) as client, open_table(PLAN, files) as table:
        client.wait_for_workers(3, timeout=PATIENCE)

        def tell(state: State) -> None:
            if killed or not state.done:
                return
            busy = [worker for worker, keys in client.processing().items() if keys]
            if busy:
                killed.append(busy[0])
                os.kill(workers[busy[0]].pid, signal.SIGKILL)

        state = sweep(PLAN, table, client, source_hash(), Stop(), tell)
    assert killed and workers[killed[0]].wait(timeout=PATIENCE) == -signal.SIGKILL
    assert (state.done, state.left, state.failed, state.problem) == (len(PLAN.runs), 0, (), None)
    with files.table.open(newline="") as file:
        ids = [row["run_id"] for row in csv.DictReader(file)]
    assert sorted(ids) == sorted(run.run_id for run in PLAN.runs)
    wanted = serial(PLAN)
    for run_id, row in table.rows.items():
        assert {k: v for k, v in row.items() if k not in OF_THE_CLOCK} == {
            k: v for k, v in wanted[run_id].items() if k not in OF_THE_CLOCK
        }
    assert sum(row["status"] == "diverged" for row in table.rows.values()) == state.diverged > 0


def test_a_run_that_fails_is_told_and_leaves_no_row(
    cluster: tuple[str, dict[str, subprocess.Popen[str]]], tmp_path: Path
) -> None:
    plan = expand(Preset("xor", steps=10), parse_grid(["train_size=20,1000000"]), 1)
    with connected(cluster[0], 0) as client, open_table(plan, Files.at(tmp_path / "S", plan)) as table:
        state = sweep(plan, table, client, source_hash(), Stop(), lambda state: None)
        assert state.done == 1 and len(table.rows) == 1
        assert len(state.failed) == 1 and "train_size=1000000 seed=0: " in state.failed[0]
        other = sweep(plan, table, client, "0" * 16, Stop(), lambda state: None)
        assert other.done == 0 and "another engine" in other.failed[0]


def test_a_scheduler_that_goes_away_is_one_line_and_keeps_what_is_done(tmp_path: Path) -> None:
    scheduler, address = started("scheduler", "--port", "0")
    plan = expand(Preset("xor", steps=10), parse_grid(["lr=0.1,0.2"]), 1)
    try:
        with connected(address, 0) as client, open_table(plan, Files.at(tmp_path / "S", plan)) as table:
            begun = time.monotonic()

            def tell(state: State) -> None:
                scheduler.kill()
                assert time.monotonic() - begun < PATIENCE

            state = sweep(plan, table, client, source_hash(), Stop(), tell)
    finally:
        scheduler.kill()
        scheduler.wait()
    assert state.problem == "sweep: the scheduler is gone" and state.left == 2


def test_a_sweep_has_a_place_of_its_own_or_the_one_it_is_given() -> None:
    plan = expand(Preset("xor", name="tiny"), parse_grid(["lr=1,2", "dropout=0,0.1"]))
    assert Files.at(None, plan).table == Path("sweeps/tiny-lr-dropout/sweep.csv")
    assert Files.at("S", plan) == Files(Path("S/sweep.csv"), Path("S/sweep.toml"))
    assert Files.at("S/a.csv", plan) == Files(Path("S/a.csv"), Path("S/a.toml"))
    assert Files.at("b.parquet", plan) == Files(Path("b.csv"), Path("b.toml"), Path("b.parquet"))
