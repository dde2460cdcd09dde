"""Small files in the form of MNIST, made for the tests."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np

from tuilab.datasets.mnist import FILES

CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


def idx_bytes(array: np.ndarray) -> bytes:
    """`array` as the content of an IDX file."""
    head = bytes([0, 0, CODES[array.dtype.str[1:]], array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def pictures(n: int, seed: int, side: int = 28) -> tuple[np.ndarray, np.ndarray]:
    """n noisy pictures of ten classes, each class with a bright row of its own, and their labels."""
    y = (np.arange(n) % 10).astype(np.uint8)
    x = np.random.default_rng(seed).integers(0, 60, (n, side, side), np.uint8)
    x[np.arange(n), y * 2] = 255
    return x, y


def write_set(folder: Path, packed: bool = True, n: int = 200, n_test: int = 50) -> dict[str, bytes]:
    """The four files of a made set in `folder`; gives the content of each by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = (*pictures(n, 0), *pictures(n_test, 1))
    contents = {}
    for file, array in zip(FILES, arrays, strict=True):
        raw = idx_bytes(array)
        name, content = (f"{file}.gz", gzip.compress(raw, mtime=0)) if packed else (file, raw)
        (folder / name).write_bytes(content)
        contents[name] = content
    return contents
