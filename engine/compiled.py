"""Where compiled code is kept, and whether it is there; asked without loading the compiler.

The folder carries a hash of the engine's sources in its name, since numba notices a change in the file of a cached
function but not in a file whose function it calls. How threads are started is part of it, see `engine.cpu.team`.
"""

import hashlib
import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

from platformdirs import user_cache_path

from engine.openmp import openmp


@cache
def source_hash() -> str:
    """The first 16 hex digits of SHA-256 over every engine source file, numba's version and whether OpenMP is there.

    As this process found it, read once: a process goes on with the engine that it has loaded.
    """
    digest = hashlib.sha256(f"{version('numba')} {openmp()[0] != 0}".encode())
    root = Path(__file__).parent
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled code of this version of the engine is kept; `TUILAB_CACHE` moves it."""
    root = os.environ.get("TUILAB_CACHE")
    return (Path(root) if root else user_cache_path("tuilab")) / "kernels" / source_hash()


#: What takes long to compile, by the names that numba gives to its indices.
LARGEST = {
    "rows._run_stages", "activate._activate_layer", "parameters._parameter_share", "update._update_range",
    "step.forward_all", "step.advance",
}  # fmt: skip
if openmp()[0]:
    LARGEST |= {"team._take_part", "passes._pass"}


def is_warm() -> bool:
    """Whether this machine has compiled this version of the engine before."""
    return {path.name.split("-")[0] for path in cache_folder().rglob("*.nbi")} >= LARGEST
