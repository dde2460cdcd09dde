"""Sets in the form of MNIST: from the data folder, from a folder of one's own, by import, and over the wire."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.idx_files import idx_bytes, pictures, write_set
from tests.datasets.mirrors import Mirror, mirrored
from tuilab.datasets import DataError, fetch, load
from tuilab.datasets.mnist import FILES
from tuilab.datasets.places import data_folder


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TUILAB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_the_data_folder_is_the_platforms_unless_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TUILAB_DATA", raising=False)
    assert data_folder().parts[-2:] == ("tuilab", "data")
    monkeypatch.setenv("TUILAB_DATA", str(tmp_path))
    assert data_folder() == tmp_path


@pytest.mark.parametrize("packed", [True, False])
def test_a_set_is_loaded_with_its_published_test_part(home: Path, packed: bool) -> None:
    write_set(home / "fashion-mnist", packed)
    data = load("fashion-mnist", seed=1)
    assert (len(data.x_train), len(data.x_val), len(data.x_test)) == (170, 30, 50)
    assert data.image_shape == (28, 28) and data.features == 784 and data.class_names[9] == "ankle boot"
    x, y = pictures(50, 1)
    assert np.array_equal(data.x_test, x.reshape(50, 784) / np.float32(255)) and np.array_equal(data.y_test, y)
    assert data.x_train.dtype == np.float32 and data.x_train.max() == 1.0
    assert np.array_equal(np.bincount(data.y_val), np.full(10, 3))
    rows = {row.tobytes() for row in np.concatenate([data.x_train, data.x_val])}
    assert rows == {row.tobytes() for row in pictures(200, 0)[0].reshape(200, 784) / np.float32(255)}


def test_the_other_spelling_and_a_folder_of_ones_own(tmp_path: Path) -> None:
    contents = write_set(tmp_path / "mine", packed=False)
    for name in contents:
        (tmp_path / "mine" / name).rename(tmp_path / "mine" / name.replace("-idx", ".idx"))
    data = load(str(tmp_path / "mine"))
    assert data.name == "mine" and data.class_names == tuple("0123456789") and len(data.x_test) == 50


def test_a_set_that_is_not_there_says_how_to_get_it(home: Path) -> None:
    with pytest.raises(
        DataError, match=f"mnist: not found in {home}, expected there: .*fetch mnist.*import.*TUILAB_DATA"
    ):
        load("mnist")


@pytest.mark.parametrize(
    ("file", "array", "words"),
    [
        (1, np.zeros(7, np.uint8), r"found pictures \(200, 28, 28\) and 7 labels"),
        (3, np.full(50, 11, np.uint8), "found a label 11, expected 0 to 9"),
        (1, np.zeros(200, np.int32), r"found int32 \(200,\), expected bytes in 1 dimensions"),
        (0, np.zeros((200, 784), np.uint8), "expected bytes in 3 dimensions"),
        (2, np.zeros((50, 20, 28), np.uint8), r"test pictures are \(20, 28\), expected \(28, 28\)"),
        (0, None, "found no train-images-idx3-ubyte"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    home: Path, file: int, array: np.ndarray | None, words: str
) -> None:
    write_set(home / "mnist", packed=False)
    path = home / "mnist" / FILES[file]
    path.unlink() if array is None else path.write_bytes(idx_bytes(array))
    with pytest.raises(DataError, match=words):
        load("mnist")


def test_import_copies_what_loads_and_nothing_else(home: Path, tmp_path: Path) -> None:
    source = tmp_path / "from"
    contents = write_set(source)
    assert fetch.import_folder(source, "kmnist") == home / "kmnist"
    before = load("kmnist")
    (source / f"{FILES[0]}.gz").write_bytes(contents[f"{FILES[0]}.gz"][:-9])  # cut short
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz"):
        fetch.import_folder(source, "kmnist")
    assert np.array_equal(load("kmnist").x_train, before.x_train)  # the old one is still whole
    assert {p.name for p in home.iterdir()} == {"kmnist"}
    for bad, words in ((tmp_path / "no", "no such folder"), (home, "found none of the files")):
        with pytest.raises(DataError, match=words):
            fetch.import_folder(bad, "kmnist")
    with pytest.raises(DataError, match="did you mean 'kmnist'"):
        fetch.import_folder(source, "kmnst")


@pytest.fixture
def mirror(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Mirrors on this machine as those of `mnist`."""
    with mirrored(tmp_path / "published", monkeypatch) as mirrors:
        yield mirrors


