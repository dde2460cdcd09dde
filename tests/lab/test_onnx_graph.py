"""The exported model answers as the trained network does, by another runtime."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import onnx
import onnxruntime
import pytest

from engine import Architecture, Recipe, Trainer
from engine.spec import ACTIVATIONS
from tuilab.lab.errors import RunError
from tuilab.lab.onnx_graph import to_onnx


def answer(model: bytes, x: np.ndarray) -> np.ndarray:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def trained(recipe: Recipe, task: str = "classification") -> tuple[Trainer, np.ndarray]:
    draws = np.random.default_rng(0)
    x = draws.normal(0.0, 2.0, (200, 6)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] > 0).astype(int) if task == "classification" else x[:, :2] ** 2
    trainer = Trainer(Architecture((6, 16, 12, 2), task), recipe, x, y, batch_size=32)
    trainer.advance(60)
    return trainer, x


def exported(trainer: Trainer) -> bytes:
    weights = {**trainer.tensors(), **trainer.buffers()}
    return to_onnx(weights, trainer.recipe, trainer.architecture.task, "a note")


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_it_answers_to_1e_5(activation: str, batch_norm: bool) -> None:
    recipe = Recipe(
        activation=activation,
        batch_norm=batch_norm,
        dropout=0.2,
        negative_slope=0.1,
        elu_alpha=0.7,
        bn_eps=1e-3,
        lr=0.01,
    )
    trainer, x = trained(recipe)
    assert np.abs(answer(exported(trainer), x) - trainer.predict(x)).max() <= 1e-5


def test_each_layer_has_its_own_activation() -> None:
    trainer, x = trained(Recipe(activation=("serlu", "tanh"), lr=0.01))
    assert np.abs(answer(exported(trainer), x) - trainer.predict(x)).max() <= 1e-5
    trainer.change(activation="relu")
    assert np.abs(answer(exported(trainer), x) - trainer.predict(x)).max() <= 1e-5


def test_a_regression_gives_outputs_and_large_inputs_stay_finite() -> None:
    trainer, x = trained(Recipe(activation="serlu", lr=0.01), "regression")
    found, wanted = answer(exported(trainer), 100.0 * x), trainer.predict(100.0 * x)
    assert np.isfinite(found).all() and found == pytest.approx(wanted, rel=1e-5, abs=1e-4)


def test_the_model_is_checked_and_carries_its_note() -> None:
    model = onnx.load_from_string(exported(trained(Recipe())[0]))
    assert {p.key: p.value for p in model.metadata_props} == {"preset": "a note"}
    assert [o.name for o in model.graph.output] == ["probabilities"] and model.opset_import[0].version == 17


def test_without_the_package_it_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    trainer, _ = trained(replace(Recipe(), lr=0.01))
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(RunError, match="onnx: not installed"):
        exported(trainer)
