"""The user's own table: what is found out about it, and that a wrong cell is named by row and column."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tuilab.datasets import DataError, load
from tuilab.datasets.table import read_table

fuzz = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)


def save(tmp_path: Path, text: str | bytes, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


IRIS = "length,width,species\n5.1,3.5,setosa\n7,3.2,versicolor\n6.3,3.3,virginica\n4.9,3,setosa\n"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "  "])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_separator_header_target_and_task_are_found_out(tmp_path: Path, separator: str, end: str) -> None:
    text = "\ufeff" + IRIS.replace(",", separator).replace("\n", end) + end
    source = read_table(save(tmp_path, text))
    assert source.task == "classification" and source.class_names == ("setosa", "versicolor", "virginica")
    assert np.array_equal(source.x, np.float32([[5.1, 3.5], [7, 3.2], [6.3, 3.3], [4.9, 3]]))
    assert np.array_equal(source.y, [0, 1, 2, 0]) and source.y.dtype == np.int64


def test_a_target_is_known_by_its_name_or_named_or_last(tmp_path: Path) -> None:
    path = save(tmp_path, "a,Label,b\n1,10,0.5\n2,9,0.25\n")
    assert read_table(path).class_names == ("9", "10")  # in the order of numbers
    assert np.array_equal(read_table(path).x, np.float32([[1, 0.5], [2, 0.25]]))
    named = read_table(path, target="b")
    assert named.task == "regression" and np.array_equal(named.y, np.float32([[0.5], [0.25]]))
    assert read_table(path, target="a", task="regression").y.dtype == np.float32
    with pytest.raises(DataError, match=r"target: found 'labl'.*did you mean 'Label'"):
        read_table(path, target="labl")
    with pytest.raises(DataError, match=r"task: found 'clasification'.*did you mean 'classification'"):
        read_table(path, task="clasification")
    plain = read_table(save(tmp_path, "1,2,0\n3,4,1\n5,6,1\n"))
    assert np.array_equal(plain.y, [0, 1, 1]) and plain.x.shape == (3, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found nothing in it"),
        ("\n\n  \n", "found nothing in it"),
        ("1\n2\n", "found one column"),
        ("a,b,c\n1,,0\n", "row 2, b: found '', a missing value"),
        ("1,2,0\n3,NA,1\n", "row 2, column 2: found 'NA', a missing value"),
        ("a,b,c\n1,2,0\n\n1,nan,0\n", "row 4, b: found 'nan', a missing value"),
        ("a,b,c\n1,2,x\n1,2,\n", "row 3, c: found '', a missing value"),
        ("a,b,c\n1,red,0\n2,blue,1\n", "row 2, b: found 'red', expected a finite number"),
        ("1,inf,0\n2,1,1\n", "row 1, column 2: found 'inf', expected a finite number"),
        ("1,1e39,0\n2,1,1\n", "row 1, column 2: found '1e39', expected a finite number"),
        ("1,1_0,0\n2,1,1\n", "row 1, column 2: found '1_0', expected a finite number"),
        ("a,b,c\n1,2,0\n1,2\n", "row 3: found 2 cells, expected 3"),
        ("a,a,c\n1,2,0\n", "found 'a' twice in the header"),
        ("1,2,0\n3,4,0\n", "column 3: found 1 classes, allowed 2 to 100"),
        ('1,2,"0\n', "row 1: "),
        (b"1,2\n\xff\xfe,3\n", "byte 5 is not UTF-8"),
        (b"1,2\n3,\0\n", "byte 7 is zero"),
    ],
)
def test_a_wrong_table_is_refused_by_row_and_column(tmp_path: Path, text: str | bytes, words: str) -> None:
    path = save(tmp_path, text)
    with pytest.raises(DataError) as caught:
        read_table(path)
    assert words in str(caught.value) and str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(DataError, match="expected a table as text"):
            read_table(path)


@given(
    x=st.lists(st.tuples(*[st.floats(-(2.0**100), 2.0**100, width=32)] * 3), min_size=4, max_size=30),
    separator=st.sampled_from([",", ";", "\t", "|", " "]),
    header=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)
def test_numbers_come_back_exactly(
    tmp_path: Path, x: list[tuple[float, float, float]], separator: str, header: bool
) -> None:
    lines = [separator.join((*map(repr, row), f"c{k % 2}")) for k, row in enumerate(x)]
    text = "\n".join([*([separator.join(("u", "v", "w", "kind"))] if header else []), *lines])
    source = read_table(save(tmp_path, text))
    assert np.array_equal(source.x, np.float32(x)) and source.class_names == ("c0", "c1")


@fuzz
@given(content=st.one_of(st.binary(max_size=80), st.text(alphabet='0123456789.,;\t|\n" eE-+naxyz\r', max_size=80)))
def test_any_file_is_a_table_or_one_line(tmp_path: Path, content: str | bytes) -> None:
    path = save(tmp_path, content)
    try:
        source = read_table(path)
    except DataError as error:
        assert "\n" not in str(error) and "\r" not in str(error)
    else:
        assert np.isfinite(source.x).all() and len(source.x) == len(source.y) >= 1 and source.x.shape[1] >= 1


def test_a_table_trains_standardised_unless_told_otherwise(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = "\n".join(f"{a:.3f},{b:.3f},{int(a > 1000)}" for a, b in rng.normal([1000, 0], [50, 0.1], (200, 2)))
    path = save(tmp_path, rows)
    data = load(str(path), seed=2)
    assert (len(data.x_train), len(data.x_val), len(data.x_test)) == (140, 30, 30) and data.classes == 2
    assert np.allclose(data.x_train.mean(0), 0, atol=1e-5) and np.allclose(data.x_train.std(0), 1, atol=1e-5)
    assert load(str(path), standardise=False).x_train[:, 0].mean() > 900
    line = load(str(path), target="column 1")
    assert line.task == "regression" and line.outputs == 1 and line.classes == 0
    for wrong in ({"noise": 0.1}, {"targt": "x"}):
        with pytest.raises(DataError, match="allowed: train_size, label_noise, standardise, target, task, missing"):
            load(str(path), **wrong)


def test_a_missing_feature_is_filled_in_if_asked(tmp_path: Path) -> None:
    rows = [f"{k},{'NA' if k % 4 == 0 else 10 * k},{'' if k else 1},{k % 2}" for k in range(40)]
    path = save(tmp_path, "\n".join(["a,b,c,y", *rows]))
    with pytest.raises(DataError, match="row 2, b: found 'NA', a missing value"):
        load(str(path))
    with pytest.raises(DataError, match="missing: found 'drop', allowed: refuse, mean"):
        load(str(path), missing="drop")
    data = load(str(path), missing="mean", standardise=False, train_size=15)
    here = data.x_train[:, 0] % 4 != 0
    mean = np.float32(data.x_train[here, 1].mean(dtype=float))
    assert 0 < here.sum() < 15 and np.array_equal(data.x_train[~here, 1], np.full(15 - here.sum(), mean))
    for x in (data.x_train, data.x_val, data.x_test):
        known = x[:, 0] % 4 != 0
        assert np.array_equal(x[known, 1], 10 * x[known, 0]) and np.allclose(x[~known, 1], mean)
        assert x.dtype == np.float32 and x.flags["C_CONTIGUOUS"]
    assert np.isfinite(load(str(path), missing="mean").x_test).all()
    data = load(str(path), missing="median", standardise=False, train_size=15)
    assert np.array_equal(data.x_train[:, 0] % 4 != 0, here)
    middle = np.float32(np.median(data.x_train[here, 1].astype(float)))
    assert middle != mean and np.array_equal(data.x_train[~here, 1], np.full(15 - here.sum(), middle))
    target = save(tmp_path, "a,b,y\n1,2,0\n1,2,?\n")
    with pytest.raises(DataError, match="row 3, y: found '\\?', a missing value"):
        load(str(target), missing="mean")


def test_targets_of_a_regression_are_standardised_and_can_be_taken_back(tmp_path: Path) -> None:
    a = np.random.default_rng(1).normal(size=200)
    path = save(tmp_path, "\n".join(f"{v:.6f},{5000 + 300 * v:.3f}" for v in a))
    data, plain = load(str(path)), load(str(path), standardise=False)
    assert abs(data.y_train.mean()) < 1e-5 and abs(data.y_train.std() - 1) < 1e-5
    back = data.y_test * np.float32(data.y_deviation) + np.float32(data.y_mean)
    assert np.allclose(back, plain.y_test, rtol=1e-5) and plain.y_mean == () and data.y_test.shape == (30, 1)


def test_what_never_ends_is_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "t.csv")
    (tmp_path / "link.csv").symlink_to("/dev/zero")

    def read(path: Path) -> bytes:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr(Path, "read_bytes", read)
    for path in (Path("/dev/zero"), tmp_path / "t.csv", tmp_path / "link.csv"):
        with pytest.raises(DataError, match=f"{path}: found a pipe or a device, expected a table as text"):
            read_table(path)


def test_a_wide_header_takes_no_time(tmp_path: Path) -> None:
    wide = [f"c{k}" for k in range(60_000)]
    with pytest.raises(DataError, match="found 'c7' twice"):
        read_table(save(tmp_path, ",".join([*wide, "c7"]) + "\n" + ",".join(["1"] * 60_001)))
