"""Batch norm: statistics, evaluation, single rows, and turning it on and off in the middle of a run."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine import Recipe, Trainer
from tests.engine.cases import build, walk
from tests.engine.oracle import Oracle, distance, worst

WIDTHS = (6, 16, 12, 3)
NORMED = Recipe(activation="tanh", batch_norm=True, optimizer="sgd", lr=0.05)


def copy_of(trainer: Trainer) -> Oracle:
    """The float64 oracle with the trainer's recipe, tensors and statistics."""
    net = Oracle(trainer.architecture, trainer.recipe)
    net.load(trainer.tensors(), trainer.buffers())
    return net


@pytest.mark.parametrize("momentum", [0.1, 0.37, 1.0])
def test_running_statistics_are_torch_s(momentum: float) -> None:
    trainer, x, y = build(WIDTHS, NORMED.changed(bn_momentum=momentum))
    net = copy_of(trainer)
    walk(trainer, net, x, y, 13)
    for name, buffer in trainer.buffers().items():
        assert distance(buffer, net.buffers[name].numpy(), 1e-6) < 1e-5, name


def test_running_variance_is_the_unbiased_one() -> None:
    """By hand, one step: mean and n/(n-1) variance of the first layer's pre-activation, moved by the momentum."""
    trainer, x, _ = build(WIDTHS, NORMED, batch_size=8)
    rows = trainer.batch_indices()
    tensors = trainer.tensors()
    z = x[rows].astype(np.float64) @ tensors["0.weight"] + tensors["0.bias"]
    trainer.advance(1)
    np.testing.assert_allclose(trainer.buffers()["0.running_mean"], 0.1 * z.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(trainer.buffers()["0.running_var"], 0.9 + 0.1 * z.var(0, ddof=1), rtol=1e-5)


def test_evaluation_uses_the_running_statistics() -> None:
    trainer, x, y = build(WIDTHS, NORMED)
    trainer.advance(40)
    net = copy_of(trainer)
    np.testing.assert_allclose(trainer.predict(x), net.predict(x), rtol=1e-4, atol=1e-6)
    assert trainer.evaluate(x, y).loss == pytest.approx(net.evaluate(x, y), rel=1e-5)
    alone = np.concatenate([trainer.predict(x[i : i + 1]) for i in range(5)])
    np.testing.assert_allclose(alone, trainer.predict(x[:5]), rtol=1e-5, atol=1e-7)


def test_looking_changes_nothing() -> None:
    trainer, x, y = build(WIDTHS, NORMED)
    trainer.advance(5)
    before = {n: b.copy() for n, b in trainer.buffers().items()}
    params = trainer.params_sha256()
    trainer.gradients(x[:9], y[:9], 3)
    trainer.evaluate(x, y)
    trainer.predict(x)
    trainer.probe(x)
    assert trainer.params_sha256() == params
    assert all(np.array_equal(b, before[n]) for n, b in trainer.buffers().items())


def test_eps_and_large_offsets() -> None:
    """Variance is taken about the mean: an offset a thousand times the spread costs no more than it costs torch."""
    trainer, x, y = build(WIDTHS, NORMED.changed(bn_eps=1e-3))
    trainer.tensors()["0.bias"][...] += 1000.0
    error, name = worst(trainer.gradients(x, y), copy_of(trainer).gradients(x, y))
    assert error < 1e-5, name
    shifted = x + np.float32(1000.0)
    truth = copy_of(trainer).gradients(shifted, y)
    single = Oracle(trainer.architecture, trainer.recipe, torch.float32)
    single.load(trainer.tensors(), trainer.buffers())
    error, name = worst(trainer.gradients(shifted, y), truth)
    assert error < 3 * worst(single.gradients(shifted, y), truth)[0], name


def test_hidden_bias_has_no_gradient_at_all() -> None:
    """The batch mean takes it out again. A sum would leave rounding noise that Adam blows up to whole steps."""
    trainer, x, y = build(WIDTHS, NORMED.changed(optimizer="adam", lr=0.01))
    gradients = trainer.gradients(x, y)
    assert not gradients["0.bias"].any() and not gradients["1.bias"].any()
    assert gradients["2.bias"].any()
    before = [trainer.tensors()[f"{i}.bias"].copy() for i in range(3)]
    trainer.advance(10)
    after = [trainer.tensors()[f"{i}.bias"] for i in range(3)]
    assert [np.array_equal(a, b) for a, b in zip(before, after, strict=True)] == [True, True, False]


@pytest.mark.parametrize("activation", ["tanh", "relu", "prelu", "selu", "elu", "sigmoid"])
def test_one_row_is_defined(activation: str) -> None:
    """Its variance is 0, so each hidden unit gives f(beta); the running variance stays, the running mean moves."""
    recipe = NORMED.changed(activation=activation, optimizer="adam", lr=0.01)
    trainer, x, y = build(WIDTHS, recipe, n=7, batch_size=1)
    net = copy_of(trainer)
    var = trainer.buffers()["0.running_var"].copy()
    trace = walk(trainer, net, x, y, 14)
    np.testing.assert_allclose(trace.engine_loss, trace.oracle_loss, rtol=1e-4)
    error, name = worst(trainer.tensors(), net.arrays())
    assert error < 1e-4, name
    assert np.array_equal(trainer.buffers()["0.running_var"], var)
    assert distance(trainer.buffers()["0.running_mean"], net.buffers["0.running_mean"].numpy(), 1e-6) < 1e-5


def test_last_batch_of_one_row_does_no_harm() -> None:
    trainer, x, y = build(WIDTHS, NORMED, n=17, batch_size=16)
    net = copy_of(trainer)
    trace = walk(trainer, net, x, y, 10)
    np.testing.assert_allclose(trace.engine_loss, trace.oracle_loss, rtol=1e-5)
    assert worst(trainer.tensors(), net.arrays())[0] < 1e-5


def test_unit_that_never_changes() -> None:
    """Constant input columns and dead weights: variance 0, everything stays finite."""
    trainer, x, y = build(WIDTHS, NORMED)
    constant = np.ones_like(x)
    other = Trainer(trainer.architecture, NORMED, constant, y, batch_size=16)
    metrics = other.advance(30)
    assert np.isfinite(metrics.loss).all() and np.isfinite(metrics.grad_norm).all()
    assert np.isfinite(other.predict(x)).all()


@pytest.mark.parametrize("dials", [{}, {"dropout": 0.2}, {"activation": "relu"}, {"activation": "prelu"}], ids=str)
def test_turning_on_keeps_the_function_and_the_loss(dials: dict) -> None:
    recipe = Recipe(**{"activation": "tanh", "optimizer": "adam", "lr": 0.01, **dials})
    trainer, x, y = build(WIDTHS, recipe, n=120, batch_size=30)
    start = float(trainer.evaluate(x, y).loss)
    before = trainer.advance(200)
    outputs, loss = trainer.predict(x), trainer.evaluate(x, y).loss
    trainer.change(batch_norm=True)
    np.testing.assert_allclose(trainer.predict(x), outputs, atol=2e-5)
    assert trainer.evaluate(x, y).loss == pytest.approx(loss, rel=1e-4)
    after = trainer.advance(8)
    last = float(before.loss[-8:].mean())
    assert last < 0.7 * start, "the net must have learnt something for a jump to show"
    assert float(after.loss.mean()) < last + 0.35 * (start - last)


def test_turning_on_takes_statistics_of_the_data() -> None:
    trainer, x, _ = build(WIDTHS, Recipe(activation="tanh"), n=90)
    trainer.change(batch_norm=True)
    tensors = trainer.tensors()
    z = x.astype(np.float64) @ tensors["0.weight"] + tensors["0.bias"]
    np.testing.assert_allclose(trainer.buffers()["0.running_mean"], z.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(trainer.buffers()["0.running_var"], z.var(0), rtol=1e-4)


def test_turning_on_with_another_dial_is_the_same_as_one_after_the_other() -> None:
    """Both the same step: the statistics are those of the net that will train, not of the one that was."""
    first, x, _ = build(WIDTHS, Recipe(activation="tanh"), n=90)
    second, _, _ = build(WIDTHS, Recipe(activation="tanh"), n=90)
    first.change(activation="relu")
    first.change(batch_norm=True)
    second.change(batch_norm=True, activation="relu")
    np.testing.assert_array_equal(first.params, second.params)
    np.testing.assert_array_equal(first.predict(x), second.predict(x))
    third, _, _ = build(WIDTHS, Recipe(activation="tanh"), n=90)
    fourth, _, _ = build(WIDTHS, Recipe(activation="tanh"), n=90)
    third.change(batch_norm=True)
    fourth.change(batch_norm=True, batch_size=70)
    np.testing.assert_allclose(third.params, fourth.params, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("activation", ["tanh", "relu", "serlu"])
def test_turning_off_keeps_the_function(activation: str) -> None:
    trainer, x, y = build(WIDTHS, NORMED.changed(activation=activation), n=120)
    trainer.advance(60)
    outputs, loss = trainer.predict(x), trainer.evaluate(x, y).loss
    trainer.change(batch_norm=False)
    np.testing.assert_allclose(trainer.predict(x), outputs, atol=2e-5)
    assert trainer.evaluate(x, y).loss == pytest.approx(loss, rel=1e-4)
    tensors = trainer.tensors()
    assert all((tensors[f"{i}.gamma"] == 1).all() and (tensors[f"{i}.beta"] == 0).all() for i in range(2))


def test_on_and_off_again_comes_back() -> None:
    trainer, x, _ = build(WIDTHS, Recipe(activation="elu"), n=120)
    outputs = trainer.predict(x)
    for _ in range(5):
        trainer.change(batch_norm=True)
        trainer.change(batch_norm=False)
    np.testing.assert_allclose(trainer.predict(x), outputs, atol=5e-5)


def test_naming_the_same_value_again_does_nothing() -> None:
    for on in (True, False):
        trainer, _, _ = build(WIDTHS, NORMED.changed(batch_norm=on))
        trainer.advance(7)
        params, buffers = trainer.params_sha256(), {n: b.copy() for n, b in trainer.buffers().items()}
        trainer.change(batch_norm=on)
        assert trainer.params_sha256() == params
        assert all(np.array_equal(b, buffers[n]) for n, b in trainer.buffers().items())
