"""The threads that share a step: started together, with places where they meet.

On Linux libgomp is asked directly. numba's own parallel loop runs on it as well, but prepares every loop anew, which
takes longer than the threads need to meet, and they cannot meet within it. Where libgomp is not there, a loop of
numba's for each part of the step it is: `USES_OPENMP` is part of what the cache of compiled code depends on.
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
from engine.cpu.state import BARRIER, FORK, MEMBER, PASS, TEAM, TEAM_SIZE, THREADS, WHO
from engine.jit import inner, inner_parallel
from engine.openmp import openmp

_WORD, _INT = ir.IntType(64), ir.IntType(32)
_STATE, _LAST, _AFTER, _TASK = range(4)  # words that a member of the team gets


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
    entries[[FORK, WHO, TEAM_SIZE, BARRIER]] = openmp()
    entries[TEAM] = 1 if _forked else threads
    if not USES_OPENMP and entries[TEAM] > 1:
        numba.set_num_threads(threads)  # belongs to the calling thread, which may differ from the one before


@intrinsic
def _start(typing_context: Any, fork: Any, member: Any, team: Any, s: Any, last: Any, after: Any) -> Any:
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

    return types.void(*[types.int64] * 6), codegen


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


@intrinsic
def _wait(typing_context: Any, function: Any) -> Any:
    """Calls a C function void(void)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.call(builder.inttoptr(args[0], ir.FunctionType(ir.VoidType(), []).as_pointer()), [])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


@inner
def _share(kernel, s, thread, first, last):
    """Kernel (s, thread, first, last); (s, thread) where `last` is negative."""
    if last < 0:
        call(kernel, (s, thread))
    else:
        call(kernel, (s, thread, first, last))


@inner
def _shares_of_member(kernel, s, me, size, first, last):
    """The shares of one member, which are several where there are more shares than members."""
    while me < plan(s, THREADS):
        _share(kernel, s, me, first, last)
        me += size


@inner
def _meet_by_openmp(s):
    if plan(s, TEAM) > 1:
        _wait(plan(s, BARRIER))


@inner_parallel
def _shares_by_numba(kernel, s, me, size, first, last):
    if plan(s, TEAM) > 1:
        for i in prange(plan(s, THREADS)):
            _share(kernel, s, np.int64(i), first, last)
    else:
        _shares_of_member(kernel, s, me, size, first, last)


@inner
def _meet_by_numba(s):
    return


#: A kernel for the shares that a member of the team has to do, (s, thread) its arguments where `last` is negative, else
#: (s, thread, first, last); and where the members wait for one another. Without libgomp the only member starts loops.
do_shares = _shares_of_member if USES_OPENMP else _shares_by_numba
meet = _meet_by_openmp if USES_OPENMP else _meet_by_numba


def _take_part(task):
    """One member of the team: the whole pass."""
    s = _word(task, _STATE)
    me, size = _ask(plan(s, WHO)), _ask(plan(s, TEAM_SIZE))
    call(plan(s, PASS), (s, me, size, _word(task, _LAST), _word(task, _AFTER)))


member = Kernel(_take_part)


@inner
def start_team(s, last, after):
    """The pass (s, me, size, last, after) by every member; by the caller alone where nobody else takes part."""
    if plan(s, TEAM) > 1:
        _start(plan(s, FORK), plan(s, MEMBER), plan(s, TEAM), s, last, after)
    else:
        call(plan(s, PASS), (s, np.int64(0), np.int64(1), last, after))
