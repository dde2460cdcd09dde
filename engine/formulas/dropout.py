"""Dropout's scalars beside the masks, which come from `engine.formulas.random`."""

from engine.formulas.activations import SELU_ALPHA, SELU_LAMBDA
from engine.jit import formula

SATURATION = -SELU_LAMBDA * SELU_ALPHA  # what a SELU unit tends to at −∞


@formula
def alpha_dropped(m, a, scale, shift):
    """Alpha dropout (Klambauer et al. 2017, eq. 6): a dropped unit takes SELU's floor, then the moments are restored.

    `m` is 0 or `scale`.
    """
    return m * a + (scale - m) * SATURATION + shift
