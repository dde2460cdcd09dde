"""The metrics: each makes one number of a run, by the name it has in `names.METRICS`.

A metric gives NaN where the run has no such number (it diverged), and the claim then cannot hold.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from tuilab.lab.arms import Claim
from tuilab.lab.claims.names import METRICS
from tuilab.lab.claims.record import Record


def measure(record: Record, claim: Claim) -> float:
    """The number that `claim` is about; NaN for a run that diverged."""
    if record.result["status"] == "diverged":
        return math.nan
    return BY_NAME[claim.metric](record, claim)


def test_error(record: Record, claim: Claim) -> float:
    """Per cent of the test part classified wrongly."""
    return 100.0 * (1.0 - _number(record, "test_accuracy"))


def train_loss(record: Record, claim: Claim) -> float:
    """Loss on the training part at the end, dropout off."""
    return _number(record, "train_loss")


def overfitting_gap(record: Record, claim: Claim) -> float:
    """Loss on the test part less loss on the training part."""
    return _number(record, "test_loss") - _number(record, "train_loss")


def gradient_decades(record: Record, claim: Claim) -> float:
    """Mean over the first `window` steps of log10 ‖g first layer‖ / ‖g last layer‖."""
    norms = record.grad_norm[: claim.window].astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean(np.log10(norms[:, 0] / norms[:, -1])))


def steps_to_target(record: Record, claim: Claim) -> float:
    """The first look with at least `target` validation accuracy; the last step where there is none.

    Counting a run that never got there as if it had at the last moment favours it: a claim that the other arm is
    faster becomes harder to hold, never easier.
    """
    reached = [look.step for look in record.looks if look.accuracy >= claim.target]
    return float(max(1, reached[0] if reached else record.looks[-1].step))


def input_drift(record: Record, claim: Claim) -> float:
    """Standard deviation, over the looks, of the mean and of the deviation of the last hidden layer's inputs.

    The two are joined as √(a² + b²). Absolute: the activation behind them has a scale of its own.
    """
    last = [look.probes[-1] for look in record.looks]
    means = np.array([probe.input_mean for probe in last])
    deviations = np.sqrt([probe.input_var for probe in last])
    return float(np.hypot(means.std(), deviations.std()))


def variance_decades(record: Record, claim: Claim) -> float:
    """|log10| of the variance of the last hidden layer's activations over the first one's, before any step."""
    probes = record.looks[0].probes
    return abs(math.log10(probes[-1].var / probes[0].var)) if min(probes[0].var, probes[-1].var) > 0.0 else math.nan


def step_decades(record: Record, claim: Claim) -> float:
    """Mean over layers of log10: effective step in the last tenth of the run over that in the first tenth."""
    steps = record.effective_step.astype(np.float64)
    tenth = max(1, len(steps) // 10)
    first, last = np.median(steps[:tenth], axis=0), np.median(steps[-tenth:], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean(np.log10(last / first)))


def dead_share(record: Record, claim: Claim) -> float:
    """Per cent of the hidden units whose derivative is 0 on every row looked at, at the end."""
    return 100.0 * float(np.mean([probe.dead for probe in record.looks[-1].probes]))


def _number(record: Record, key: str) -> float:
    """A number of the result, where JSON's null is NaN."""
    value = record.result[key]
    return math.nan if value is None else float(value)


BY_NAME: dict[str, Callable[[Record, Claim], float]] = {name: globals()[name] for name in METRICS}
