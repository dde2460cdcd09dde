"""`tuilab compare` and `tuilab export` as they are used."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tuilab.cli import main
from tuilab.lab.export import FORMATS


@pytest.fixture(autouse=True)
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    for name, more in (("A", []), ("B", ["--set", "lr=0.1"])):
        assert main(["run", "xor", "--steps", "30", "--out", name, *more]) == 0
    capsys.readouterr()


def test_compare_prints_a_table_or_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "A", "B"]) == 0
    assert ["lr", "0.03", "0.1"] in [line.split() for line in capsys.readouterr().out.splitlines()]
    assert main(["compare", "A", "B", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table["runs"] == ["A", "B"] and table["dials"] == {"lr": [0.03, 0.1]}


@pytest.mark.parametrize("kind", FORMATS)
def test_export_names_the_new_file(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "A", "--to", kind]) == 0
    assert capsys.readouterr().out == f"A.{kind}\n" and Path(f"A.{kind}").stat().st_size > 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["compare", "A"], "expected two or more"),
        (["compare", "A", "none"], "none"),
        (["export", "A", "--to", "cvs"], "cvs"),
        (["export", "A"], "--to"),
        (["export", "xor", "--to", "csv"], "expected a run folder"),
    ],
)
def test_a_mistake_is_2_and_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(words)
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    assert (code, out) == (2, "") and err.count("\n") == 1 and said in err
