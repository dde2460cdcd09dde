"""The user's own arrays: an NPZ file with x and y, or with x_train, y_train, x_test and y_test.

Nothing in the file is ever run: pickled objects are refused. Features are flattened; where a row has two dimensions
it is a picture. y of whole numbers is a class, y of other numbers a regression target.
"""

from __future__ import annotations

import math
import re
import struct
import zipfile
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tuilab.datasets.base import DataError, Source, check_unpacked, plain_size
from tuilab.datasets.idx import read_at_most

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_BYTES = 2**33
MAX_CLASSES = 65_536
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_SIZES = {b"\x01": 2, b"\x02": 4, b"\x03": 4}  # of the length of the header, by the format's version
MAX_HEADER = 10_000
_ENTRIES = [
    re.compile(rf"""["']{key}["']\s*:\s*{value}""")
    for key, value in (
        ("descr", r"""["']([^"']{1,20})["']"""),
        ("fortran_order", "(True|False)"),
        ("shape", r"\(([\dL,\s]*)\)"),
    )
]
_KIND = re.compile(r"[<>|=]?(?:\?|[biuf]\d{1,2})")
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
    size = plain_size(path, "an NPZ file")
    try:
        with zipfile.ZipFile(path) as archive:
            total = sum(entry.file_size for entry in archive.infolist())
            if total > MAX_BYTES:
                raise DataError(str(path), f"unpacks to {total:,} bytes, allowed up to {MAX_BYTES:,}")
            check_unpacked(path, size, total)
            return {entry.filename.removesuffix(".npy"): _array(path, archive, entry) for entry in archive.infolist()}
    except DataError:
        raise
    except OSError as error:
        raise DataError(str(path), f"{error.strerror or error}, expected an NPZ file") from None
    except (ValueError, EOFError, KeyError, RuntimeError, MemoryError, OverflowError, TypeError, struct.error,
            zipfile.BadZipFile, zlib.error) as error:  # fmt: skip
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise DataError(str(path), f"{reason}, expected an NPZ file of plain arrays") from None


def _array(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> NDArray[Any]:
    """One member; what its header announces has to be there, so that a false one makes no room for what never comes."""
    name = entry.filename.removesuffix(".npy")
    if entry.compress_type not in _PACKINGS:
        raise DataError(str(path), f"{name}: found packing {entry.compress_type}, expected what NumPy writes")
    with archive.open(entry) as member:
        shape, columns_first, kind = _header(path, name, member)
        wanted = math.prod(shape) * kind.itemsize
        if wanted > entry.file_size:
            raise DataError(str(path), f"{name}: announces {shape} of {kind}, found {entry.file_size:,} bytes")
        content = read_at_most(member, wanted)
        if len(content) != wanted or member.read(1):
            raise DataError(str(path), f"{name}: expected {wanted:,} bytes for {shape} of {kind}, found others")
    array = np.frombuffer(content, kind)
    return array.reshape(shape[::-1]).T if columns_first else array.reshape(shape)


def _header(path: Path, name: str, member: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type, by what a .npy file of numbers begins with.

    NumPy has the header parsed as Python; here its three entries are looked for and nothing else in it matters.
    """
    start = member.read(8)
    size = _SIZES.get(start[6:7], 0) if start[:6] == b"\x93NUMPY" else 0
    header = member.read(min(int.from_bytes(member.read(size), "little"), MAX_HEADER)).decode("latin-1")
    found = [entry.search(header) for entry in _ENTRIES]
    if None in found:
        raise DataError(str(path), f"{name}: found no header of a plain array, expected an NPZ file of plain arrays")
    kind, order, shape = (match[1] for match in found if match)
    if not _KIND.fullmatch(kind):
        raise DataError(str(path), f"{name}: found {kind}, expected numbers")
    return tuple(int(n) for n in re.findall(r"\d+", shape)), order == "True", np.dtype(kind)


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
