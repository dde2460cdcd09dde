"""The first start on a machine: everything that training needs is compiled, on two cores, and kept.

Compiling costs seconds once for each version of the engine; later starts read the cache. One half is compiled by a
second process, since numba compiles one function at a time.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable

from engine.compiled import cache_folder, is_warm

_CHILD = "import sys; sys.path[:] = {path!r}; from engine.warm import compile_second_half as go; go()"
#: Versions of the engine whose compiled code is kept: this one and those used last.
KEPT_VERSIONS = 4
Report = Callable[[str, int, int], None]


def warm_up(report: Report | None = None) -> None:
    """Compiles what is not in the cache; `report(what, done, total)` is called as parts are finished.

    Training compiles by itself whatever is missing: this only makes it faster and shows that it moves.
    """
    if is_warm():
        return
    tell = report or (lambda what, done, total: None)
    tell("layers", 0, 3)
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD.format(path=sys.path)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        from engine.cpu.activate import activate_layer
        from engine.cpu.rows import run_stages

        run_stages.address()
        tell("activations", 1, 3)
        activate_layer.address()
        tell("steps and optimizers", 2, 3)
    finally:
        child.wait()  # whatever it could not do is compiled here when it is needed
    forget_old_versions()
    tell("ready", 3, 3)


def compile_second_half() -> None:
    """The loop over steps, gradients and optimizers: about as long a task as the stages of a step."""
    from engine.cpu.parameters import parameter_share
    from engine.cpu.team import member
    from engine.cpu.update import update_range

    for kernel in (parameter_share, update_range, member):
        kernel.address()
    compile_steps()  # last: what this leaves in the cache says that all is there


def compile_steps() -> None:
    """The loop over steps, and the forward pass of evaluation."""
    from numba import types

    from engine.cpu.step import advance, forward_all

    number, clock = types.int64, types.Array(types.int64, 1, "C")
    vector, matrix = types.Array(types.float32, 1, "C"), types.Array(types.float32, 2, "C")
    advance.compile((number, clock, number, number, *[vector] * 4, *[matrix] * 3))
    forward_all.compile((number, number, matrix))


def forget_old_versions() -> None:
    """Removes compiled code of engine versions that were compiled longest ago, so that the cache stays small."""
    here = cache_folder()
    others = [p for p in here.parent.iterdir() if p.is_dir() and p != here] if here.parent.is_dir() else []
    for old in sorted(others, key=lambda p: p.stat().st_mtime, reverse=True)[KEPT_VERSIONS - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
