"""The first start compiles each part once, and the cache stays small: versions compiled longest ago go."""

import gc
import os
from collections.abc import Iterator
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


@pytest.fixture
def tokens() -> Iterator[int]:
    read = warm.make_tokens(5)
    yield read
    os.close(read)


def test_two_who_compile_from_both_ends_do_each_part_once(tokens: int) -> None:
    done: list[str] = []
    told: list[tuple[str, int, int]] = []
    parts = [(name, partial(done.append, name)) for name in "abcde"]
    others = parts[::-1]

    def beside() -> None:
        done.append("a")
        warm.compile_parts(others[:3], tokens, lambda *_: None)  # while a is being compiled

    parts[0] = ("a", beside)
    warm.compile_parts(parts, tokens, lambda *what: told.append(what))
    assert done == ["a", "e", "d", "c", "b"]
    assert told == [("a", 0, 5), ("b", 4, 5)]
    warm.compile_parts(others, tokens, lambda *_: None)
    assert len(done) == 5, "nothing is left"


def test_one_alone_compiles_all(tokens: int) -> None:
    done: list[str] = []
    warm.compile_parts([(name, partial(done.append, name)) for name in "abcde"], tokens, lambda *_: None)
    assert done == list("abcde")


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


def test_python_looks_for_garbage_as_before_once_all_is_compiled(tokens: int) -> None:
    usual, during = gc.get_threshold(), []
    warm.compile_parts([("a", lambda: during.append(gc.get_threshold()))], tokens, lambda *_: None)
    assert gc.get_threshold() == usual != during[0]
