"""What is told at the end: means and deviations over seeds, by what the validation part says, the best first."""

from __future__ import annotations

from statistics import stdev
from typing import Any

import pytest

from tuilab.lab.preset import Preset
from tuilab.lab.sweep.grid import expand, parse_grid
from tuilab.lab.sweep.summary import summed_up

PLAN = expand(Preset("xor", widths=(4,), steps=5), parse_grid(["lr=1,2,3,4"]), 3)


def made(score: dict[int, Any], **more: Any) -> dict[str, dict[str, Any]]:
    """Rows by run: `score[lr]` gives the accuracies at its seeds, None for a run that diverged."""
    rows = {}
    for run in PLAN.runs:
        values = score.get(int(run.setting.preset.recipe.learning_rate), ())
        if run.seed < len(values):
            value = values[run.seed]
            status = "finished" if value is not None else "diverged"
            rows[run.run_id] = {"status": status, "val_accuracy": value, "val_loss": 1.0, "wall_s": 0.1, **more}
    return rows


def test_the_best_mean_is_first_and_a_setting_that_diverged_after_those_that_did_not() -> None:
    metric, lines = summed_up(PLAN, made({1: (0.5, 0.6, 0.7), 2: (0.9, 0.8, 0.7), 3: (0.99, None, 0.99)}))
    assert metric == "val_accuracy"
    assert [dict(line.values)["lr"] for line in lines] == [2, 1, 3]
    assert [(line.done, line.diverged) for line in lines] == [(3, 0), (3, 0), (3, 1)]
    best = lines[0].spreads["val_accuracy"]
    assert best.mean == pytest.approx(0.8) and best.sd == pytest.approx(stdev((0.9, 0.8, 0.7)))
    assert lines[2].spreads["val_accuracy"].mean == pytest.approx(0.99)


def test_one_seed_has_no_deviation_and_none_no_line() -> None:
    _, lines = summed_up(PLAN, made({1: (0.5,)}))
    assert len(lines) == 1 and lines[0].spreads["val_accuracy"].sd is None
    assert lines[0].as_row()["val_accuracy"] == {"mean": 0.5, "sd": None}


def test_all_diverged_comes_last_and_a_task_without_accuracy_is_ranked_by_loss() -> None:
    rows = made({1: (None, None, None), 2: (0.1, 0.1, 0.1)})
    assert [dict(line.values)["lr"] for line in summed_up(PLAN, rows)[1]] == [2, 1]
    rows = {run_id: {**row, "val_accuracy": None} for run_id, row in rows.items()}
    metric, lines = summed_up(PLAN, rows)
    assert metric == "val_loss" and dict(lines[0].values)["lr"] == 2
