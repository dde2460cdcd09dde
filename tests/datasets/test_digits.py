"""The digits: the same numbers scikit-learn gives, and one line if its file is not what it should be."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from tuilab.datasets import DataError, load
from tuilab.datasets import digits as module


def pairs(x: np.ndarray, y: np.ndarray) -> set[tuple[bytes, int]]:
    """Every picture with its label, in no order."""
    return {(row.astype(np.float32).tobytes(), int(label)) for row, label in zip(x, y, strict=True)}


def test_the_digits_are_scikit_learns() -> None:
    from sklearn.datasets import load_digits

    theirs = load_digits()
    source = module.read("digits", seed=0)
    assert np.array_equal(source.x * 16, theirs.data.astype(np.float32)) and np.array_equal(source.y, theirs.target)
    data = load("digits")
    assert data.image_shape == (8, 8) and data.class_names == tuple("0123456789")
    assert data.x_train.min() == 0.0 and data.x_train.max() == 1.0
    ours = np.concatenate([data.x_train, data.x_val, data.x_test])
    labels = np.concatenate([data.y_train, data.y_val, data.y_test])
    pairs = {(row.tobytes(), int(label)) for row, label in zip(ours * 16, labels, strict=True)}
    assert pairs == {
        (row.astype(np.float32).tobytes(), int(y)) for row, y in zip(theirs.data, theirs.target, strict=True)
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"not gzip", "expected scikit-learn's digits"),
        (gzip.compress(b"1,2,x\n"), "expected scikit-learn's digits"),
        (gzip.compress(b"1,2,3\n4,5,6\n"), r"found a table of \(2, 3\), expected \(1797, 65\)"),
        (gzip.compress(b"1,2,3\n" * 999)[:-20], "expected scikit-learn's digits"),
    ],
    ids=["not gzip", "not numbers", "another table", "cut short"],
)
def test_a_damaged_file_is_named_in_one_line(
    content: bytes, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "digits.csv.gz"
    path.write_bytes(content)
    monkeypatch.setattr(module, "_file", lambda name: path)
    with pytest.raises(DataError, match=words) as caught:
        load("digits")
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_without_scikit_learn_the_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"digits: found no scikit-learn .* pip install scikit-learn"):
        load("digits")
