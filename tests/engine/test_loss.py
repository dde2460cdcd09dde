"""The softmax of rows of any length, in whole vectors: against float64, and where numbers are out of the ordinary."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine import Architecture, Recipe, Trainer

Floats = NDArray[np.float64]


def one_layer(logits: NDArray[np.float32], labels: NDArray[np.int64], **dials: float) -> Trainer:
    """A network whose logits are these: the rows of the data pick rows of its weights."""
    rows, outputs = logits.shape
    trainer = Trainer(Architecture((rows, outputs)), Recipe(**dials), np.eye(rows), labels, rows, threads=1)
    trainer.tensors()["0.weight"][:] = logits
    trainer.tensors()["0.bias"][:] = 0.0
    return trainer


def gradient_by_row(trainer: Trainer, labels: NDArray[np.int64]) -> Floats:
    """d loss / d logits (rows, outputs)."""
    return trainer.gradients(np.eye(len(labels)), labels)["0.weight"].astype(np.float64)


def expected(logits: NDArray[np.float32], labels: NDArray[np.int64], smoothing: float) -> tuple[float, Floats]:
    z = logits.astype(np.float64)
    rows, outputs = z.shape
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    target = np.full(z.shape, smoothing / outputs)
    target[np.arange(rows), labels] += 1.0 - smoothing
    return float(-(target * np.log(p)).sum() / rows), (p - target) / rows


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("outputs", [2, 3, 7, 8, 10, 15, 16, 17, 31, 32, 33, 100])
def test_rows_of_any_length(outputs: int, smoothing: float) -> None:
    rng = np.random.default_rng(outputs)
    logits = rng.normal(0.0, 3.0, (23, outputs)).astype(np.float32)
    labels = rng.integers(0, outputs, 23)
    labels[:2] = 0, outputs - 1
    trainer = one_layer(logits, labels, label_smoothing=smoothing)
    loss, gradient = expected(logits, labels, smoothing)
    assert gradient_by_row(trainer, labels) == pytest.approx(gradient, rel=2e-6, abs=2e-9)
    metrics = trainer.advance(1)
    assert float(metrics.loss[0]) == pytest.approx(loss, rel=1e-6)
    assert float(metrics.accuracy[0]) == pytest.approx(float((logits.argmax(axis=1) == labels).mean()))


def test_of_equal_logits_the_first_is_on_top() -> None:
    logits = np.zeros((40, 20), np.float32)
    logits[20:, 18:] = 1.0
    labels = np.tile(np.arange(20), 2)
    trainer = one_layer(logits, labels)
    assert float(trainer.advance(1).accuracy[0]) == pytest.approx(2 / 40)  # 0 of the first half, 18 of the second


def test_a_row_that_the_network_is_sure_of_keeps_its_small_gradient() -> None:
    logits = np.full((1, 10), -30.0, np.float32)
    logits[0, 3] = 0.0
    label = np.array([3])
    gradient = gradient_by_row(one_layer(logits, label), label)
    assert gradient[0, 3] == pytest.approx(-9 * np.exp(-30.0), rel=1e-5)


def test_many_rows_whose_sums_multiply_to_more_than_a_float64_holds() -> None:
    logits, labels = np.zeros((2000, 1000), np.float32), np.zeros(2000, np.int64)
    assert float(one_layer(logits, labels).advance(1).loss[0]) == pytest.approx(np.log(1000.0), rel=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_logit_that_is_no_number_shows_in_the_loss(bad: float) -> None:
    logits = np.zeros((6, 10), np.float32)
    logits[4, 9] = bad
    assert not np.isfinite(one_layer(logits, np.zeros(6, np.int64)).advance(1).loss[0])
