"""`tuilab sweep` as it is used: its table, its JSON, its exit codes, and going on after ctrl+c."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tuilab.cli import main

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120.0
GRID = (
    "--grid",
    "lr=0.01,0.1",
    "--grid",
    "widths=[4],[4,4]",
    "--seeds",
    "3",
    "--steps",
    "10000",
    "--out",
    "T/x.parquet",
)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_ctrl_c_keeps_what_is_done_and_the_same_command_goes_on(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The signal goes to the workers too, as from a terminal: they leave it to the command."""
    from pyarrow.parquet import read_table

    words, table = ["sweep", "xor", *GRID, "--json"], elsewhere / "T" / "x.csv"
    process = subprocess.Popen(
        [sys.executable, "-m", "tuilab", *words], env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends and not (table.exists() and rows(table)):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    first = json.loads(out)
    assert process.returncode == 130 and first["status"] == "stopped", err
    lines = err.splitlines()
    assert lines[0] == "tuilab: 12 runs: 4 settings × 3 seeds"
    assert lines[-1] == "tuilab: interrupted; the same command goes on" and "Traceback" not in err
    kept = rows(table)
    assert 1 <= len(kept) == first["in_table"] == first["new"] < 12

    assert main(words) == 0
    out, err = capsys.readouterr()
    second = json.loads(out)
    assert out.count("\n") == 1 and f"{len(kept)} of them in {table.relative_to(elsewhere)} already" in err
    assert (second["status"], second["in_table"], second["new"]) == ("finished", 12, 12 - len(kept))
    assert rows(table)[: len(kept)] == kept and len({row["run_id"] for row in rows(table)}) == 12
    alone_words = "run xor --set lr=0.1 --set widths=4,4 --steps 10000 --seed 2 --threads 1 --json"
    assert main(alone_words.split()) == 0
    alone = json.loads(capsys.readouterr().out)
    (same,) = [r for r in rows(table) if (r["lr"], r["widths"], r["seed"]) == ("0.1", "[4, 4]", "2")]
    assert same["params_sha256"] == alone["params_sha256"] and float(same["val_loss"]) == alone["val_loss"]

    assert main(words[:-1]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert " ".join(lines[0].split()) == "lr widths seeds val_accuracy test_accuracy val_loss test_loss wall_s"
    best = second["settings"][0]
    assert lines[1].split()[:3] == [str(best["settings"]["lr"]), "-".join(map(str, best["settings"]["widths"])), "3"]
    assert f"{100 * best['val_accuracy']['mean']:.1f} ± " in lines[1]
    assert lines[-1] == "12 of 12 runs in T/x.parquet; the best setting first, by val_accuracy" and len(lines) == 6
    assert sorted(p.name for p in Path("T").iterdir()) == ["x.csv", "x.parquet", "x.toml"]
    columns = read_table("T/x.parquet").to_pydict()
    for name in ("run_id", "params_sha256", "status"):
        assert columns[name] == [row[name] for row in rows(table)]

    assert main([*words, "--set", "momentum=0.5"]) == 2
    err = capsys.readouterr().err
    assert (
        err.count("\n") == 1 and "made with another preset (momentum = 0.9, now 0.5)" in err and len(rows(table)) == 12
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--grid", "dropout=0.1,2"], "--grid dropout=2: dropout: found 2, expected a number in"),
        (["--grid", "noise=0.1,1000"], "noise"),
        (["--grid", "drop=1"], "did you mean 'dropout'"),
        (["--grid", "lr=1,1.0"], "found twice"),
        (["--seeds", "0"], "--seeds: found 0"),
        (["--scheduler", "tcp://127.0.0.1:1"], "--scheduler tcp://127.0.0.1:1: cannot be reached"),
        (["--scheduler", "nonsense://x"], "--scheduler nonsense://x: cannot be reached"),
    ],
)
def test_what_cannot_be_is_2_and_one_line_before_anything_runs(
    words: list[str], said: str, elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuilab.lab.sweep.cluster.CONNECT_S", 0.5)
    assert main(["sweep", "xor", *words]) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if not line.startswith("tuilab: 1 run:")]
    assert out == "" and len(lines) == 1 and said in lines[0]
    assert not list(elsewhere.rglob("sweep.csv")) or "--scheduler" in words


def test_without_dask_one_line_tells_how_to_get_it(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import importlib.util

    real = importlib.util.find_spec

    def without(name: str, *more: Any) -> Any:
        return None if name in ("distributed", "pyarrow") else real(name, *more)

    for module in ("cluster", "parquet"):
        monkeypatch.setattr(f"tuilab.lab.sweep.{module}.find_spec", without)
    assert main(["sweep", "xor"]) == 2
    assert "pip install 'tuilab[sweep]'" in capsys.readouterr().err
    monkeypatch.setattr("tuilab.lab.sweep.cluster.find_spec", real)
    assert main(["sweep", "xor", "--out", "x.parquet"]) == 2
    assert "pip install pyarrow" in capsys.readouterr().err and not list(elsewhere.iterdir())
