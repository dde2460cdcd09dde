"""Gradients of every part of the net against float64 autograd (1e-5 relative), and against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine import Architecture, Recipe, Trainer
from engine.spec import ACTIVATIONS
from tests.engine.cases import build
from tests.engine.oracle import Oracle, worst

TOLERANCE = 1e-5
WIDTHS = (6, 9, 8, 7, 3)


def check(trainer: Trainer, x: np.ndarray, y: np.ndarray, step: int | None, rows: int = 16) -> float:
    """Assert the engine's gradients of the first `rows` rows; returns the largest relative error of a tensor."""
    net = Oracle(trainer.architecture, trainer.recipe)
    net.load(trainer.tensors(), trainer.buffers())
    masks = None if step is None else trainer.dropout_masks(step, rows)
    expected = net.gradients(x[:rows], y[:rows], masks)
    found = trainer.gradients(x[:rows], y[:rows], step)
    error, name = worst(found, expected)
    assert error <= TOLERANCE, f"{name}: {error:.2e}"
    for name in set(expected) - net.active():
        assert not np.any(found[name]), f"{name} takes no part, its gradient must be 0"
    return error


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("dropout", [False, True], ids=["whole", "dropout"])
@pytest.mark.parametrize("batch_norm", [False, True], ids=["plain", "bn"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation: str, batch_norm: bool, dropout: bool, task: str) -> None:
    recipe = Recipe(
        activation=activation,
        batch_norm=batch_norm,
        dropout=0.3 if dropout else 0.0,
        input_dropout=0.2 if dropout else 0.0,
        negative_slope=0.07,
        elu_alpha=1.3,
    )
    trainer, x, y = build(WIDTHS, recipe, task=task)
    before = trainer.params_sha256()
    check(trainer, x, y, 5 if dropout else None)
    assert trainer.params_sha256() == before and trainer.step == 0


@pytest.mark.parametrize(
    "dials",
    [
        {"label_smoothing": 0.15},
        {"alpha_dropout": True, "dropout": 0.25, "input_dropout": 0.1, "activation": "selu"},
        {"alpha_dropout": True, "dropout": 0.5, "activation": "prelu", "batch_norm": True},
        {"activation": ("prelu", "elu", "sigmoid")},
        {"activation": ("relu", "prelu", "serlu"), "batch_norm": True, "bn_eps": 1e-2},
        {"activation": "leaky_relu", "negative_slope": 0.0},
        {"activation": "elu", "elu_alpha": 0.0},
        {"l1": 0.1, "weight_decay": 0.1, "clip_norm": 1e-3, "max_norm": 0.1},  # the loss's own gradient all the same
    ],
    ids=lambda dials: "-".join(map(str, dials)),
)
def test_other_dials(dials: dict) -> None:
    trainer, x, y = build(WIDTHS, Recipe(**dials))
    check(trainer, x, y, 11)


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("widths", [(5, 4), (1, 1), (1, 1, 1), (3, 1, 2), (2, 64, 64, 2)], ids=str)
def test_every_shape(widths: tuple[int, ...], task: str) -> None:
    trainer, x, y = build(widths, Recipe(activation="tanh", dropout=0.4, input_dropout=0.1), task=task)
    for rows in (1, 2, 3, 31):
        check(trainer, x, y, 2, rows)


def test_step_decides_the_masks_and_no_step_means_none() -> None:
    trainer, x, y = build(WIDTHS, Recipe(dropout=0.5))
    whole = trainer.gradients(x[:16], y[:16])
    first, again, second = (trainer.gradients(x[:16], y[:16], step) for step in (3, 3, 4))
    assert all(np.array_equal(first[n], again[n]) for n in first)
    assert not np.array_equal(first["1.weight"], second["1.weight"])
    assert not np.array_equal(first["1.weight"], whole["1.weight"])


def test_large_and_small_logits() -> None:
    """Cross-entropy stays exact where a naive exp would overflow or a probability underflows."""
    for scale in (30.0, 300.0, 3000.0):
        trainer, x, y = build((6, 9, 3), Recipe(activation="relu"))
        trainer.tensors()["1.weight"][...] *= scale
        check(trainer, x, y, None)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("margin", [1.0, 5.0, 12.0, 15.0, 20.0])
def test_rows_the_net_is_sure_of(margin: float, smoothing: float) -> None:
    """p - 1 of a probability near 1 would be rounding alone: the loss and its gradient keep their precision."""
    x, y = np.eye(3, dtype=np.float32), np.arange(3)
    recipe = Recipe(label_smoothing=smoothing, optimizer="sgd", lr=0.0)
    trainer = Trainer(Architecture((3, 3)), recipe, x, y, batch_size=3)
    trainer.tensors()["0.weight"][...] = margin * np.eye(3)
    net = Oracle(trainer.architecture, recipe)
    net.load(trainer.tensors(), trainer.buffers())
    found, expected = trainer.gradients(x, y)["0.weight"], net.gradients(x, y)["0.weight"]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=0 if smoothing == 0 else 1e-8)
    assert float(trainer.advance(1).loss[0]) == pytest.approx(net.step(x, y, None, 0).loss, rel=1e-5)


