"""The products of register tiles against NumPy, for shapes on both sides of every tile, panel and BLAS bound."""

import numba
import numpy as np
import pytest

from engine.cpu import matmul
from engine.cpu.blas import find_blas

SHAPES = (
    (1, 1, 1), (1, 8, 8), (2, 3, 7), (5, 9, 8), (6, 16, 16), (7, 17, 10), (13, 64, 33), (16, 8, 24), (30, 784, 100),
    (41, 50, 31), (48, 300, 128), (300, 20, 40), (3, 600, 5), (10, 520, 530), (64, 5, 700),
    (200, 520, 530), (9, 4, 5), (11, 8, 4), (10, 9, 15), (50, 12, 11),
)  # fmt: skip


@numba.njit
def products(blas, a, w, d, z, below, g, rows, fan_in, fan_out, first, last):
    """All three, with the gradient of the inputs `first` to `last` alone."""
    matmul.forward_product(blas, a, fan_in, w, z, rows, fan_in, fan_out, fan_out)
    matmul.backward_product(blas, d, w, below, fan_in, rows, fan_in, fan_out)
    matmul.gradient_product(blas, a, d, g, rows, fan_in, fan_out, first, last)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_products(shape: tuple[int, int, int]) -> None:
    rows, fan_in, fan_out = shape
    rng = np.random.default_rng(rows + fan_in + fan_out)
    a, w, d = (rng.standard_normal(s, np.float32) for s in ((rows, fan_in), (fan_in, fan_out), (rows, fan_out)))
    first, last = fan_in // 3, fan_in
    out = [
        np.full(s, np.nan, np.float32) for s in ((rows + 1, fan_out), (rows + 1, fan_in), (last - first + 1, fan_out))
    ]
    products(find_blas().address, *(v.ctypes.data for v in (a, w, d, *out)), rows, fan_in, fan_out, first, last)
    wanted = a @ w, d @ w.T, (a.T @ d)[first:last]
    for found, true, depth in zip(out, wanted, (fan_in, fan_out, rows), strict=True):
        np.testing.assert_allclose(found[:-1], true, rtol=1e-5, atol=3e-6 * np.sqrt(depth) * 4)
        assert np.isnan(found[-1]).all(), "written past the end"


@numba.njit
def gradient(blas, a, d, g, rows, step, fan_out, first, last):
    """The one product alone."""
    matmul.gradient_product(blas, a, d, g, rows, step, fan_out, first, last)


@pytest.mark.parametrize("rows", [1, 60, 256, 257])
@pytest.mark.parametrize("first", [0, 300])
@pytest.mark.parametrize("count", [1, 50, 128, 129])
def test_rows_a_power_of_two_apart(rows: int, first: int, count: int) -> None:
    """They are copied where they would drive each other out of the cache: the numbers stay the same."""
    rng = np.random.default_rng(rows + count)
    a, d = rng.standard_normal((rows, 512), np.float32), rng.standard_normal((rows, 40), np.float32)
    g = np.full((count + 1, 40), np.nan, np.float32)
    addresses = (v.ctypes.data for v in (a, d, g))
    gradient(find_blas().address, *addresses, rows, 512, 40, first, first + count)
    np.testing.assert_allclose(g[:-1], a[:, first : first + count].T @ d, rtol=1e-5, atol=1e-5 * np.sqrt(rows))
    assert np.isnan(g[-1]).all(), "written past the end"
