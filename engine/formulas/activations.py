"""The activations: each gives its value and its derivative at a pre-activation, from one evaluation.

Every function takes (x, c), both float32, and returns (f(x), f'(x)); `c` is the activation's constant or learned
slope where it has one, and is not read otherwise. At the kink the derivative is PyTorch's.
"""

import numpy as np

from engine.formulas.fastmath import ONE, ZERO, exp_pair, sigmoid_pair, tanh_pair
from engine.jit import formula

SELU_LAMBDA = np.float32(1.0507009873554804934)
SELU_ALPHA = np.float32(1.6732632423543772848)
SERLU_LAMBDA = np.float32(1.07862)
SERLU_ALPHA = np.float32(2.90427)
_SELU_SCALE = np.float32(1.0507009873554804934 * 1.6732632423543772848)
_SERLU_SCALE = np.float32(1.07862 * 2.90427)
PRELU_START = np.float32(0.25)


@formula
def linear(x, c):
    """x."""
    return x, ONE


@formula
def sigmoid(x, c):
    """1 / (1 + e⁻ˣ)."""
    return sigmoid_pair(x)


@formula
def tanh(x, c):
    """The hyperbolic tangent."""
    return tanh_pair(x)


@formula
def relu(x, c):
    """max(0, x) (Nair & Hinton 2010)."""
    return (ZERO, ZERO) if x <= ZERO else (x, ONE)


@formula
def leaky_relu(x, c):
    """x, or c·x for x ≤ 0, c fixed (Maas et al. 2013) or learned: PReLU (He et al. 2015)."""
    return (x, ONE) if x > ZERO else (c * x, c)


@formula
def elu(x, c):
    """x, or c(eˣ − 1) for x ≤ 0 (Clevert et al. 2016)."""
    e, em1 = exp_pair(x)
    return (x, ONE) if x > ZERO else (c * em1, c * e)


@formula
def selu(x, c):
    """λx, or λα(eˣ − 1) for x ≤ 0 (Klambauer et al. 2017)."""
    e, em1 = exp_pair(x)
    return (SELU_LAMBDA * x, SELU_LAMBDA) if x > ZERO else (_SELU_SCALE * em1, _SELU_SCALE * e)


@formula
def serlu(x, c):
    """λx, or λα·x·eˣ for x < 0 (Zhang & Li 2018)."""
    e, _ = exp_pair(x)
    xe = x * e
    return (SERLU_LAMBDA * x, SERLU_LAMBDA) if x >= ZERO else (_SERLU_SCALE * xe, _SERLU_SCALE * (xe + e))
