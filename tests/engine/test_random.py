"""The counter-based generator: uniform, independent streams, and a fair permutation of every epoch.

Statistics are judged against their own distribution: a chi-square value may lie at most six standard deviations
above its mean (a chance of about 1e-8 for a fair generator). Seeds are fixed, so no test is flaky.
"""

from __future__ import annotations

import math

import numba
import numpy as np
import pytest

from engine.formulas import random

LIMIT = 6.0


@numba.njit
def _stream(seed: int, purpose: int, step: int, layer: int, out: np.ndarray) -> None:
    key = random.stream_key(seed, purpose, step, layer)
    low, high = random.key_low(key), random.key_high(key)
    for i in range(out.size):
        out[i] = random.random_bits(low, high, np.uint32(i))


@numba.njit
def _first_bits(seeds: np.ndarray, purpose: int, steps: int, layers: int, out: np.ndarray) -> None:
    for s in range(seeds.size):
        for step in range(steps):
            for layer in range(layers):
                key = random.stream_key(seeds[s], purpose, step, layer)
                out[s, step, layer] = random.random_bits(random.key_low(key), random.key_high(key), np.uint32(0))


@numba.njit
def _keys(seed: int, purposes: int, steps: int, layers: int, out: np.ndarray) -> None:
    for purpose in range(purposes):
        for step in range(steps):
            for layer in range(layers):
                out[purpose, step, layer] = random.stream_key(seed, purpose, step, layer)


@numba.njit
def _epochs(count: int, seed: int, out: np.ndarray) -> None:
    for epoch in range(out.shape[0]):
        key = random.stream_key(seed, random.SHUFFLE, epoch, 0)
        low, high = random.key_low(key), random.key_high(key)
        for position in range(out.shape[1]):
            out[epoch, position] = random.shuffled(position, count, low, high)


def stream(seed: int, purpose: int, step: int, layer: int, count: int) -> np.ndarray:
    """The first `count` numbers of a stream, uint32."""
    out = np.empty(count, np.uint32)
    _stream(seed, purpose, step, layer, out)
    return out


def permutations(count: int, epochs: int, seed: int = 3, positions: int | None = None) -> np.ndarray:
    """(epochs, positions) row numbers in shuffled order."""
    out = np.empty((epochs, count if positions is None else positions), np.int64)
    _epochs(count, seed, out)
    return out


def excess(counts: np.ndarray, expected: float | np.ndarray, freedom: int) -> float:
    """How many standard deviations the chi-square statistic lies above its mean."""
    chi = float(((counts - expected) ** 2 / expected).sum())
    return (chi - freedom) / math.sqrt(2 * freedom)


def uniform_excess(values: np.ndarray, cells: int) -> float:
    """Chi-square excess of integer `values` over [0, cells)."""
    counts = np.bincount(values, minlength=cells)
    return excess(counts, len(values) / cells, cells - 1)


STREAMS = [(0, 0, 0, 0), (0, 2, 1, 1), (1, 2, 999, 3), (2**40 + 1, 1, 5, 0), (-1 & (2**63 - 1), 2, 2**33, 7)]


@pytest.mark.parametrize("place", STREAMS, ids=str)
def test_every_part_of_the_number_is_uniform(place: tuple[int, int, int, int]) -> None:
    bits = stream(*place, 400_000)
    assert uniform_excess(bits >> 22, 1024) < LIMIT
    assert uniform_excess(bits & 1023, 1024) < LIMIT
    ones = np.unpackbits(bits.view(np.uint8)).reshape(-1, 32).mean(0)
    assert np.abs(ones - 0.5).max() < LIMIT * 0.5 / math.sqrt(bits.size)


@pytest.mark.parametrize("lag", [1, 2, 3, 16, 64, 1000])
@pytest.mark.parametrize("place", STREAMS[:3], ids=str)
def test_neighbours_are_independent(place: tuple[int, int, int, int], lag: int) -> None:
    """Pairs at a distance fill a 32 x 32 grid evenly, by their high bits and by their low ones."""
    bits = stream(*place, 400_000)
    for part in (bits >> 27, bits & 31):
        pairs = part[:-lag].astype(np.int64) * 32 + part[lag:]
        assert uniform_excess(pairs, 1024) < LIMIT


