"""The products of register tiles against NumPy, for shapes on both sides of every tile, panel and BLAS bound."""

import numba
import numpy as np
import pytest

from engine.cpu import matmul
from engine.cpu.blas import find_blas

SHAPES = (
    (1, 1, 1), (1, 8, 8), (2, 3, 7), (5, 9, 8), (6, 16, 16), (7, 17, 10), (13, 64, 33), (16, 8, 24), (30, 784, 100),
    (41, 50, 31), (48, 300, 128), (300, 20, 40), (3, 600, 5), (10, 520, 530), (64, 5, 700),
    (9, 4, 5), (11, 8, 4), (10, 9, 15), (50, 12, 11),
)  # fmt: skip


@numba.njit
def products(blas, a, w, d, z, below, g, rows, fan_in, fan_out, first, last):
    """All three, with the gradient of the inputs `first` to `last` alone."""
    matmul.forward_product(blas, a, fan_in, w, z, rows, fan_in, fan_out)
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
