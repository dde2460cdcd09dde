"""How fast single matrix products are on one core: by the engine, by NumPy's BLAS, and by another BLAS if one is named.

    python -m tuilab.bench.blas [LIBRARY]

LIBRARY is a shared library with a Fortran `sgemm_`, such as MKL's libmkl_rt or a BLIS. Shapes are those of a thread's
share in the bench's cases: half of the batch's rows, or of a large layer half of its inputs. Billions of floating-point
operations a second; the engine's column is what a step uses, tiles of its own or NumPy's BLAS, if the processor has no
matrix unit. Where it has one there is a column for that too; a step uses it for large products.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from tuilab.bench.cases import CASES

THREADS = 2  # as many share a batch
SECONDS, ROUNDS = 0.02, 9
SMALLEST = 16  # units of a layer that is worth a line
KINDS = ("forward", "backward", "gradient")


def shapes() -> Iterator[tuple[int, int, int]]:
    """(rows, fan_in, fan_out) of the layers in the bench's cases, each once."""
    seen = set()
    from engine.cpu.state import is_large

    for case in CASES:
        for n, m in pairwise(case.widths):
            rows = case.batch_size
            shape = (rows, n // THREADS, m) if is_large(n, m, THREADS) else (rows // THREADS, n, m)
            if m >= SMALLEST and shape not in seen:
                seen.add(shape)
                yield shape


def runner() -> Callable[..., None]:
    """A compiled loop: `times` products of one kind, by the engine or, where `plain`, by the BLAS at an address."""
    from engine.cpu.blas import sgemm
    from engine.cpu.matmul import backward_product, forward_product, gradient_product
    from engine.jit import njit

    no, yes = np.int8(ord("N")), np.int8(ord("T"))

    @njit(cache=False)
    def run(plain: bool, kind: int, times: int, blas: int, a: int, w: int, z: int, rows: int, n: int, m: int) -> None:
        for _ in range(times):
            if kind == 0 and plain:
                sgemm(blas, no, no, m, rows, n, w, m, a, n, z, m)
            elif kind == 0:
                forward_product(blas, a, n, w, z, rows, n, m, m)
            elif kind == 1 and plain:
                sgemm(blas, yes, no, n, rows, m, w, m, z, m, a, n)
            elif kind == 1:
                backward_product(blas, z, w, a, n, rows, n, m)
            elif plain:
                sgemm(blas, no, yes, m, n, rows, z, m, a, n, w, m)
            else:
                gradient_product(blas, a, z, w, rows, n, m, 0, n)

    return run


def unit_runner() -> Callable[..., None]:
    """The same on the processor's matrix unit, which must be there."""
    from engine.cpu.amx import close_tiles, open_tiles
    from engine.cpu.matrix_unit import PANEL, packed_floats
    from engine.cpu.split import pack, pack_panel, panel_product, panels, split_gradient
    from engine.jit import njit

    @njit(cache=False)
    def products(kind: int, times: int, a: int, w: int, z: int, rows: int, n: int, m: int, kept: int, panel: int,
                 spare: int) -> None:  # fmt: skip
        open_tiles()
        back, no, yes = np.int64(kind == 1), np.int64(0), np.int64(1)
        factor, out, depth, step = (z, a, m, n) if back else (a, z, n, m)
        for _ in range(times):
            if kind == 2:
                pack(z, m, m, rows, no, no, kept, no)
                split_gradient(kept, panel, a, w, rows, n, n, m)
                continue
            pack(factor, depth, rows, depth, yes, yes - back, kept, no)
            pack_panel(back, w, n, m, no, panel, no)
            count = panels(n if back else m)
            for piece in range(count):
                following = piece + 1 if piece + 1 < count else np.int64(-1)
                panel_product(back, kept, panel, w, out, step, rows, n, m, piece, following, spare)
                panel, spare = spare, panel
        close_tiles()

    def run(plain: bool, kind: int, times: int, blas: int, a: int, w: int, z: int, rows: int, n: int, m: int) -> None:
        longest = max(rows, n, m)
        floats = packed_floats(longest, longest), packed_floats(PANEL, longest), packed_floats(PANEL, longest)
        spaces = [np.empty(count + 16, np.float32) for count in floats]
        products(kind, times, a, w, z, rows, n, m, *(v.ctypes.data + -v.ctypes.data % 64 for v in spaces))

    return run


def speed(run: Callable[..., None], plain: bool, kind: int, blas: int, shape: tuple[int, int, int]) -> float:
    """The best of some rounds, in billions of operations a second."""
    rows, n, m = shape
    rng = np.random.default_rng(0)
    arrays = [rng.random(size, np.float32) for size in (rows * n, n * m, rows * m)]
    a, w, z = (int(array.ctypes.data) for array in arrays)
    work = 2 * rows * n * m
    times = max(1, int(SECONDS * 5e10 / work))
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        run(plain, kind, times, blas, a, w, z, rows, n, m)
        best = min(best, (time.perf_counter() - begun) / times)
    return work / best / 1e9


def address_in(library: str) -> int:
    """Where `sgemm_` lies in a shared library; raises OSError or AttributeError if it is not there."""
    for name in ("MKL_NUM_THREADS", "BLIS_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["MKL_THREADING_LAYER"] = "SEQUENTIAL"
    found: Any = ctypes.CDLL(library).sgemm_
    return ctypes.cast(found, ctypes.c_void_p).value or 0


def main() -> int:
    """Prints one line for each shape and kind of product."""
    parser = argparse.ArgumentParser(prog="python -m tuilab.bench.blas", description=__doc__.split("\n")[0])
    parser.add_argument("library", nargs="?", help="another BLAS to compare with")
    args = parser.parse_args()
    from engine.cpu.blas import find_blas
    from engine.cpu.matrix_unit import is_allowed

    try:
        other = None if args.library is None else address_in(args.library)
    except (OSError, AttributeError) as error:
        print(f"bench: {args.library}: {error}", file=sys.stderr)
        return 2
    numpys = find_blas().address
    run = runner()
    sides = [("engine", run, False, numpys), ("NumPy", run, True, numpys)]
    sides += [] if other is None else [(os.path.basename(args.library), run, True, other)]
    sides += [("matrix unit", unit_runner(), False, 0)] if is_allowed() else []
    print(f"{'rows':>5} {'fan_in':>6} {'fan_out':>7}  {'product':<9}" + "".join(f"{name:>16}" for name, *_ in sides))
    for shape in shapes():
        for kind, name in enumerate(KINDS):
            figures = [speed(run, plain, kind, blas, shape) for _, run, plain, blas in sides]
            print("{:>5} {:>6} {:>7}  {:<9}".format(*shape, name) + "".join(f"{f:>16.0f}" for f in figures), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
