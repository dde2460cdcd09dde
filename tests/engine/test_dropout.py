"""Dropout masks: the right share, the right scale, fresh at every step and layer, the same however steps are cut."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine import Architecture, Recipe, Trainer
from tests.engine.cases import build

WIDTHS = (20, 64, 48, 3)
SELU_ALPHA_PRIME = -1.7580993408473766  # -lambda * alpha


def masks(trainer: Trainer, step: int = 0, batch: int = 2000) -> list[np.ndarray]:
    """All masks of a step; none may be missing."""
    found = trainer.dropout_masks(step, batch)
    assert all(m is not None for m in found)
    return [np.asarray(m) for m in found]


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5, 0.8, 0.99])
def test_rate_and_scale(rate: float) -> None:
    trainer, _, _ = build(WIDTHS, Recipe(dropout=rate, input_dropout=rate / 2))
    for p, width, mask in zip((rate / 2, rate, rate), WIDTHS, masks(trainer), strict=False):
        assert mask.shape == (2000, width) and mask.dtype == np.float32
        np.testing.assert_allclose(np.unique(mask), [0.0, 1 / (1 - p)], rtol=1e-6)
        dropped = float((mask == 0).mean())
        assert abs(dropped - p) < 5 * math.sqrt(p * (1 - p) / mask.size)


def test_no_rate_no_mask() -> None:
    trainer, _, _ = build(WIDTHS, Recipe(dropout=0.0, input_dropout=0.3))
    found = trainer.dropout_masks(0, 5)
    assert [m is None for m in found] == [False, True, True]


def test_rows_units_steps_layers_and_seeds_are_independent() -> None:
    trainer, _, _ = build((64, 64, 64, 3), Recipe(dropout=0.5, input_dropout=0.5))
    other, _, _ = build((64, 64, 64, 3), Recipe(dropout=0.5, input_dropout=0.5), seed=1)
    looks = [masks(trainer, step) for step in (0, 1, 2, 1000)] + [masks(other, 0)]
    flat = np.array([(m > 0).ravel().astype(np.float64) for look in looks for m in look])
    correlation = np.corrcoef(flat) - np.eye(len(flat))
    assert np.abs(correlation).max() < 6 / math.sqrt(flat.shape[1])
    one = (looks[0][1] > 0).astype(np.float64)
    limit = 6 / math.sqrt(one.shape[0])
    assert np.abs(np.corrcoef(one.T) - np.eye(64)).max() < limit, "units"
    assert abs(np.corrcoef(one[:-1].ravel(), one[1:].ravel())[0, 1]) < 6 / math.sqrt(one.size), "rows"
    spread = one.mean(0).std() * math.sqrt(one.shape[0]) / 0.5
    assert 0.6 < spread < 1.4, "each unit is dropped as often as chance has it, no unit is a favourite"


def test_the_same_step_has_the_same_masks() -> None:
    trainer, _, _ = build(WIDTHS, Recipe(dropout=0.5, input_dropout=0.1))
    first = masks(trainer, 7)
    trainer.advance(5)
    for a, b in zip(first, masks(trainer, 7), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_smaller_batch_has_the_first_rows() -> None:
    trainer, _, _ = build(WIDTHS, Recipe(dropout=0.5))
    whole, part = trainer.dropout_masks(3, 40), trainer.dropout_masks(3, 11)
    np.testing.assert_array_equal(whole[1][:11], part[1])


@pytest.mark.parametrize("dials", [{}, {"alpha_dropout": True, "activation": "selu"}, {"batch_norm": True}], ids=str)
def test_chunks_change_nothing(dials: dict) -> None:
    recipe = Recipe(**{"dropout": 0.4, "input_dropout": 0.2, **dials})
    hashes = set()
    for chunks in ([30], [1] * 30, [7, 1, 13, 9], [29, 1]):
        trainer, _, _ = build(WIDTHS, recipe)
        for n in chunks:
            trainer.advance(n)
        hashes.add(trainer.params_sha256())
    assert len(hashes) == 1


def test_evaluation_drops_nothing() -> None:
    trainer, x, y = build(WIDTHS, Recipe(dropout=0.9, input_dropout=0.5))
    plain, _, _ = build(WIDTHS, Recipe())
    np.testing.assert_array_equal(trainer.predict(x), plain.predict(x))
    assert trainer.evaluate(x, y).loss == plain.evaluate(x, y).loss


def test_expected_value_stays() -> None:
    """Linear net, rate 0 against 0.5: the mean of the outputs over many masks is the output without."""
    width = 50
    x = np.ones((4000, width), np.float32)
    y = np.zeros((4000, 1), np.float32)
    recipe = Recipe(activation="linear", optimizer="sgd", lr=0.0, input_dropout=0.5)
    trainer = Trainer(Architecture((width, 1), task="regression"), recipe, x, y, batch_size=4000)
    trainer.tensors()["0.weight"][...] = 1 / width
    second = float(trainer.advance(1).loss[0])  # E[out^2] = 1 + var, var = 1/50 at p = 1/2
    assert second == pytest.approx(1 + 1 / width, abs=0.02)


def moments(recipe: Recipe, x: np.ndarray, hidden: bool) -> tuple[float, float]:
    """Mean and variance of the last hidden layer's output in training, by way of the loss alone.

    Identity weights carry it to a regression output o; with targets 0 the loss is E[o^2], with 1 E[(o - 1)^2].
    """
    width = x.shape[1]
    widths = (width, width, width) if hidden else (width, width)
    losses = []
    for target in (0.0, 1.0):
        y = np.full((len(x), width), target, np.float32)
        trainer = Trainer(Architecture(widths, task="regression"), recipe, x, y, batch_size=len(x))
        for name, tensor in trainer.tensors().items():
            if name.endswith("weight"):
                tensor[...] = np.eye(width, dtype=np.float32)
        losses.append(float(trainer.advance(1).loss[0]))
    mean = (losses[0] - losses[1] + 1) / 2
    return mean, losses[0] - mean**2


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3, 0.5])
def test_alpha_dropout_keeps_mean_and_variance_of_selu(rate: float) -> None:
    """SELU of N(0, 1) has mean 0 and variance 1, with alpha dropout as without; plain dropout raises the variance."""
    x = np.random.default_rng(5).normal(size=(8000, 32)).astype(np.float32)
    base = Recipe(activation="selu", optimizer="sgd", lr=0.0)
    mean, var = moments(base, x, hidden=True)
    assert abs(mean) < 0.01 and var == pytest.approx(1.0, abs=0.02)
    mean, var = moments(base.changed(dropout=rate, alpha_dropout=True), x, hidden=True)
    assert abs(mean) < 0.015 and var == pytest.approx(1.0, abs=0.03)
    _, plain = moments(base.changed(dropout=rate), x, hidden=True)
    assert plain == pytest.approx(1 / (1 - rate), rel=0.05)


def test_alpha_dropout_values_by_hand() -> None:
    """Dropped units take -lambda*alpha, then a*x + b of Klambauer 2017, eq. 6; inputs keep to plain dropout."""
    rate = 0.3
    keep = 1 - rate
    a = (keep + SELU_ALPHA_PRIME**2 * keep * rate) ** -0.5
    b = -a * rate * SELU_ALPHA_PRIME
    recipe = Recipe(activation="selu", dropout=rate, input_dropout=0.1, alpha_dropout=True, optimizer="sgd", lr=0.0)
    x = np.zeros((500, 10), np.float32)
    trainer = Trainer(Architecture((10, 10, 1), task="regression"), recipe, x, np.zeros(500), batch_size=500)
    inputs, hidden = (np.asarray(m) for m in trainer.dropout_masks(0, 500))
    np.testing.assert_allclose(np.unique(inputs), [0, 1 / 0.9], rtol=1e-6)
    out = trainer.tensors()["1.weight"]
    out[...] = 0.0
    out[3] = 1.0
    # selu(0) = 0: a kept unit gives b, a dropped one a * alpha' + b
    values = np.where(hidden[:, 3] == 0, a * SELU_ALPHA_PRIME + b, b)
    assert float(trainer.advance(1).loss[0]) == pytest.approx(float((values**2).mean()), rel=1e-5)
