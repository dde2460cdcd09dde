"""Random numbers without a state: a value is a hash of (seed, purpose, step, layer, element).

So a mask or a batch depends on nothing but its place: not on chunks, threads, pauses or the backend. A stream
key comes from splitmix64 (Steele et al. 2014) over seed, purpose, step and layer; an element of a stream is a
32-bit multiply-xorshift hash of its number, keyed twice. The hash vectorises: no state is carried.
"""

import numpy as np

from engine.jit import formula

#: Purposes: what a stream is for. Append, never reorder: a number is part of every saved run.
INIT, SHUFFLE, DROP = range(3)

_U32 = np.uint32
_U64 = np.uint64
_GOLDEN = _U64(0x9E3779B97F4A7C15)
_A64 = _U64(0xBF58476D1CE4E5B9)
_B64 = _U64(0x94D049BB133111EB)
_A32 = _U32(0x7FEB352D)
_B32 = _U32(0x846CA68B)
_S15 = _U32(15)
_S16 = _U32(16)
_S27 = _U64(27)
_S30 = _U64(30)
_S31 = _U64(31)
_S32 = _U64(32)
_ONE = _U32(1)
_LOW = _U64(0xFFFFFFFF)
# With 4 rounds some pairs of rows share a batch of 16 or 64 rows 40 % too often; with these no test tells.
_ROUNDS = 6
_ROUNDS_SMALL = 8


@formula
def mix64(z):
    """The finaliser of splitmix64: a bijection of 64 bits."""
    z = _U64(z ^ (z >> _S30)) * _A64
    z = _U64(z ^ (z >> _S27)) * _B64
    return _U64(z ^ (z >> _S31))


@formula
def stream_key(seed, purpose, step, layer):
    """The 64-bit key of the stream (seed, purpose, step, layer); int64 or uint64 in, uint64 out."""
    key = mix64(_U64(seed) + _GOLDEN)
    key = mix64(key ^ (_U64(purpose) + _GOLDEN))
    key = mix64(key ^ (_U64(step) * _GOLDEN + _U64(layer)))
    return mix64(key + _GOLDEN * _U64(_U64(layer) + _U64(1)))


@formula
def mix32(h):
    """A bijection of 32 bits in which every input bit turns about half of the output bits."""
    h = _U32(h ^ (h >> _S16))
    h = _U32(h * _A32)
    h = _U32(h ^ (h >> _S15))
    h = _U32(h * _B32)
    return _U32(h ^ (h >> _S16))


@formula
def random_bits(low, high, element):
    """32 random bits for number `element` of the stream whose key halves are `low` and `high` (all uint32)."""
    return mix32(_U32(mix32(_U32(element ^ low)) + high))


@formula
def key_low(key):
    """The low half of a stream key."""
    return _U32(key & _LOW)


@formula
def key_high(key):
    """The high half of a stream key."""
    return _U32(key >> _S32)


@formula
def drop_threshold(rate):
    """An element is dropped when its bits are below this (uint32) for a float64 rate in [0, 1)."""
    return _U32(_U64(rate * 4294967296.0))


@formula
def shuffle_domain(count):
    """(mask, half, rounds) of the shuffle of `count` rows: the next power of two less 1, half its bits, its rounds."""
    mask = _U32(count - 1)
    mask = _U32(mask | (mask >> _ONE))
    mask = _U32(mask | (mask >> _U32(2)))
    mask = _U32(mask | (mask >> _U32(4)))
    mask = _U32(mask | (mask >> _U32(8)))
    mask = _U32(mask | (mask >> _S16))
    bits = _U32(0)
    while bits < _U32(32) and (mask >> bits) != _U32(0):
        bits = _U32(bits + _ONE)
    half = _U32((bits + _ONE) >> _ONE)
    return mask, half if half != _U32(0) else _ONE, _ROUNDS if bits > _U32(5) else _ROUNDS_SMALL


@formula
def round_key(turn, low, high):
    """(factor, shift) of one round of the shuffle keyed (low, high)."""
    return _U32(mix32(_U32(low + _U32(turn) * _A32)) | _ONE), mix32(_U32(high + _U32(turn) * _B32))


@formula
def shuffle_round(x, factor, shift, mask, half):
    """A bijection of the numbers up to `mask` (uint32)."""
    x = _U32(_U32(x * factor) + shift) & mask
    return _U32(x ^ (x >> half))


@formula
def shuffle_rounds(x, mask, half, rounds, low, high):
    """All rounds on one number."""
    for turn in range(rounds):
        factor, shift = round_key(turn, low, high)
        x = shuffle_round(x, factor, shift, mask, half)
    return x


@formula
def shuffled(position, count, low, high):
    """Where `position` (from 0) of an epoch of `count` rows lies after the shuffle keyed (low, high).

    A bijection on the next power of two, walked until it falls inside [0, count): the permutation of an epoch
    needs neither memory nor a pass over the data (cycle walking, Black & Rogaway 2002).
    """
    mask, half, rounds = shuffle_domain(count)
    x = shuffle_rounds(_U32(position), mask, half, rounds, low, high)
    while x >= _U32(count):
        x = shuffle_rounds(x, mask, half, rounds, low, high)
    return np.int64(x)
