"""Optimizers on surfaces: the rules are the engine's, and the surfaces are what their words say."""

from __future__ import annotations

import numpy as np
import pytest

from engine import Architecture, Recipe, Trainer
from engine.spec import OPTIMIZERS
from tuilab.lab.claims import surfaces


@pytest.mark.parametrize("name", [n for n in OPTIMIZERS if n != "adamw"])
def test_a_path_is_that_of_the_compiled_step(name: str) -> None:
    """A net without hidden layer and with one output, fed one row: its bias moves as the rule says."""
    recipe = Recipe(optimizer=name, lr=0.1, initializer="zeros")
    trainer = Trainer(Architecture((1, 1), "regression"), recipe, [[0.0]], [1.0], batch_size=1)
    engine = []
    for _ in range(12):
        trainer.advance(1)
        engine.append(float(trainer.tensors()["0.bias"][0]))
    slope = lambda p, _: np.float32(2.0) * (p - np.float32(1.0))  # noqa: E731
    own = [float(p[0]) for p in surfaces.path(recipe, slope, np.zeros(1, np.float32), 12)]
    assert own == pytest.approx(engine, rel=1e-5, abs=1e-7)


def test_the_surface_has_the_minima_it_says() -> None:
    x = np.linspace(-2.0, 2.0, 400_001)
    height, slope = surfaces.two_minima(np.column_stack([x, np.zeros_like(x)]))
    assert slope[:, 0] == pytest.approx(np.gradient(height, x), abs=1e-4)
    turns = x[:-1][np.diff(np.sign(slope[:, 0])) != 0]
    assert turns == pytest.approx([-1.0881, 0.2092, 0.8789], abs=1e-3)
    deep, ridge, shallow = (height[np.abs(x - t).argmin()] for t in turns)
    assert deep < shallow < ridge


def test_a_start_that_cannot_climb_stays() -> None:
    assert surfaces.escaped(Recipe(optimizer="sgd", lr=0.1), 300, 0) == 0.0


def test_a_heavily_damped_run_overshoots_nothing() -> None:
    assert surfaces.overshot(Recipe(optimizer="sgd", lr=0.01), 100, 0) == 0.0
    assert 0.3 < surfaces.overshot(Recipe(optimizer="momentum", lr=0.01), 300, 0) < 1.0


def test_what_does_not_adapt_has_no_spread() -> None:
    """RAdam's first five updates are those of momentum alone."""
    assert surfaces.factor_spread(Recipe(optimizer="radam"), 5, 0) == pytest.approx(0.0, abs=1e-4)
    assert surfaces.factor_spread(Recipe(optimizer="adam"), 5, 0) > 0.3
