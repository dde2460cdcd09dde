"""Curves in bounded memory: nothing added is lost to sight, however it arrives and however much it is."""

from __future__ import annotations

import threading
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.made_metrics import rows
from tuilab.lab.history import Decimator, History, Series


def filled(loss: np.ndarray, cuts: list[int], capacity: int = 16) -> Series:
    history = History(2, capacity)
    edges = sorted({0, len(loss), *(c % (len(loss) + 1) for c in cuts)})
    for a, b in pairwise(edges):
        history.add(rows(a, loss[a:b]))
    return history.series().train


losses = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=300).map(lambda v: np.array(v, np.float32))


@given(losses, st.lists(st.integers(0, 1000), max_size=8))
def test_the_buckets_do_not_depend_on_the_chunks(loss: np.ndarray, cuts: list[int]) -> None:
    whole, cut = filled(loss, []), filled(loss, cuts)
    for name in ("x", "low", "high"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(cut, name))
    np.testing.assert_allclose(whole.mean, cut.mean, rtol=1e-6, atol=1e-6)


@given(losses)
def test_low_high_and_mean_are_those_of_the_steps_in_the_bucket(loss: np.ndarray) -> None:
    curve = filled(loss, [])
    width = 1
    while -(-len(loss) // width) > 16:
        width *= 2
    groups = [loss[i : i + width] for i in range(0, len(loss), width)]
    np.testing.assert_array_equal(curve.low, [g.min() for g in groups])
    np.testing.assert_array_equal(curve.high, [g.max() for g in groups])
    np.testing.assert_allclose(curve.mean, [g.mean(dtype=np.float64) for g in groups], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(curve.x, [i * width + (len(g) + 1) / 2 for i, g in enumerate(groups)])


def test_a_spike_never_disappears() -> None:
    loss = np.ones(1_000_000, np.float32)
    loss[123_456] = 99.0
    history = History(1)
    for start in range(0, len(loss), 50_000):
        history.add(rows(start, loss[start : start + 50_000], layers=1))
    curve = history.series().train
    assert curve.high.max() == 99.0 and len(curve) <= 2048
    assert abs(curve.x[curve.high.argmax()] - 123_457) <= 1_000_000 / 1024
    assert len(history.series().grad_norm) == 1


def test_memory_stays_bounded() -> None:
    small, large = Decimator(8), Decimator(8)
    block = np.ones((1000, 8), np.float32)
    for n, decimator in ((1, small), (3000, large)):
        for i in range(n):
            at = np.arange(1000, dtype=np.int64) + 1000 * i
            decimator.add(at, at.astype(float), block)
    size = {k: v.nbytes for k, v in vars(small).items() if isinstance(v, np.ndarray)}
    assert size == {k: v.nbytes for k, v in vars(large).items() if isinstance(v, np.ndarray)}
    assert len(large.series()[0]) <= 2048


def test_what_is_not_finite_leaves_a_gap_and_spoils_no_neighbour() -> None:
    loss = np.array([1.0, np.nan, np.inf, 2.0], np.float32)
    history = History(2)
    history.add(rows(0, loss))
    curve = history.series().train
    np.testing.assert_array_equal(curve.mean, np.array([1, np.nan, np.nan, 2], np.float32))
    np.testing.assert_array_equal(history.series().grad_norm[1].mean, [2, 4, 6, 8])


def test_update_ratios_are_kept_where_they_were_probed_whatever_the_chunks() -> None:
    history = History(2, capacity=64)
    for start in range(0, 100, 7):
        history.add(rows(start, np.ones(min(7, 100 - start)), probe_every=10))
    ratio = history.series().update_ratio
    assert len(ratio) == 2 and ratio[0].x.tolist() == [1, 11, 21, 31, 41, 51, 61, 71, 81, 91]
    np.testing.assert_allclose(ratio[1].mean, ratio[1].x / 500)
    history.forget_after(40)
    assert history.series().update_ratio[0].x.tolist() == [1, 11, 21, 31]
    assert [len(curve) for curve in History(3).series().update_ratio] == [0, 0, 0]


def test_looks_at_the_validation_part_lie_at_their_steps() -> None:
    history = History(1, capacity=4)
    for step in (0, 10, 20, 30, 40):
        history.add_eval(step, 1.0 + step, float("nan"))
    curves = history.series()
    np.testing.assert_array_equal(curves.val.x, [5, 25, 40])
    np.testing.assert_array_equal(curves.val.high, [11, 31, 41])
    assert np.isnan(curves.val_accuracy.mean).all()


def test_the_same_object_until_something_is_added() -> None:
    history = History(1)
    history.add_eval(0, 1.0, 0.5)
    first = history.series()
    assert history.series() is first
    history.add_eval(1, 1.0, 0.5)
    assert history.series() is not first and len(first.val) == 1


@pytest.mark.parametrize("back", [0, 1, 7, 64, 100])
def test_going_back_forgets_what_came_after(back: int) -> None:
    history = History(1, capacity=1024)
    history.add(rows(0, np.arange(100), layers=1))
    for step in range(0, 101, 10):
        history.add_eval(step, 1.0, 1.0)
    history.forget_after(back)
    curves = history.series()
    assert len(curves.train) == back and len(curves.val) == back // 10 + 1
    history.add(rows(back, np.full(5, 7.0), layers=1))
    assert len(history.series().train) == back + 5 and history.series().train.mean[-1] == 7.0


def test_rows_kept_by_a_folder_give_the_same_curve() -> None:
    loss = np.linspace(3, 1, 64, dtype=np.float32)
    live, read = History(2, capacity=16), History(2, capacity=16)
    live.add(rows(0, loss))
    for a in range(0, 64, 8):
        part = rows(a, loss[a : a + 8])
        values = np.column_stack([part.loss, part.accuracy, part.lr, part.grad_norm])
        read.add_row(a + 1, a + 8, *(list(f(values, axis=0)) for f in (np.min, np.mean, np.max)))
    for one, other in zip((live.series().train, *live.series().grad_norm), (read.series().train,
                          *read.series().grad_norm), strict=True):  # fmt: skip
        assert one.low.min() == other.low.min() and one.high.max() == other.high.max()
        assert other.x[0] == 4.5 and np.isclose(one.mean.mean(), other.mean.mean())


def test_one_thread_adds_while_another_reads() -> None:
    history = History(2, capacity=64)
    broken: list[str] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            curve = history.series().train
            if len(curve) and not ((curve.low <= curve.mean) & (curve.mean <= curve.high)).all():
                broken.append("mean outside its band")
            if not (np.diff(curve.x) > 0).all():
                broken.append("steps not rising")

    reader = threading.Thread(target=read)
    reader.start()
    for start in range(0, 50_000, 50):
        history.add(rows(start, np.sin(np.arange(start, start + 50))))
    done.set()
    reader.join()
    assert broken == [] and len(history.series().train) <= 64
