"""What a claim's metric is made of, over the steps: a line for each arm, the mean over the seeds with its interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tuilab.lab.arms import Claim
from tuilab.lab.claims.record import Look, Record
from tuilab.lab.claims.statistics import Estimate, estimate
from tuilab.lab.plots.draw import Line, Plot
from tuilab.lab.plots.points import STYLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

POINTS = 100  # of a curve that has a value at every step, at most

Trace = dict[int, float]  # what one run had at some of its steps


@dataclass(frozen=True, slots=True)
class Kind:
    """What is drawn for a metric; on a logarithmic axis the seeds are averaged as their logarithms."""

    title: str
    of: Callable[[Record], Trace]
    log: bool = False


def trace(record: Record, claim: Claim) -> Trace | None:
    """The curve behind the metric of `claim`; None for a metric that looks at one moment only."""
    kind = KINDS.get(claim.metric)
    return None if kind is None else kind.of(record)


def plot(claim: Claim, traces: Sequence[Sequence[Trace | None]]) -> Plot | None:
    """The arms side by side, from one row a seed with one trace an arm, as far as all of them went.

    None where there is no curve: two steps or more that every run has.
    """
    runs = [run for row in traces for run in row if run is not None]
    if claim.metric not in KINDS or not traces or len(runs) < sum(map(len, traces)):
        return None
    steps = sorted(set(runs[0]).intersection(*runs))
    if len(steps) < 2:
        return None
    kind = KINDS[claim.metric]
    lines = []
    for k, name in enumerate(claim.arms):
        found = [_mean([row[k][step] for row in traces], kind.log) for step in steps]  # type: ignore[index]
        y, low, high = zip(*((one.mean, one.low, one.high) for one in found), strict=True)
        lines.append(Line(name, STYLES[k % len(STYLES)], steps, y, low, high))
    return Plot(kind.title, tuple(lines), _marks(claim, steps[-1]), kind.log)


def _mean(values: Sequence[float], log: bool) -> Estimate:
    if not log:
        return estimate(values)
    made = estimate([math.log(v) if v > 0.0 else math.nan for v in values])
    return Estimate(*(math.exp(min(v, 700.0)) for v in (made.mean, made.low, made.high)))


def _marks(claim: Claim, last: int) -> tuple[tuple[int, str], ...]:
    """Up to where the metric looks, if it stops before the run does."""
    ends = claim.metric == "gradient_decades" and claim.window < last
    return ((claim.window, "measured up to here"),) if ends else ()


def _stepped(record: Record, values: NDArray[np.float64]) -> Trace:
    """Means over pieces of equal length, each at the step it ends at; a last one that is shorter is left out."""
    length = max(1, math.ceil(record.result["total_steps"] / POINTS))
    whole = len(values) // length
    means = values[: whole * length].reshape(whole, length).mean(axis=1)
    return {length * (k + 1): float(v) for k, v in enumerate(means)}


def _looked(record: Record, value: Callable[[Look], float]) -> Trace:
    return {look.step: float(value(look)) for look in record.looks}


def _gap(record: Record) -> Trace:
    """From the second look on, as there is no batch before the first one."""
    pairs = zip(record.looks, record.looks[1:], strict=False)
    return {b.step: b.loss - float(np.mean(record.loss[a.step : b.step])) for a, b in pairs}


def _decades(record: Record) -> Trace:
    norms = record.grad_norm.astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _stepped(record, np.log10(norms[:, 0] / norms[:, -1]))


def _effective(record: Record) -> Trace:
    with np.errstate(divide="ignore", invalid="ignore"):
        return _stepped(record, np.exp(np.log(record.effective_step.astype(np.float64)).mean(axis=1)))


#: The curves by the name of the metric; a test part is looked at once, at the end, so the validation part stands in.
KINDS: dict[str, Kind] = {
    "test_error": Kind(
        "Validation error in per cent", lambda r: _looked(r, lambda look: 100.0 * (1.0 - look.accuracy))
    ),
    "train_loss": Kind("Loss of the batches", lambda r: _stepped(r, r.loss.astype(np.float64)), log=True),
    "overfitting_gap": Kind("Validation loss less loss of the batches", _gap),
    "gradient_decades": Kind("log10 of first over last layer's gradient norm", _decades),
    "steps_to_target": Kind("Validation accuracy", lambda r: _looked(r, lambda look: look.accuracy)),
    "input_drift": Kind(
        "Mean of the last hidden layer's inputs", lambda r: _looked(r, lambda look: look.probes[-1].input_mean)
    ),
    "step_decades": Kind("Effective step, mean over the layers", _effective, log=True),
    "dead_share": Kind(
        "Dead hidden units in per cent",
        lambda r: _looked(r, lambda look: 100.0 * float(np.mean([probe.dead for probe in look.probes]))),
    ),
}
