"""Products on a matrix unit: as exact as float32, whatever the shape; and the same network without one.

On a processor without such a unit, or where it may not be used, what is tried here is that nobody notices.
"""

from itertools import pairwise
from typing import Any

import numba
import numpy as np
import pytest

from engine import Architecture, Recipe, Trainer
from engine.cpu import amx, matrix_unit, parts, split, state
from engine.cpu.state import KEPT, PANELS
from tests.engine.cases import build
from tests.engine.test_gradients import check

UNIT = matrix_unit.is_allowed()
#: (rows, fan_in, fan_out) around the edges of tiles, groups and panels.
SHAPES = (
    (1, 1, 1), (16, 32, 16), (15, 31, 17), (17, 33, 15), (32, 64, 32), (33, 65, 97), (64, 40, 130), (100, 96, 64),
    (31, 200, 33), (128, 96, 160), (5, 300, 7),
) if UNIT else ()  # fmt: skip
WIDTHS = (300, 400, 260, 10)


@numba.njit
def products(order, a, w, d, z, below, g, kept, panel, spare, rows, fan_in, fan_out):
    """All three, the panels of W in any order: each but the first packed while the one before is multiplied with."""
    no, yes = np.int64(0), np.int64(1)
    amx.open_tiles()
    for back in (no, yes):
        count = split.panels(fan_in if back else fan_out)
        factor, step, depth = (d, fan_out, fan_out) if back else (a, fan_in, fan_in)
        split.pack(factor, step, rows, depth, yes, yes - back, kept, no)
        pieces = [piece for piece in order if piece < count]
        split.pack_panel(back, w, fan_in, fan_out, pieces[0], panel, no)
        for i in range(count):
            following = pieces[i + 1] if i + 1 < count else np.int64(-1)
            out, step = (below, fan_in) if back else (z, fan_out)
            split.panel_product(back, kept, panel, w, out, step, rows, fan_in, fan_out, pieces[i], following, spare)
            panel, spare = spare, panel
    split.pack(d, fan_out, fan_out, rows, no, no, kept, no)
    split.split_gradient(kept, panel, a, g, rows, fan_in, fan_in, fan_out)
    amx.close_tiles()


def multiplied(shape: tuple[int, int, int], a: Any, w: Any, d: Any, *, upwards: bool = True) -> list[np.ndarray]:
    """Z, the gradient at the input and G, each with a row more that must stay NaN; what is not written is NaN too."""
    rows, fan_in, fan_out = shape
    out = [np.full(s, np.nan, np.float32) for s in ((rows + 1, fan_out), (rows + 1, fan_in), (fan_in + 1, fan_out))]
    longest = max(shape) + matrix_unit.PANEL
    floats = matrix_unit.packed_floats(longest, longest)
    space = np.full(3 * floats + 16, np.nan, np.float32)
    first = space.ctypes.data + -space.ctypes.data % 64
    places = [first + 4 * floats * i for i in range(3)]
    order = np.arange(split_count(shape))
    addresses = [v.ctypes.data for v in (a, w, d, *out)]
    products(order if upwards else order[::-1].copy(), *addresses, *places, rows, fan_in, fan_out)
    return out


