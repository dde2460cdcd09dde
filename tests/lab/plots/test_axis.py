"""An axis shows what it is given, and the values written beside it are round and lie on it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuilab.lab.plots.axis import Axis, is_shown, label, spanning


@given(st.lists(st.floats(-1e12, 1e12), max_size=9), st.booleans(), st.booleans(), st.integers(1, 12))
def test_every_value_lies_on_the_axis_and_so_do_its_ticks(
    values: list[float], log: bool, zero: bool, wanted: int
) -> None:
    axis = spanning([*values, math.nan, math.inf], 10.0, 110.0, log=log, zero=zero)
    for value in values:
        if is_shown(value, log):
            assert 10.0 - 1e-6 <= axis.at(value) <= 110.0 + 1e-6
    ticks = axis.ticks(wanted)
    assert len(ticks) <= 3 * wanted + 3 and ticks == sorted(ticks)
    assert all(10.0 - 1e-3 <= axis.at(tick) <= 110.0 + 1e-3 for tick in ticks)


def test_ticks_are_round() -> None:
    assert Axis(0.0, 1000.0, 0, 1).ticks() == [0.0, 200.0, 400.0, 600.0, 800.0, 1000.0]
    assert Axis(0.03, 4.0, 0, 1, log=True).ticks() == pytest.approx([0.1, 1.0])
    assert Axis(0.3, 4.0, 0, 1, log=True).ticks() == pytest.approx([0.5, 1.0, 2.0])
    assert Axis(1e-30, 1.0, 0, 1, log=True).ticks() == pytest.approx([1e-30, 1e-23, 1e-16, 1e-9, 1e-2])
    assert Axis(2.1, 2.2, 0, 1, log=True).ticks() == pytest.approx([2.1, 2.12, 2.14, 2.16, 2.18, 2.2])


@pytest.mark.parametrize("values", [[0.0, 2.2e-311], [5e-324], [0.0, 1e-305], [-4e-320, 0.0], [1e-299, 1.2e-299]])
def test_next_to_no_span_puts_nothing_at_infinity(values: list[float]) -> None:
    axis = spanning(values, 0.0, 100.0)
    assert math.isfinite(axis.at(1e9))
    assert all(0.0 <= axis.at(v) <= 100.0 for v in [*values, *axis.ticks()])


def test_zero_is_the_end_where_it_is_wanted() -> None:
    assert (spanning([1.0, 2.0], 0, 1, zero=True).low, spanning([-2.0], 0, 1, zero=True).high) == (0.0, 0.0)
    assert spanning([], 0, 1).high == 1.0 and spanning([], 0, 1, log=True).low == 0.1


@pytest.mark.parametrize(
    ("value", "wanted"),
    [(0, "0"), (0.5, "0.5"), (0.30000000000000004, "0.3"), (2000, "2,000"), (1e-5, "1e-5"), (2.5e9, "2.5e9"),
     (-0.001, "-0.001"), (999.5, "999.5"), (1e-16, "1e-16")],
)  # fmt: skip
def test_labels_are_short(value: float, wanted: str) -> None:
    assert label(value) == wanted
