"""What training reports of each step is what the oracle finds: loss, gradient norms before clipping, rate, hits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import Architecture, Recipe, Trainer
from tests.engine.cases import Walk, build, walk
from tests.engine.oracle import Oracle

WIDTHS = (6, 12, 9, 4)


def traced(dials: dict[str, Any], steps: int = 20, task: str = "classification") -> Walk:
    """Both sides' reports of the same steps."""
    recipe = Recipe(**{"activation": "tanh", "optimizer": "adam", "lr": 0.01, **dials})
    trainer, x, y = build(WIDTHS, recipe, task=task)
    net = Oracle(trainer.architecture, recipe)
    net.load(trainer.tensors(), trainer.buffers())
    return walk(trainer, net, x, y, steps)


CASES: list[dict[str, Any]] = [
    {},
    {"activation": "prelu"},
    {"activation": ("prelu", "relu"), "batch_norm": True},
    {"batch_norm": True, "dropout": 0.3},
    {"clip_norm": 0.05},
    {"clip_norm": 0.05, "l1": 0.05, "weight_decay": 0.3},
    {"label_smoothing": 0.2, "input_dropout": 0.2},
    {"activation": "selu", "dropout": 0.2, "alpha_dropout": True},
    {"schedule": "cosine", "decay_steps": 15, "warmup_steps": 5},
]


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("dials", CASES, ids=str)
def test_every_step(dials: dict[str, Any], task: str) -> None:
    trace = traced(dials, task=task)
    np.testing.assert_allclose(trace.engine_loss, trace.oracle_loss, rtol=1e-4)
    # of a batch of two rows batch norm makes -1 and 1: what is left of a gradient is mostly cancellation
    floor = 5e-5 if dials.get("batch_norm") else 1e-6
    np.testing.assert_allclose(np.array(trace.engine_norms), np.array(trace.oracle_norms), rtol=1e-4, atol=floor)
    np.testing.assert_allclose(trace.engine_lr, trace.oracle_lr, rtol=1e-6, atol=1e-12)
    if task == "classification":
        # a row on the border between two classes may fall on either side, and no more than that
        assert np.abs(np.array(trace.engine_accuracy) - np.array(trace.oracle_accuracy)).max() <= 1 / 16 + 1e-6
        assert np.mean(np.array(trace.engine_accuracy) == np.array(trace.oracle_accuracy, np.float32)) > 0.9
    else:
        assert np.isnan(trace.engine_accuracy).all()


def test_first_step_in_float32_to_the_last_places() -> None:
    trace = traced({}, steps=1)
    assert trace.engine_loss[0] == pytest.approx(trace.oracle_loss[0], rel=1e-6)
    np.testing.assert_allclose(trace.engine_norms[0], trace.oracle_norms[0], rtol=1e-6)


def test_norm_is_the_one_before_clipping() -> None:
    free, clipped = traced({}, steps=1), traced({"clip_norm": 1e-4}, steps=1)
    np.testing.assert_array_equal(free.engine_norms[0], clipped.engine_norms[0])
    assert np.linalg.norm(clipped.engine_norms[0]) > 1e-3


def test_norm_is_that_of_the_gradients() -> None:
    """The metric and `gradients()` speak of the same numbers, layer by layer."""
    trainer, x, y = build(WIDTHS, Recipe(activation="prelu", batch_norm=True, dropout=0.2))
    rows = trainer.batch_indices()
    gradients = trainer.gradients(x[rows], y[rows], trainer.step)
    metrics = trainer.advance(1)
    for layer in range(trainer.layers):
        parts = [np.sum(np.square(g, dtype=np.float64)) for n, g in gradients.items() if n.startswith(f"{layer}.")]
        assert float(metrics.grad_norm[0, layer]) == pytest.approx(float(np.sqrt(sum(parts))), rel=1e-5)


def test_shapes_and_numbering() -> None:
    trainer, _, _ = build(WIDTHS, Recipe())
    first, second = trainer.advance(7), trainer.advance(5)
    assert (first.first_step, second.first_step, trainer.step) == (0, 7, 12)
    for metrics, k in ((first, 7), (second, 5)):
        assert len(metrics) == k
        for name in ("loss", "lr", "accuracy"):
            assert getattr(metrics, name).shape == (k,) and getattr(metrics, name).dtype == np.float32
        assert metrics.grad_norm.shape == (k, 3) and metrics.grad_norm.dtype == np.float32
    assert len(trainer.advance(0)) == 0


