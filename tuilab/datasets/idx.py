"""The IDX format of the MNIST family: one array of any number of dimensions, plain or gzipped.

Layout: two zero bytes, one byte for the type of the elements, one for the number of dimensions; then each dimension
as a big-endian 32-bit number; then the elements, big-endian, last dimension fastest, and nothing after them.
"""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from tuilab.datasets.base import DataError, check_unpacked, plain_size

if TYPE_CHECKING:
    from numpy.typing import NDArray

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_BYTES = 2**32  # of elements: about eight times the largest set of this family (EMNIST, by class)
_GZIP = b"\x1f\x8b"


class Readable(Protocol):
    """A binary file, or one seen through gzip."""

    def read(self, size: int, /) -> bytes: ...


def read_idx(path: Path) -> NDArray[Any]:
    """The array in the file, in this machine's byte order; raises DataError if a byte is missing or too many.

    No more is read, or unpacked, than the header announces.
    """
    size = plain_size(path, "an IDX file")
    try:
        with open(path, "rb") as plain:
            packed = plain.read(2) == _GZIP
            plain.seek(0)
            return _read(path, gzip.open(plain), size) if packed else _read(path, plain)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(str(path), f"{getattr(error, 'strerror', None) or error}, expected an IDX file") from None


def _read(path: Path, stream: Readable, packed: int | None = None) -> NDArray[Any]:
    head = stream.read(4)
    if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in TYPES or not 1 <= head[3] <= 8:
        found = head.hex(" ") or "nothing"
        types = ", ".join(f"{code:02x}" for code in TYPES)
        raise DataError(str(path), f"begins with {found}, expected IDX: 00 00, a type ({types}), 1 to 8 dimensions")
    sizes = stream.read(4 * head[3])
    if len(sizes) < 4 * head[3]:
        raise DataError(str(path), f"ends within its header, expected {head[3]} dimensions")
    shape = tuple(int(n) for n in np.frombuffer(sizes, ">u4"))
    kind = np.dtype(TYPES[head[2]])
    wanted = math.prod(shape) * kind.itemsize
    room = math.prod(max(n, 1) for n in shape) * kind.itemsize  # NumPy makes no array (0, 2³², 2³²) either
    if room > MAX_BYTES:
        raise DataError(str(path), f"announces {room:,} bytes {shape}, allowed up to {MAX_BYTES:,}")
    if packed is not None:
        check_unpacked(path, packed, wanted)
    content = read_at_most(stream, wanted + 1)
    if len(content) != wanted:
        found = "more" if len(content) > wanted else f"{len(content):,}"
        raise DataError(str(path), f"found {found} bytes of elements, expected {wanted:,} for {shape}")
    return np.frombuffer(content, kind).reshape(shape).astype(kind.newbyteorder("="), copy=False)


def read_at_most(stream: Readable, n: int) -> bytearray:
    """Up to n bytes, a piece at a time: a false header must not make room for what never comes."""
    content = bytearray()
    while len(content) < n and (piece := stream.read(min(2**24, n - len(content)))):
        content += piece
    return content
