"""Every optimizer and everything around it against torch.optim, driven by the real training of a small net."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine import Recipe, Trainer
from engine.spec import OPTIMIZERS, SCHEDULES
from tests.engine.cases import build, walk
from tests.engine.oracle import Oracle, distance, new_optimizer, worst

WIDTHS = (4, 8, 6, 3)


def start(recipe: Recipe, **options: Any) -> tuple[Trainer, Oracle, np.ndarray, np.ndarray]:
    """A trainer on 50 rows in batches of 16 (so the last has 2) and the float64 oracle with the same tensors."""
    trainer, x, y = build(WIDTHS, recipe, **options)
    net = Oracle(trainer.architecture, recipe)
    net.load(trainer.tensors(), trainer.buffers())
    return trainer, net, x, y


def check(trainer: Trainer, net: Oracle, tolerance: float) -> float:
    """Assert that all parameters agree, tensor by tensor; returns the largest relative error."""
    error, name = worst(trainer.tensors(), net.arrays())
    assert error <= tolerance, f"{name}: {error:.2e}"
    return error


def rate(optimizer: str) -> float:
    """A learning rate at which 50 steps move the net well."""
    return {"sgd": 0.1, "momentum": 0.03, "nag": 0.03, "adadelta": 1.0}.get(optimizer, 0.01)


@pytest.mark.parametrize("weight_decay", [0.0, 0.02], ids=["free", "decay"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer(optimizer: str, weight_decay: float) -> None:
    recipe = Recipe(activation="tanh", optimizer=optimizer, lr=rate(optimizer), weight_decay=weight_decay)
    trainer, net, x, y = start(recipe)
    before = net.arrays()
    walk(trainer, net, x, y, 20)
    check(trainer, net, 1e-4)
    walk(trainer, net, x, y, 30)
    check(trainer, net, 1e-3)
    moved = worst(trainer.tensors(), before)[0]
    assert moved > 0.01, "the comparison means nothing unless the parameters moved"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_defaults_are_torch_defaults(optimizer: str) -> None:
    """A recipe that leaves everything open steps exactly as torch.optim's class with no argument but the rate."""
    recipe = Recipe(activation="tanh", optimizer=optimizer)
    trainer, net, x, y = start(recipe)
    walk(trainer, net, x, y, 5)
    defaults = new_optimizer(recipe, list(net.params.values())).defaults
    assert recipe.momentum == 0.9  # torch's SGD has none by default
    assert recipe.epsilon == defaults.get("eps", 1e-8)
    assert recipe.alpha == defaults.get("alpha", 0.99) and recipe.rho == defaults.get("rho", 0.9)
    assert (recipe.beta1, recipe.beta2) == defaults.get("betas", (0.9, 0.999))
    check(trainer, net, 1e-4)


LIVE: dict[str, list[dict[str, Any]]] = {
    "momentum": [{"momentum": 0.5}, {"momentum": 0.95, "lr": 0.01}],
    "nag": [{"momentum": 0.5}, {"momentum": 0.95, "lr": 0.01}],
    "adagrad": [{"eps": 1e-3}, {"lr": 0.1}],
    "rmsprop": [{"alpha": 0.8}, {"eps": 1e-2}],
    "adadelta": [{"rho": 0.7}, {"eps": 1e-4, "lr": 0.5}],
    "adam": [{"beta1": 0.5}, {"beta2": 0.9, "eps": 1e-4}],
    "radam": [{"beta1": 0.5}, {"beta2": 0.9, "eps": 1e-4}],
    "adamw": [{"beta1": 0.5, "weight_decay": 0.1}, {"beta2": 0.9}],
}


@pytest.mark.parametrize("optimizer", LIVE)
def test_hyperparameters_are_live(optimizer: str) -> None:
    """Turned in the middle of a run, each acts from the next step and the optimizer's state goes on."""
    trainer, net, x, y = start(Recipe(activation="tanh", optimizer=optimizer, lr=0.02))
    for dials in LIVE[optimizer]:
        walk(trainer, net, x, y, 8)
        trainer.change(**dials)
        net.change(**dials)
    walk(trainer, net, x, y, 8)
    check(trainer, net, 1e-4)


def test_radam_plain_and_rectified_steps() -> None:
    """With beta2 = 0.9 the first steps are plain, later ones rectified; with 0.5 none ever is."""
    for beta2 in (0.5, 0.9, 0.999):
        trainer, net, x, y = start(Recipe(activation="tanh", optimizer="radam", lr=0.01, beta2=beta2))
        for _ in range(12):
            walk(trainer, net, x, y, 1)
            check(trainer, net, 1e-4)


