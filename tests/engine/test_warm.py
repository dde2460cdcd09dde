"""The cache of compiled code stays small: versions compiled longest ago go."""

import os
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
