"""Weight initialisers: the scale of each rule, and the draw."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from engine.cpu.draw import draw_bits
from engine.formulas.activations import PRELU_START
from engine.formulas.random import INIT
from engine.spec import Recipe

Weights = NDArray[np.float32]
SMALL = 0.01


def variance(initializer: str, fan_in: int, fan_out: int, slope: float = 0.0) -> float:
    """The variance of a rule. LeCun et al. 1998, eq. 16; Glorot & Bengio 2010, eq. 16; He et al. 2015, eqs. 10, 15.

    `slope` is that of a leaky rectifier for x < 0, which He's rule allows for; 0 for every other activation.
    """
    rule = initializer.rsplit("_", 1)[0]
    if rule == "lecun":
        return 1.0 / fan_in
    if rule == "xavier":
        return 2.0 / (fan_in + fan_out)
    if rule == "he":
        return 2.0 / ((1.0 + slope * slope) * fan_in)
    if rule == "standard":  # U(±1/√fan_in), Glorot & Bengio 2010, eq. 1
        return 1.0 / (3.0 * fan_in)
    return SMALL * SMALL if initializer == "small_normal" else 0.0


def draw_weights(initializer: str, shape: tuple[int, int], slope: float, seed: int, step: int, layer: int) -> Weights:
    """Weights of shape (fan_in, fan_out), float32, by `initializer`, from the stream (seed, INIT, step, layer)."""
    fan_in, fan_out = shape
    if initializer == "zeros":
        return np.zeros(shape, np.float32)
    if initializer == "orthogonal":
        return _orthogonal(shape, seed, step, layer)
    spread = math.sqrt(variance(initializer, fan_in, fan_out, slope))
    if initializer.endswith("uniform"):
        bound = math.sqrt(3.0) * spread
        draw = (2.0 * _uniforms(fan_in * fan_out, seed, step, layer) - 1.0) * bound
    else:
        draw = _normals(fan_in * fan_out, seed, step, layer) * spread
    return draw.reshape(shape).astype(np.float32)


def _uniforms(count: int, seed: int, step: int, layer: int) -> NDArray[np.float64]:
    """`count` numbers in (0, 1), 32 bits each."""
    bits = np.empty(count, np.uint32)
    draw_bits(bits, seed, INIT, step, layer)
    return (bits.astype(np.float64) + 0.5) / 2.0**32


def _normals(count: int, seed: int, step: int, layer: int) -> NDArray[np.float64]:
    """Standard normals (Box & Muller 1958)."""
    half = -(-count // 2)
    u = _uniforms(2 * half, seed, step, layer)
    radius = np.sqrt(-2.0 * np.log(u[:half]))
    angle = 2.0 * math.pi * u[half:]
    return np.concatenate((radius * np.cos(angle), radius * np.sin(angle)))[:count]


def _orthogonal(shape: tuple[int, int], seed: int, step: int, layer: int) -> Weights:
    """Rows or columns orthonormal, whichever are fewer (Saxe et al. 2014); signs fixed so the draw is Haar."""
    tall = (max(shape), min(shape))
    q, r = np.linalg.qr(_normals(tall[0] * tall[1], seed, step, layer).reshape(tall))
    q = q * np.where(np.diag(r) < 0.0, -1.0, 1.0)
    return np.ascontiguousarray(q if shape == tall else q.T, dtype=np.float32)


def draw_parameters(tensors: dict[str, Weights], recipe: Recipe, seed: int, step: int) -> None:
    """Fills the named tensors of a network: weights by the recipe's rule, gamma 1, slopes 0.25; the rest stays."""
    hidden = recipe.activations(sum(name.endswith("weight") for name in tensors) - 1)
    slopes = {"leaky_relu": recipe.negative_slope, "prelu": float(PRELU_START)}
    for name, tensor in tensors.items():
        place, kind = name.split(".")
        layer = int(place)
        if kind == "weight":
            slope = slopes.get(hidden[layer], 0.0) if layer < len(hidden) else 0.0
            fans = (tensor.shape[0], tensor.shape[1])
            tensor[:] = draw_weights(recipe.initializer, fans, slope, seed, step, layer)
        elif kind in ("gamma", "slope"):
            tensor[:] = 1.0 if kind == "gamma" else PRELU_START
