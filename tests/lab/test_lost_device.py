"""A GPU that fails: one line, everything saved stays, and the run goes on without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Trainer
from engine.backends import DeviceError, Gpu
from tuilab.lab.errors import LabError
from tuilab.lab.preset import Preset
from tuilab.lab.resume import resumed
from tuilab.lab.session import Session

PRESET = Preset("xor", widths=(6,), steps=200, name="xor")
LOST = DeviceError("cuda: the GPU does not answer any more (CUDA_ERROR_LAUNCH_FAILED)")


def lose_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Every trainer fails once it has done `step` steps."""
    train = Trainer.advance

    def advance(self: Trainer, steps: int) -> object:
        if self.step >= step:
            raise LOST
        return train(self, min(steps, step - self.step))

    monkeypatch.setattr(Trainer, "advance", advance)


def test_a_lost_device_is_one_line_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(PRESET, backend="cpu", runs=tmp_path)
    with monkeypatch.context() as failing:
        lose_at(failing, 120)
        with pytest.raises(
            LabError, match=r"^xor: cuda: the GPU does not answer .* with: tuilab resume .* --backend cpu$"
        ):
            while True:
                session.advance(50)
    assert session.closed and session.folder is not None
    session.close()
    again = resumed(session.folder.path, "cpu")
    again.advance(PRESET.steps or 0)
    result = again.finish()
    assert (result["status"], result["steps"], result["backend"]) == ("finished", 200, "cpu")


def test_what_is_left_of_an_unsaved_run_is_its_last_good_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = Session(PRESET, backend="cpu", runs=tmp_path)
    lose_at(monkeypatch, 3)
    with pytest.raises(LabError, match="tuilab resume"):
        while True:
            session.advance(3)
    assert session.folder is not None and (session.folder.path / "snapshot.safetensors").exists()


def test_without_a_folder_there_is_another_backend_to_train_on(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(PRESET, backend="cpu")
    lose_at(monkeypatch, 3)
    with pytest.raises(LabError, match=r"--backend cpu trains on the processor$"):
        while True:
            session.advance(3)


def test_a_device_without_memory_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise DeviceError("cuda: the GPU has no memory left for this network and batch size")

    session = Session(PRESET, backend="cpu")
    monkeypatch.setattr("tuilab.lab.building.new_trainer", fail)
    with pytest.raises(LabError, match=r"^xor: cuda: the GPU has no memory left .*; --backend cpu trains"):
        session.prepare()


def test_a_run_of_a_gpu_goes_on_where_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(PRESET, backend="cpu", runs=tmp_path)
    session.prepare()
    session.backend = session.trainer.backend = "cuda"  # what it would have said of itself
    session.advance(80)
    session.close()
    assert session.folder is not None
    monkeypatch.setattr("engine.backends.find_gpu", lambda: Gpu(False, "", "no CUDA driver"))
    with pytest.raises(LabError, match="found 'cuda', but no CUDA driver"):
        resumed(session.folder.path)
    again = resumed(session.folder.path, "cpu")
    again.advance(PRESET.steps or 0)
    undisturbed = Session(PRESET, backend="cpu")
    undisturbed.advance(PRESET.steps or 0)
    assert again.finish()["params_sha256"] == undisturbed.result()["params_sha256"]
