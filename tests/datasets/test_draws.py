"""The random streams: their law, and that purposes and seeds do not share draws."""

import numpy as np
import pytest

from tuilab.datasets.draws import PURPOSES, Draws


def test_uniform_and_normal_follow_their_laws() -> None:
    uniform, normal = Draws(0, "points").uniform(100_000), Draws(0, "noise").normal(100_000)
    assert uniform.min() >= 0 and uniform.max() < 1
    assert np.abs(np.histogram(uniform, 20, (0, 1))[0] - 5000).max() < 5 * np.sqrt(5000)
    for moment, expected, wide in ((1, 0, 0.02), (2, 1, 0.03), (3, 0, 0.06), (4, 3, 0.2)):
        assert abs(np.mean(normal**moment) - expected) < wide
    assert abs(np.corrcoef(normal[1:], normal[:-1])[0, 1]) < 0.02


def test_an_order_is_a_permutation_in_which_every_place_is_as_likely() -> None:
    draws = Draws(5, "order")
    orders = np.array([draws.order(6) for _ in range(6000)])
    assert np.array_equal(np.sort(orders, axis=1), np.tile(np.arange(6), (6000, 1)))
    counts = np.array([np.bincount(orders[:, place], minlength=6) for place in range(6)])
    assert np.abs(counts - 1000).max() < 5 * np.sqrt(1000)


def test_streams_are_apart_by_seed_and_purpose() -> None:
    words = {tuple(Draws(seed, purpose).raw(4)) for seed in (0, 1, 2**63) for purpose in PURPOSES}
    assert len(words) == 3 * len(PURPOSES)
    assert len(Draws(0, "split").raw(0)) == 0
    with pytest.raises(ValueError):
        Draws(0, "lunch")


def test_the_bits_are_those_numpy_promises() -> None:
    bits = np.random.PCG64(np.random.SeedSequence([7, PURPOSES.index("split")])).random_raw(3)
    assert np.array_equal(Draws(7, "split").raw(3), bits)