def test_one_class_has_nothing_to_learn() -> None:
    """Its probability is 1 and its gradient exactly 0, or adaptive optimizers would walk off on rounding."""
    for smoothing in (0.0, 0.15):
        trainer, x, y = build((6, 5, 1), Recipe(activation="tanh", label_smoothing=smoothing, optimizer="adam", lr=0.1))
        assert not any(g.any() for g in trainer.gradients(x, y).values())
        before = trainer.params_sha256()
        assert not trainer.advance(20).grad_norm.any()
        assert trainer.params_sha256() == before


def test_gradients_are_copies() -> None:
    trainer, x, y = build(WIDTHS, Recipe())
    first = trainer.gradients(x[:16], y[:16])
    kept = {name: g.copy() for name, g in first.items()}
    trainer.gradients(x[16:32], y[16:32])
    trainer.advance(3)
    assert all(np.array_equal(first[n], kept[n]) for n in first)


@pytest.mark.parametrize("batch_norm", [False, True], ids=["plain", "bn"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_oracle_against_finite_differences(activation: str, batch_norm: bool) -> None:
    """The oracle's own formulas, in float64, along random directions."""
    trainer, x, y = build((4, 5, 6, 3), Recipe(activation=activation, batch_norm=batch_norm, label_smoothing=0.1))
    net = Oracle(trainer.architecture, trainer.recipe)
    net.load(trainer.tensors(), trainer.buffers())
    gradients = net.gradients(x[:12], y[:12])
    rng = np.random.default_rng(3)
    for _ in range(4):
        direction = {n: rng.normal(size=g.shape) for n, g in gradients.items()}
        losses = []
        for h in (1e-6, -1e-6):
            moved = Oracle(trainer.architecture, trainer.recipe)
            moved.load({n: a + h * direction[n] for n, a in net.arrays().items()}, trainer.buffers())
            with torch.no_grad():
                losses.append(float(moved.loss_of(moved.forward(x[:12]), y[:12])))
        slope = sum(float((gradients[n] * direction[n]).sum()) for n in gradients)
        assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(slope, rel=1e-5, abs=1e-7)


def test_engine_against_finite_differences_of_its_own_loss() -> None:
    """No oracle at all: the engine's loss (float32) falls along its gradient as fast as its gradient says."""
    trainer, x, y = build((6, 9, 8, 3), Recipe(activation="tanh"), n=64)
    gradients = trainer.gradients(x, y)
    rng = np.random.default_rng(5)
    start = {n: t.copy() for n, t in trainer.tensors().items()}
    for trial in range(6):
        # the gradient itself first, then random directions with a share of it
        direction = {n: g + trial * 0.05 * rng.normal(size=g.shape).astype(np.float32) for n, g in gradients.items()}
        length = float(np.sqrt(sum(np.sum(d * d) for d in direction.values())))
        losses = []
        for h in (0.02, -0.02):
            for n, tensor in trainer.tensors().items():
                tensor[...] = start[n] + np.float32(h / length) * direction[n]
            losses.append(trainer.evaluate(x, y).loss)
        slope = sum(float(np.sum(gradients[n] * direction[n])) for n in gradients) / length
        assert (losses[0] - losses[1]) / 0.04 == pytest.approx(slope, rel=2e-3, abs=2e-4)
