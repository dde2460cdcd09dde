"""A trained network as an ONNX model: what it answers in evaluation mode, without the lab.

Input `x` (batch, features); output `probabilities` (batch, classes), or `outputs` for regression. Opset 17.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from engine.spec import Recipe
from tuilab.lab.errors import RunError

if TYPE_CHECKING:
    import numpy as np

OPSET, IR_VERSION = 17, 8
_PLAIN = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}


class _Graph:
    """Nodes and constants in the order they are made."""

    def __init__(self, onnx: Any):
        self.onnx = onnx
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, name: str, value: Any) -> str:
        """A tensor of the model by its name."""
        import numpy as np

        self.constants.append(self.onnx.numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def node(self, kind: str, inputs: list[str], name: str, **attributes: Any) -> str:
        """One operation; its output has its name."""
        self.nodes.append(self.onnx.helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name


def to_onnx(weights: Mapping[str, np.ndarray], recipe: Recipe, task: str, note: str) -> bytes:
    """The model of the tensors and buffers `weights` under the dials of `recipe`; `note` goes into its metadata.

    Raises RunError where the package onnx is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise RunError("onnx: not installed, expected the extra of that name: pip install 'tuilab[onnx]'") from None
    graph = _Graph(onnx)
    layers = sum(name.endswith(".weight") for name in weights)
    value = "x"
    for layer, activation in enumerate((*recipe.activations(layers - 1), "linear")):
        own = {part: weights.get(f"{layer}.{part}") for part in _PARTS}
        value = _layer(graph, layer, value, own)
        if recipe.batch_norm and layer < layers - 1:
            value = _batch_norm(graph, layer, value, own, recipe.bn_eps)
        value = _activation(graph, f"{layer}.activation", value, activation, recipe, own["slope"])
    result = "outputs" if task == "regression" else "probabilities"
    graph.node("Identity" if task == "regression" else "Softmax", [value], result)
    return _model(graph, weights, layers, result, note)


_PARTS = ("weight", "bias", "gamma", "beta", "slope", "running_mean", "running_var")


def _layer(graph: _Graph, layer: int, value: str, own: Mapping[str, Any]) -> str:
    names = [graph.constant(f"{layer}.{part}", own[part]) for part in ("weight", "bias")]
    return graph.node("Gemm", [value, *names], f"{layer}.linear")


def _batch_norm(graph: _Graph, layer: int, value: str, own: Mapping[str, Any], eps: float) -> str:
    parts = ("gamma", "beta", "running_mean", "running_var")
    names = [graph.constant(f"{layer}.{part}", own[part]) for part in parts]
    return graph.node("BatchNormalization", [value, *names], f"{layer}.batch_norm", epsilon=eps)


def _activation(graph: _Graph, name: str, value: str, activation: str, recipe: Recipe, slope: Any) -> str:
    """The nodes of an activation, with the engine's constants."""
    from engine.formulas import activations as formula

    if activation == "linear":
        return value
    if activation == "leaky_relu":
        return graph.node("LeakyRelu", [value], name, alpha=recipe.negative_slope)
    if activation == "elu":
        return graph.node("Elu", [value], name, alpha=recipe.elu_alpha)
    if activation == "selu":
        return graph.node(
            "Selu", [value], name, alpha=float(formula.SELU_ALPHA), gamma=float(formula.SELU_LAMBDA)
        )  # fmt: skip
    if activation == "prelu":
        return graph.node("PRelu", [value, graph.constant(f"{name}.slope", slope.reshape(1))], name)
    if activation == "serlu":
        return _serlu(graph, name, value, formula.SERLU_LAMBDA, formula.SERLU_ALPHA)
    return graph.node(_PLAIN[activation], [value], name)


def _serlu(graph: _Graph, name: str, value: str, scale: Any, alpha: Any) -> str:
    """λx, or λα·x·eˣ below 0; the exponent is cut at 0, where the other branch holds, so that it cannot overflow."""
    zero = graph.constant(f"{name}.zero", 0.0)
    below = graph.node("Min", [value, zero], f"{name}.below")
    power = graph.node("Exp", [below], f"{name}.power")
    bent = graph.node("Mul", [below, power], f"{name}.bent")
    left = graph.node("Mul", [bent, graph.constant(f"{name}.left_scale", scale * alpha)], f"{name}.left")
    above = graph.node("Max", [value, zero], f"{name}.above")
    right = graph.node("Mul", [above, graph.constant(f"{name}.right_scale", scale)], f"{name}.right")
    return graph.node("Add", [left, right], name)


def _model(graph: _Graph, weights: Mapping[str, np.ndarray], layers: int, result: str, note: str) -> bytes:
    helper, kind = graph.onnx.helper, graph.onnx.TensorProto.FLOAT
    features, outputs = weights["0.weight"].shape[0], weights[f"{layers - 1}.weight"].shape[1]
    whole = helper.make_graph(
        graph.nodes, "tuilab",
        [helper.make_tensor_value_info("x", kind, ["batch", features])],
        [helper.make_tensor_value_info(result, kind, ["batch", outputs])],
        graph.constants,
    )  # fmt: skip
    model = helper.make_model(
        whole, producer_name="tuilab", opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    helper.set_model_props(model, {"preset": note})
    graph.onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