def split_count(shape: tuple[int, int, int]) -> int:
    """Panels of W, counted the longer way."""
    return -(-max(shape[1:]) // matrix_unit.PANEL)


def operands(shape: tuple[int, int, int], seed: int = 0) -> list[np.ndarray]:
    """A, W and D with numbers of very different size."""
    rows, fan_in, fan_out = shape
    rng = np.random.default_rng(seed)
    sizes = ((rows, fan_in), (fan_in, fan_out), (rows, fan_out))
    return [(rng.standard_normal(s) * np.exp(rng.uniform(-6, 6, s))).astype(np.float32) for s in sizes]


@pytest.mark.parametrize("upwards", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products(shape: tuple[int, int, int], upwards: bool) -> None:
    a, w, d = operands(shape)
    found = multiplied(shape, a, w, d, upwards=upwards)
    a, w, d = (v.astype(float) for v in (a, w, d))
    for name, product, one, other in zip("ZDG", found, (a, d, a.T), (w, w.T, d), strict=True):
        size = np.abs(one) @ np.abs(other)
        worst = np.abs(product[:-1] - one @ other) / size
        assert worst.max() < 2**-20, f"{name}: an error of {worst.max():.1e} of the sum of sizes"
        assert np.isnan(product[-1]).all(), f"{name}: written past the end"


@pytest.mark.parametrize("depth", [64, 500] if UNIT else [])
def test_no_worse_than_float32(depth: int) -> None:
    rng = np.random.default_rng(depth)
    shape = (96, depth, 64)
    a, w, d = (rng.standard_normal(s).astype(np.float32) for s in ((96, depth), (depth, 64), (96, 64)))
    z = multiplied(shape, a, w, d)[0][:-1]
    true = a.astype(float) @ w.astype(float)
    simple = np.zeros_like(z)
    for k in range(depth):
        simple += a[:, k : k + 1] * w[k]
    assert np.linalg.norm(z - true) < np.linalg.norm(simple - true)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_order_of_panels_changes_no_bit(shape: tuple[int, int, int]) -> None:
    a, w, d = operands(shape)
    for one, other in zip(
        multiplied(shape, a, w, d), multiplied(shape, a, w, d, upwards=False), strict=True
    ):  # fmt: skip
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_whole_numbers_are_exact(shape: tuple[int, int, int]) -> None:
    """Numbers of twelve bits have a middle part; their products' sums still fit a float32."""
    rng = np.random.default_rng(1)
    rows, fan_in, fan_out = shape
    few = (
        rng.integers(-2, 3, (rows, fan_in)),
        rng.integers(-2047, 2048, (fan_in, fan_out)),
        rng.integers(-1, 2, (rows, fan_out)),
    )
    a, w, d = (v.astype(np.float32) for v in few)
    z, below, g = multiplied(shape, a, w, d)
    np.testing.assert_array_equal(z[:-1], few[0] @ few[1])
    np.testing.assert_array_equal(below[:-1], few[2] @ few[1].T)
    np.testing.assert_array_equal(g[:-1], few[0].T @ few[2])


@numba.njit
def pack_one(first, second, step, target, rows0, columns0, rows1, columns1, turn):
    """One tile."""
    if turn:
        parts.pack_turned_tile(first, second, step, target, rows0, columns0, rows1, columns1)
    else:
        parts.pack_tile(first, second, step, target, rows0, columns0, rows1, columns1)


@pytest.mark.parametrize("turn", [False, True] if UNIT else [])
@pytest.mark.parametrize("extent", [(16, 16, 16, 16), (3, 16, 0, 16), (16, 5, 16, 0), (1, 1, 1, 1)])
def test_the_three_parts_are_the_number(extent: tuple[int, int, int, int], turn: bool) -> None:
    rng = np.random.default_rng(2)
    squares = (rng.standard_normal((2, 16, 16)) * np.exp(rng.uniform(-60, 60, (2, 16, 16)))).astype(np.float32)
    target = np.zeros(matrix_unit.PARTS, np.float32)
    pack_one(*(v.ctypes.data for v in squares), 16, target.ctypes.data, *extent, turn)
    words = target.view(np.uint32).reshape(3, 16, 16)
    found = [(words << 16).view(np.float32), (words & 0xFFFF0000).view(np.float32)]
    for square, three, rows, columns in zip(squares, found, extent[::2], extent[1::2], strict=True):
        wanted = np.zeros((16, 16))
        wanted[:rows, :columns] = square[:rows, :columns]
        np.testing.assert_array_equal(three.astype(float).sum(0), wanted.T if turn else wanted)


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan] if UNIT else [])
def test_what_is_not_finite_stays_so(bad: float) -> None:
    """In its own row and no other: divergence is noticed, and rows beside it in the same tile are not spoilt."""
    shape = (40, 50, 35)
    a, w, d = operands(shape)
    a[7, 3] = bad
    z = multiplied(shape, a, w, d)[0]
    assert not np.isfinite(z[7]).any()
    assert np.isfinite(np.delete(z[:-1], 7, 0)).all()