def test_metrics_are_kept_by_later_steps() -> None:
    trainer, _, _ = build(WIDTHS, Recipe())
    metrics = trainer.advance(4)
    loss, norms = metrics.loss.copy(), metrics.grad_norm.copy()
    trainer.advance(9)
    np.testing.assert_array_equal(metrics.loss, loss)
    np.testing.assert_array_equal(metrics.grad_norm, norms)


def test_evaluation_against_the_oracle() -> None:
    for task in ("classification", "regression"):
        trainer, x, y = build(WIDTHS, Recipe(activation="elu", dropout=0.5, label_smoothing=0.3), task=task)
        trainer.advance(30)
        net = Oracle(trainer.architecture, trainer.recipe)
        net.load(trainer.tensors(), trainer.buffers())
        evaluation = trainer.evaluate(x, y)
        assert evaluation.loss == pytest.approx(net.evaluate(x, y), rel=1e-5)
        np.testing.assert_allclose(trainer.predict(x), net.predict(x), rtol=1e-4, atol=1e-6)
        if task == "classification":
            assert evaluation.accuracy == pytest.approx(float((net.predict(x).argmax(1) == y).mean()))
            np.testing.assert_allclose(trainer.predict(x).sum(1), 1.0, rtol=1e-6)
        else:
            assert np.isnan(evaluation.accuracy)


def test_update_ratio_of_probed_steps() -> None:
    """Norms of update and weights on every third step, of the weight matrices alone; NaN on the others."""
    trainer, _, _ = build(WIDTHS, Recipe(optimizer="nag", lr=0.01))
    trainer.probe_every = 3
    for step in range(7):
        before = {n: t.astype(np.float64) for n, t in trainer.tensors().items()}
        metrics = trainer.advance(1)
        for layer in range(3):
            name = f"{layer}.weight"
            moved = np.linalg.norm(trainer.tensors()[name] - before[name])
            length = np.linalg.norm(trainer.tensors()[name].astype(np.float64))
            found = float(metrics.update_norm[0, layer]), float(metrics.weight_norm[0, layer])
            if step % 3:
                assert np.isnan(found).all()
            else:
                assert found == pytest.approx((moved, length), rel=1e-4)
                assert float(metrics.update_ratio[0, layer]) == pytest.approx(moved / length, rel=1e-4)


def test_probing_does_not_change_training() -> None:
    hashes = set()
    for every in (0, 1, 4):
        trainer, x, _ = build(WIDTHS, Recipe(dropout=0.2, batch_norm=True))
        trainer.probe_every = every
        trainer.advance(10)
        if every:
            trainer.probe(x)
        trainer.advance(10)
        hashes.add(trainer.params_sha256())
    assert len(hashes) == 1


@pytest.mark.parametrize("batch_norm", [False, True], ids=["plain", "bn"])
def test_probe_by_hand(batch_norm: bool) -> None:
    """Means, variances, dead and saturated shares of each hidden layer, from the tensors."""
    x = np.random.default_rng(1).normal(size=(40, 6)).astype(np.float32)
    y = np.zeros(40, np.int64)
    trainer = Trainer(Architecture((6, 30, 20, 2)), Recipe(activation=("relu", "tanh")), x, y, batch_size=40)
    if batch_norm:
        trainer.change(batch_norm=True)
    tensors, buffers = trainer.tensors(), trainer.buffers()
    shift = "beta" if batch_norm else "bias"
    tensors[f"0.{shift}"][:3] = -100.0  # three dead units
    tensors[f"1.{shift}"][:5] = 100.0  # five saturated ones
    h = x.astype(np.float64)
    for i, (probe, function) in enumerate(zip(trainer.probe(x), (lambda z: np.maximum(z, 0), np.tanh), strict=True)):
        z = h @ tensors[f"{i}.weight"] + tensors[f"{i}.bias"]
        if batch_norm:
            mean, var = (buffers[f"{i}.running_{kind}"] for kind in ("mean", "var"))
            z = (z - mean) / np.sqrt(var + 1e-5) * tensors[f"{i}.gamma"] + tensors[f"{i}.beta"]
        h = function(z)
        assert probe.layer == i
        assert (probe.input_mean, probe.input_var) == pytest.approx((z.mean(), z.var()), rel=1e-4, abs=1e-5)
        assert (probe.mean, probe.var) == pytest.approx((h.mean(), h.var()), rel=1e-4, abs=1e-5)
        assert probe.counts.sum() == h.size and len(probe.edges) == len(probe.counts) + 1
        slope = (z > 0).astype(np.float64) if i == 0 else 1 - h**2
        assert probe.dead == pytest.approx(float((slope == 0).all(0).mean()), abs=1e-9)
        assert probe.saturated == pytest.approx(float((np.abs(slope) < 0.01).mean()), abs=2e-3)
