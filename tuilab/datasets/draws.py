"""Random numbers for making and splitting data: the same on every platform and NumPy release.

NumPy promises the stream of raw bits of PCG64 and of SeedSequence for good, but not what its Generator makes of
them. So only raw bits are taken from it, and uniform numbers, normal numbers and orders are made here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: What a stream is for. Each purpose has its own, so that turning one option never moves another's draws.
PURPOSES = ("points", "noise", "split", "order", "label_noise", "label_class")


class Draws:
    """One stream of random numbers, keyed by seed and purpose."""

    def __init__(self, seed: int, purpose: str):
        self._bits = np.random.PCG64(np.random.SeedSequence([seed, PURPOSES.index(purpose)]))

    def raw(self, n: int) -> NDArray[np.uint64]:
        """n words of 64 random bits."""
        return np.asarray(self._bits.random_raw(n), np.uint64).reshape(n)

    def uniform(self, n: int) -> NDArray[np.float64]:
        """n numbers in [0, 1), from the upper 53 bits of a word each."""
        return (self.raw(n) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def normal(self, n: int) -> NDArray[np.float64]:
        """n numbers from N(0, 1) by Box and Muller's transform, two uniform numbers for each."""
        radius = np.sqrt(-2.0 * np.log1p(-self.uniform(n)))
        return radius * np.cos(2.0 * np.pi * self.uniform(n))

    def order(self, n: int) -> NDArray[np.int64]:
        """The numbers 0 … n−1 shuffled: each gets a random word, and the words are sorted."""
        return np.argsort(self.raw(n), kind="stable").astype(np.int64)
