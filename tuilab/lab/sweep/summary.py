"""What a sweep found: for each setting the mean and standard deviation over its seeds, the best setting first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tuilab.lab.claims.statistics import deviation
from tuilab.lab.sweep.grid import Plan, Run

#: The numbers of a result that are summed up, and whether more of it is better.
METRICS = {"val_accuracy": True, "test_accuracy": True, "val_loss": False, "test_loss": False, "wall_s": False}


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation (n − 1) of some values; `sd` is None for a single one."""

    mean: float
    sd: float | None


@dataclass(frozen=True, slots=True)
class Line:
    """One setting: how many of its seeds are done, how many of them diverged, and the numbers of the others."""

    values: tuple[tuple[str, Any], ...]
    done: int
    diverged: int
    spreads: dict[str, Spread]

    def as_row(self) -> dict[str, Any]:
        """The same as JSON values."""
        spreads = {name: {"mean": found.mean, "sd": found.sd} for name, found in self.spreads.items()}
        return {"settings": dict(self.values), "done": self.done, "diverged": self.diverged, **spreads}


def summed_up(plan: Plan, rows: Mapping[str, Mapping[str, Any]]) -> tuple[str, tuple[Line, ...]]:
    """The metric by which settings are ranked (what the validation part says), and a line for each that has a run."""
    runs: dict[int, list[Run]] = {}
    for run in plan.runs:
        runs.setdefault(id(run.setting), []).append(run)
    lines = []
    for setting in plan.settings:
        done = [rows[run.run_id] for run in runs[id(setting)] if run.run_id in rows]
        good = [row for row in done if row["status"] == "finished"]
        spreads = {name: found for name in METRICS if (found := _spread([row.get(name) for row in good])) is not None}
        if done:
            lines.append(Line(setting.values, len(done), len(done) - len(good), spreads))
    metric = "val_accuracy" if any("val_accuracy" in line.spreads for line in lines) else "val_loss"
    return metric, tuple(sorted(lines, key=lambda line: _rank(line, metric)))


def _spread(values: Sequence[float | None]) -> Spread | None:
    """The spread of `values`, or None if one of them is missing."""
    numbers = [value for value in values if value is not None and math.isfinite(value)]
    if not numbers or len(numbers) < len(values):
        return None
    return Spread(math.fsum(numbers) / len(numbers), deviation(numbers) if len(numbers) > 1 else None)


def _rank(line: Line, metric: str) -> tuple[bool, bool, float, float]:
    """What to sort by: no run diverged, then the metric, then the loss."""
    found, loss = line.spreads.get(metric), line.spreads.get("val_loss")
    sign = -1.0 if METRICS[metric] else 1.0
    return found is None, line.diverged > 0, sign * found.mean if found else 0.0, loss.mean if loss else 0.0
