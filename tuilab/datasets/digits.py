"""1,797 handwritten digits, 8×8 pixels of 17 greys: the set that comes inside scikit-learn (UCI, Alpaydin & Kaynak).

The file is found and read without importing scikit-learn, whose code takes longer to load than the data.

Pixels are scaled from 0…16 to [0, 1] and not standardised: 0 stays the empty pixel, which is what a dropped input
looks like, and the pixels that are empty in nearly every picture are not blown up to the size of the others.
"""

from __future__ import annotations

import gzip
import zlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tuilab.datasets.base import DataError, Source

ROWS, PIXELS, WHITE = 1797, 64, 16.0


def read(name: str, *, seed: int) -> Source:
    """All digits in the file's order; raises DataError if scikit-learn or its file is missing or damaged."""
    path = _file(name)
    try:
        table = _table(path)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise DataError(name, f"{path}: {str(error).splitlines()[0]}, expected scikit-learn's digits") from None
    if table.shape != (ROWS, PIXELS + 1):
        raise DataError(name, f"{path}: found a table of {table.shape}, expected {(ROWS, PIXELS + 1)}")
    return Source(
        name,
        x=np.ascontiguousarray(table[:, :PIXELS] / WHITE, np.float32),
        y=table[:, PIXELS].astype(np.int64),
        class_names=tuple("0123456789"),
        image_shape=(8, 8),
    )


@cache
def _table(path: Path) -> np.ndarray:
    """The numbers of the file, read once by a process: that takes longer than the shortest runs."""
    with gzip.open(path, "rt", encoding="ascii") as lines:
        return np.loadtxt(lines, delimiter=",", dtype=np.float32, ndmin=2)


def _file(name: str) -> Path:
    """Where scikit-learn keeps the digits."""
    spec = find_spec("sklearn")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "datasets" / "data" / "digits.csv.gz"
        if path.is_file():
            return path
    raise DataError(name, "found no scikit-learn with its digits, expected it installed: pip install scikit-learn")
