"""float32 exp, expm1 and tanh made only of operations that vectorise.

x = n·ln 2 + r with |r| ≤ ln 2 / 2 (Cody & Waite 1980, ch. 6), a polynomial gives eʳ − 1, the exponent bits give
2ⁿ. Both eˣ and eˣ − 1 come from the same pair, so neither cancels. Error against float64: at most 4 ulp.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from engine.jit import formula

_F = np.float32
ONE = _F(1.0)
ZERO = _F(0.0)
HALF = _F(0.5)
TWO = _F(2.0)
FOUR = _F(4.0)

_LOG2E = _F(1.44269504088896341)
_LN2_HIGH = _F(0.693359375)  # exact in 9 bits: n·_LN2_HIGH has no rounding
_LN2_LOW = _F(-2.12194440054690583e-4)
_LOWEST = _F(-104.0)  # e^-104 rounds to 0
_HIGHEST = _F(89.0)  # e^89 overflows to inf
# 1/k!: at |r| ≤ 0.3466 the first term left out is below a quarter of an ulp
_C2, _C3, _C4, _C5, _C6, _C7 = (_F(1.0 / d) for d in (2, 6, 24, 120, 720, 5040))
_BIAS = np.int32(127)
_MANTISSA = np.int32(23)
_SHIFT1 = np.int32(1)
_MANY = np.int32(64)


@intrinsic
def float_from_bits(typing_context: Any, bits: Any) -> Any:
    """The float32 whose IEEE 754 bits are those of the int32 `bits`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.FloatType())

    return types.float32(types.int32), codegen


@formula
def _power_of_two(n):
    return float_from_bits(np.int32(np.int32(n + _BIAS) << _MANTISSA))


@formula
def exp_pair(x):
    """(eˣ, eˣ − 1) of a float32; (inf, inf) past 88.7, (0, −1) below −104, NaN for NaN."""
    clamped = x if x < _HIGHEST else _HIGHEST
    clamped = clamped if clamped > _LOWEST else _LOWEST
    scaled = clamped * _LOG2E
    n = np.int32(scaled + (HALF if scaled > ZERO else -HALF))
    nf = _F(n)
    r = clamped - nf * _LN2_HIGH
    r = r - nf * _LN2_LOW
    q = ((((_C7 * r + _C6) * r + _C5) * r + _C4) * r + _C3) * r + _C2
    p = r * r * q + r
    # Two factors, since 2ⁿ alone leaves the normal numbers for n < −126 and n = 128.
    half = np.int32(n >> _SHIFT1)
    low = _power_of_two(half)
    high = _power_of_two(np.int32(n - half))
    e = (ONE + p) * low * high
    power = low * high
    em1 = p * low * high + (power - ONE)
    em1 = e if n > _MANY else em1  # here 2ⁿ may be inf where eˣ is not yet, and the 1 is long lost
    return (x, x) if x != x else (e, em1)


@formula
def exp(x):
    """eˣ in float32."""
    return exp_pair(x)[0]


@formula
def expm1(x):
    """eˣ − 1 in float32, exact to the last places near 0."""
    return exp_pair(x)[1]


@formula
def tanh_pair(x):
    """(tanh x, 1 − tanh² x) in float32; the derivative keeps its relative precision in the tails."""
    e, em1 = exp_pair(-TWO * abs(x))
    whole = TWO + em1
    t = -em1 / whole
    return (t if x >= ZERO else -t), FOUR * e / (whole * whole)


@formula
def sigmoid_pair(x):
    """(σ(x), σ(x)(1 − σ(x))) in float32; the derivative keeps its relative precision in the tails."""
    e = exp_pair(-abs(x))[0]
    r = ONE / (ONE + e)
    return (r if x >= ZERO else e * r), e * r * r
