"""Runs side by side: in which dials they differ, and in what came out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tuilab.lab import conditions
from tuilab.lab.errors import RunError
from tuilab.lab.preset import KEYS, TRAINING_FREE, Preset
from tuilab.lab.run_folder import RunRecord, read_run
from tuilab.lab.timeline import USUAL, to_rows

#: What is compared of a preset: what training depends on, with what is planned and what is waited for.
COMPARED = (*(key for key in KEYS if key not in TRAINING_FREE), "timeline", "when")
#: What is compared of a result, in this order.
RESULTS = (
    "status", "steps", "epochs", "train_loss", "val_loss", "test_loss", "train_accuracy", "val_accuracy",
    "test_accuracy", "wall_s", "threads", "params_sha256",
)  # fmt: skip


def compare(paths: Sequence[str | Path]) -> dict[str, Any]:
    """The object that `--json` prints: `runs`, then `dials` that differ and `results`, each a list in their order.

    A run without a result (it goes on, or was killed) has null for all of it. Raises RunError or PresetError.
    """
    if len(paths) < 2:
        raise RunError(f"compare: found {len(paths)} run, expected two or more")
    runs = [read_run(path) for path in paths]
    values = {key: [_value(run.preset, key) for run in runs] for key in COMPARED}
    return {
        "runs": [str(path) for path in paths],
        "dials": {key: found for key, found in values.items() if any(value != found[0] for value in found[1:])},
        "results": {key: [_result(run, key) for run in runs] for key in RESULTS},
    }


def _value(preset: Preset, key: str) -> Any:
    """A key's value as JSON has it; the usual rate and term by the optimizer's number, for they differ with it."""
    if key == "timeline":
        return to_rows(preset.timeline)
    if key == "when":  # how far a run kept up with its conditions is no difference between them
        return [conditions.to_row(replace(when, done=0)) for when in preset.conditions]
    if key in USUAL:
        return preset.recipe.learning_rate if key == "lr" else preset.recipe.epsilon
    value = preset.get(key)
    return list(value) if isinstance(value, tuple) else value


def _result(run: RunRecord, key: str) -> Any:
    return None if run.result is None else run.result.get(key)


def told(table: dict[str, Any]) -> str:
    """The comparison as a table for people, one column a run."""
    rows = [("", *(Path(run).name or run for run in table["runs"]))]
    rows += [(key, *map(cell, values)) for key, values in table["dials"].items()]
    if not table["dials"]:
        rows.append(("the same dials", *("" for _ in table["runs"])))
    rows.append(("", *("" for _ in table["runs"])))
    rows += [(key, *map(cell, values)) for key, values in table["results"].items()]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def cell(value: Any) -> str:
    """A value, short enough for a column."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        if value and isinstance(value[0], dict):
            return "; ".join(_condition(row) if "metric" in row else _turn(row) for row in value)
        return "-".join(map(str, value)) or "none"
    text = str(value)
    return text if len(text) <= 24 else f"{text[:12]}…"


def _turn(row: Mapping[str, Any]) -> str:
    """A row of a timeline: `100: dropout=0.5`."""
    return f"{row['step']}: {_dials({key: value for key, value in row.items() if key != 'step'})}"


def _condition(row: Mapping[str, Any]) -> str:
    """A row of conditions: `val_loss not fallen for 5 epochs: lr=/10, 3×`."""
    (when,) = conditions.from_rows([row])
    return f"{when}: {_dials(dict(when.changes))}" + (f", {when.times}×" if when.times else "")


def _dials(changes: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in changes.items())
