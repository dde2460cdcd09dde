"""The effective step size tells the optimizers of the notes apart."""

from __future__ import annotations

import numpy as np
import pytest

from engine import Architecture, Recipe, Trainer


def steps_of(optimizer: str, lr: float, steps: int = 400) -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((256, 8), dtype=np.float32)
    trainer = Trainer(Architecture((8, 16, 3)), Recipe(optimizer=optimizer, lr=lr), x, rng.integers(0, 3, 256))
    trainer.probe_every = 1
    return trainer.advance(steps).effective_step


def test_the_step_of_sgd_is_its_learning_rate() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((64, 8), dtype=np.float32)
    trainer = Trainer(Architecture((8, 3)), Recipe(optimizer="sgd", lr=0.1), x, rng.integers(0, 3, 64))
    trainer.probe_every = 1
    metrics = trainer.advance(5)
    weights_alone = metrics.effective_step[:, 0]  # the norm of the gradient counts the bias too
    assert (weights_alone <= 0.1 * 1.001).all() and (weights_alone > 0.05).all()


def test_the_step_of_adagrad_shrinks_and_that_of_rmsprop_does_not() -> None:
    adagrad, rmsprop = steps_of("adagrad", 0.05), steps_of("rmsprop", 0.001)
    assert adagrad[-50:].mean() < 0.5 * adagrad[:50].mean()
    assert rmsprop[-50:].mean() > 0.5 * rmsprop[50:100].mean()


def test_probing_changes_nothing_and_says_nothing_when_off() -> None:
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((64, 4), dtype=np.float32), rng.integers(0, 2, 64)
    plain, probed = (Trainer(Architecture((4, 6, 2)), Recipe(), x, y) for _ in range(2))
    probed.probe_every = 3
    a, b = plain.advance(10), probed.advance(10)
    assert plain.params_sha256() == probed.params_sha256()
    assert np.isnan(a.update_ratio).all()
    assert np.isfinite(b.update_ratio[[0, 3, 6, 9]]).all() and np.isnan(b.update_ratio[[1, 2, 4, 5, 7, 8]]).all()
    assert b.update_ratio[0].max() == pytest.approx(0.005, rel=2.0)
