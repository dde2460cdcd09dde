"""What is too large, too small, constant or no number: trained, or told in a line; never a hang, never a silent NaN."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tuilab.cli import main


def rows(n: int, row: Callable[[int], str]) -> str:
    return "\n".join(map(row, range(n)))


X, Y = np.arange(120.0).reshape(40, 3), np.arange(40) % 2
TABLES = {
    "one.csv": "1,2,0\n",
    "same.csv": rows(20, lambda k: f"{k},{k % 3},a"),
    "alike.csv": rows(40, lambda k: f"7,7,{'ab'[k % 2]}"),
    "part.csv": rows(40, lambda k: f"7,{k % 2},{'ab'[k % 2]}"),
    "few.csv": rows(5, lambda k: f"{k},{k % 3},{'ab'[k % 2]}"),
    "huge.csv": rows(40, lambda k: f"{k}e36,{k % 3},{'ab'[k % 2]}"),
    "nan.csv": rows(9, lambda k: f"{'nan' if k == 4 else k},{k % 3},{k % 2}"),
    "inf.csv": rows(9, lambda k: f"{k},{'inf' if k == 6 else k},{k % 2}"),
}
ARRAYS = {
    "one.npz": (X[:1], Y[:1]),
    "same.npz": (X, Y * 0),
    "nan.npz": (np.where(X == 7, np.nan, X), Y),
    "inf.npz": (X, np.where(Y == 1, np.inf, 0.5)),
}


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in TABLES.items():
        Path(name).write_text(text)
    for name, (x, y) in ARRAYS.items():
        np.savez(name, x=x, y=y)


def ran(capsys: pytest.CaptureFixture[str], dataset: str, *sets: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of sixty steps on `dataset`."""
    Path("p.toml").write_text(f'dataset = "{dataset}"\nwidths = [4]\n')
    words = [word for text in sets for word in ("--set", text)]
    code = main(["run", "p.toml", *words, "--steps", "60", "--json"])
    return code, *capsys.readouterr()


@pytest.mark.parametrize(
    ("dataset", "words"),
    [
        ("./one.csv", "column 3: found 1 classes, allowed 2 to 100"),
        ("./one.npz", "found one class only (0), expected two or more"),
        ("./same.csv", "column 3: found 1 classes, allowed 2 to 100"),
        ("./same.npz", "found one class only (0), expected two or more"),
        ("./alike.csv", "found the same features in every row, expected rows that differ"),
        ("./nan.csv", "row 5, column 1: found 'nan', a missing value"),
        ("./inf.csv", "row 7, column 2: found 'inf', expected a finite number"),
        ("./nan.npz", "x, row 3, column 2: found nan, not finite"),
        ("./inf.npz", "y, row 2, column 1: found inf, not finite"),
    ],
)
def test_data_with_nothing_to_learn_or_no_numbers_are_refused(
    dataset: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ran(capsys, dataset)
    assert (code, out) == (2, "") and words in err and err.count("\n") == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("dataset", "sets", "diverges"),
    [
        ("circle", ["lr=1e6"], False),
        ("circle", ["lr=1e6", "optimizer=sgd", "activation=linear"], True),
        ("./huge.csv", ["standardise=false"], True),
        ("circle", ["initializer=zeros"], False),
        ("./part.csv", [], False),
        ("circle", ["train_size=1"], False),
        ("circle", ["batch_size=60000"], False),
        ("./few.csv", ["batch_size=4096", "batch_norm=true"], False),
        ("circle", ["widths=1,1,1"], False),
        ("circle", [f"widths={','.join(['4'] * 64)}"], False),
        ("circle", [f"widths={','.join(['4'] * 64)}", "activation=linear", "optimizer=sgd", "lr=100"], True),
    ],
)
def test_a_run_ends_finite_or_says_that_it_diverged(
    dataset: str, sets: list[str], diverges: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ran(capsys, dataset, *sets)
    result = json.loads(out)
    assert (code, result["status"]) == ((1, "diverged") if diverges else (0, "finished")), err
    if diverges:
        assert result["diverged_at"] == result["steps"] <= 60
    else:
        assert result["steps"] == 60 and math.isfinite(result["train_loss"]) and math.isfinite(result["val_loss"])


def test_layers_that_no_gradient_reaches_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "circle", "--set", "initializer=zeros", "--steps", "60"]) == 0
    assert "had no gradient at the last step: try another initializer" in capsys.readouterr().out