def test_changing_the_optimizer_clears_its_state() -> None:
    trainer, net, x, y = start(Recipe(activation="tanh", optimizer="adam", lr=0.01))
    for optimizer in ("momentum", "adam", "adagrad", "radam", "nag", "adadelta", "sgd", "adamw", "rmsprop"):
        walk(trainer, net, x, y, 4)
        trainer.change(optimizer=optimizer)
        net.change(optimizer=optimizer)
    walk(trainer, net, x, y, 4)
    check(trainer, net, 1e-4)


def test_naming_the_same_optimizer_again_keeps_its_state() -> None:
    trainer, net, x, y = start(Recipe(activation="tanh", optimizer="adam", lr=0.01))
    walk(trainer, net, x, y, 6)
    trainer.change(optimizer="adam")
    walk(trainer, net, x, y, 6)
    check(trainer, net, 1e-4)


def test_optimizer_change_takes_its_own_default_rate() -> None:
    trainer, net, x, y = start(Recipe(activation="tanh", optimizer="adam"))
    walk(trainer, net, x, y, 3)
    trainer.change(optimizer="adagrad")
    net.change(optimizer="adagrad")
    trace = walk(trainer, net, x, y, 3)
    assert trace.engine_lr == pytest.approx([0.01] * 3)
    check(trainer, net, 1e-4)


@pytest.mark.parametrize("warmup", [0, 6], ids=["cold", "warmup"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules(schedule: str, warmup: int) -> None:
    dials = {"schedule": schedule, "warmup_steps": warmup, "decay_steps": 9, "decay_rate": 0.3}
    trainer, net, x, y = start(Recipe(activation="tanh", optimizer="sgd", lr=0.2, **dials))
    trace = walk(trainer, net, x, y, 25)
    np.testing.assert_allclose(trace.engine_lr, trace.oracle_lr, rtol=1e-6, atol=1e-9)
    check(trainer, net, 1e-4)
    # the index counts the whole run: turned on late, a schedule is where it would have been
    trainer.change(schedule="exponential", decay_steps=30)
    net.change(schedule="exponential", decay_steps=30)
    trace = walk(trainer, net, x, y, 3)
    np.testing.assert_allclose(trace.engine_lr, trace.oracle_lr, rtol=1e-6)


@pytest.mark.parametrize("optimizer", ["sgd", "nag", "adam", "adamw", "adagrad"])
@pytest.mark.parametrize(
    "dials",
    [
        {"l1": 0.01},
        {"l1": 0.01, "weight_decay": 0.05},
        {"clip_norm": 0.2},
        {"clip_norm": 0.2, "l1": 0.01, "weight_decay": 0.05},
        {"clip_norm": 1e6},
        {"max_norm": 0.8},
        {"max_norm": 0.8, "clip_norm": 0.3, "l1": 0.003, "weight_decay": 0.01, "batch_norm": True},
        {"max_norm": 1e-3},
    ],
    ids=lambda dials: "-".join(f"{k}{v}" for k, v in dials.items()),
)
def test_penalties_and_bounds(optimizer: str, dials: dict[str, Any]) -> None:
    trainer, net, x, y = start(Recipe(activation="tanh", optimizer=optimizer, lr=0.02, **dials))
    walk(trainer, net, x, y, 20)
    check(trainer, net, 1e-4)


def test_max_norm_holds_for_each_unit() -> None:
    trainer, _, _ = build(WIDTHS, Recipe(optimizer="sgd", lr=0.5, max_norm=0.7))
    trainer.advance(10)
    for i in range(trainer.layers):
        norms = np.linalg.norm(trainer.tensors()[f"{i}.weight"].astype(np.float64), axis=0)
        assert norms.max() <= 0.7 * (1 + 1e-6)


def test_weight_decay_alone_shrinks_every_active_parameter() -> None:
    """With a constant target and no gradient flow through zero weights the last bias shows decay by hand."""
    trainer, x, y = build((3, 2), Recipe(optimizer="sgd", lr=0.1, weight_decay=0.5))
    before = {n: t.astype(np.float64) for n, t in trainer.tensors().items()}
    rows = trainer.batch_indices(0)
    gradient = trainer.gradients(x[rows], y[rows])
    trainer.advance(1)
    for name, tensor in trainer.tensors().items():
        expected = before[name] - 0.1 * (gradient[name] + 0.5 * before[name])
        assert distance(tensor, expected, 0.0) < 1e-6


def test_rate_zero_moves_nothing() -> None:
    for optimizer in OPTIMIZERS:
        trainer, _, _ = build(WIDTHS, Recipe(optimizer=optimizer, lr=0.0, weight_decay=0.1))
        before = trainer.params_sha256()
        trainer.advance(5)
        assert trainer.params_sha256() == before, optimizer
