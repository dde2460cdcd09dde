"""The user's own arrays: shapes and types that are taken, and that nothing in the file is ever run."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuilab.datasets import DataError, load
from tuilab.datasets.arrays import read_arrays

X = np.arange(60, dtype=np.float64).reshape(20, 3)
Y = np.arange(20) % 4


def save(tmp_path: Path, **arrays: Any) -> Path:
    path = tmp_path / "some.npz"
    np.savez_compressed(path, **arrays)
    return path


def test_arrays_of_a_class_or_a_number_are_taken(tmp_path: Path) -> None:
    source = read_arrays(save(tmp_path, x=X, y=Y.astype(np.uint8)))
    assert source.x.dtype == np.float32 and np.array_equal(source.x, X) and source.class_names == ("0", "1", "2", "3")
    assert source.y.dtype == np.int64 and np.array_equal(source.y, Y)
    line = read_arrays(save(tmp_path, x=X.astype(np.int16), y=np.linspace(0, 1, 20)))
    assert line.task == "regression" and line.y.shape == (20, 1) and line.y.dtype == np.float32
    assert read_arrays(save(tmp_path, x=X, y=X[:, :2])).y.shape == (20, 2)
    picture = read_arrays(save(tmp_path, x=X.reshape(5, 3, 4), y=Y[:5]))
    assert picture.image_shape == (3, 4) and picture.x.shape == (5, 12)


def test_a_test_part_of_ones_own_is_kept(tmp_path: Path) -> None:
    path = save(tmp_path, x_train=X, y_train=Y, x_test=X[:2] + 0.5, y_test=np.array([0, 5]))
    data = load(str(path), standardise=False)
    assert np.array_equal(data.x_test, X[:2] + 0.5) and data.classes == 6 and len(data.x_train) + len(data.x_val) == 20


@pytest.mark.parametrize(
    ("arrays", "words"),
    [
        ({"a": X}, "found a, expected x and y"),
        ({}, "found no arrays"),
        ({"x": X, "y": np.array([{}] * 20, object)}, r"y: found \|O, expected numbers"),
        ({"x": X, "y": np.array(["a"] * 20)}, "y: found <U1, expected numbers"),
        ({"x": X.astype(complex), "y": Y}, "x: found <c16"),
        ({"x": X, "y": Y[:19]}, r"y: found the shape \(19,\), expected a target for each of 20 rows"),
        ({"x": X[:, 0], "y": Y}, r"x: found the shape \(20,\)"),
        ({"x": X[:0], "y": Y[:0]}, r"x: found the shape \(0, 3\)"),
        ({"x": X, "y": Y - 1}, "y: found classes -1 to 2, allowed 0 to 65535"),
        ({"x": X, "y": Y + 10**9}, "allowed 0 to 65535"),
        ({"x": np.where(X == 7, np.nan, X), "y": Y}, "x, row 3, column 2: found nan"),
        ({"x": X * 1e40, "y": Y}, "x, row 1, column 2: found inf"),
        ({"x": X, "y": np.where(Y == 2, np.inf, 0.5)}, "y, row 3, column 1: found inf"),
        ({"x_train": X, "y_train": Y, "x_test": X[:, :2], "y_test": Y}, r"x_test is \(20, 2\)"),
    ],
)
def test_anything_else_is_refused_in_one_line(tmp_path: Path, arrays: dict, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        read_arrays(save(tmp_path, **arrays))
    assert "\n" not in str(caught.value)


def test_a_file_that_unpacks_to_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tuilab.datasets.arrays.MAX_BYTES", 1000)
    with pytest.raises(DataError, match=r"unpacks to 1,\d\d\d,\d\d\d bytes, allowed up to 1,000"):
        read_arrays(save(tmp_path, x=np.zeros((1000, 125)), y=np.zeros(1000)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(place=st.floats(0, 1, exclude_max=True), byte=st.integers(0, 255), cut=st.booleans(), packed=st.booleans())
def test_a_damaged_file_loads_or_is_refused_in_one_line(
    tmp_path: Path, place: float, byte: int, cut: bool, packed: bool
) -> None:
    memory = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(memory, x=X[:4], y=Y[:4])
    content = bytearray(memory.getvalue())
    at = int(place * len(content))
    content = content[:at] if cut else content[:at] + bytes([byte]) + content[at + 1 :]
    path = tmp_path / "some.npz"
    path.write_bytes(content)
    try:
        source = read_arrays(path)
    except DataError as error:
        assert "\n" not in str(error) and "some.npz" in str(error)
    else:
        assert np.isfinite(source.x).all() and len(source.x) == len(source.y)


def test_what_is_no_archive_of_arrays_is_refused(tmp_path: Path) -> None:
    words = tmp_path / "words.npz"
    with zipfile.ZipFile(words, "w") as archive:
        archive.writestr("x.npy", "not an array")
        archive.writestr("y", "neither")
    plain = tmp_path / "plain.npz"
    plain.write_text("plain")
    for path in (words, plain, tmp_path / "none.npz"):
        with pytest.raises(DataError, match="npz"):
            read_arrays(path)
    folder = tmp_path / "folder.npz"
    folder.mkdir()
    with pytest.raises(DataError, match="Is a directory"):
        read_arrays(folder)


def header(text: str) -> bytes:
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (
            header("{'descr': '<f4', 'fortran_order': False, 'shape': (1073741824, 8), }"),
            "x: announces (1073741824, 8)",
        ),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': " + "(1, " * 500), "x: found no header"),
        (header("__import__('os').system('true')"), "x: found no header"),
        (header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }") + bytes(9), "x: expected 4 bytes"),
        (bytes(2**26 + 1), "unpacks to 67,108,865 bytes"),
    ],
    ids=["announces", "deep", "python", "longer", "bomb"],
)
def test_a_false_header_makes_no_room_and_runs_nothing(tmp_path: Path, member: bytes, words: str) -> None:
    path = tmp_path / "some.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", member)
    with pytest.raises(DataError) as caught:
        read_arrays(path)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_arrays_stored_by_columns_are_read(tmp_path: Path) -> None:
    assert np.array_equal(read_arrays(save(tmp_path, x=np.asfortranarray(X), y=Y)).x, X)
