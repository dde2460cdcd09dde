"""Surfaces whose slopes are right, and optimizers that run down them as PyTorch's do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tuilab.lab.races import RACERS, SURFACES, Surface, run

BY_NAME = {surface.name: surface for surface in SURFACES}
TORCH = {
    "sgd": torch.optim.SGD, "momentum": lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9),
    "rmsprop": torch.optim.RMSprop, "adam": torch.optim.Adam, "radam": torch.optim.RAdam,
}  # fmt: skip


@pytest.mark.parametrize("surface", SURFACES, ids=lambda s: s.name)
def test_the_slope_is_that_of_the_height(surface: Surface) -> None:
    draws, h = np.random.default_rng(0), 1e-5
    x, y = draws.uniform(-1, 2, 50), draws.uniform(-1, 2, 50)
    dx, dy = surface.slope(x, y)
    np.testing.assert_allclose(
        dx, (surface.height(x + h, y) - surface.height(x - h, y)) / (2 * h), rtol=1e-3, atol=1e-4
    )
    np.testing.assert_allclose(
        dy, (surface.height(x, y + h) - surface.height(x, y - h)) / (2 * h), rtol=1e-3, atol=1e-4
    )


@pytest.mark.parametrize("surface", SURFACES, ids=lambda s: s.name)
def test_minima_are_minima_inside_the_window(surface: Surface) -> None:
    left, right, bottom, top = surface.window
    for x, y in (*surface.minima, surface.start):
        assert left < x < right and bottom < y < top
    for x, y in surface.minima:
        here = surface.height(np.array([x]), np.array([y]))
        around = surface.height(x + 0.05 * np.cos(np.arange(8)), y + 0.05 * np.sin(np.arange(8)))
        assert (around > here).all()
        assert np.abs(surface.slope(np.array([x]), np.array([y]))).max() < 1e-2


@pytest.mark.parametrize("optimizer", TORCH)
def test_a_race_is_pytorchs(optimizer: str) -> None:
    surface = BY_NAME["valley"]
    path = run(surface, optimizer, 0.02, 60)
    p = torch.tensor(surface.start, requires_grad=True)
    rule = TORCH[optimizer]([p], lr=0.02)
    for step in range(60):
        np.testing.assert_allclose(path.points[step], p.detach().numpy(), rtol=2e-4, atol=1e-5)
        rule.zero_grad()
        (0.5 * (p[0] ** 2 + 20.0 * p[1] ** 2)).backward()
        rule.step()


@pytest.mark.parametrize("surface", SURFACES, ids=lambda s: s.name)
def test_at_the_usual_rates_all_get_down_and_none_flies_off(surface: Surface) -> None:
    assert set(surface.rates) == set(RACERS)
    for optimizer in RACERS:
        path = run(surface, optimizer, surface.rates[optimizer])
        assert not path.diverged and path.heights[-1] < path.heights[0], optimizer


def test_momentum_rolls_past_the_shallow_minimum_in_which_plain_descent_stays() -> None:
    surface = BY_NAME["two-minima"]
    ends = {name: run(surface, name, surface.rates[name]).points[-1, 0] for name in ("sgd", "momentum")}
    assert ends["sgd"] > 0 > ends["momentum"]


def test_a_path_ends_where_numbers_do() -> None:
    path = run(BY_NAME["rosenbrock"], "sgd", 1.0)
    assert path.diverged and len(path.points) == len(path.heights) < 20
    assert np.isfinite(path.points).all() and np.isfinite(path.heights).all()
