"""A run folder can be read at every moment, is never outside itself, and a disk that fails does not stop the run."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open

from tuilab.lab import run_folder
from tuilab.lab.errors import LabError, RunError
from tuilab.lab.metrics_log import read_lines
from tuilab.lab.preset import Preset, load_preset
from tuilab.lab.run_folder import RunFolder, check_free, is_run, read_run
from tuilab.lab.session import Session
from tuilab.lab.timeline import Change


def finished(preset: Preset, path: Path) -> Session:
    session = Session(preset)
    session.attach(RunFolder.create(preset, out=path))
    session.advance(10**9)
    session.close()
    return session


def test_a_finished_run_is_all_there(tiny: Preset, tmp_path: Path) -> None:
    session = finished(tiny.with_(timeline=(Change(9, "dropout", 0.5),)), tmp_path / "run")
    record = read_run(tmp_path / "run")
    assert sorted(p.name for p in record.path.iterdir() if p.name != ".lock") == [
        "machine.json", "metrics.jsonl", "preset.toml", "result.json", "snapshot.safetensors", "weights.safetensors",
    ]  # fmt: skip
    assert record.preset.timeline == session.events and record.preset.recorded is not None
    assert record.result == json.loads(json.dumps(session.result()))
    assert record.result["run_id"] == "run" and record.result["saved"] and record.machine["threads"] == 1
    steps = [line["step"] for line in read_lines(record.path / "metrics.jsonl") if "loss" in line]
    looks = [line["step"] for line in read_lines(record.path / "metrics.jsonl") if "val_loss" in line]
    assert steps == list(range(1, 301)) and looks == [0, 50, 100, 150, 200, 250, 300]


def test_the_weights_have_the_engines_names(tiny: Preset, tmp_path: Path) -> None:
    session = finished(tiny, tmp_path / "run")
    with safe_open(tmp_path / "run" / "weights.safetensors", "np") as file:
        found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    tensors = session.trainer.tensors()
    assert set(tensors) < set(found)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor)


def test_a_folder_is_made_with_the_first_step_and_named_after_its_preset(tiny: Preset, tmp_path: Path) -> None:
    session = Session(tiny, runs=tmp_path / "runs")
    session.prepare()
    assert not (tmp_path / "runs").exists()
    session.advance(5)
    (made,) = (tmp_path / "runs").iterdir()
    assert "-tiny-" in made.name and is_run(made) and session.folder is not None and session.folder.path == made
    session.reset()
    assert (read_run(made).result or {})["status"] == "stopped"
    session.advance(5)
    session.close()
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_metrics_timeline_and_snapshot_are_saved_about_every_second(
    tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    clock = [now]
    monkeypatch.setattr(run_folder.time, "monotonic", lambda: clock[0])
    session = Session(tiny, runs=tmp_path)
    session.advance(30)
    folder = session.folder
    assert folder is not None
    folder._writer.drain(5)
    assert read_run(folder.path).state() is None
    clock[0] += 1.5
    session.turn("lr", 0.5)
    session.advance(30)
    folder._writer.drain(5)
    state = read_run(folder.path).state()
    assert state is not None and (state.step, state.events) == (60, 1)
    assert load_preset(folder.path).timeline == (Change(30, "lr", 0.5),)
    assert [line["step"] for line in read_lines(folder.path / "metrics.jsonl") if "loss" in line] == list(range(1, 61))
    session.advance(30)
    folder._writer.drain(5)
    state = read_run(folder.path).state()
    assert state is not None and state.step == 60
    session.close()


def test_saves_that_cost_much_are_spaced_but_the_first_is_not_counted(
    tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.monotonic()]
    worked = itertools.count()  # a second for each save
    monkeypatch.setattr(run_folder.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(run_folder.time, "thread_time", lambda: float(next(worked)))
    session = Session(tiny, runs=tmp_path)
    session.advance(10)
    folder = session.folder
    assert folder is not None
    for due in (True, False):  # what the first save loads, it loads once
        clock[0] += run_folder.SAVE_EVERY
        assert folder.is_due
        session.advance(10)
        folder._writer.drain(5)
        clock[0] += run_folder.SAVE_EVERY
        assert folder.is_due == due
    clock[0] += 1.0 / run_folder.SAVE_SHARE
    assert folder.is_due
    session.close()


def test_a_long_log_does_not_put_the_next_save_off(
    tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, worked = [time.monotonic()], [0.0]
    write = run_folder.metrics_log.MetricsLog.write

    def slow(log: run_folder.metrics_log.MetricsLog) -> None:
        worked[0] += 60.0  # by the step, and not less for being done less often
        write(log)

    monkeypatch.setattr(run_folder.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(run_folder.time, "thread_time", lambda: worked[0])
    monkeypatch.setattr(run_folder.metrics_log.MetricsLog, "write", slow)
    session = Session(tiny, runs=tmp_path)
    session.advance(10)
    folder = session.folder
    assert folder is not None
    for _ in range(3):
        clock[0] += run_folder.SAVE_EVERY
        assert folder.is_due
        session.advance(10)
        folder._writer.drain(5)
    assert worked[0] > 60.0
    session.close()


def test_a_clock_set_back_does_no_harm(tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folder.time, "strftime", lambda _: "19700101-000000")
    made = [RunFolder.create(tiny, runs=tmp_path) for _ in range(3)]
    assert len({folder.path for folder in made}) == 3
    for folder in made:
        folder.close()


def test_what_is_there_is_never_overwritten(tiny: Preset, tmp_path: Path) -> None:
    finished(tiny, tmp_path / "run")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    for name, words in (("run", "tuilab resume"), ("other", "other files"), ("file", "found a file")):
        for refuse in (check_free, lambda p: RunFolder.create(tiny, out=p)):
            with pytest.raises(RunError, match=words) as caught:
                refuse(tmp_path / name)
            assert str(caught.value).startswith(str(tmp_path / name))
    (tmp_path / "empty").mkdir()
    check_free(tmp_path / "empty")
    RunFolder.create(tiny, out=tmp_path / "empty").close()
    assert is_run(tmp_path / "empty")


def test_a_folder_that_cannot_be_made_is_one_line(tiny: Preset, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file" / "run", Path("/proc/run"), tmp_path / ("x" * 300), tmp_path / "a\0b"):
        with pytest.raises(RunError, match="cannot make a run folder"):
            RunFolder.create(tiny, out=path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


def test_a_run_that_cannot_be_saved_goes_on(tiny: Preset, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    session = Session(tiny, runs=tmp_path / "file")
    session.advance(10**9)
    result = session.finish()
    assert result["status"] == "finished" and not result["saved"] and result["out"] is None
    assert session.problem is not None and "cannot make a run folder" in session.problem


def test_a_folder_removed_in_mid_run_is_told_and_not_made_again(tiny: Preset, tmp_path: Path) -> None:
    session = Session(tiny, runs=tmp_path)
    session.advance(100)
    assert session.folder is not None and session.folder._writer.drain(5)
    shutil.rmtree(session.folder.path)
    session.save()
    session.folder._writer.drain(5)
    assert session.problem is not None and "No such file" in session.problem
    session.advance(10**9)
    result = session.finish()
    assert (result["status"], result["saved"]) == ("finished", False) and list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_and_made_good_once_there_is_room(
    tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(tiny, runs=tmp_path)
    session.advance(50)
    session.save()
    folder = session.folder
    assert folder is not None and folder._writer.drain(5)
    before = {p.name: p.read_bytes() for p in folder.path.iterdir() if p.name != ".lock"}

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        patch.setattr(os, "write", full)
        session.advance(50)
        session.save()
        folder._writer.drain(5)
        assert session.problem == f"{folder.path}: not saved: No space left on device"
        assert {p.name: p.read_bytes() for p in folder.path.iterdir() if p.name != ".lock"} == before
    session.advance(10**9)
    assert session.finish()["saved"] and session.problem is None
    lines = [line["step"] for line in read_lines(folder.path / "metrics.jsonl") if "loss" in line]
    assert lines == list(range(1, 301))


def test_the_state_is_on_the_disk_before_all_rows_are_looked_at(tiny: Preset, tmp_path: Path) -> None:
    session = Session(tiny)
    session.attach(RunFolder.create(tiny, out=tmp_path / "run"))
    session.advance(137)
    evaluate, seen = session.trainer.evaluate, []

    def slowly(x: np.ndarray, y: np.ndarray) -> object:
        assert session.folder is not None and session.folder._writer.drain(5)
        state = read_run(tmp_path / "run").state()
        assert state is not None and state.step == 137
        seen.append(len(x))
        return evaluate(x, y)

    session.trainer.evaluate = slowly  # type: ignore[method-assign, assignment]
    result = session.finish()
    data = session.data
    assert seen == [len(data.x_train), len(data.x_val), len(data.x_test)]  # each part once: it is what takes long
    assert result["saved"] and result == json.loads((tmp_path / "run" / "result.json").read_bytes())


def test_a_run_in_use_can_be_read_but_not_taken(tiny: Preset, tmp_path: Path) -> None:
    session = Session(tiny)
    session.attach(RunFolder.create(tiny, out=tmp_path / "run"))
    session.advance(10)
    assert read_run(tmp_path / "run").preset == tiny
    with pytest.raises(RunError, match="in use by another process"):
        RunFolder.open(tmp_path / "run")
    session.close()
    RunFolder.open(tmp_path / "run").close()


def test_links_out_of_the_folder_are_not_followed(tiny: Preset, tmp_path: Path) -> None:
    finished(tiny, tmp_path / "run")
    outside = tmp_path / "outside.json"
    shutil.move(tmp_path / "run" / "result.json", outside)
    (tmp_path / "run" / "result.json").symlink_to(outside)
    assert read_run(tmp_path / "run").result is None
    for name in ("snapshot", "weights"):
        path = tmp_path / "run" / f"{name}.safetensors"
        shutil.move(path, tmp_path / f"outside-{name}")
        path.symlink_to(tmp_path / f"outside-{name}")
    for look in (read_run(tmp_path / "run").state, read_run(tmp_path / "run").weights):
        with pytest.raises(RunError):
            look()
    shutil.move(tmp_path / "run" / "preset.toml", tmp_path / "outside.toml")
    (tmp_path / "run" / "preset.toml").symlink_to(tmp_path / "outside.toml")
    with pytest.raises(LabError):
        read_run(tmp_path / "run")


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff", b'{"status": "finished"}', b"[" * 100_000])
def test_a_damaged_result_is_no_result(damage: bytes, tiny: Preset, tmp_path: Path) -> None:
    finished(tiny, tmp_path / "run")
    for name in ("result.json", "machine.json"):
        (tmp_path / "run" / name).write_bytes(damage)
    record = read_run(tmp_path / "run")
    assert record.result is None and record.weights() is not None


def test_what_is_no_run_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        for opened in (read_run, RunFolder.open):
            with pytest.raises(RunError, match=r"found no preset.toml, expected a run folder"):
                opened(path)
        assert not is_run(path)
    assert not is_run("a\0b") and not is_run("x" * 5000)


@pytest.mark.parametrize("damage", [
    {"steps": -1}, {"steps": 10**15}, {"threads": "x"}, {"val_loss": 10**400},
    {"events": [{"step": 5, "dropout": float("inf")}]}, {"events": [{"step": 5, "dropout": float("nan")}]},
])  # fmt: skip
def test_a_result_with_impossible_figures_is_no_result(damage: dict, tiny: Preset, tmp_path: Path) -> None:
    finished(tiny, tmp_path / "run")
    path = tmp_path / "run" / "result.json"
    told = json.dumps(json.loads(path.read_text()) | damage)
    for text in (told, told.replace("Infinity", "1e999")):
        path.write_text(text)
        assert read_run(tmp_path / "run").result is None


def test_the_preset_of_a_run_reads_no_other_file(tiny: Preset, tmp_path: Path) -> None:
    finished(tiny, tmp_path / "run")
    (tmp_path / "other.toml").write_text('dataset = "xor"\n')
    (tmp_path / "run" / "preset.toml").write_text('extends = "../other.toml"\n')
    with pytest.raises(LabError, match="extends: found in a run folder"):
        read_run(tmp_path / "run")
