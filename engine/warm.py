"""The first start on a machine: everything that training needs is compiled, on two cores, and kept.

Compiling costs seconds once for each version of the engine; later starts read the cache. numba compiles one function at
a time, so a second process helps: the two take parts from both ends of a list until they meet, for one core is often
half as fast again as the other.
"""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from engine.compiled import cache_folder, is_warm

_CHILD = "import sys; sys.path[:] = {path!r}; from engine.warm import help_from_the_end as go; go()"
#: Versions of the engine whose compiled code is kept: this one and those used last.
KEPT_VERSIONS = 4
Report = Callable[[str, int, int], None]
#: What it is, and what compiles it.
Part = tuple[str, Callable[[], object]]


def warm_up(report: Report | None = None) -> None:
    """Compiles what is not in the cache; `report(what, done, total)` is called as parts are begun, and at the end.

    Training compiles by itself whatever is missing: this only makes it faster and shows that it moves.
    """
    if is_warm():
        return
    tell = report or (lambda what, done, total: None)
    parts = _parts()
    tokens = make_tokens(len(parts))
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD.format(path=sys.path)],
        stdin=tokens, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        compile_parts(parts, tokens, tell)
    finally:
        child.wait()  # whatever it could not do is compiled here when it is needed
        os.close(tokens)
    forget_old_versions()
    tell("ready", len(parts), len(parts))


def help_from_the_end() -> None:
    """What the second process does, with the tokens at its standard input."""
    compile_parts(_parts()[::-1], 0, lambda what, done, total: None)


def make_tokens(count: int) -> int:
    """A pipe to read from, with a byte for each part: as many as there are parts, so the two ends never overlap."""
    tokens, end = os.pipe()
    os.write(end, bytes(range(count)))
    os.close(end)
    return tokens


def compile_parts(parts: Sequence[Part], tokens: int, tell: Report) -> None:
    """Compiles in this order, a part for each byte read from `tokens`, until there are none."""
    with _rare_searches():
        for name, compile_it in parts:
            token = os.read(tokens, 1)
            if not token:
                return
            tell(name, token[0], len(parts))
            compile_it()


def _parts() -> list[Part]:
    """The longest first and last, the shortest where the two processes meet."""
    from engine.cpu.activate import activate_layer
    from engine.cpu.matrix_unit import is_allowed
    from engine.cpu.parameters import parameter_share
    from engine.cpu.passes import team_kernels
    from engine.cpu.rows import run_stages
    from engine.cpu.update import update_range

    unit: list[Part] = []
    if is_allowed():
        from engine.cpu.panels import multiply_panels

        unit = [("matrix unit", multiply_panels.address)]
    return [
        ("layers", run_stages.address), *unit, ("threads", team_kernels), ("optimizers", update_range.address),
        ("activations", activate_layer.address), ("gradients", parameter_share.address), ("steps", compile_steps),
    ]  # fmt: skip


@contextmanager
def _rare_searches() -> Iterator[None]:
    """Python looks less often for circular garbage: among all that numba makes it spends a tenth of the time on it."""
    usual = gc.get_threshold()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


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
