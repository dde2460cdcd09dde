"""The gap of overfitting on curves whose answer is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tuilab.lab.gap import gap
from tuilab.lab.history import Curves, Series

Line = Callable[[np.ndarray], np.ndarray]


def curves(val: Line, train: Line, steps: int = 1000, every: int = 50) -> Curves:
    def series(x: np.ndarray, y: np.ndarray) -> Series:
        y = np.asarray(y, np.float32)
        return Series(x, y, y, y)

    x, at = np.arange(1.0, steps + 1), np.arange(0.0, steps + 1, every)
    noise = np.random.default_rng(0).normal(0, 0.05, len(x))
    empty = series(x[:0], x[:0])
    return Curves(series(x, train(x) + noise), empty, empty, (), series(at, val(at)), empty)


def flat(level: float) -> Line:
    return lambda x: np.full(len(x), level)


def test_before_the_first_step_there_is_none() -> None:
    assert gap(curves(flat(1.0), flat(1.0), steps=0)) is None


@pytest.mark.parametrize(("val", "trend"), [
    (flat(0.8), 0), (lambda x: 0.5 + 0.001 * x, 1), (lambda x: 1.5 - 0.001 * x, -1),
    (lambda x: 0.8 + 0.02 * (-1.0) ** (x // 50), 0),
], ids=["steady", "growing", "closing", "noisy"])  # fmt: skip
def test_the_trend(val: Line, trend: int) -> None:
    found = gap(curves(val, flat(0.5)))
    assert found is not None and found.trend == trend


def test_the_value_is_free_of_the_noise_of_the_batches() -> None:
    found = gap(curves(flat(0.8), flat(0.5)))
    assert found is not None and found.value == pytest.approx(0.3, abs=0.02) and found.looks == 20


def test_looks_closer_together_than_the_curve_of_the_training_loss() -> None:
    made = curves(flat(0.8), flat(0.5), steps=10, every=1)
    coarse = Series(np.array([5.0]), *[np.array([0.5], np.float32)] * 3)
    found = gap(Curves(coarse, made.accuracy, made.lr, (), made.val, made.val_accuracy))
    assert found is not None and found.value == pytest.approx(0.3)
