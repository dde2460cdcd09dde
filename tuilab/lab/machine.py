"""What a result may depend on besides the preset: processor, BLAS, versions. Recorded with every run."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

_PACKAGES = ("numpy", "numba", "llvmlite")


def facts() -> dict[str, Any]:
    """This machine and this version of the lab as a flat table of text and numbers. Imports the compiler."""
    from engine.compiled import source_hash
    from tuilab import __version__

    return {
        "tuilab": __version__,
        "engine": source_hash(),
        "python": platform.python_version(),
        **{name: package_version(name) for name in _PACKAGES},
        "system": platform.system(),
        "machine": platform.machine(),
        "cpu": cpu_name(),
        "cores": cores(),
        "blas": blas(),
        "matrix_unit": matrix_unit(),
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


def matrix_unit() -> str | None:
    """The processor's matrix unit if the engine may multiply there, which rounds otherwise. Imports the compiler."""
    from engine.cpu.matrix_unit import is_allowed

    return "AMX" if is_allowed() else None


def blas() -> str:
    """Every BLAS this process has loaded, with the processor it has picked its kernels for; loads NumPy's."""
    import numpy  # noqa: F401
    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool.get("user_api") == "blas"]
    names = {
        f"{Path(pool['filepath']).parent.name.partition('.')[0]}: {pool['internal_api']} {pool.get('version')}"
        f" {pool.get('architecture', '')}".rstrip()
        for pool in pools
    }
    return ", ".join(sorted(names)) or "unknown"


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What is not as it was, in words: `numpy 2.1.0, was 2.0.2`."""
    return [
        f"{name} {now.get(name)}, was {then.get(name)}"
        for name in dict.fromkeys((*then, *now))
        if then.get(name) != now.get(name)
    ]
