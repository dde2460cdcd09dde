"""Files are the old one or the new one; a folder belongs to one process; a disk that fails is told in a line."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tuilab.lab.disk import FolderLock, Writer, one_at_a_time, read_inside, write_atomic
from tuilab.lab.errors import RunError
from tuilab.lab.tensors import pack, unpack


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.json"
    write_atomic(path, b"old")

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomic(path, b"new")
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["result.json"]


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    outside, path = tmp_path / "outside", tmp_path / "result.json"
    outside.write_bytes(b"keep me")
    path.symlink_to(outside)
    write_atomic(path, b"new")
    assert outside.read_bytes() == b"keep me" and path.read_bytes() == b"new" and not path.is_symlink()


def test_a_new_file_has_the_usual_rights(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a", b"")
    (tmp_path / "b").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode


def test_only_plain_files_of_a_sane_size_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    assert read_inside(tmp_path / "file", 5) == b"12345"
    for name, limit in (("file", 4), ("link", 9), ("pipe", 9), (".", 9)):
        with pytest.raises(OSError):
            read_inside(tmp_path / name, limit)


def test_no_more_room_is_asked_for_than_a_file_takes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    assert read_inside(tmp_path / "file", 2**62) == b"12345"  # no machine has room for such a limit


def test_a_second_process_is_kept_out_until_the_first_is_gone(tmp_path: Path) -> None:
    code = f"from tuilab.lab.disk import FolderLock; from pathlib import Path; FolderLock(Path({str(tmp_path)!r}))"
    lock = FolderLock(tmp_path)
    held = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert held.returncode == 1 and f"in use by another process ({os.getpid()})" in held.stderr
    lock.release()
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    FolderLock(tmp_path).release()


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").write_bytes(b"keep me")
    (tmp_path / ".lock").symlink_to(tmp_path / "outside")
    with pytest.raises(OSError):
        FolderLock(tmp_path)
    assert (tmp_path / "outside").read_bytes() == b"keep me"


def test_of_those_who_want_to_compile_one_does_at_a_time(tmp_path: Path) -> None:
    inside, most = [], []

    def enter() -> None:
        with one_at_a_time(tmp_path / "cache" / ".compiling"):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=enter) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 5
    (tmp_path / "file").touch()
    with one_at_a_time(tmp_path / "file" / "lock"):  # a cache that cannot be written does not stop anyone
        pass


def test_the_writer_does_the_last_job_of_each_kind() -> None:
    writer, done, gate = Writer(), [], threading.Event()
    writer.submit("first", gate.wait)
    for i in range(5):
        writer.submit("save", lambda i=i: done.append(i))
    writer.submit("other", lambda: done.append("other"))
    gate.set()
    writer.close()
    assert done == [4, "other"]


def test_a_disk_that_fails_is_told_until_it_works_again() -> None:
    writer = Writer()

    def full() -> None:
        raise OSError(28, "No space left on device")

    writer.submit("save", full)
    assert writer.drain(5) and writer.problem == "No space left on device"
    writer.submit("save", lambda: None)
    assert writer.drain(5) and writer.problem is None
    writer.close()


def test_arrays_and_what_is_known_of_them_come_back(tmp_path: Path) -> None:
    arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3).T, "b": np.zeros(0, np.float32)}
    meta = {"step": 7, "nested": {"text": "é", "list": [1, None, 2.5]}}
    (tmp_path / "x.safetensors").write_bytes(pack(arrays, meta))
    found, known = unpack(tmp_path / "x.safetensors")
    assert known == meta and set(found) == {"a", "b"}
    np.testing.assert_array_equal(found["a"], arrays["a"])


def test_other_programs_can_read_the_tensors(tmp_path: Path) -> None:
    from safetensors import safe_open

    (tmp_path / "x.safetensors").write_bytes(pack({"0.weight": np.ones((2, 2), np.float32)}, {}))
    with safe_open(tmp_path / "x.safetensors", "np") as file:
        assert list(file.keys()) == ["0.weight"]


@pytest.mark.parametrize("cut", [0, 4, 8, 40, -1])
def test_a_damaged_tensor_file_is_one_line(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(pack({"a": np.ones(9, np.float32)}, {"step": 1})[:cut])
    with pytest.raises(RunError, match="expected a safetensors file") as caught:
        unpack(path)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize("header", [b'{"__metadata__": {"tuilab": "["}}', b'{"__metadata__": {"tuilab": "[1]"}}'])
def test_a_foreign_header_is_one_line(header: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(RunError, match="expected a safetensors file"):
        unpack(path)
