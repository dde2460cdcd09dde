"""Studies on small data: what they count is what they say."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backends import Gpu
from tuilab.lab.building import load_data
from tuilab.lab.claims import studies
from tuilab.lab.claims.names import STUDIES
from tuilab.lab.errors import PresetError
from tuilab.lab.preset import Preset

SMALL = Preset("digits", train_size=150, widths=(32, 32), steps=150).with_(dropout=0.5)


def test_there_is_a_function_for_every_name() -> None:
    assert set(studies.BY_NAME) == set(STUDIES)


def test_a_thinned_network_is_the_step_with_its_mask() -> None:
    """Against a forward pass written out; afterwards the trained network is as it was."""
    split = load_data(SMALL)
    trainer = studies._trained(SMALL, split).trainer
    before = trainer.params_sha256()
    found = studies._thinned(trainer, split.x_test, 3)
    assert trainer.params_sha256() == before
    masks, t = trainer.dropout_masks(trainer.step + 4, 1), trainer.tensors()
    assert masks[0] is None
    h = split.x_test
    for layer in range(3):
        h = h @ t[f"{layer}.weight"] + t[f"{layer}.bias"]
        h = np.maximum(h, 0.0) * masks[layer + 1] if layer < 2 else h
    e = np.exp(h - h.max(1, keepdims=True))
    assert found == pytest.approx(e / e.sum(1, keepdims=True), abs=1e-5)


def test_thinned_networks_err_more_than_the_trained_one() -> None:
    singles, average = studies.thinned_error(SMALL, load_data(SMALL))
    assert 0.0 < average < singles < 100.0


def test_references_learn_the_same_split() -> None:
    split = load_data(SMALL)
    svm, network = studies.svm_error(SMALL, split)
    forest, again = studies.forest_error(SMALL, split)
    whole, tree = studies.tree_error(SMALL, split)
    assert whole == forest and forest < tree < 80.0
    assert network == again and 0.0 < svm < 40.0 and 0.0 < forest < 40.0


def test_the_speed_of_this_processor_is_a_number() -> None:
    preset = Preset("xor", widths=(8,), steps=200)
    assert studies._speed(preset, load_data(preset), "cpu") > 1000.0


def test_a_missing_gpu_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_device(preset: Preset, split: object, backend: str) -> float:
        if backend == "cuda":
            raise PresetError("backend: no device")
        return 1.0

    preset = Preset("xor")
    monkeypatch.setattr(studies, "_speed", no_device)
    monkeypatch.setattr("engine.backends.find_gpu", lambda: Gpu(False, "", "no CUDA driver"))
    with pytest.raises(studies.NotMeasured, match=r"no GPU \(no CUDA driver\)"):
        studies.samples_per_second(preset, load_data(preset))
    monkeypatch.setattr("engine.backends.find_gpu", lambda: Gpu(True, "a simulator", simulated=True))
    with pytest.raises(studies.NotMeasured, match=r"no GPU \(a simulator\)"):
        studies.samples_per_second(preset, load_data(preset))
    monkeypatch.setattr("engine.backends.find_gpu", lambda: Gpu(True, "a GPU"))
    with pytest.raises(studies.NotMeasured, match=r"no GPU \(backend: no device"):
        studies.samples_per_second(preset, load_data(preset))
    monkeypatch.setattr(studies, "_speed", lambda preset, split, backend: {"cuda": 5.0, "cpu": 2.0}[backend])
    assert studies.samples_per_second(preset, load_data(preset)) == (5.0, 2.0)
