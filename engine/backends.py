"""Where a trainer may train, and whether it can: looked at without loading anything that is not there."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from engine.spec import Architecture, SpecError, check_name

BACKENDS = ("auto", "cpu", "cuda")
#: Multiply-adds of a step from which `auto` takes a GPU. To be set by measurement (`tuilab bench --backend cuda`): so
#: far no GPU has been measured, and below this size a CPU's caches hold the whole step.
WORTH_A_GPU = 20_000_000


class DeviceError(RuntimeError):
    """The GPU failed in the middle of the work (no memory left, device lost): one line. Its state is gone."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """Whether kernels can run here, on what, and if not why not (one line each)."""

    usable: bool
    name: str
    why: str = ""
    simulated: bool = False


@cache
def find_gpu() -> Gpu:
    """What `backend="cuda"` would train on."""
    if find_spec("numba_cuda") is None:
        return Gpu(False, "", "numba-cuda is not installed: pip install 'tuilab[cuda13]' (or [cuda12])")
    if os.environ.get("NUMBA_ENABLE_CUDASIM", "0") not in ("", "0"):
        return Gpu(True, "numba's CUDA simulator (NUMBA_ENABLE_CUDASIM)", simulated=True)
    if not _has_driver():
        return Gpu(False, "", "no CUDA driver: its library is not on this machine")
    try:
        return _first_device()
    except Exception as error:  # whatever breaks in a driver is a reason, not the end of the program
        return Gpu(False, "", f"the CUDA driver does not answer: {_line(error)}")


def _has_driver() -> bool:
    """Whether the driver's library can be loaded: to ask numba takes a second, and brings 700 modules to no use."""
    name = "nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"
    places = ("/usr/lib/", "/usr/lib64/") if sys.platform.startswith("linux") else ()
    for library in (os.environ.get("NUMBA_CUDA_DRIVER"), name, *(place + name for place in places)):
        with contextlib.suppress(OSError):
            if library:
                ctypes.CDLL(library)
                return True
    return False


def _first_device() -> Gpu:
    from numba import cuda

    problem = cuda.cuda_error() if not cuda.is_available() else None
    if problem is not None:
        return Gpu(False, "", f"no CUDA driver: {_line(problem).split('. ')[0]}")
    if not len(cuda.gpus):
        return Gpu(False, "", "the CUDA driver finds no device")
    from numba.cuda.cudadrv.nvvm import NVVM

    try:
        NVVM()
    except Exception as error:
        return Gpu(False, "", f"no CUDA compiler (NVVM): pip install 'tuilab[cuda13]' or [cuda12]: {_line(error)}")
    device = cuda.get_current_device()
    name = device.name.decode() if isinstance(device.name, bytes) else str(device.name)
    major, minor = device.compute_capability
    return Gpu(True, f"{name}, compute capability {major}.{minor}")


def choose(name: str, architecture: Architecture, rows: int) -> str:
    """The backend for a wish, "cpu" or "cuda"; raises SpecError if it cannot be. `auto`: a GPU if it pays."""
    check_name("backend", name, BACKENDS)
    if name == "cpu" or (name == "auto" and work(architecture.widths, rows) < WORTH_A_GPU):
        return "cpu"
    gpu = find_gpu()
    if name == "auto":
        return "cuda" if gpu.usable and not gpu.simulated else "cpu"
    if not gpu.usable:
        raise SpecError("backend", f"found 'cuda', but {gpu.why} (allowed here: auto, cpu)")
    return "cuda"


def work(widths: tuple[int, ...], rows: int) -> int:
    """Multiply-adds of a step on `rows` rows."""
    return 3 * rows * sum(n * m for n, m in pairwise(widths))


def guarded(call: Callable[..., Any], *args: Any) -> Any:
    """`call(*args)`; what the driver throws becomes a DeviceError of one line."""
    try:
        return call(*args)
    except Exception as error:
        if not type(error).__module__.startswith(("numba.cuda", "numba_cuda", "cuda")):
            raise
        text = _line(error)
        if "MEMORY" in text.upper():
            raise DeviceError(f"cuda: the GPU has no memory left for this network and batch size ({text})") from None
        raise DeviceError(f"cuda: the GPU does not answer any more ({text})") from None


def _line(error: object) -> str:
    """The last line of a message that says something."""
    lines = [line.strip(" :") for line in str(error).splitlines() if line.strip(" :")]
    return " ".join(lines)[:200] if lines else type(error).__name__
