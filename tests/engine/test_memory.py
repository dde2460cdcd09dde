"""The arrays that a step walks through: apart from each other, zero, on cache lines of their own."""

import mmap

import numpy as np
import pytest

from engine import Architecture, Recipe, Trainer
from engine.cpu import memory, state
from engine.data import check_data
from engine.layout import layout
from engine.states import aside


@pytest.mark.parametrize("sizes", [[3, 17, 0, 1], [70_000, 16, 200_001]])
def test_arrays_begin_on_lines_and_do_not_overlap(sizes: list[int]) -> None:
    arrays = memory.zeros((2, sizes[0]), *[(n,) for n in sizes[1:]])
    assert [a.shape for a in arrays] == [(2, sizes[0]), *[(n,) for n in sizes[1:]]]
    assert all(a.ctypes.data % 64 == 0 and a.flags.c_contiguous and not a.any() for a in arrays)
    for i, array in enumerate(arrays):
        array[...] = i + 1
    assert all((a == i + 1).all() for i, a in enumerate(arrays))


def test_much_of_it_begins_on_a_huge_page() -> None:
    first, _ = memory.zeros((memory.ENOUGH // 4,), (5,))
    page = memory.PAGE if hasattr(mmap, "MADV_HUGEPAGE") else 64
    assert first.ctypes.data % page == 0


def test_without_huge_pages_a_network_trains_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    def bits() -> str:
        x = np.random.default_rng(0).normal(size=(64, 300)).astype(np.float32)
        trainer = Trainer(Architecture((300, 400, 3)), Recipe(), x, np.arange(64) % 3, 32)
        trainer.advance(3)
        return trainer.params_sha256()

    usual = bits()
    monkeypatch.setattr(memory, "_huge_pages", lambda size: None)
    assert bits() == usual


def test_a_kernel_that_has_no_huge_pages_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mmap, "MADV_HUGEPAGE", -1, raising=False)
    (array,) = memory.zeros((memory.ENOUGH,))
    array[-1] = 1.0
    assert array.sum() == 1.0


def test_a_state_on_more_rows_has_room_for_what_a_matrix_unit_packs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "is_allowed", lambda: True)
    architecture = Architecture((784, 512, 3))
    x, y = np.zeros((700, 784), np.float32), np.zeros(700, np.int64)
    few, many = (layout(architecture, rows) for rows in (64, 700))
    s = state.allocate(few, 2, False, check_data(architecture, x, y), (0,) * 6)
    side = aside(s, architecture, check_data(architecture, x, y))
    kept, part = state.packed_size(many)
    assert side.plan[state.KEPT] == kept > s.plan[state.KEPT] > 0
    assert side.packed.size == 2 * part == 2 * side.plan[state.PACKED_SIZE]
