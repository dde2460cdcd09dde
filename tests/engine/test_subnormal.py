"""A network with dead units: what their gradients leave behind fades to nothing, and no step is slower for it."""

import platform

import numpy as np
import pytest

from engine import Architecture, Recipe, Trainer
from engine.cpu.subnormal import flush_subnormals, restore_subnormals
from engine.jit import njit

TINY = np.finfo(np.float32).tiny
SWITCHED = platform.machine().lower() in ("x86_64", "amd64")


@pytest.mark.parametrize("optimizer", ["momentum", "adam", "radam", "rmsprop"])
def test_moments_of_a_dead_unit_fade_to_zero(optimizer: str) -> None:
    """A decay of 0.9 is subnormal after some 800 steps; where the switch is missing it stays so for good."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 4)).astype(np.float32), rng.integers(0, 2, 40)
    recipe = Recipe(optimizer=optimizer, lr=1e-4, beta2=0.9, alpha=0.9)
    trainer = Trainer(Architecture((4, 20, 2)), recipe, x, y, batch_size=10, threads=2)
    trainer.advance(20)
    name = next(n for n in trainer.tensors() if trainer.tensors()[n].shape == (20,))
    trainer.tensors()[name][:] = -1e6  # ReLU passes nothing on from here
    trainer.advance(1500)
    slots = trainer.snapshot().arrays
    hidden = slice(0, 4 * 20)
    for slot in ("slot1", "slot2"):
        kept = np.abs(slots[slot])
        if SWITCHED:
            assert not np.any((kept > 0) & (kept < TINY))
        assert np.all(kept[hidden] < TINY)


def test_the_thread_of_the_caller_keeps_its_subnormal_numbers() -> None:
    trainer = Trainer(Architecture((2, 3, 2)), Recipe(), np.eye(2, dtype=np.float32), np.arange(2), threads=1)
    trainer.advance(3)
    trainer.evaluate(np.eye(2, dtype=np.float32), np.arange(2))
    assert np.all(np.full(64, 1e-40, np.float32) * np.float32(0.5) > 0)


@njit(cache=False)
def _halves(values, flush):
    control = flush_subnormals() if flush else np.uint32(0)
    for i in range(values.size):
        values[i] *= np.float32(0.5)
    if flush:
        restore_subnormals(control)


def test_the_switch_acts_between_its_two_calls() -> None:
    small = np.full(64, 1e-40, np.float32)
    _halves(small, False)
    assert np.all(small > 0)
    if SWITCHED:
        _halves(small, True)
        assert np.all(small == 0)
