"""What can be tested here: the simulator where numba-cuda is, the compiler where NVIDIA's is, too."""

from importlib.metadata import PackageNotFoundError, version

COMPILERS = ("nvidia-nvvm", "nvidia-cuda-nvcc-cu12")


def _installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True


collect_ignore = [
    *([] if _installed("numba-cuda") else ["test_simulator.py", "test_compile.py"]),
    *([] if any(map(_installed, COMPILERS)) else ["test_compile.py"]),
]