def test_streams_of_neighbouring_steps_layers_and_seeds_are_independent() -> None:
    """The same element across steps, layers and seeds is uniform too, and so are neighbours."""
    out = np.empty((24, 300, 12), np.uint32)
    _first_bits(np.arange(24), random.DROP, 300, 12, out)
    cells = (out >> 27).astype(np.int64)
    assert uniform_excess(cells.ravel(), 32) < LIMIT
    for axis in range(3):
        first, second = (np.moveaxis(cells, axis, 0)[part] for part in (slice(None, -1), slice(1, None)))
        assert uniform_excess((first * 32 + second).ravel(), 1024) < LIMIT


def test_whole_streams_do_not_correlate() -> None:
    streams = np.array([
        stream(seed, purpose, step, layer, 20_000).astype(np.float64)
        for seed in (0, 1) for purpose in (0, 1, 2) for step in (0, 1, 2) for layer in (0, 1)
    ])  # fmt: skip
    correlation = np.corrcoef(streams) - np.eye(len(streams))
    assert np.abs(correlation).max() < LIMIT / math.sqrt(20_000)


def test_no_two_places_share_a_key() -> None:
    out = np.empty((3, 3000, 40), np.uint64)
    _keys(5, 3, 3000, 40, out)
    assert np.unique(out).size == out.size


@pytest.mark.parametrize("rate", [0.0, 1e-6, 0.1, 0.5, 0.9, 1 - 1e-9])
def test_drop_threshold_is_the_rate(rate: float) -> None:
    @numba.njit
    def threshold(r: float) -> int:
        return random.drop_threshold(r)

    assert threshold(rate) / 2**32 == pytest.approx(rate, abs=1e-9)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33, 100, 255, 256, 257, 1437, 1797, 4097])
def test_every_epoch_is_a_permutation(count: int) -> None:
    epochs = permutations(count, 40)
    np.testing.assert_array_equal(np.sort(epochs, axis=1), np.broadcast_to(np.arange(count), epochs.shape))
    if count > 12:  # 13! orders: two alike would be no accident
        assert len({tuple(e) for e in epochs}) == 40, "no epoch repeats another"


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_all_orders_of_a_small_set_are_equally_likely(count: int) -> None:
    epochs = permutations(count, 40_000)
    _, counts = np.unique(epochs, axis=0, return_counts=True)
    orders = math.factorial(count)
    assert counts.size == orders
    assert excess(counts, 40_000 / orders, orders - 1) < LIMIT


@pytest.mark.parametrize("count", [6, 7, 8, 9, 16, 17, 31, 64, 100, 200])
def test_every_row_is_as_likely_at_every_position(count: int) -> None:
    epochs = permutations(count, 20_000)
    counts = np.stack([np.bincount(column, minlength=count) for column in epochs.T])
    assert excess(counts, 20_000 / count, (count - 1) ** 2) < LIMIT


@pytest.mark.parametrize("count", [3, 4, 5, 8, 16, 32, 33, 64, 128])
def test_any_two_rows_are_as_likely_at_any_two_positions(count: int) -> None:
    """What decides which rows share a batch: a weak mix keeps rows n/2 apart together."""
    epochs = 60_000
    order = permutations(count, epochs)
    for first, second in ((0, 1), (0, count // 2), (0, count - 1), (1, count // 2 + 1)):
        if second >= count:
            continue
        joint = np.bincount(order[:, first] * count + order[:, second], minlength=count**2).reshape(count, count)
        apart = joint[~np.eye(count, dtype=bool)]
        assert np.trace(joint) == 0
        assert excess(apart, epochs / (count * (count - 1)), apart.size - 1) < LIMIT


def test_large_set_in_every_part() -> None:
    """Row number and position do not correlate in a set of a million, which no one shuffles in memory."""
    rows = permutations(1_000_003, 60, positions=3000)
    assert rows.min() >= 0 and rows.max() < 1_000_003
    assert uniform_excess((rows * 64 // 1_000_003).ravel(), 64) < LIMIT
    assert all(np.unique(epoch).size == 3000 for epoch in rows)
    steps = np.diff(rows, axis=1)
    assert abs(float(np.corrcoef(rows[:, :-1].ravel(), rows[:, 1:].ravel())[0, 1])) < LIMIT / math.sqrt(steps.size)
