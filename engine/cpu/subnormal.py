"""Subnormal numbers count as zero while a kernel runs.

A unit that has died has a gradient of exactly 0, and the first moment of its weights decays by a factor at every step:
after some eight hundred it is subnormal (below 1.2e-38), rounds to itself from then on and never gets to 0. A
processor that calculates with such numbers in microcode needs a hundred times as long for each of them, and a network
with dead units gets slower and slower. x86 has a switch for it in the thread's MXCSR register (Intel 64 and IA-32
Architectures Software Developer's Manual, vol. 1, §10.2.3); other processors need none, and there these do nothing.
"""

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_FLUSH_TO_ZERO, _DENORMALS_ARE_ZEROS = 1 << 15, 1 << 6
_X86 = platform.machine().lower() in ("x86_64", "amd64", "i686", "i386", "x86")
_CONTROL = ir.IntType(32)


def _access(builder: Any, name: str, slot: Any) -> None:
    """MXCSR to (stmxcsr) or from (ldmxcsr) a place in memory."""
    byte = ir.IntType(8).as_pointer()
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(ir.VoidType(), [byte]), f"llvm.x86.sse.{name}"
    )
    builder.call(function, [builder.bitcast(slot, byte)])


@intrinsic
def flush_subnormals(typing_context: Any) -> Any:
    """From here on this thread takes subnormal numbers for 0. Returns what `restore_subnormals` wants."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if not _X86:
            return ir.Constant(_CONTROL, 0)
        slot = cgutils.alloca_once(builder, _CONTROL)
        _access(builder, "stmxcsr", slot)
        before = builder.load(slot)
        builder.store(builder.or_(before, ir.Constant(_CONTROL, _FLUSH_TO_ZERO | _DENORMALS_ARE_ZEROS)), slot)
        _access(builder, "ldmxcsr", slot)
        return before

    return types.uint32(), codegen


@intrinsic
def restore_subnormals(typing_context: Any, before: Any) -> Any:
    """This thread treats subnormal numbers as it did before."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if _X86:
            slot = cgutils.alloca_once(builder, _CONTROL)
            builder.store(args[0], slot)
            _access(builder, "ldmxcsr", slot)
        return context.get_dummy_value()

    return types.void(types.uint32), codegen
