"""exp, expm1, tanh and sigmoid in float32: accuracy against float64, monotone, right at the edges."""

from __future__ import annotations

from collections.abc import Callable

import numba
import numpy as np
import pytest

from engine.formulas import fastmath

FUNCTIONS = ("exp", "expm1", "tanh", "tanh'", "sigmoid", "sigmoid'")
#: Largest error in units of the last place. The bar for exp, expm1 and tanh is 4; derivatives are products of them.
ULP = {"exp": 4.0, "expm1": 4.0, "tanh": 4.0, "tanh'": 6.0, "sigmoid": 4.0, "sigmoid'": 6.0}


@numba.njit(error_model="numpy")
def _compute(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(x.size):
        out[0, i], out[1, i] = fastmath.exp_pair(x[i])
        out[2, i], out[3, i] = fastmath.tanh_pair(x[i])
        out[4, i], out[5, i] = fastmath.sigmoid_pair(x[i])


def computed(x: np.ndarray) -> dict[str, np.ndarray]:
    """Every function at `x` (n,) float32."""
    out = np.empty((6, x.size), np.float32)
    _compute(np.ascontiguousarray(x, np.float32), out)
    return dict(zip(FUNCTIONS, out, strict=True))


def _sigmoid_slope(x: np.ndarray) -> np.ndarray:
    e = np.exp(-np.abs(x))
    return e / (1 + e) ** 2


TRUTH: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exp": np.exp,
    "expm1": np.expm1,
    "tanh": np.tanh,
    "tanh'": lambda x: 4 * _sigmoid_slope(2 * x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "sigmoid'": _sigmoid_slope,
}


def between(low: float, high: float, stride: int) -> np.ndarray:
    """Every `stride`-th float32 of [low, high], both positive, in order."""
    first, last = (int(np.float32(v).view(np.int32)) for v in (low, high))
    return np.arange(first, last, stride, dtype=np.int32).view(np.float32)


def sweep() -> np.ndarray:
    """Over 1.5 million float32 from -105 to 105: subnormals and all magnitudes, then every float of some windows."""
    sparse = between(1e-45, 105.0, 1499)
    # where the exponent n steps and where one branch or tail gives way to another
    windows = [(0.3465, 0.3467), (1.0397, 1.0399), (5.8888, 5.8890), (9.0, 9.01), (87.33, 87.34), (88.37, 88.73)]
    positive = np.unique(np.concatenate([sparse, *(between(a, b, 1) for a, b in windows), between(103.0, 105.0, 7)]))
    return np.concatenate([-positive[::-1], positive])


def ulps(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Error in float32 units of the last place of the float64 `truth`; subnormal results count in theirs."""
    unit = 2.0 ** (np.floor(np.log2(np.maximum(np.abs(truth), 2.0**-126))) - 23)
    return np.abs(found.astype(np.float64) - truth) / unit


@pytest.fixture(scope="module")
def swept() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The sweep and what the engine makes of it."""
    x = sweep()
    assert x.size > 1_500_000
    return x, computed(x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_within_a_few_ulp_of_float64(name: str, swept: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    x, found = swept
    with np.errstate(over="ignore"):
        truth = TRUTH[name](x.astype(np.float64))
    fits = np.abs(truth) <= np.finfo(np.float32).max
    assert np.isfinite(found[name][fits]).all()
    errors = ulps(found[name][fits], truth[fits])
    assert errors.max() <= ULP[name], f"{errors.max():.2f} ulp at {x[fits][errors.argmax()]!r}"
    assert (found[name][~fits] == np.inf).all()


@pytest.mark.parametrize("name", ["exp", "expm1", "tanh"])
def test_monotone(name: str, swept: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    _, found = swept
    assert (found[name][1:] >= found[name][:-1]).all()


def test_sigmoid_falls_by_two_ulp_at_most(swept: tuple[np.ndarray, dict[str, np.ndarray]]) -> None:
    """A quotient of two rounded numbers; it keeps to the order up to its last places."""
    _, found = swept
    values = found["sigmoid"].astype(np.float64)
    assert (np.diff(values) >= -2 * np.spacing(found["sigmoid"][:-1])).all()


def test_edges() -> None:
    x = np.array([np.inf, -np.inf, 0.0, -0.0, 1e38, -1e38, np.finfo(np.float32).max, -104.5], np.float32)
    found = computed(x)
    expected = {
        "exp": [np.inf, 0, 1, 1, np.inf, 0, np.inf, 0],
        "expm1": [np.inf, -1, 0, 0, np.inf, -1, np.inf, -1],
        "tanh": [1, -1, 0, 0, 1, -1, 1, -1],
        "tanh'": [0, 0, 1, 1, 0, 0, 0, 0],
        "sigmoid": [1, 0, 0.5, 0.5, 1, 0, 1, 0],
        "sigmoid'": [0, 0, 0.25, 0.25, 0, 0, 0, 0],
    }
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], np.array(values, np.float32), err_msg=name)


def test_nan_stays_nan() -> None:
    """A diverged net must be noticed: no function may turn NaN into a number."""
    for bits in (0x7FC00000, 0xFFC00000, 0x7F800001):
        x = np.array([bits], np.uint32).view(np.float32)
        for name, value in computed(x).items():
            assert np.isnan(value).all(), name


def test_odd_and_even_symmetry() -> None:
    x = between(1e-30, 100.0, 9973)
    plus, minus = computed(x), computed(-x)
    np.testing.assert_array_equal(plus["tanh"], -minus["tanh"])
    for name in ("tanh'", "sigmoid'"):
        np.testing.assert_array_equal(plus[name], minus[name])
