"""Small problems, shaken nets, and the step-by-step walk of an engine beside its oracle. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine import Architecture, Metrics, Recipe, Trainer


def problem(n: int, features: int, outputs: int, task: str, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """x (n, features) float32 and labels (n,) or targets (n, outputs) that depend on x."""
    rng = np.random.default_rng([seed, n, features, outputs])
    x = rng.normal(size=(n, features)).astype(np.float32)
    scores = np.tanh(x @ rng.normal(size=(features, outputs))) + 0.3 * rng.normal(size=(n, outputs))
    if task == "classification":
        return x, scores.argmax(1).astype(np.int64)
    return x, scores.astype(np.float32)


def build(
    widths: tuple[int, ...],
    recipe: Recipe,
    *,
    task: str = "classification",
    n: int = 50,
    batch_size: int = 16,
    seed: int = 0,
    shake: bool = True,
) -> tuple[Trainer, np.ndarray, np.ndarray]:
    """A trainer on its own small problem, and the problem. `shake`: no tensor keeps a trivial value."""
    x, y = problem(n, widths[0], widths[-1], task, seed)
    trainer = Trainer(Architecture(widths, task=task), recipe, x, y, batch_size=batch_size, seed=seed)
    if shake:
        shaken(trainer, seed)
    return trainer, x, y


def shaken(trainer: Trainer, seed: int = 0) -> None:
    """Give biases, gamma, beta and slopes values away from 0, 1 and 0.25: each must take part to be right."""
    rng = np.random.default_rng([seed, 77])
    for name, tensor in trainer.tensors().items():
        kind = name.split(".")[1]
        if kind == "weight":
            tensor[...] += rng.normal(size=tensor.shape).astype(np.float32) * 0.1
        else:
            start = {"bias": 0.0, "gamma": 1.0, "beta": 0.0, "slope": 0.25}[kind]
            tensor[...] = start + 0.2 * rng.normal(size=tensor.shape)


@dataclass
class Walk:
    """Both sides' reports, step by step."""

    engine_loss: list[float] = field(default_factory=list)
    oracle_loss: list[float] = field(default_factory=list)
    engine_norms: list[np.ndarray] = field(default_factory=list)
    oracle_norms: list[np.ndarray] = field(default_factory=list)
    engine_lr: list[float] = field(default_factory=list)
    oracle_lr: list[float] = field(default_factory=list)
    engine_accuracy: list[float] = field(default_factory=list)
    oracle_accuracy: list[float] = field(default_factory=list)

    def add(self, metrics: Metrics, report: Any) -> None:
        """One step: the engine's `metrics` of length 1 and the oracle's `StepResult`."""
        assert len(metrics) == 1
        self.engine_loss.append(float(metrics.loss[0]))
        self.engine_norms.append(np.array(metrics.grad_norm[0], np.float64))
        self.engine_lr.append(float(metrics.lr[0]))
        self.engine_accuracy.append(float(metrics.accuracy[0]))
        self.oracle_loss.append(report.loss)
        self.oracle_norms.append(report.grad_norm)
        self.oracle_lr.append(report.lr)
        self.oracle_accuracy.append(report.accuracy)


def walk(trainer: Trainer, net: Any, x: np.ndarray, y: np.ndarray, steps: int) -> Walk:
    """`steps` single steps of the engine and of its oracle `net` on the same rows and masks."""
    trace = Walk()
    for _ in range(steps):
        t = trainer.step
        rows = trainer.batch_indices(t)
        masks = trainer.dropout_masks(t, len(rows))
        metrics = trainer.advance(1)
        trace.add(metrics, net.step(x[rows], y[rows], masks, t))
    return trace
