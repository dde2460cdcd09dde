"""What a result may depend on besides the preset: processor, BLAS, versions. Recorded with every run."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("numpy", "numba", "llvmlite", "scipy")


def facts() -> dict[str, Any]:
    """This machine as a flat table of text and numbers. Imports SciPy, whose BLAS multiplies the matrices."""
    from tuilab import __version__

    return {
        "tuilab": __version__,
        "python": platform.python_version(),
        **{name: package_version(name) for name in _PACKAGES},
        "system": platform.system(),
        "machine": platform.machine(),
        "cpu": cpu_name(),
        "cores": cores(),
        **blas(),
    }


def package_version(name: str) -> str | None:
    """The installed version of a package, or None; nothing is imported."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def cores() -> int:
    """The processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_name() -> str:
    """The processor's own name where the system tells it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def blas() -> dict[str, Any]:
    """Name and version of SciPy's BLAS, and the processor it has picked its kernels for."""
    found: dict[str, Any] = {}
    with contextlib.suppress(Exception):  # a build of SciPy that does not tell
        import scipy

        built = scipy.show_config(mode="dicts")["Build Dependencies"]["blas"]
        found = {"blas": built["name"], "blas_version": built["version"]}
    with contextlib.suppress(ImportError):
        from threadpoolctl import threadpool_info

        for pool in threadpool_info():
            if pool.get("user_api") == "blas" and "scipy" in str(pool.get("filepath")):
                found["blas_kernels"] = pool.get("architecture")
    return found


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is not as it was, in words: `numpy 2.1.0, was 2.0.2`."""
    return [
        f"{name} {now.get(name)}, was {then.get(name)}"
        for name in dict.fromkeys((*then, *now))
        if then.get(name) != now.get(name)
    ]
