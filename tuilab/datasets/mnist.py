"""MNIST and the sets that come in its form: four IDX files in a folder, each plain or gzipped.

Pixels are scaled from 0…255 to [0, 1], as in digits. The published test part is kept as the test part.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tuilab.datasets.base import DataError, Source
from tuilab.datasets.idx import read_idx
from tuilab.datasets.places import data_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The four files, by the names they were published under.
FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")

CLASS_NAMES = {
    "mnist": tuple("0123456789"),
    "fashion-mnist": (
        "T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ),
    "kmnist": ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
}  # fmt: skip


def read(name: str, *, seed: int) -> Source:
    """The set called `name` from the data folder; raises DataError, saying how to get it, if it is not there."""
    folder = data_folder() / name
    if not folder.is_dir():
        ways = f"tuilab data fetch {name}, tuilab data import {name} DIR, or TUILAB_DATA set to where it is"
        raise DataError(name, f"not found in {folder.parent}, expected there: {ways}")
    return read_folder(folder, name, CLASS_NAMES[name])


def read_folder(folder: Path, name: str, class_names: tuple[str, ...] = ()) -> Source:
    """Any four files of this form. Without `class_names` the classes are 0 to the largest label."""
    x, y = _part(folder, FILES[0], FILES[1])
    x_test, y_test = _part(folder, FILES[2], FILES[3])
    if x.shape[1:] != x_test.shape[1:]:
        raise DataError(str(folder), f"test pictures are {x_test.shape[1:]}, expected {x.shape[1:]} as in training")
    top = int(max(y.max(), y_test.max()))
    class_names = class_names or tuple(str(k) for k in range(top + 1))
    if top >= len(class_names):
        raise DataError(str(folder), f"found a label {top}, expected 0 to {len(class_names) - 1}")
    shape = (int(x.shape[1]), int(x.shape[2]))
    return Source(name, _pixels(x), y, "classification", class_names, shape, _pixels(x_test), y_test)


def find(folder: Path, file: str) -> Path | None:
    """The file, or its gzipped form, or either under the other spelling in use (`train-images.idx3-ubyte`)."""
    for stem in (file, file.replace("-idx", ".idx")):
        for path in (folder / stem, folder / f"{stem}.gz"):
            if path.is_file():
                return path
    return None


def _part(folder: Path, images: str, labels: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    x, y = _bytes(folder, images, 3), _bytes(folder, labels, 1)
    if len(x) != len(y) or not len(x) or 0 in x.shape:
        raise DataError(str(folder), f"found pictures {x.shape} and {len(y)} labels, expected one label a picture")
    return x, y.astype(np.int64)


def _bytes(folder: Path, file: str, dimensions: int) -> NDArray[np.uint8]:
    path = find(folder, file)
    if path is None:
        raise DataError(str(folder), f"found no {file} (nor {file}.gz), expected {', '.join(FILES)}")
    array = read_idx(path)
    if array.dtype != np.uint8 or array.ndim != dimensions:
        raise DataError(str(path), f"found {array.dtype} {array.shape}, expected bytes in {dimensions} dimensions")
    return array


def _pixels(x: NDArray[np.uint8]) -> Any:
    return np.divide(x.reshape(len(x), -1), np.float32(255), dtype=np.float32)
