"""A run that was left goes on and ends as if nothing had happened."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import Trainer
from tuilab.lab.errors import LabError, RunError
from tuilab.lab.preset import Preset, dumps, load_preset
from tuilab.lab.resume import finished_result, resumed
from tuilab.lab.run_folder import RunFolder, read_run
from tuilab.lab.session import Session
from tuilab.lab.tensors import pack, unpack
from tuilab.lab.timeline import Change

TIMELINE = (Change(60, "dropout", 0.4), Change(100, "batch_norm", True), Change(220, "optimizer", "momentum"))


@pytest.fixture
def preset(tiny: Preset) -> Preset:
    return tiny.with_(timeline=TIMELINE)


def sha_of(preset: Preset) -> str:
    session = Session(preset)
    session.advance(10**9)
    return session.trainer.params_sha256()


def left(preset: Preset, path: Path, step: int, more: int = 0) -> None:
    """A run in `path` saved at `step` and left `more` steps later as a kill leaves it: its files copied away."""
    session = Session(preset)
    session.attach(RunFolder.create(preset, out=path.with_name("live")))
    session.advance(step)
    session.save()
    assert session.folder is not None
    session.folder._writer.drain(10)
    session.advance(more)
    shutil.copytree(path.with_name("live"), path)
    session.close()


@pytest.mark.parametrize("step", [1, 59, 60, 61, 100, 150, 299])
def test_a_killed_run_ends_like_one_that_was_not(step: int, preset: Preset, tmp_path: Path) -> None:
    left(preset, tmp_path / "run", step, more=40)
    assert finished_result(tmp_path / "run") is None
    session = resumed(tmp_path / "run")
    assert session.step == step
    assert len(session.history.series().train) == step
    session.advance(10**9)
    session.close()
    result = finished_result(tmp_path / "run")
    assert result is not None and result["params_sha256"] == sha_of(preset)
    lines = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines if '"loss"' in line]
    assert steps == list(range(1, 301)) and session.events == TIMELINE


def test_a_run_killed_before_its_first_snapshot_begins_again(preset: Preset, tmp_path: Path) -> None:
    RunFolder.create(preset, out=tmp_path / "run").close()
    session = resumed(tmp_path / "run")
    session.advance(10**9)
    assert session.step == 300 and session.trainer.params_sha256() == sha_of(preset)
    session.close()


def test_a_run_can_be_left_again_and_again(preset: Preset, tmp_path: Path) -> None:
    session = Session(preset)
    session.attach(RunFolder.create(preset, out=tmp_path / "run"))
    while not session.ended:
        session.advance(70)
        session.close()
        if not session.ended:
            assert (read_run(tmp_path / "run").result or {})["status"] == "stopped"
            session = resumed(tmp_path / "run")
    assert (read_run(tmp_path / "run").result or {})["params_sha256"] == sha_of(preset)


def test_dials_turned_by_hand_before_the_kill_are_part_of_the_run(tiny: Preset, tmp_path: Path) -> None:
    session = Session(tiny)
    session.attach(RunFolder.create(tiny, out=tmp_path / "run"))
    session.advance(50)
    session.turn("dropout", 0.5)
    session.apply_turns()
    session.close()
    session = resumed(tmp_path / "run")
    assert session.recipe.dropout == 0.5 and session.events == (Change(50, "dropout", 0.5),)
    session.turn("lr", 0.05)
    session.advance(10**9)
    session.close()
    assert (read_run(tmp_path / "run").result or {})["params_sha256"] == sha_of(load_preset(tmp_path / "run"))


def test_a_diverged_run_is_over(tiny: Preset, tmp_path: Path) -> None:
    wild = tiny.with_(lr=1e6, optimizer="sgd", activation="linear")
    session = Session(wild)
    session.attach(RunFolder.create(wild, out=tmp_path / "run"))
    session.advance(10**9)
    session.close()
    result = finished_result(tmp_path / "run")
    assert result is not None and result["status"] == "diverged"
    state = read_run(tmp_path / "run").state()
    assert state is not None and np.isfinite(state.arrays["params"]).all() and state.step < result["steps"]


def test_a_preset_changed_since_is_noticed(preset: Preset, tmp_path: Path) -> None:
    left(preset, tmp_path / "run", 150)
    path = tmp_path / "run" / "preset.toml"
    good = path.read_text()
    for bad in (preset.with_(lr=0.5), preset.with_(widths=(8, 9)), preset.with_(seed=4), replace(preset, timeline=())):
        path.write_text(dumps(bad))
        with pytest.raises(LabError, match="snapshot"):
            resumed(tmp_path / "run")
    path.write_text(good)
    resumed(tmp_path / "run").close()


@pytest.mark.parametrize("what", ["cut", "params", "meta", "events", "shape"])
def test_a_damaged_snapshot_is_one_line_and_the_folder_is_let_go(what: str, preset: Preset, tmp_path: Path) -> None:
    left(preset, tmp_path / "run", 150)
    path = tmp_path / "run" / "snapshot.safetensors"
    arrays, meta = unpack(path)
    if what == "params":
        arrays["params"] = arrays["params"] + 1
    if what == "meta":
        meta["trainer"] = {"format": 1}
    if what == "events":
        meta["events"] = 99
    if what == "shape":
        arrays["slot1"] = arrays["slot1"][:3]
    path.write_bytes(pack(arrays, meta)[: 50 if what == "cut" else None])
    for _ in range(2):
        with pytest.raises(LabError) as caught:
            resumed(tmp_path / "run")
        assert str(caught.value).isprintable() and "in use" not in str(caught.value)


@pytest.mark.parametrize("what", ["widths", "both"])
def test_no_network_is_built_for_widths_that_the_snapshot_does_not_hold(
    what: str, tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left(tiny, tmp_path / "run", 50)
    path = tmp_path / "run" / "snapshot.safetensors"
    arrays, meta = unpack(path)
    meta["trainer"]["widths"][1:-1] = [4000, 4000]
    path.write_bytes(pack(arrays, meta))
    if what == "both":
        (tmp_path / "run" / "preset.toml").write_text(dumps(tiny.with_(widths=(4000, 4000))))

    def built(*_: object, **__: object) -> None:
        raise AssertionError("a network was built")

    monkeypatch.setattr(Trainer, "restore", built)
    with pytest.raises(RunError, match=r"snapshot: it is not of this preset\.toml"):
        resumed(tmp_path / "run")


def test_a_run_that_still_runs_is_not_taken(preset: Preset, tmp_path: Path) -> None:
    session = Session(preset)
    session.attach(RunFolder.create(preset, out=tmp_path / "run"))
    with pytest.raises(RunError, match="in use"):
        resumed(tmp_path / "run")
    session.close()
