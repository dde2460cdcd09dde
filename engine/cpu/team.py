"""The threads that share a stage of the step: started together, and met at its end.

On Linux libgomp is asked directly. numba's own parallel loop runs on it as well, but prepares every loop anew, which
takes longer than the threads need to meet, and a step has several. Where libgomp is not there, numba's loop it is:
`USES_OPENMP` is part of what the cache of compiled code depends on.
"""

from __future__ import annotations

import os
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic

from engine.cpu.access import plan
from engine.cpu.frame import Kernel, call
from engine.cpu.state import FORK, MEMBER, TEAM, TEAM_SIZE, THREADS, WHO
from engine.jit import inner, inner_parallel
from engine.openmp import openmp

_WORD, _INT = ir.IntType(64), ir.IntType(32)
_KERNEL, _STATE, _FIRST, _LAST, _TASK = range(5)  # words that a member of the team gets


USES_OPENMP = openmp()[0] != 0
_forked = False


def _after_fork() -> None:
    global _forked
    _forked = True


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def prepare_team(entries: Any) -> None:
    """Writes into a plan how many threads of this process take part; to be called before compiled code is.

    A process that was forked has lost the threads of its parent, and libgomp waits for them for ever: there one
    thread does it all.
    """
    threads = min(int(entries[THREADS]), numba.config.NUMBA_NUM_THREADS)
    entries[[FORK, WHO, TEAM_SIZE]] = openmp()
    entries[TEAM] = 1 if _forked else threads
    if not USES_OPENMP and entries[TEAM] > 1:
        numba.set_num_threads(threads)  # belongs to the calling thread, which may differ from the one before


@intrinsic
def _start(typing_context: Any, fork: Any, member: Any, team: Any, kernel: Any, s: Any, first: Any, last: Any) -> Any:
    """GOMP_parallel(member, task, team, 0); returns when all members have."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        fork, member, team, *task = args
        words = cgutils.alloca_once(builder, ir.ArrayType(_WORD, _TASK))
        for i, value in enumerate(task):
            builder.store(value, cgutils.gep_inbounds(builder, words, 0, i))
        kind = ir.FunctionType(ir.VoidType(), [_WORD, _WORD, _INT, _INT])
        call = builder.inttoptr(fork, kind.as_pointer())
        builder.call(call, [member, builder.ptrtoint(words, _WORD), builder.trunc(team, _INT), ir.Constant(_INT, 0)])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 7), codegen


@intrinsic
def _word(typing_context: Any, address: Any, place: Any) -> Any:
    """The int64 at `place` of an array of them."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(builder.gep(builder.inttoptr(args[0], _WORD.as_pointer()), [args[1]]))

    return types.int64(types.int64, types.int64), codegen


@intrinsic
def _ask(typing_context: Any, function: Any) -> Any:
    """What a C function int(void) says."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_INT, [])
        return builder.sext(builder.call(builder.inttoptr(args[0], kind.as_pointer()), []), _WORD)

    return types.int64(types.int64), codegen


@inner
def _run(kernel, s, thread, first, last):
    """Kernel (s, thread, first, last); (s, thread) where `last` is negative."""
    if last < 0:
        call(kernel, (s, thread))
    else:
        call(kernel, (s, thread, first, last))


def _take_part(task):
    """One member of the team: its shares, which are several where there are more shares than members."""
    s = _word(task, _STATE)
    step = _ask(plan(s, TEAM_SIZE))
    thread = _ask(plan(s, WHO))
    while thread < plan(s, THREADS):
        _run(_word(task, _KERNEL), s, thread, _word(task, _FIRST), _word(task, _LAST))
        thread += step


member = Kernel(_take_part)


@inner
def _by_openmp(kernel, s, first, last):
    _start(plan(s, FORK), plan(s, MEMBER), plan(s, TEAM), kernel, s, first, last)


@inner_parallel
def _by_numba(kernel, s, first, last):
    for i in prange(plan(s, THREADS)):
        _run(kernel, s, np.int64(i), first, last)


_together = _by_openmp if USES_OPENMP else _by_numba


@inner
def on_threads(kernel, s, first, last):
    """A kernel for the share of every thread; (s, thread) are its arguments where `last` is negative, else all four."""
    if plan(s, TEAM) > 1:
        _together(kernel, s, first, last)
    else:
        for thread in range(plan(s, THREADS)):
            _run(kernel, s, np.int64(thread), first, last)
