"""Random streams as seen from Python: whole vectors of bits, for initialisation and inspection."""

import numpy as np

from engine.formulas.random import key_high, key_low, random_bits, stream_key
from engine.jit import njit


@njit
def draw_bits(out, seed, purpose, step, layer):
    """out (n,) uint32 = the first n words of the stream (seed, purpose, step, layer)."""
    key = stream_key(seed, purpose, step, layer)  # a key that went through Python would come back as a signed integer
    low, high = key_low(key), key_high(key)
    for i in range(out.size):
        out[i] = random_bits(low, high, np.uint32(i))
