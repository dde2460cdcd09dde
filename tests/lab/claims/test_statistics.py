"""Intervals agree with SciPy's on made data, and what is not finite is never a verdict."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tuilab.lab.claims.statistics import UNKNOWN, Estimate, deviation, difference, estimate, ratio

numbers = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


@given(numbers)
def test_the_interval_is_scipys(values: list[float]) -> None:
    found = estimate(values)
    error = stats.sem(values)
    if error == 0.0:
        assert found.low == pytest.approx(found.mean, abs=1e-9) == found.high
        return
    low, high = stats.t.interval(0.95, len(values) - 1, loc=np.mean(values), scale=error)
    scale = max(1.0, *map(abs, values))
    assert found.mean == pytest.approx(np.mean(values), abs=1e-9 * scale)
    assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6, abs=1e-8 * scale)
    assert deviation(values) == pytest.approx(np.std(values, ddof=1), rel=1e-6, abs=1e-9 * scale)


def test_a_difference_is_taken_pair_by_pair() -> None:
    first, second = [1.0, 101.0, 11.0, 51.0], [0.0, 99.5, 10.2, 50.1]
    found = difference(first, second)
    test = stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((test.low, test.high))
    assert found.is_beyond(0.0, "greater") and not found.is_beyond(0.0, "less") and not found.is_beyond(1.0, "greater")


def test_a_ratio_is_the_geometric_mean() -> None:
    found = ratio([2.0, 8.0, 4.0], [1.0, 1.0, 1.0])
    logs = stats.ttest_1samp(np.log([2.0, 8.0, 4.0]), 0.0).confidence_interval(0.95)
    assert found.mean == pytest.approx(4.0)
    assert (found.low, found.high) == pytest.approx((math.exp(logs.low), math.exp(logs.high)))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_holds_nothing(bad: float) -> None:
    assert math.isnan(estimate([1.0, bad]).mean) and math.isnan(ratio([1.0, bad], [1.0, 1.0]).low)
    for direction in ("less", "greater"):
        assert not UNKNOWN.is_beyond(0.0, direction)


def test_a_ratio_needs_positive_values() -> None:
    assert math.isnan(ratio([1.0, 0.0], [1.0, 1.0]).mean) and math.isnan(ratio([1.0, 1.0], [1.0, -1.0]).mean)


def test_one_value_is_no_interval() -> None:
    with pytest.raises(ValueError, match="found 1"):
        estimate([3.0])


def test_a_bound_inside_the_interval_is_not_beyond() -> None:
    assert not Estimate(1.0, -0.5, 2.5).is_beyond(0.0, "greater")
    assert Estimate(1.0, 0.5, 1.5).is_beyond(0.0, "greater") and Estimate(1.0, 0.5, 1.5).is_beyond(2.0, "less")


def test_most_intervals_hold_the_truth() -> None:
    """Of 400 made samples about 95 in 100 have an interval that holds the mean they were drawn with."""
    draws = np.random.default_rng(7).normal(3.0, 2.0, (400, 6))
    found = [estimate(row.tolist()) for row in draws]
    assert 0.92 <= np.mean([e.low <= 3.0 <= e.high for e in found]) <= 0.98
