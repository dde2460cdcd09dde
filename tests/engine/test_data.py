"""What a trainer accepts as data: whatever float32 holds, without a word; anything else is named by row and column."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data import check_data, check_rows
from engine.spec import Architecture

pytestmark = pytest.mark.filterwarnings("error")


def test_rows_and_targets_whose_sum_float32_cannot_hold_are_taken_without_a_warning() -> None:
    most = np.full((9, 2), np.finfo(np.float32).max)
    rows, _, targets = check_data(Architecture((2, 2), "regression"), most, -most)
    assert np.array_equal(rows, most) and np.array_equal(targets, -most)


@pytest.mark.parametrize("bad", [[np.nan, 1.0], [np.inf, 1.0], [-np.inf, np.inf]])
def test_the_first_number_that_is_not_finite_is_named(bad: list[float]) -> None:
    rows = np.ones((4, 2), np.float32)
    rows[2] = bad
    with pytest.raises(ValueError, match=f"x: found {bad[0]} in row 2, column 0, expected finite numbers"):
        check_rows(Architecture((2, 2)), rows)
