"""What a look at the network computes: loss and hits from outputs, probabilities, activation statistics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.cpu.activate import alpha_affine, draw_mask
from engine.cpu.state import State
from engine.layout import BIAS, FAN_OUT, A, F, Z
from engine.metrics import Evaluation, Probe
from engine.spec import Architecture, Recipe

SATURATED = 0.01


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Softmax by row (n, classes)."""
    e = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(e / e.sum(1, keepdims=True), np.float32)


def evaluation(
    architecture: Architecture, outputs: NDArray[np.float32], labels: NDArray[np.int32], targets: NDArray[np.float32]
) -> Evaluation:
    """Mean cross-entropy and share of hits, or mean squared error, worked out in float64."""
    if architecture.task == "regression":
        return Evaluation(float(np.mean(np.square(outputs.astype(np.float64) - targets))), float("nan"))
    z = outputs.astype(np.float64)
    z -= z.max(1, keepdims=True)
    chosen = z[np.arange(len(z)), labels]
    loss = np.mean(np.log(np.exp(z).sum(1)) - chosen)
    return Evaluation(float(loss), float(np.mean(outputs.argmax(1) == labels)))


def probe_layers(s: State, rows: int, bins: int) -> list[Probe]:
    """Statistics of the activations that the last forward pass over `rows` rows left in the work area.

    `s` is the state of that pass: evaluation mode, so the bias (and batch norm in it) still has to be added to Z.
    """
    probes = []
    for i, t in enumerate(s.table[:-1]):
        m = t[FAN_OUT]
        z, a, f = (s.work[t[c] : t[c] + rows * m].reshape(rows, m) for c in (Z, A, F))
        probes.append(_probe(i, z + s.p[t[BIAS] : t[BIAS] + m], a, f, bins))
    return probes


def _probe(layer: int, z: NDArray[np.float32], a: NDArray[np.float32], f: NDArray[np.float32], bins: int) -> Probe:
    finite = a[np.isfinite(a)]
    counts, edges = np.histogram(finite if finite.size else np.zeros(1), bins)
    return Probe(
        layer, float(z.mean()), float(z.var()), float(a.mean()), float(a.var()),
        float((f == 0.0).all(0).mean()), float((np.abs(f) < SATURATED).mean()), counts, edges,
    )  # fmt: skip


def masks(s: State, recipe: Recipe, widths: tuple[int, ...], batch: int) -> list[NDArray[np.float32] | None]:
    """The dropout multipliers of the step whose keys `s` holds, for the input and each hidden layer."""
    found: list[NDArray[np.float32] | None] = []
    for i, width in enumerate(widths[:-1]):
        rate = recipe.dropout if i else recipe.input_dropout
        if rate == 0.0:
            found.append(None)
            continue
        kept = alpha_affine(rate)[0] if i and recipe.alpha_dropout else np.float32(1.0 / (1.0 - rate))
        mask = np.empty(batch * width, np.float32)
        draw_mask(mask, s.keys[i], rate, 0, batch * width, kept)
        found.append(mask.reshape(batch, width))
    return found