def test_fetch_takes_the_first_mirror_that_answers_and_reports(
    home: Path, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = fetch.Origin(("http://127.0.0.1:9/", *fetch.ORIGINS["mnist"].mirrors), fetch.ORIGINS["mnist"].sha256)
    monkeypatch.setitem(fetch.ORIGINS, "mnist", away)
    seen: list[tuple[str, int, int]] = []
    assert fetch.fetch("mnist", lambda *state: seen.append(state)) == home / "mnist"
    assert len(load("mnist").x_test) == 50
    sizes = {name: len(content) for name, content in mirror.served.items()}
    assert {file: (done, total) for file, done, total in seen} == {name: (n, n) for name, n in sizes.items()}


def test_a_wrong_file_is_never_put_in_place(home: Path, mirror: Mirror) -> None:
    name = f"{FILES[2]}.gz"
    mirror.served[name] = mirror.served[name][:-1] + b"x"
    with pytest.raises(
        DataError, match=r"mnist: t10k-images.*a/ sent another file \(SHA-256 differs\).*b/ sent another"
    ):
        fetch.fetch("mnist")
    del mirror.served[name]
    with pytest.raises(DataError, match="answered 404"):
        fetch.fetch("mnist")
    assert list(home.iterdir()) == []


def test_offline_the_line_says_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fetch.ORIGINS, "mnist", fetch.Origin(("http://127.0.0.1:9/",), fetch.ORIGINS["mnist"].sha256))
    words = (
        r"failed \(ConnectionError\); try tuilab data fetch mnist later, or tuilab data import mnist DIR, .*TUILAB_DATA"
    )
    with pytest.raises(DataError, match=words) as caught:
        fetch.fetch("mnist")
    assert "\n" not in str(caught.value) and list(home.iterdir()) == []


@pytest.mark.parametrize("fault", ["another", "cut", "busy", "missing", "slow to say no"])
def test_a_mirror_that_fails_is_followed_by_the_next(home: Path, mirror: Mirror, fault: str) -> None:
    """The first mirror sends something else, breaks off, has an error, or has not the file; the second one is good."""
    mirror.faults = {f"{FILES[0]}.gz": fault, f"{FILES[3]}.gz": fault}
    fetch.fetch("mnist")
    assert len(load("mnist").x_train) == 170
    wanted = [("b", name) for name in mirror.served]
    assert [one for one in mirror.asked if one[0] == "b"] == [w for w in wanted if w[1] in mirror.faults]
    assert [name for where, name in mirror.asked if where == "a"] == list(mirror.served)


def test_a_fault_of_every_mirror_is_told_with_its_reason(home: Path, mirror: Mirror) -> None:
    name = f"{FILES[0]}.gz"
    mirror.faults = {name: "cut"}
    mirror.served[name] = mirror.served[name][:-1] + b"x"
    with pytest.raises(DataError, match=r"a/ failed \([A-Za-z]+\); http.*b/ sent another file \(SHA-256 differs\)"):
        fetch.fetch("mnist")
    assert list(home.iterdir()) == []


def test_what_is_there_is_not_fetched_again(home: Path, mirror: Mirror) -> None:
    fetch.ensure("digits")
    fetch.ensure("mine.csv")
    assert mirror.asked == []
    fetch.ensure("mnist")
    assert (home / "mnist").is_dir() and len(mirror.asked) == 4
    fetch.ensure("mnist")
    assert len(mirror.asked) == 4


def test_without_pooch_the_line_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(DataError, match=r"needs pooch \(pip install pooch\); or tuilab data import mnist DIR"):
        fetch.ensure("mnist")


def test_every_origin_names_four_files_with_sums() -> None:
    for origin in fetch.ORIGINS.values():
        assert origin.mirrors and all(address.endswith("/") for address in origin.mirrors)
        assert list(origin.sha256) == [f"{file}.gz" for file in FILES]
        assert all(len(bytes.fromhex(sum_)) == 32 for sum_ in origin.sha256.values())
