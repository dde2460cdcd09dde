"""A run in other formats holds the numbers of the run."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from safetensors.numpy import load_file

from tuilab.lab.drive import Stop, drive
from tuilab.lab.errors import RunError
from tuilab.lab.export import FORMATS, export
from tuilab.lab.preset import Preset, loads
from tuilab.lab.run_folder import RunFolder
from tuilab.lab.session import Session
from tuilab.lab.tensors import unpack


@pytest.fixture
def ended(tiny: Preset, tmp_path: Path) -> Session:
    session = Session(tiny, threads=1)
    session.prepare()
    session.attach(RunFolder.create(tiny, out=tmp_path / "R"))
    drive(session, Stop())
    session.finish()
    return session


def test_a_csv_has_every_row_of_the_log(ended: Session, tmp_path: Path) -> None:
    path = export(tmp_path / "R", "csv", tmp_path)
    assert path == tmp_path / "R.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    lines = [json.loads(line) for line in (tmp_path / "R" / "metrics.jsonl").read_text().splitlines()]
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        assert int(row["step"]) == line["step"]
        for key in ("loss", "accuracy", "lr", "val_loss", "val_accuracy"):
            assert (float(row[key]) if row[key] else None) == line.get(key)
        norms = [row[f"grad_norm_{i}"] for i in range(3)]
        assert [float(v) for v in norms if v] == line.get("grad_norm", [])
    assert sum(bool(row["loss"]) for row in rows) == 300


def test_what_was_not_finite_is_an_empty_cell(ended: Session, tmp_path: Path) -> None:
    row = {"step": 1, "loss": None, "accuracy": 0.5, "lr": 0.1, "grad_norm": [None, 1.0, True]}
    (tmp_path / "R" / "metrics.jsonl").write_text(json.dumps(row) + "\n")
    header, line = export(tmp_path / "R", "csv", tmp_path / "one.csv").read_text().splitlines()
    cells = dict(zip(header.split(","), line.split(","), strict=True))
    assert (cells["loss"], cells["accuracy"]) == ("", "0.5")
    assert [cells[f"grad_norm_{i}"] for i in range(3)] == ["", "1.0", ""]


def test_safetensors_hold_the_parameters_and_the_preset(ended: Session, tmp_path: Path) -> None:
    path = export(tmp_path / "R", "safetensors", tmp_path / "mine.safetensors")
    found, wanted = load_file(path), {**ended.trainer.tensors(), **ended.trainer.buffers()}
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)
    meta = unpack(path)[1]
    assert loads(meta["preset"]).widths == (8, 8) and meta["result"]["params_sha256"] == ended.trainer.params_sha256()


@pytest.mark.parametrize("kind", FORMATS)
def test_nothing_is_overwritten(kind: str, ended: Session, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(RunError, match="is there already"):
        export(tmp_path / "R", kind, tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"
    with pytest.raises(RunError, match="No such file"):
        export(tmp_path / "R", kind, tmp_path / "none" / "x")


def test_a_run_that_has_nothing_to_give_says_so(ended: Session, tmp_path: Path) -> None:
    (tmp_path / "R" / "weights.safetensors").unlink()
    (tmp_path / "R" / "metrics.jsonl").write_text("")
    with pytest.raises(RunError, match="has not ended"):
        export(tmp_path / "R", "safetensors", tmp_path)
    with pytest.raises(RunError, match="found no rows"):
        export(tmp_path / "R", "csv", tmp_path)
    for kind in ("html", "svg", "tensorboard"):
        with pytest.raises(RunError, match=r"found no (steps|rows)"):
            export(tmp_path / "R", kind, tmp_path)
    assert not list(tmp_path.glob("R.*"))
    with pytest.raises(RunError, match=r"found no preset\.toml"):
        export(tmp_path, "csv", tmp_path)


def test_an_onnx_file_answers_as_the_run_did(ended: Session, tmp_path: Path) -> None:
    path = export(tmp_path / "R", "onnx", tmp_path)
    x = ended.data.x_test
    (found,) = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})
    assert np.abs(found - ended.trainer.predict(x)).max() <= 1e-5
    (tmp_path / "R" / "snapshot.safetensors").unlink()
    with pytest.raises(RunError, match=r"snapshot\.safetensors: not there"):
        export(tmp_path / "R", "onnx", tmp_path / "again.onnx")
