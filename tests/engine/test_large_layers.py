"""Layers that threads cut by their inputs: the same network as on one thread, whatever the dials and the batch."""

from typing import Any

import numpy as np
import pytest

from engine import Architecture, Recipe, Trainer
from engine.cpu.state import LARGE

#: Large at the bottom; in the middle; everywhere but at the top, of odd widths; so large that threads share pieces.
WIDTHS = ((300, 120, 5), (12, 200, 180, 40, 4), (311, 157, 223, 3), (683, 701, 5))
DIALS: dict[str, dict[str, Any]] = {
    "plain": {},
    "batch norm": {"batch_norm": True},
    "dropout": {"dropout": 0.3, "input_dropout": 0.2},
    "everything": {
        "batch_norm": True, "dropout": 0.2, "input_dropout": 0.1, "activation": "prelu", "clip_norm": 0.5,
        "max_norm": 1.0, "optimizer": "momentum",
    },
    "selu": {"activation": "selu", "alpha_dropout": True, "dropout": 0.1, "l1": 1e-4, "label_smoothing": 0.1},
}  # fmt: skip


def made(widths: tuple[int, ...], dials: dict[str, Any], threads: int, batch_size: int = 20) -> Trainer:
    """A trainer on 50 rows: the last batch of an epoch is a smaller one."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(50, widths[0])).astype(np.float32)
    y = rng.integers(0, widths[-1], 50)
    recipe = Recipe(**{"lr": 1e-3, **dials})
    return Trainer(Architecture(widths), recipe, x, y, batch_size=batch_size, seed=3, threads=threads)


def assert_same(one: Trainer, many: Trainer, tolerance: float = 2e-5) -> None:
    """Tensors and statistics agree but for rounding."""
    for found, wanted in ((many.tensors(), one.tensors()), (many.buffers(), one.buffers())):
        for name, array in wanted.items():
            scale = np.abs(array).max() + 1e-3
            np.testing.assert_allclose(found[name] / scale, array / scale, atol=tolerance, err_msg=name)


@pytest.mark.parametrize("threads", [2, 3, 7])
@pytest.mark.parametrize("dials", DIALS.values(), ids=DIALS)
@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_threads_train_the_network_that_one_trains(
    widths: tuple[int, ...], dials: dict[str, Any], threads: int
) -> None:
    one, many = made(widths, dials, 1), made(widths, dials, threads)
    assert not one._state.plan[LARGE] and many._state.plan[LARGE]
    a, b = one.advance(4), many.advance(4)
    np.testing.assert_allclose(b.loss, a.loss, rtol=1e-5)
    np.testing.assert_allclose(b.grad_norm, a.grad_norm, rtol=1e-4)
    # among half a million gradients some are next to nothing, and Adam makes whole steps of their rounding
    assert_same(one, many, 2e-5 if widths != WIDTHS[3] else 1e-3)
    x = np.random.default_rng(1).normal(size=(33, widths[0])).astype(np.float32)
    np.testing.assert_allclose(many.predict(x), one.predict(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("widths", WIDTHS, ids=str)
def test_a_batch_may_grow_and_shrink(widths: tuple[int, ...]) -> None:
    """What other threads add to Z has room for the batch at hand."""
    one, many = (made(widths, {"optimizer": "momentum"}, threads, 4) for threads in (1, 3))
    for batch_size in (4, 50, 2, 31):
        for trainer in (one, many):
            trainer.change(batch_size=batch_size)
            trainer.advance(3)
    assert_same(one, many, 1e-4)


@pytest.mark.parametrize("rows", [1, 2, 45, 200])
def test_gradients_of_other_rows(rows: int) -> None:
    """More rows than the batch has, and fewer than there are threads. Smooth units: rounding turns none of them off."""
    rng = np.random.default_rng(2)
    for widths in WIDTHS:
        x, y = rng.normal(size=(rows, widths[0])).astype(np.float32), rng.integers(0, widths[-1], rows)
        one, many = (made(widths, {"input_dropout": 0.2, "activation": "tanh"}, threads, 10) for threads in (1, 4))
        for step in (None, 5):
            wanted, found = one.gradients(x, y, step), many.gradients(x, y, step)
            for name, array in wanted.items():
                np.testing.assert_allclose(found[name], array, atol=1e-5 * (np.abs(array).max() + 1e-6), err_msg=name)


@pytest.mark.parametrize("widths", WIDTHS[2:], ids=str)
def test_bits_depend_on_the_number_of_threads_alone(widths: tuple[int, ...]) -> None:
    dials = DIALS["everything"]
    first, second = made(widths, dials, 3), made(widths, dials, 3)
    first.advance(7)
    for steps in (1, 4, 2):
        second.advance(steps)
    assert first.params_sha256() == second.params_sha256()


def test_more_threads_than_inputs() -> None:
    """Then nobody can own an input: the layer is cut by rows like a small one."""
    widths = (2, 20_000, 2)
    one, many = made(widths, {}, 1), made(widths, {}, 3)
    assert many._state.plan[LARGE]  # its second layer
    one.advance(2)
    many.advance(2)
    assert_same(one, many)
