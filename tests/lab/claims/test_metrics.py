"""Each metric on a made history whose number is known."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from engine.metrics import Probe
from tuilab.lab.arms import Claim
from tuilab.lab.claims import metrics
from tuilab.lab.claims.metrics import measure
from tuilab.lab.claims.names import METRICS
from tuilab.lab.claims.record import Look, Record

RESULT: dict[str, Any] = {"status": "finished", "test_accuracy": 0.75, "train_loss": 0.5, "test_loss": 0.8}


def claim(metric: str, **more: Any) -> Claim:
    return Claim(1, "made", metric, ("one",), "less", compare="value", **more)


def probe(
    layer: int = 0, *, input_mean: float = 0.0, input_var: float = 1.0, var: float = 1.0, dead: float = 0.0
) -> Probe:
    return Probe(layer, input_mean, input_var, 0.0, var, dead, 0.0, np.zeros(1, np.int64), np.zeros(2))


def record(**more: Any) -> Record:
    nothing = np.ones((10, 2), np.float32)
    made = {
        "grad_norm": nothing,
        "effective_step": nothing,
        "loss": nothing[:, 0],
        "looks": (Look(0, 0.1),),
        "result": RESULT,
        **more,
    }
    return Record(**made)


def test_there_is_a_function_for_every_name() -> None:
    assert set(metrics.BY_NAME) == set(METRICS)
    assert all(function.__name__ == name for name, function in metrics.BY_NAME.items())


def test_numbers_of_the_result() -> None:
    assert measure(record(), claim("test_error")) == pytest.approx(25.0)
    assert measure(record(), claim("train_loss")) == 0.5
    assert measure(record(), claim("overfitting_gap")) == pytest.approx(0.3)
    assert math.isnan(measure(record(result={**RESULT, "train_loss": None}), claim("train_loss")))


@pytest.mark.parametrize("metric", METRICS)
def test_a_run_that_diverged_has_no_number(metric: str) -> None:
    assert math.isnan(measure(record(result={**RESULT, "status": "diverged"}), claim(metric)))


def test_gradient_decades_are_those_of_the_first_steps() -> None:
    norms = np.array([[1e-3, 1.0], [1e-5, 1.0], [1.0, 1.0]], np.float32)
    assert measure(record(grad_norm=norms), claim("gradient_decades", window=2)) == pytest.approx(-4.0, abs=1e-5)
    assert measure(record(grad_norm=norms), claim("gradient_decades")) == pytest.approx(-8.0 / 3.0, abs=1e-5)
    gone = np.array([[0.0, 1.0]], np.float32)
    assert not math.isfinite(measure(record(grad_norm=gone), claim("gradient_decades")))


def test_the_first_look_at_the_target_counts() -> None:
    looks = tuple(Look(step, accuracy) for step, accuracy in ((0, 0.1), (10, 0.8), (20, 0.91), (30, 0.7), (40, 0.95)))
    assert measure(record(looks=looks), claim("steps_to_target", target=0.9)) == 20.0
    assert measure(record(looks=looks), claim("steps_to_target", target=0.99)) == 40.0
    assert measure(record(looks=looks), claim("steps_to_target", target=0.05)) == 1.0


def test_drift_is_that_of_mean_and_deviation() -> None:
    looks = tuple(
        Look(i, 0.0, (probe(input_mean=9.0 * i), probe(1, input_mean=mean, input_var=deviation**2)))
        for i, (mean, deviation) in enumerate([(-3.0, 1.0), (3.0, 9.0)])
    )
    assert measure(record(looks=looks), claim("input_drift")) == pytest.approx(5.0)


@pytest.mark.parametrize(("last", "decades"), [(0.01, 2.0), (100.0, 2.0), (1.0, 0.0)])
def test_variance_is_compared_before_the_first_step(last: float, decades: float) -> None:
    looks = (Look(0, 0.0, (probe(), probe(1, var=3.0), probe(2, var=last))), Look(9, 0.0, (probe(), probe(1, var=7.0))))
    assert measure(record(looks=looks), claim("variance_decades")) == pytest.approx(decades)
    none = (Look(0, 0.0, (probe(), probe(1, var=0.0))),)
    assert math.isnan(measure(record(looks=none), claim("variance_decades")))


def test_the_last_tenth_is_compared_with_the_first() -> None:
    steps = np.ones((40, 2), np.float32)
    steps[-4:] = [0.01, 1.0]
    assert measure(record(effective_step=steps), claim("step_decades")) == pytest.approx(-1.0, abs=1e-6)
    steps[0] = 1e6  # one step out of line decides nothing
    assert measure(record(effective_step=steps), claim("step_decades")) == pytest.approx(-1.0, abs=1e-6)


def test_dead_units_are_those_at_the_end() -> None:
    looks = (Look(0, 0.0, (probe(dead=1.0),)), Look(9, 0.0, (probe(dead=0.5), probe(1, dead=0.25))))
    assert measure(record(looks=looks), claim("dead_share")) == pytest.approx(37.5)
