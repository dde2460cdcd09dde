"""Ticks people can read, and ranges that do not jump."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuilab.tui.charts.axis import AutoRange, Axis, step_end, ticks

positive = st.floats(1e-12, 1e9)


def labels(axis: Axis, count: int) -> list[str]:
    return [tick.label for tick in ticks(axis, count)]


@pytest.mark.parametrize(
    ("axis", "count", "expected"),
    [
        (Axis(0, 2000), 4, ["0", "500", "1000", "1500", "2000"]),
        (Axis(0, 60_000), 3, ["0", "20k", "40k", "60k"]),
        (Axis(0, 1), 4, ["0", "0.25", "0.50", "0.75", "1.00"]),
        (Axis(1e-5, 1.0, True), 5, ["10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1"]),
        (Axis(0.05, 5.0, True), 6, ["0.05", "0.1", "0.2", "0.5", "1", "2", "5"]),
        (Axis(1e-10, 1.0, True), 3, ["10⁻⁸", "10⁻⁴", "1"]),
        (Axis(2.0, 5.0, True), 3, ["2", "3", "4", "5"]),
    ],
)
def test_labels_are_short_and_round(axis: Axis, count: int, expected: list[str]) -> None:
    assert labels(axis, count) == expected


@given(st.floats(-1e4, 1e4), st.floats(1e-6, 1e9), st.integers(2, 12))
def test_linear_ticks_lie_inside_and_are_few(offset: float, span: float, count: int) -> None:
    axis = Axis(offset * span, (offset + 1) * span)
    found = ticks(axis, count)
    slack = (axis.high - axis.low) * 1e-6
    assert 1 <= len(found) <= count + 1
    assert all(axis.low - slack <= tick.value <= axis.high + slack for tick in found)
    assert all(len(tick.label) <= 14 for tick in found)


@given(positive, st.floats(1.01, 1e12), st.integers(2, 12))
def test_log_ticks_lie_inside_rise_and_are_few(low: float, factor: float, count: int) -> None:
    axis = Axis(low, low * factor, True)
    found = ticks(axis, count)
    assert len(found) <= count + 2
    places = axis.place([tick.value for tick in found])
    assert np.all(places >= -1e-6) and np.all(places <= 1 + 1e-6) and np.all(np.diff(places) > 0)


@given(positive, st.floats(1.001, 1e9), st.floats(0, 1), st.booleans())
def test_value_undoes_place(low: float, factor: float, share: float, log: bool) -> None:
    axis = Axis(low, low * factor, log)
    assert float(axis.place(axis.value(share))) == pytest.approx(share, abs=1e-6)


def test_zero_sits_at_the_lower_end_of_a_log_axis_or_below() -> None:
    assert float(Axis(0.01, 1.0, True).place(0.0)) < 0


@given(st.lists(st.tuples(positive, st.floats(1, 1e6)), min_size=1, max_size=30), st.booleans())
def test_a_range_holds_what_it_follows(steps: list[tuple[float, float]], log: bool) -> None:
    scale = AutoRange(log)
    for low, factor in steps:
        axis = scale.follow(low, low * factor)
        assert axis.low < axis.high
        assert axis.low <= low * (1 + 1e-6) or (log and low < low * factor * 1e-12)
        assert low * factor <= axis.high * (1 + 1e-6)


def test_a_range_stays_while_the_data_move_inside_it() -> None:
    scale = AutoRange()
    first = scale.follow(0.0, 2.3)
    assert [scale.follow(0.0, high) for high in (2.2, 2.0, 1.7, 1.4)] == [first] * 4
    assert scale.follow(0.0, 0.4).high < 1.0


def test_a_range_follows_at_once_what_leaves_it() -> None:
    scale = AutoRange(True)
    scale.follow(0.1, 2.0)
    assert scale.follow(0.1, 300.0).high >= 300.0
    assert scale.follow(1e-6, 300.0).low <= 1e-6


def test_a_range_without_data_is_plain_and_keeps_the_last() -> None:
    assert AutoRange().follow(math.nan, math.nan) == Axis(0.0, 1.0)
    scale = AutoRange(True)
    known = scale.follow(0.1, 2.0)
    assert scale.follow(math.nan, math.inf) == known


@given(st.floats(0, 1e12))
def test_the_step_axis_ends_at_a_round_number_not_far_behind_the_run(step: float) -> None:
    end = step_end(step)
    assert end >= step and end <= max(50.0, step * 1.34 + 1e-9)
