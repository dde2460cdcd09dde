"""The three matrix products of a layer on slices of flat row-major arrays: BLAS, or plain loops when small.

A BLAS call costs about as much as a thousand multiplications: below `SMALL` of them the loops win.
"""

import numpy as np

from engine.cpu.access import plan
from engine.cpu.blas import sgemm
from engine.cpu.state import SGEMM
from engine.jit import inner_sum

SMALL = 4096
_N = np.int8(ord("N"))
_ZERO = np.float32(0.0)
_T = np.int8(ord("T"))


@inner_sum
def forward_product(s, work, i, w, j, h, rows, fan_in, fan_out):
    """work[h:] = work[i:] (rows, fan_in) · w[j:] (fan_in, fan_out)."""
    if rows * fan_in * fan_out > SMALL:
        sgemm(plan(s, SGEMM), _N, _N, fan_out, rows, fan_in, w, j, fan_out, work, i, fan_in, work, h, fan_out)
        return
    for r in range(rows):
        out = work[h + r * fan_out : h + (r + 1) * fan_out]
        for c in range(fan_out):
            out[c] = _ZERO
        for k in range(fan_in):
            factor = work[i + r * fan_in + k]
            row = w[j + k * fan_out : j + (k + 1) * fan_out]
            for c in range(fan_out):
                out[c] += factor * row[c]


@inner_sum
def backward_product(s, work, i, w, j, h, rows, fan_in, fan_out):
    """work[h:] = work[i:] (rows, fan_out) · w[j:]ᵀ, w (fan_in, fan_out)."""
    if rows * fan_in * fan_out > SMALL:
        sgemm(plan(s, SGEMM), _T, _N, fan_in, rows, fan_out, w, j, fan_out, work, i, fan_out, work, h, fan_in)
        return
    for r in range(rows):
        delta = work[i + r * fan_out : i + (r + 1) * fan_out]
        for k in range(fan_in):
            row = w[j + k * fan_out : j + (k + 1) * fan_out]
            total = _ZERO
            for c in range(fan_out):
                total += delta[c] * row[c]
            work[h + r * fan_in + k] = total


@inner_sum
def gradient_product(s, work, i, j, g, h, rows, fan_in, fan_out, first, last):
    """g[h:] (last − first, fan_out) = rows `first` to `last` of work[i:]ᵀ (rows, fan_in) · work[j:] (rows, fan_out)."""
    if rows * (last - first) * fan_out > SMALL:
        sgemm(
            plan(s, SGEMM), _N, _T, fan_out, last - first, rows,
            work, j, fan_out, work, i + first, fan_in, g, h, fan_out,
        )  # fmt: skip
        return
    for k in range(first, last):
        out = g[h + (k - first) * fan_out : h + (k - first + 1) * fan_out]
        for c in range(fan_out):
            out[c] = _ZERO
        for r in range(rows):
            factor = work[i + r * fan_in + k]
            delta = work[j + r * fan_out : j + (r + 1) * fan_out]
            for c in range(fan_out):
                out[c] += factor * delta[c]
