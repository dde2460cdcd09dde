"""Initialisers: the variance of each rule, the shape of each distribution, orthogonality, seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine import Architecture, Recipe, Trainer
from engine.spec import INITIALIZERS

N, M = 300, 200


def drawn(initializer: str, widths: tuple[int, ...] = (N, M, 10), seed: int = 0, **dials: object) -> Trainer:
    """A trainer whose weights have just been drawn."""
    x, y = np.zeros((2, widths[0]), np.float32), np.zeros(2, np.int64)
    recipe = Recipe(initializer=initializer, **dials)  # type: ignore[arg-type]
    return Trainer(Architecture(widths), recipe, x, y, seed=seed)


def first(initializer: str, **options: object) -> np.ndarray:
    """The first weight matrix in float64."""
    return drawn(initializer, **options).tensors()["0.weight"].astype(np.float64)  # type: ignore[arg-type]


RULES = [
    ("lecun_normal", {}, 1 / N),
    ("lecun_uniform", {}, 1 / N),
    ("xavier_normal", {}, 2 / (N + M)),
    ("xavier_uniform", {}, 2 / (N + M)),
    ("he_normal", {}, 2 / N),
    ("he_uniform", {}, 2 / N),
    ("he_normal", {"activation": "tanh"}, 2 / N),
    ("he_normal", {"activation": "leaky_relu", "negative_slope": 0.5}, 2 / (1.25 * N)),
    ("he_uniform", {"activation": "leaky_relu", "negative_slope": 0.5}, 2 / (1.25 * N)),
    ("he_normal", {"activation": "prelu"}, 2 / ((1 + 0.25**2) * N)),
    ("small_normal", {}, 1e-4),
    ("standard_uniform", {}, 1 / (3 * N)),
]


@pytest.mark.parametrize(("initializer", "dials", "variance"), RULES, ids=str)
def test_variance_of_the_rule(initializer: str, dials: dict, variance: float) -> None:
    weight = first(initializer, **dials)
    assert weight.shape == (N, M)
    sigma = math.sqrt(variance)
    assert abs(weight.mean()) < 6 * sigma / math.sqrt(weight.size)
    # the sample variance of n normals has a relative deviation of sqrt(2 / n), of uniforms less
    assert weight.var() == pytest.approx(variance, rel=6 * math.sqrt(2 / weight.size))


@pytest.mark.parametrize("initializer", ["lecun_uniform", "xavier_uniform", "he_uniform", "standard_uniform"])
def test_uniform_fills_its_interval_and_no_more(initializer: str) -> None:
    weight = first(initializer)
    bound = math.sqrt(3 * next(v for name, _, v in RULES if name == initializer))
    assert np.abs(weight).max() <= bound * (1 + 1e-6)
    assert np.abs(weight).max() > bound * 0.999
    counts = np.histogram(weight, 20, (-bound, bound))[0]
    expected = weight.size / 20
    assert ((counts - expected) ** 2 / expected).sum() < 19 + 6 * math.sqrt(38)
    if initializer == "standard_uniform":
        assert bound == pytest.approx(1 / math.sqrt(N))


@pytest.mark.parametrize("initializer", ["lecun_normal", "xavier_normal", "he_normal", "small_normal"])
def test_normal_is_normal(initializer: str) -> None:
    """Shares within 1, 2 and 3 standard deviations, skewness and kurtosis."""
    weight = first(initializer)
    z = (weight / weight.std()).ravel()
    for limit in (0.5, 1, 2, 3):
        share = math.erf(limit / math.sqrt(2))
        assert abs((np.abs(z) < limit).mean() - share) < 6 * math.sqrt(share * (1 - share) / z.size)
    assert abs((z**3).mean()) < 6 * math.sqrt(6 / z.size)
    assert abs((z**4).mean() - 3) < 6 * math.sqrt(24 / z.size)


def test_weights_are_independent() -> None:
    weight = first("he_normal")
    neighbours = [(weight[:-1], weight[1:]), (weight[:, :-1], weight[:, 1:])]
    half = weight.size // 2
    flat = weight.ravel()
    for a, b in [*neighbours, (flat[:half], flat[half:])]:  # Box-Muller pairs lie half a tensor apart
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 6 / math.sqrt(a.size)
        assert abs(np.corrcoef(a.ravel() ** 2, b.ravel() ** 2)[0, 1]) < 6 / math.sqrt(a.size)


@pytest.mark.parametrize("shape", [(60, 40), (40, 60), (50, 50), (1, 7), (7, 1), (1, 1)], ids=str)
def test_orthogonal_is_orthogonal(shape: tuple[int, int]) -> None:
    weight = first("orthogonal", widths=(*shape, 3))
    small = weight.T @ weight if shape[0] >= shape[1] else weight @ weight.T
    np.testing.assert_allclose(small, np.eye(min(shape)), atol=1e-5)


def test_orthogonal_draw_favours_no_sign() -> None:
    """The first entry of a Haar matrix is symmetric about 0; without the sign correction it is not."""
    signs = [np.sign(first("orthogonal", widths=(3, 3, 2), seed=seed)[0, 0]) for seed in range(300)]
    assert abs(np.mean(signs)) < 6 / math.sqrt(300)


def test_zeros() -> None:
    trainer = drawn("zeros")
    assert not any(trainer.tensors()[f"{i}.weight"].any() for i in range(2))


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_everything_else_starts_the_same(initializer: str) -> None:
    trainer = drawn(initializer, (5, 7, 6, 3))
    tensors = trainer.tensors()
    for i in range(3):
        assert not tensors[f"{i}.bias"].any()
    for i in range(2):
        assert (tensors[f"{i}.gamma"] == 1).all() and not tensors[f"{i}.beta"].any()
        assert (tensors[f"{i}.slope"] == 0.25).all()
        assert not trainer.buffers()[f"{i}.running_mean"].any()
        assert (trainer.buffers()[f"{i}.running_var"] == 1).all()


@pytest.mark.parametrize("initializer", [i for i in INITIALIZERS if i != "zeros"])
def test_seeds_and_layers_differ_and_repeat(initializer: str) -> None:
    square = (30, 30, 30)
    one, again, other = (drawn(initializer, square, seed=s).tensors() for s in (3, 3, 4))
    np.testing.assert_array_equal(one["0.weight"], again["0.weight"])
    assert not np.array_equal(one["0.weight"], other["0.weight"])
    assert not np.array_equal(one["0.weight"], one["1.weight"])
    correlation = np.corrcoef([t["0.weight"].ravel() for t in (one, other)] + [one["1.weight"].ravel()]) - np.eye(3)
    assert np.abs(correlation).max() < 6 / 30


def test_changing_the_initializer_draws_anew_at_every_step() -> None:
    trainer = drawn("he_normal")
    start = trainer.tensors()["0.weight"].copy()
    trainer.change(initializer="he_normal")
    np.testing.assert_array_equal(trainer.tensors()["0.weight"], start)
    trainer.advance(3)
    trainer.change(initializer="he_normal")
    later = trainer.tensors()["0.weight"].copy()
    assert not np.array_equal(later, start)
    assert later.var() == pytest.approx(2 / N, rel=0.05)
    assert not trainer.tensors()["0.bias"].any()