def made(batch_size: int = 96, threads: int = 2, **dials: Any) -> Trainer:
    """A trainer whose products are large enough, on made-up rows; the last batch of an epoch is smaller."""
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((200, WIDTHS[0])).astype(np.float32), rng.integers(0, WIDTHS[-1], 200)
    recipe = Recipe(**{"optimizer": "sgd", "lr": 0.05, **dials})
    return Trainer(Architecture(WIDTHS), recipe, x, y, batch_size=batch_size, seed=4, threads=threads)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize(
    "dials",
    [{}, {"batch_norm": True, "dropout": 0.3, "activation": "elu"}, {"clip_norm": 0.2, "activation": "prelu"}],
    ids=["plain", "normed", "clipped"],
)
def test_the_same_network_without_a_unit(dials: dict[str, Any], threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with_unit = made(threads=threads, **dials)
    monkeypatch.setattr(state, "is_allowed", lambda: False)
    without = made(threads=threads, **dials)
    assert bool(with_unit._state.plan[PANELS]) == UNIT and not without._state.plan[PANELS]
    one, other = with_unit.advance(7), without.advance(7)
    np.testing.assert_allclose(one.loss, other.loss, rtol=2e-5)
    np.testing.assert_allclose(one.grad_norm, other.grad_norm, rtol=2e-4)
    x = np.eye(9, WIDTHS[0], dtype=np.float32)
    np.testing.assert_allclose(with_unit.predict(x), without.predict(x), rtol=1e-3, atol=1e-5)
    for name, found in with_unit.tensors().items():
        np.testing.assert_allclose(found, without.tensors()[name], atol=2e-4, err_msg=name)


@pytest.mark.parametrize("batch_norm", [False, True])
def test_gradients(batch_norm: bool) -> None:
    recipe = Recipe(activation="tanh", batch_norm=batch_norm)
    trainer, x, y = build(WIDTHS, recipe, n=128, batch_size=128)
    assert bool(trainer._state.plan[PANELS]) == UNIT
    check(trainer, x, y, None, rows=128)


def test_a_growing_batch_calls_the_unit_in() -> None:
    """And a shrinking one sends it away; the network is that of other ways to the same batches."""
    trainer = made(batch_size=32)
    assert not trainer._state.plan[KEPT]
    trainer.change(batch_size=128)
    trainer.advance(3)
    assert bool(trainer._state.plan[PANELS]) == UNIT
    again = made(batch_size=32)
    again.change(batch_size=96)
    again.change(batch_size=128)
    again.advance(1)
    again.advance(2)
    assert again.params_sha256() == trainer.params_sha256()


def test_what_came_before_changes_no_bit() -> None:
    """A trainer that once had large batches goes on as one that never had, clipped by the norm of its gradient too."""

    def shared(batch_size: int) -> Trainer:
        rng = np.random.default_rng(6)
        x, y = rng.standard_normal((192, 520)).astype(np.float32), rng.integers(0, 3, 192)
        recipe = Recipe(lr=1e-3, clip_norm=0.1)
        return Trainer(Architecture((520, 1100, 3)), recipe, x, y, batch_size=batch_size, seed=4, threads=2)

    once = shared(32)
    once.change(batch_size=128)
    once.predict(np.ones((128, 520), np.float32))
    once.change(batch_size=32)
    found, wanted = once.advance(3), (never := shared(32)).advance(3)
    np.testing.assert_array_equal(found.grad_norm, wanted.grad_norm)
    assert once.params_sha256() == never.params_sha256()
    for trainer in (once, never):
        trainer.change(batch_size=128)
    straight = shared(128)
    straight.advance(1)
    assert straight._state.norms.shape == once._state.norms.shape
    assert once.advance(2).grad_norm.tolist() == never.advance(2).grad_norm.tolist()
    assert once.params_sha256() == never.params_sha256()


def test_small_products_stay_where_they_were() -> None:
    assert not matrix_unit.is_split(63, 1 << 10, 1 << 10), "too flat"
    assert not matrix_unit.is_split(64, 392, 128), "too few"
    assert not matrix_unit.is_split(100, 200, 400), "too much for the sake of whole panels"
    assert matrix_unit.is_split(128, 392, 512) and matrix_unit.may_split(128, 784, 512)


@pytest.mark.parametrize("rows", [64, 100, 128])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_there_is_room_for_all_that_is_split(rows: int, threads: int) -> None:
    """Whatever share of whatever layer a thread multiplies fits what was set aside for it."""
    trainer = made(batch_size=rows, threads=threads)
    kept = int(trainer._state.plan[KEPT])
    for fan_in, fan_out in pairwise(WIDTHS):
        for some in range(1, rows + 1):
            for inputs in {fan_in, *(fan_in * (t + 1) // threads - fan_in * t // threads for t in range(threads))}:
                if UNIT and matrix_unit.is_split(some, inputs, fan_out):
                    space = matrix_unit.packed_floats
                    assert kept >= max(space(some, inputs), space(some, fan_out), space(fan_out, some))


@pytest.mark.parametrize("answer", [0, -1])
def test_linux_may_refuse(answer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An old kernel, or a signal stack too small for tiles: then the products stay where they are."""

    class Call:
        restype: Any = None

        def __call__(self, *args: Any) -> int:
            return answer

    class Library:
        def __init__(self, name: None) -> None:
            self.syscall = Call()

    monkeypatch.setattr(matrix_unit.ctypes, "CDLL", Library)
    monkeypatch.setattr(matrix_unit, "COMPILED", True)
    assert matrix_unit.is_allowed.__wrapped__() == (answer == 0)
