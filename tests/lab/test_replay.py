"""What was recorded comes out again, bit for bit; where it does not, the distance is told."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tuilab.lab.drive import Stop
from tuilab.lab.machine import differences, facts
from tuilab.lab.preset import Preset, Recorded, dumps
from tuilab.lab.replay import replay, told
from tuilab.lab.run_folder import RunFolder
from tuilab.lab.session import Session
from tuilab.lab.tensors import pack, unpack
from tuilab.lab.timeline import Change


@pytest.fixture
def run(tiny: Preset, tmp_path: Path) -> Path:
    """A run of 200 steps stopped by hand, with a dial turned on the way."""
    session = Session(tiny)
    session.attach(RunFolder.create(tiny, out=tmp_path / "run"))
    session.advance(90)
    session.turn("dropout", 0.25)
    session.advance(110)
    session.close()
    return tmp_path / "run"


def test_a_run_comes_out_again_up_to_where_it_was_left(run: Path) -> None:
    before = {p.name: p.stat().st_mtime_ns for p in run.iterdir()}
    outcome = replay(run)
    assert outcome["match"] is True and outcome["max_abs_difference"] == 0.0 and outcome["machine_differences"] == []
    assert (outcome["steps"], outcome["out"], outcome["run_id"]) == (200, str(run), "run")
    assert outcome["events"] == [{"step": 90, "dropout": 0.25}] and "bit for bit" in told(outcome)
    assert {p.name: p.stat().st_mtime_ns for p in run.iterdir()} == before
    json.dumps(outcome, allow_nan=False)


def test_a_saved_preset_carries_what_to_compare_with(tiny: Preset, tmp_path: Path) -> None:
    session = Session(tiny)
    session.advance(120)
    path = tmp_path / "mine.toml"
    path.write_text(dumps(session.as_preset("mine")))
    outcome = replay(path)
    assert outcome["match"] is True and outcome["steps"] == 120 and outcome["out"] is None
    path.write_text(dumps(replace(session.as_preset("mine"), recorded=Recorded(120, "0" * 64))))
    outcome = replay(path)
    assert outcome["match"] is False and "not the same" in told(outcome) and "no weights were kept" in told(outcome)


def test_a_preset_without_a_record_gives_its_hash(tiny_file: Path) -> None:
    outcome = replay(tiny_file)
    assert outcome["match"] is None and outcome["steps"] == 300 and outcome["params_sha256"] in told(outcome)


def test_a_run_that_was_killed_is_compared_with_its_snapshot(run: Path) -> None:
    (run / "result.json").unlink()
    (run / "weights.safetensors").unlink()
    assert replay(run)["match"] is True
    (run / "snapshot.safetensors").unlink()
    outcome = replay(run)
    assert outcome["match"] is None and outcome["steps"] == 300


def test_how_far_another_result_is_and_what_is_not_as_it_was(run: Path) -> None:
    arrays, meta = unpack(run / "weights.safetensors")
    arrays["1.weight"] = arrays["1.weight"].copy()
    arrays["1.weight"][2, 3] += np.float32(0.5)
    (run / "weights.safetensors").write_bytes(pack(arrays, meta))
    result = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(json.dumps({**result, "params_sha256": "f" * 64}))
    machine = json.loads((run / "machine.json").read_text())
    (run / "machine.json").write_text(json.dumps({**machine, "cpu": "another"}))
    outcome = replay(run)
    assert outcome["match"] is False and outcome["max_abs_difference"] == pytest.approx(0.5, rel=1e-6)
    assert len(outcome["machine_differences"]) == 1 and "was another" in outcome["machine_differences"][0]
    assert "0.5" in told(outcome) and "was another" in told(outcome)


def test_a_timeline_that_was_tampered_with_does_not_match(run: Path) -> None:
    path = run / "preset.toml"
    path.write_text(path.read_text().replace("dropout = 0.25", "dropout = 0.26"))
    assert replay(run)["match"] is False


def test_turns_after_the_last_step_are_replayed_too(tiny: Preset, tmp_path: Path) -> None:
    session = Session(tiny.with_(timeline=(Change(300, "batch_norm", True),)))
    session.attach(RunFolder.create(session.preset, out=tmp_path / "run"))
    session.advance(10**9)
    session.turn("initializer", "zeros")
    session.close()
    assert replay(tmp_path / "run")["match"] is True


def test_a_diverged_run_diverges_again(tiny: Preset, tmp_path: Path) -> None:
    wild = tiny.with_(lr=1e6, optimizer="sgd", activation="linear")
    session = Session(wild)
    session.attach(RunFolder.create(wild, out=tmp_path / "run"))
    session.advance(10**9)
    session.close()
    outcome = replay(tmp_path / "run")
    assert outcome["match"] is True and outcome["status"] == "diverged"


def test_a_replay_that_is_stopped_compares_nothing(run: Path) -> None:
    stop = Stop()
    stop.asked = True
    outcome = replay(run, stop=stop)
    assert outcome["match"] is None and outcome["steps"] == 0 and "stopped" in told(outcome)


def test_the_facts_of_this_machine_name_engine_and_blas() -> None:
    now = facts()
    assert {"tuilab", "engine", "numpy", "numba", "cpu", "cores", "blas"} <= set(now) and now["cores"] >= 1
    assert differences(now, now) == []
    assert differences({**now, "numpy": "1.0"}, now) == [f"numpy {now['numpy']}, was 1.0"]
