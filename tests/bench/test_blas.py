"""The bench of single products times what it says it does."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from engine.cpu.blas import find_blas
from engine.cpu.matrix_unit import is_allowed
from tuilab.bench.blas import KINDS, address_in, runner, shapes, speed, unit_runner


def test_all_sides_make_the_three_products_of_a_layer() -> None:
    rng = np.random.default_rng(0)
    a, w, z = (rng.standard_normal(size, dtype=np.float32) for size in ((16, 64), (64, 32), (16, 32)))
    wanted = {"forward": a @ w, "backward": z @ w.T, "gradient": a.T @ z}
    sides = [(runner(), False), (runner(), True), *([(unit_runner(), False)] if is_allowed() else [])]
    for run, plain in sides:
        for kind, name in enumerate(KINDS):
            arrays = [v.copy() for v in (a, w, z)]
            run(plain, kind, 1, find_blas().address, *(int(v.ctypes.data) for v in arrays), 16, 64, 32)
            made = arrays[{"forward": 2, "backward": 0, "gradient": 1}[name]]
            np.testing.assert_allclose(made, wanted[name], rtol=1e-4, atol=1e-4)
    assert speed(runner(), True, 0, find_blas().address, (16, 64, 32)) > 0.0


def test_every_shape_comes_once() -> None:
    found = list(shapes())
    assert {(60, 392, 100), (60, 50, 100), (16, 64, 32)} <= set(found) and len(found) == len(set(found))


def test_a_library_without_products_is_one_line() -> None:
    with pytest.raises(OSError, match="nowhere"):
        address_in("/nowhere/libblas.so")
    done = subprocess.run(
        [sys.executable, "-m", "tuilab.bench.blas", "/nowhere/libblas.so"], capture_output=True, text=True
    )
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "nowhere" in done.stderr
