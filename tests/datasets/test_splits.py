"""The split: sizes, shares, no row twice, and what each option may and may not move."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuilab.datasets import DataError, load
from tuilab.datasets.base import Source
from tuilab.datasets.draws import Draws
from tuilab.datasets.splits import VALIDATION_ROWS, split, stratified

PARTS = ("train", "val", "test")


def rows(n: int, counts: list[int] | None = None) -> Source:
    """A source whose single feature is the row's own number, so that rows can be told apart."""
    y = np.repeat(np.arange(len(counts)), counts) if counts else np.zeros(n, np.int64)
    names = tuple(str(k) for k in range(len(counts) if counts else 1))
    return Source("rows", np.arange(n, dtype=np.float32)[:, None], y.astype(np.int64), class_names=names)


@settings(max_examples=60)
@given(
    counts=st.lists(st.integers(1, 60), min_size=1, max_size=8).filter(lambda c: sum(c) >= 4), seed=st.integers(0, 99)
)
def test_parts_are_disjoint_complete_and_stratified(counts: list[int], seed: int) -> None:
    n = sum(counts)
    data = split(rows(n, counts), seed)
    seen = np.concatenate([data.x_train, data.x_val, data.x_test]).ravel()
    assert np.array_equal(np.sort(seen), np.arange(n))
    assert len(data.x_test) == round(0.15 * n) and len(data.x_val) == round(0.15 * n)
    for label, count in enumerate(counts):
        assert abs(np.sum(data.y_test == label) - round(0.15 * n) * count / n) < 1
        assert abs(np.sum(data.y_val == label) - 0.15 * count) < 2  # of what the test part left
    truth = np.repeat(np.arange(len(counts)), counts)
    for part in PARTS:
        assert np.array_equal(truth[getattr(data, f"x_{part}").ravel().astype(int)], getattr(data, f"y_{part}"))


@given(
    y=st.lists(st.integers(-3, 3), min_size=1, max_size=200).map(np.array),
    share=st.floats(0, 1),
    seed=st.integers(0, 9),
)
def test_a_stratified_mask_has_the_share_of_each_class(y: np.ndarray, share: float, seed: int) -> None:
    wanted = int(share * len(y))
    mask = stratified(y, wanted, Draws(seed, "split"))
    assert mask.sum() == wanted
    for label in np.unique(y):
        assert abs(mask[y == label].sum() - wanted * np.mean(y == label)) < 1


@pytest.mark.parametrize("name", ["digits", "xor"])
def test_the_seed_decides_and_every_class_keeps_its_share(name: str) -> None:
    first, again, other = load(name, seed=1), load(name, seed=1), load(name, seed=2)
    for part in PARTS:
        assert np.array_equal(getattr(first, f"x_{part}"), getattr(again, f"x_{part}"))
        assert not np.array_equal(getattr(first, f"x_{part}"), getattr(other, f"x_{part}"))
    shares = [np.bincount(getattr(first, f"y_{part}")) / len(getattr(first, f"y_{part}")) for part in PARTS]
    assert np.abs(np.diff(shares, axis=0)).max() < 0.01


def test_the_split_of_seed_0_is_the_same_everywhere() -> None:
    """Bits from PCG64, whole numbers and sorting only: nothing a platform or a NumPy release could change."""
    data = split(rows(1000, [500, 300, 200]), 0)
    taken = b"".join(getattr(data, f"x_{part}").astype("<f4").tobytes() for part in PARTS)
    assert hashlib.sha256(taken).hexdigest()[:16] == "717e3b4f0374ac6f"


@given(size=st.integers(1, 1257), seed=st.integers(0, 3))
@settings(max_examples=10)
def test_train_size_takes_the_first_rows_and_nothing_else(size: int, seed: int) -> None:
    whole, small = load("digits", seed=seed), load("digits", seed=seed, train_size=size)
    assert np.array_equal(small.x_train, whole.x_train[:size]) and np.array_equal(small.y_train, whole.y_train[:size])
    assert np.array_equal(small.x_val, whole.x_val) and np.array_equal(small.x_test, whole.x_test)


def test_training_rows_come_shuffled() -> None:
    labels = load("spiral").y_train
    assert 250 < np.sum(labels[1:] != labels[:-1]) < 450  # 699 neighbours, half of them expected to differ


@given(low=st.floats(0, 1), high=st.floats(0, 1), seed=st.integers(0, 3))
@settings(max_examples=25)
def test_label_noise_hits_its_share_of_training_rows_only(low: float, high: float, seed: int) -> None:
    low, high = sorted((low, high))
    clean = load("xor", seed=seed)
    some, more = (load("xor", seed=seed, label_noise=rate) for rate in (low, high))
    hit_some, hit_more = some.y_train != clean.y_train, more.y_train != clean.y_train
    assert not np.any(hit_some & ~hit_more)  # raising the rate only adds rows
    assert abs(hit_more.mean() - high) < 0.09  # 4.7 standard deviations of 700 draws
    for part in ("val", "test"):
        assert np.array_equal(getattr(more, f"y_{part}"), getattr(clean, f"y_{part}"))
    assert np.array_equal(more.x_train, clean.x_train)
    cut = load("xor", seed=seed, label_noise=high, train_size=200)
    assert np.array_equal(cut.y_train, more.y_train[:200])


def test_wrong_labels_are_spread_over_all_other_classes() -> None:
    clean, wrong = load("digits"), load("digits", label_noise=1.0)
    shift = np.bincount((wrong.y_train - clean.y_train) % 10, minlength=10)
    assert shift[0] == 0 and shift[1:].min() > 90 and shift[1:].max() < 190  # 139.7 expected, deviation 11


def test_standardise_uses_the_training_rows_alone() -> None:
    plain, moved = load("digits", train_size=300), load("digits", train_size=300, standardise=True)
    mean, deviation = plain.x_train.mean(0, dtype=float), plain.x_train.std(0, dtype=float)
    varies = deviation > 0
    assert 50 < varies.sum() < 64
    assert np.abs(moved.x_train.mean(0, dtype=float)).max() < 1e-5
    assert np.allclose(moved.x_train.std(0, dtype=float)[varies], 1, atol=1e-5)
    assert np.all(moved.x_train[:, ~varies] == 0)
    assert np.allclose(
        moved.x_test[:, varies], ((plain.x_test - mean) / np.where(varies, deviation, 1))[:, varies], atol=1e-4
    )
    assert moved.x_train.dtype == np.float32 and np.array_equal(moved.y_train, plain.y_train)


def test_a_published_test_part_stays_as_it_is() -> None:
    source = rows(40_000)
    test = np.float32([[-1], [-2]])
    data = split(Source("two", source.x, source.y, class_names=("0",), x_test=test, y_test=np.zeros(2, np.int64)), 0)
    assert np.array_equal(data.x_test, test) and len(data.x_val) == VALIDATION_ROWS and len(data.x_train) == 35_000
    assert np.array_equal(np.sort(np.concatenate([data.x_train, data.x_val]).ravel()), np.arange(40_000))


def test_too_few_rows_and_noisy_labels_without_classes_are_refused() -> None:
    with pytest.raises(DataError, match="rows: found 3 rows"):
        split(rows(3), 0)
    line = Source("line", np.zeros((20, 1), np.float32), np.zeros((20, 1), np.float32), task="regression")
    data = split(line, 0)
    assert data.classes == 0 and data.outputs == 1 and data.y_train.shape == (14, 1)
    with pytest.raises(DataError, match="label_noise: line has no classes"):
        split(line, 0, label_noise=0.1)
