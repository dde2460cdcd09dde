"""NVIDIA's compiler takes the kernel, without a GPU, and makes of it what its author meant."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

#: Bytes of shared memory that a block has on every device.
SHARED_LIMIT = 48 * 1024


@pytest.fixture(scope="module")
def ptx() -> str:
    """The kernel as PTX for compute capability 9.0."""
    from numba import cuda, types
    from numba.cuda import dispatcher

    from engine.cuda.net import Net
    from engine.cuda.step import run_steps

    def vector(dtype: object) -> object:
        return types.Array(dtype, 1, "C")

    others = {
        "labels": types.int32, "table": types.int64, "dials": types.float64, "plan": types.int64,
        "thresholds": types.uint32, "spans": types.int64, "partial": types.float64, "rows": types.int64,
        "row_loss": types.float64, "row_hit": types.float64, "ticket": types.int64, "keys": types.uint64,
        "status": types.int64,
    }  # fmt: skip
    net = types.NamedTuple([vector(others.get(name, types.float32)) for name in Net._fields], Net)
    number = types.int64
    with pytest.MonkeyPatch.context() as patch:
        # Device functions are compiled for the device at hand; there is none.
        patch.setattr(dispatcher, "get_current_device", lambda: SimpleNamespace(compute_capability=(9, 0)))
        code, _ = cuda.compile(
            run_steps, types.void(net, vector(number), number, number, number, number),
            device=False, abi="numba", cc=(9, 0), launch_bounds=256,
        )  # fmt: skip
    return str(code)


def test_sums_of_products_stay_in_registers(ptx: str) -> None:
    assert not re.search(r"\b(ld|st)\.local|__local_depot", ptx)
    assert len(re.findall(r"fma\.rn\.f32", ptx)) > 64 + 16  # tiles of 8 × 8 and 4 × 4 outputs a thread, unrolled


def test_tiles_lie_in_shared_memory_of_any_device(ptx: str) -> None:
    sizes = [int(size) for size in re.findall(r"\.shared \.align \d+ \.b8 \w+\[(\d+)\]", ptx)]
    assert len(sizes) == 3 and sum(sizes) <= SHARED_LIMIT
    assert len(re.findall(r"ld\.shared\.f32", ptx)) > 2 * (8 + 4)


def test_blocks_meet_within_the_kernel_and_nothing_else_is_called(ptx: str) -> None:
    called = set(re.findall(r"call\.\S*\s+(?:\([^)]*\),\s*)?([A-Za-z_]\w*)", ptx))
    assert called <= {"cudaCGGetIntrinsicHandle", "cudaCGSynchronize"} and "cudaCGSynchronize" in called
