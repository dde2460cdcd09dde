"""The first start compiles each part once, and the cache stays small: versions compiled longest ago go."""

import gc
import os
from functools import partial
from pathlib import Path

import pytest

from engine import compiled, warm


def test_the_oldest_versions_are_forgotten(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUILAB_CACHE", str(tmp_path))
    here = compiled.cache_folder()
    for age, name in enumerate(["newest", "newer", "older", "oldest"]):
        folder = here.parent / name
        folder.mkdir(parents=True)
        (folder / "code.nbc").write_bytes(b"x")
        os.utime(folder, (1e9 - age, 1e9 - age))
    here.mkdir()
    os.utime(here, (1, 1))  # this version stays however old its folder looks
    warm.forget_old_versions()
    assert {p.name for p in here.parent.iterdir()} == {here.name, "newest", "newer", "older"}


def test_no_cache_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUILAB_CACHE", str(tmp_path / "nowhere"))
    warm.forget_old_versions()
    assert not compiled.is_warm()


def test_two_who_compile_from_both_ends_do_each_part_once(tmp_path: Path) -> None:
    done: list[str] = []
    told: list[tuple[str, int, int]] = []
    parts = [(name, partial(done.append, name)) for name in "abcde"]

    def beside() -> None:
        done.append("a")
        assert warm.compile_parts(parts[:1:-1], tmp_path, lambda *_: None) == 3  # e, d, c while a is being compiled

    parts[0] = ("a", beside)
    assert warm.compile_parts(parts, tmp_path, lambda *what: told.append(what)) == 5
    assert done == ["a", "e", "d", "c", "b"]
    assert told == [("a", 0, 5), ("b", 4, 5)]


def test_a_cache_is_warm_only_with_all_that_takes_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TUILAB_CACHE", str(tmp_path))
    folder = compiled.cache_folder() / "cpu"
    folder.mkdir(parents=True)
    for name in sorted(compiled.LARGEST):
        assert not compiled.is_warm()
        (folder / f"{name}-7.py311.nbi").touch()
    assert compiled.is_warm()


def test_the_largest_functions_have_the_names_that_numba_gives_them() -> None:
    """Else every start would think that it is the first."""
    warm.warm_up()
    assert compiled.is_warm()


def test_python_looks_for_garbage_as_before_once_all_is_compiled(tmp_path: Path) -> None:
    usual, during = gc.get_threshold(), []
    warm.compile_parts([("a", lambda: during.append(gc.get_threshold()))], tmp_path, lambda *_: None)
    assert gc.get_threshold() == usual != during[0]
