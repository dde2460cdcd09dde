"""Data sets that are not here: `tuilab data fetch`, and the first use of a preset that needs one."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.datasets.mirrors import Mirror, mirrored
from tuilab.cli import main
from tuilab.datasets import fetch

PRESET = "dataset = 'mnist'\nwidths = [4]\nsteps = 3\n"


class Terminal(io.StringIO):
    """What stderr is on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUILAB_DATA", str(tmp_path / "data"))
    Path("mine.toml").write_text(PRESET)
    with mirrored(tmp_path / "published", monkeypatch) as mirrors:
        yield mirrors


def test_fetch_prints_the_folder_and_its_way_on_a_terminal(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["data", "fetch", "mnist"]) == 0
    assert capsys.readouterr() == (f"{tmp_path / 'data' / 'mnist'}\n", "")
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert main(["data", "fetch", "mnist"]) == 0
    lines = screen.getvalue().split("\r\x1b[K")
    assert re.fullmatch(r"mnist: train-images-idx3-ubyte\.gz 0\.\d of 0\.\d MB", lines[1]) and lines[-1] == ""
    assert {line.split()[1] for line in lines[1:-1]} == set(mirror.served)


def test_the_first_use_fetches_and_the_second_does_not(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert main(["run", "mine.toml", "--json"]) == 0
        out, err = capsys.readouterr()
        assert json.loads(out)["dataset"] == "mnist" and err == ""
    assert len(mirror.asked) == 4


def test_offline_a_preset_is_refused_in_one_line_and_leaves_nothing(
    mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(fetch.ORIGINS, "mnist", fetch.Origin(("http://127.0.0.1:9/",), fetch.ORIGINS["mnist"].sha256))
    assert main(["run", "mine.toml", "--out", "R"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and not Path("R").exists() and list((tmp_path / "data").iterdir()) == []
    for words in ("mine: mnist: ", "tuilab data fetch mnist", "tuilab data import mnist DIR", "TUILAB_DATA"):
        assert words in err


def test_looking_at_a_preset_fetches_nothing(mirror: Mirror, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["presets", "check", "mine.toml"]) == 2
    assert "tuilab data fetch mnist" in capsys.readouterr().err and mirror.asked == []
