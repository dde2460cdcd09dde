"""The user's own arrays: an NPZ file with x and y, or with x_train, y_train, x_test and y_test.

Nothing in the file is ever run: pickled objects are refused. Features are flattened; where a row has two dimensions
it is a picture. y of whole numbers is a class, y of other numbers a regression target.
"""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tuilab.datasets.base import DataError, Source

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BYTES = 2**33
MAX_CLASSES = 65_536
_NAMES = (("x", "y"), ("x_train", "y_train"))


def read_arrays(path: Path) -> Source:
    """The arrays in the file; raises DataError for anything that is not arrays of finite numbers of matching shapes."""
    found = _unpack(path)
    pair = next((names for names in _NAMES if set(names) <= set(found)), None)
    if pair is None:
        raise DataError(str(path), f"found {', '.join(found) or 'no arrays'}, expected x and y (or x_train, y_train)")
    shape = found[pair[0]].shape[1:]
    x, y = _features(path, pair[0], found), _targets(path, pair[1], found)
    x_test = y_test = None
    if "x_test" in found and "y_test" in found:
        x_test, y_test = _features(path, "x_test", found), _targets(path, "y_test", found)
        if x_test.shape[1] != x.shape[1] or y_test.dtype != y.dtype or y_test.ndim != y.ndim:
            raise DataError(str(path), f"x_test is {x_test.shape}, expected the features and targets of {pair[0]}")
    picture = (int(shape[0]), int(shape[1])) if len(shape) == 2 else None
    if y.dtype != np.int64:
        return Source(path.name, x, y, "regression", (), picture, x_test, y_test, scaled=False)
    top = int(max(y.max(), -1 if y_test is None else y_test.max()))
    names = tuple(str(k) for k in range(top + 1))
    return Source(path.name, x, y, "classification", names, picture, x_test, y_test, scaled=False)


def _unpack(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
        if total > MAX_BYTES:
            raise DataError(str(path), f"unpacks to {total:,} bytes, allowed up to {MAX_BYTES:,}")
        with np.load(path, allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except DataError:
        raise
    except OSError as error:
        raise DataError(str(path), f"{error.strerror or error}, expected an NPZ file") from None
    except (ValueError, EOFError, KeyError, SyntaxError, RuntimeError, MemoryError,
            OverflowError, TypeError, zipfile.BadZipFile, zlib.error) as error:  # fmt: skip
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(str(path), f"{reason}, expected an NPZ file of plain arrays") from None
    for name, array in found.items():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biuf":
            raise DataError(str(path), f"{name}: found {getattr(array, 'dtype', 'bytes')}, expected numbers")
    return found


def _features(path: Path, name: str, found: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
    array = found[name]
    if array.ndim < 2 or 0 in array.shape:
        raise DataError(str(path), f"{name}: found the shape {array.shape}, expected rows of one or more features")
    with np.errstate(over="ignore"):
        x = np.ascontiguousarray(array.reshape(len(array), -1), np.float32)
    return _finite(path, name, x)


def _targets(path: Path, name: str, found: dict[str, NDArray[Any]]) -> NDArray[Any]:
    """(n,) int64 class numbers, or (n, outputs) float32."""
    array, rows = found[name], len(found[name.replace("y", "x", 1)])
    if array.ndim not in (1, 2) or len(array) != rows or 0 in array.shape:
        raise DataError(str(path), f"{name}: found the shape {array.shape}, expected a target for each of {rows} rows")
    if array.ndim == 1 and array.dtype.kind in "biu":
        if array.min() < 0 or array.max() >= MAX_CLASSES:
            raise DataError(
                str(path), f"{name}: found classes {array.min()} to {array.max()}, allowed 0 to {MAX_CLASSES - 1}"
            )
        return array.astype(np.int64)
    with np.errstate(over="ignore"):
        y = np.ascontiguousarray(array.reshape(len(array), -1), np.float32)
    return _finite(path, name, y)


def _finite(path: Path, name: str, array: NDArray[np.float32]) -> NDArray[np.float32]:
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        row, column = bad[0]
        raise DataError(
            str(path), f"{name}, row {row + 1}, column {column + 1}: found {array[row, column]}, not finite"
        )
    return array
