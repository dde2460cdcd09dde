"""Runs that compose with other tools: conditions, a preset on standard input, a Python file, JSON lines."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tuilab.cli import main
from tuilab.lab.preset import dumps, load_preset

ROOT = Path(__file__).resolve().parent.parent
WHEN = ("--when", "train_loss below 10", "dropout=+0.1")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_condition_of_the_command_line_turns_a_dial(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "xor", "--steps", "30", *WHEN, "--out", "R", "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 1 and json.loads(out)["events"] == [{"step": 22, "dropout": 0.1}]
    assert main(["replay", "R", "--check"]) == 0


def test_json_lines_end_with_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "xor", "--steps", "30", *WHEN, "--jsonl"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == list(range(1, 31))
    assert lines[-1]["status"] == "finished" and {"step": 22, "dropout": 0.1} in lines


def test_a_preset_comes_from_standard_input_or_a_python_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = dumps(load_preset("xor").with_(steps=5))
    Path("mine.py").write_text(f"from tuilab.lab import loads\npreset = loads({text!r})\n")
    hashes = set()
    for ref in ("-", "mine.py"):
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
        assert main(["run", ref, "--json"]) == 0
        hashes.add(json.loads(capsys.readouterr().out)["params_sha256"])
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--when", "val_los above 1", "lr=1"), "did you mean 'val_loss'"),
        (("--when", "val_loss above 1", "lr=/0"), "expected a number greater than 0 behind the /"),
        (("--when", "val_loss above 1", "lr"), "found no '='"),
        (("--when", "val_loss above 1", "widths=3"), "needs a new network"),
        (("--when", "val_loss above 1", "activation=relu,tanh,relu"), "found 3 names"),
        (("--when", "soon", "lr=1"), "expected words such as"),
        (("--json", "--jsonl"), "not allowed with"),
    ],
)
def test_a_mistake_is_2_and_one_line(words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(["run", "xor", *words])
    except SystemExit as end:
        code = int(end.code or 0)
    out, err = capsys.readouterr()
    assert (code, out) == (2, "") and err.startswith("tuilab") and err.count("\n") == 1 and said in err, err


def test_a_reader_that_leaves_early_does_not_lose_the_run() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tuilab", "run", "xor", "--steps", "200000", "--jsonl", "--out", "R"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    assert process.stdout is not None and process.stderr is not None
    assert json.loads(process.stdout.readline())["step"] == 0
    process.stdout.close()
    assert process.stderr.read() == b"" and process.wait(60) == 1
    result = json.loads(Path("R/result.json").read_text())
    assert result["status"] == "stopped" and 0 < result["steps"] < 200_000
    assert load_preset("R").recorded is not None
