"""Runs from Python: what comes back is what the command line prints, and what is left replays; files that do not do."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

import tuilab.lab
from tuilab.lab import PresetError, RunError, load_preset, run
from tuilab.lab.preset import Preset, dumps
from tuilab.lab.replay import replay
from tuilab.lab.script import from_python, preset_of
from tuilab.lab.session import Session


def test_every_name_of_the_package_is_there() -> None:
    for name in tuilab.lab.__all__:
        found = getattr(tuilab.lab, name)
        assert found.__name__ == name if callable(found) else name in ("KEYS", "TURNABLE")
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tuilab.lab.nothing


def test_a_run_with_a_hand_of_its_own_is_saved_and_replays(tiny: Preset, tmp_path: Path) -> None:
    seen = []

    def watch(session: Session) -> None:
        seen.append(session.step)
        if session.step == 100:
            session.turn("dropout", 0.25)

    result = run(tiny, out=tmp_path / "R", watch=watch)
    assert seen == [50, 100, 150, 200, 250, 300] and result["status"] == "finished"
    assert result["events"] == [{"step": 100, "dropout": 0.25}] and result["saved"] is True
    assert replay(tmp_path / "R")["match"] is True
    plain = run(tiny.at(100, dropout=0.25))
    assert plain["params_sha256"] == result["params_sha256"] and plain["out"] is None
    with pytest.raises(RunError, match="found a run in this folder"):
        run(tiny, out=tmp_path / "R")


def test_a_file_gives_its_preset_and_its_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from tuilab.lab import load_preset\npreset = load_preset('xor').at(5, lr=0.1)\n")
    made = preset_of(str(path))
    assert made == load_preset("xor").at(5, lr=0.1) and made.name == "xor"
    path.write_text("from tuilab.lab import Preset\npreset = Preset('moons')\n")
    assert from_python(path).name == "mine"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1", r"mine\.py: found no variable preset, expected one such as preset = load_preset"),
        ("preset = 'digits'", "found preset of type str"),
        ("a = 1\nb = (", "line 2: SyntaxError: '\\(' was never closed"),
        ("a = 1\n\nimport nowhere", "line 3: ModuleNotFoundError: No module named 'nowhere'"),
        ("def f():\n    return 1 / 0\nf()", "line 2: ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "line 1: SystemExit: 3"),
        ("from tuilab.lab import Preset\nPreset('xor').at(3, widths=[4])", "line 2: at step 3: widths: needs a new"),
        ("raise ValueError", "line 1: ValueError$"),
        (None, "No such file or directory"),
    ],
)
def test_a_file_that_does_not_do_is_one_line(text: str | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    with pytest.raises(PresetError) as caught:
        from_python(path)
    line = str(caught.value)
    assert line.startswith(f"{path}: ") and "\n" not in line and re.search(said, line), line


def test_standard_input_is_a_preset(tiny: Preset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(dumps(tiny).encode())))
    assert preset_of("-") == tiny
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"")))
    with pytest.raises(PresetError, match=r"^stdin: found an empty file"):
        preset_of("-")
