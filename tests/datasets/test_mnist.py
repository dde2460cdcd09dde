"""Sets in the form of MNIST: from the data folder, from a folder of one's own, by import, and over the wire."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from tests.datasets.idx_files import idx_bytes, pictures, write_set
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
    with pytest.raises(DataError, match=f"mnist: not found in {home}, expected there: tuilab data fetch mnist"):
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
def mirror(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A mirror on this machine that serves whatever is put in the dictionary, as `mnist`."""
    served = write_set(tmp_path / "published")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = served.get(self.path.rsplit("/", 1)[-1])
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content if content is not None else b"")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in served.items()}
    here = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(fetch.ORIGINS, "mnist", fetch.Origin(("http://127.0.0.1:9/", f"{here}/a/"), sums))
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def test_fetch_takes_the_first_mirror_that_answers_and_reports(home: Path, mirror: dict[str, bytes]) -> None:
    seen: list[tuple[str, int, int]] = []
    assert fetch.fetch("mnist", lambda *state: seen.append(state)) == home / "mnist"
    assert len(load("mnist").x_test) == 50
    sizes = {name: len(content) for name, content in mirror.items()}
    assert {file: (done, total) for file, done, total in seen} == {name: (n, n) for name, n in sizes.items()}


def test_a_wrong_file_is_never_put_in_place(home: Path, mirror: dict[str, bytes]) -> None:
    name = f"{FILES[2]}.gz"
    mirror[name] = mirror[name][:-1] + b"x"
    with pytest.raises(DataError, match=r"mnist: t10k-images.*ConnectionError.*sent another file \(SHA-256 differs\)"):
        fetch.fetch("mnist")
    del mirror[name]
    with pytest.raises(DataError, match="answered 404"):
        fetch.fetch("mnist")
    assert list(home.iterdir()) == []


def test_offline_the_line_says_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(fetch.ORIGINS, "mnist", fetch.Origin(("http://127.0.0.1:9/",), fetch.ORIGINS["mnist"].sha256))
    with pytest.raises(DataError, match=r"failed \(ConnectionError\); expected a mirror to serve it, or import"):
        fetch.fetch("mnist")


def test_every_origin_names_four_files_with_sums() -> None:
    for origin in fetch.ORIGINS.values():
        assert origin.mirrors and all(address.endswith("/") for address in origin.mirrors)
        assert list(origin.sha256) == [f"{file}.gz" for file in FILES]
        assert all(len(bytes.fromhex(sum_)) == 32 for sum_ in origin.sha256.values())
