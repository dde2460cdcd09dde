"""The short form of the fuzzing, and that it would notice what it is for."""

from __future__ import annotations

import os
import pickle
import random
from pathlib import Path

import numpy as np
import pytest

from tests.reliability.fuzz import Watch, again, campaign, verdict
from tests.reliability.mutations import LINK, Evil
from tests.reliability.readers import READERS, laid
from tuilab.lab.errors import LabError


@pytest.mark.parametrize("name", READERS)
def test_damaged_files_load_or_are_refused_in_one_line(name: str, tmp_path: Path) -> None:
    out = campaign(name, 11, inputs=40 if name == "timeline" else 150, keep=tmp_path)
    assert not out.wrong, out.told()
    assert out.refused and out.loads


def test_an_input_of_a_seed_is_always_the_same() -> None:
    for name, reader in READERS.items():
        drawn = [[reader.draw(random.Random(f"5/{name}/{k}")) for k in range(20)] for _ in range(2)]
        assert drawn[0] == drawn[1] and len(set(drawn[0])) > 10


def test_a_kept_input_is_read_once_more(tmp_path: Path) -> None:
    for content, found in ((READERS["npz"].files()["a.npz"], "loads"), (pickle.dumps(Evil()), "refused")):
        (tmp_path / "npz-1-7-a.npz").write_bytes(content)
        assert again(tmp_path / "npz-1-7-a.npz") == found


def _hungry(_: Path) -> None:
    try:
        raise MemoryError
    except MemoryError:
        raise LabError("no room for it") from None


@pytest.mark.parametrize(
    ("read", "words"),
    [
        (lambda folder: (folder / "../out").write_text(""), "wrote to"),
        (lambda folder: (folder / "file").read_text(), "read FOLDER/file"),
        (lambda folder: np.load(folder / "p", allow_pickle=True), "pickle.find_class"),
        (lambda _: os.system("true"), "os.system"),
        (lambda folder: (folder / "../out").mkdir(), "os.mkdir"),
        (_hungry, "asked for too much memory: no room for it"),
        (lambda _: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_reader_that_does_more_than_read_is_noticed(read: object, words: str, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    laid(folder, {"file": LINK + b"/etc/hostname", "p": pickle.dumps(Evil())})
    watch = Watch(folder, inside=True)
    assert verdict(lambda _: None, folder, watch) == "loads"
    assert words in verdict(read, folder, watch)
