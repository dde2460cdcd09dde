"""The curves of a claim: what its metric is made of, over the steps that every run has; mean and interval."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.lab.claims.test_metrics import claim, record
from tuilab.lab.arms import Claim
from tuilab.lab.claims.curves import KINDS, POINTS, plot, trace
from tuilab.lab.claims.judge import judge
from tuilab.lab.claims.names import METRICS
from tuilab.lab.claims.record import Look
from tuilab.lab.claims.report import html
from tuilab.lab.preset import loads

PAIR = Claim(1, "x", "train_loss", ("a", "b"), "less")


def test_every_metric_that_takes_more_than_a_moment_has_a_curve() -> None:
    assert set(KINDS) == set(METRICS) - {"variance_decades"}


def test_a_curve_of_many_steps_is_of_means_at_the_end_of_each_piece() -> None:
    loss = np.arange(5 * POINTS + 3, dtype=np.float32)
    made = trace(record(loss=loss, result={"total_steps": 5 * POINTS}), claim("train_loss"))
    assert made is not None and list(made)[:2] == [5, 10] and len(made) == POINTS
    assert made[5] == 2.0 and made[10] == 7.0


def test_curves_of_looks_and_of_gradients() -> None:
    looks = (Look(0, 0.25, loss=3.0), Look(2, 0.5, loss=2.0), Look(3, 1.0, loss=1.0))
    run = record(looks=looks, loss=np.array([1.0, 0.5, 0.25], np.float32), result={"total_steps": 3})
    assert trace(run, claim("test_error")) == {0: 75.0, 2: 50.0, 3: 0.0}
    assert trace(run, claim("steps_to_target")) == {0: 0.25, 2: 0.5, 3: 1.0}
    assert trace(run, claim("overfitting_gap")) == {2: 1.25, 3: 0.75}
    norms = np.array([[1e-3, 1.0], [1.0, 1.0], [1.0, 0.1]], np.float32)
    run = record(grad_norm=norms, effective_step=norms, result={"total_steps": 3})
    assert trace(run, claim("gradient_decades")) == pytest.approx({1: -3.0, 2: 0.0, 3: 1.0}, abs=1e-6)
    assert trace(run, claim("step_decades")) == pytest.approx({1: 10**-1.5, 2: 1.0, 3: 10**-0.5})
    assert trace(run, claim("variance_decades")) is None


def test_seeds_are_averaged_where_all_runs_have_a_step() -> None:
    rows = [[{1: 1.0, 2: 1.0, 3: 1.0}, {1: 4.0, 2: 4.0}], [{1: 100.0, 2: 1.0}, {1: 4.0, 2: math.nan}]]
    made = plot(PAIR, rows)
    assert made is not None and made.log and [line.name for line in made.lines] == ["a", "b"]
    a, b = made.lines
    assert list(a.x) == [1, 2] and list(a.y) == pytest.approx([10.0, 1.0])  # a loss is averaged as its logarithm
    assert a.low[0] < 10.0 < a.high[0] and a.low[1] == a.high[1] == pytest.approx(1.0)
    assert b.y[0] == pytest.approx(4.0) and math.isnan(b.y[1]) and math.isnan(b.low[1])


def test_where_there_is_nothing_to_draw_there_is_no_plot() -> None:
    assert plot(PAIR, ()) is None
    assert plot(PAIR, [[{1: 1.0, 2: 1.0}, None]] * 2) is None
    assert plot(PAIR, [[{1: 1.0}, {1: 1.0, 2: 1.0}]] * 2) is None
    assert plot(Claim(9, "x", "overshoot", ("a", "b"), "less"), [[None, None]] * 2) is None


def test_a_claim_that_was_run_is_drawn_with_its_curves() -> None:
    text = """\
dataset = "xor"
widths = [8]
steps = 20
[[arm]]
name = "adam"
[[arm]]
name = "sgd"
optimizer = "sgd"
[claim]
number = 1
sentence = "Adam is quick"
metric = "gradient_decades"
arms = ["adam", "sgd"]
direction = "less"
seeds = 2
window = 5
"""
    preset = loads(text)
    verdict = judge("quick", preset)
    assert [[set(run or ()) for run in row] for row in verdict.traces] == [[set(range(1, 21))] * 2] * 2
    page = html([(preset, verdict)])
    assert page.count("<svg") == 2 and "as far as every run went" in page and "step 5: measured up to here" in page
    rates = judge("rates", loads(text.replace("window = 5", "rates = [0.1, 0.5]\nover_rates = 'spread'")))
    assert rates.traces == ((None, None),) * 2 and html([(preset, rates)]).count("<svg") == 1
