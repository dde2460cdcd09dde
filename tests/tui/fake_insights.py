"""Data and a network for the fake worker to be asked about: pictures, tables and numbers from formulas."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from engine.spec import Recipe

CLASSES, SIDE, ROWS = 10, 8, 270


def prototypes() -> np.ndarray:
    """A picture (64,) for each class: two strokes whose places tell it."""
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    pictures = [
        np.maximum(np.exp(-((x - 1 - k % 5) ** 2) / 2), np.exp(-((y - 1 - k // 2) ** 2) / 2)) for k in range(CLASSES)
    ]
    return np.array(pictures, np.float32).reshape(CLASSES, SIDE * SIDE)


def pictures(image_shape: tuple[int, int] | None = (SIDE, SIDE)) -> SimpleNamespace:
    """Noisy pictures of ten classes; without `image_shape` a table of 64 columns."""
    draws = np.random.default_rng(5)
    labels = np.arange(ROWS) % CLASSES
    x = np.clip(prototypes()[labels] + draws.normal(0, 0.55, (ROWS, SIDE * SIDE)), 0, 1).astype(np.float32)
    return SimpleNamespace(
        features=64, task="classification", classes=CLASSES, image_shape=image_shape, x_train=x, y_train=labels,
        x_val=x, y_val=labels, class_names=tuple(str(k) for k in range(CLASSES)), y_mean=(), y_deviation=(),
    )  # fmt: skip


def numbers() -> SimpleNamespace:
    """A regression with one target, in thousands."""
    draws = np.random.default_rng(6)
    x = draws.normal(size=(ROWS, 3)).astype(np.float32)
    y = (x @ np.array([[0.8], [0.5], [-0.3]], np.float32)).astype(np.float32)
    return SimpleNamespace(
        features=3, task="regression", classes=0, image_shape=None, x_train=x, y_train=y, x_val=x, y_val=y,
        class_names=(), y_mean=(2000.0,), y_deviation=(650.0,),
    )  # fmt: skip


def nearest_picture(x: np.ndarray) -> np.ndarray:
    """Probabilities by the distance to each class's picture."""
    logits = -((x[:, None, :] - prototypes()[None]) ** 2).sum(axis=2) / 2.5
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(e / e.sum(axis=1, keepdims=True), np.float32)


def guess(x: np.ndarray) -> np.ndarray:
    """A number for each row, somewhat off."""
    return np.asarray(x @ np.array([[0.8], [0.5], [-0.3]]) + 0.4 * np.sin(9 * x[:, :1]), np.float32)


def trainer(widths: tuple[int, ...], opinion: Any) -> SimpleNamespace:
    """A network of these widths that says what `opinion` does, with layers to look at."""
    layers = len(widths) - 1
    weights = {f"{k}.weight": np.full((widths[k], widths[k + 1]), 0.05 * (k + 1), np.float32) for k in range(layers)}

    def probe(x: Any, bins: int) -> list[SimpleNamespace]:
        places = np.arange(bins)
        return [
            SimpleNamespace(
                dead=min(0.07 * k**2, 1.0), saturated=0.1, edges=np.linspace(-1.0, 2.0, bins + 1),
                counts=np.rint(900 * np.exp(-((places - 3 - k) ** 2) / (6 + k))).astype(np.int64),
            )
            for k in range(layers - 1)
        ]  # fmt: skip

    return SimpleNamespace(
        architecture=SimpleNamespace(widths=widths), layers=layers, recipe=Recipe(), predict=opinion, probe=probe,
        tensors=lambda: weights,
    )  # fmt: skip
