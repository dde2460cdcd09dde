"""From a frame's curves to the lines of the charts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuilab.tui.charts.model import Line
from tuilab.tui.theme import EXTRA, LAYER, TRAIN, VAL

if TYPE_CHECKING:
    from tuilab.lab.history import Curves, Series

#: What the upper chart can show, and whether on a log axis at first.
TOP_VIEWS: tuple[tuple[str, bool], ...] = (
    ("Loss", True), ("Accuracy", False), ("Learning rate", False), ("Update / weight", True),
)  # fmt: skip

_DASHES = (0, 6, 2, 10, 4)


def line(series: Series, label: str, color: int, *, smooth: bool = True, dash: int = 0) -> Line:
    """A series as a line; one without width is drawn as such."""
    import numpy as np

    exact = np.array_equal(series.low, series.high, equal_nan=True)
    low, high = (series.mean, series.mean) if exact else (series.low, series.high)
    return Line(label, series.x, low, high, series.mean, color, smooth, dash)


def top_lines(curves: Curves, view: str, plain: bool) -> list[Line]:
    """The lines of the upper chart; `plain`: told apart by dashes."""
    dash = 4 if plain else 0
    if view == "Learning rate":
        return [line(curves.lr, "lr", EXTRA, smooth=False)]
    if view == "Update / weight":
        return layer_lines(curves.update_ratio, plain)
    if view == "Accuracy":
        train, val = curves.accuracy, curves.val_accuracy
        return [line(train, "train", TRAIN), line(val, "val", VAL, smooth=False, dash=dash)]
    return [line(curves.train, "train", TRAIN), line(curves.val, "val", VAL, smooth=False, dash=dash)]


def compared(curves: Curves, view: str, mark: str, colors: tuple[int, int], dash: int) -> list[Line]:
    """The lines of a run beside the one on the screen, for a view of the upper chart or `gradient`.

    `mark` tells it in the labels, `colors` are those of training and validation. Of the layers only the first,
    in which a gradient vanishes.
    """
    train, val = colors
    layers = {"gradient": curves.grad_norm, "Update / weight": curves.update_ratio}.get(view)
    if layers is not None:
        return [line(series, f"{mark}L1", val, dash=dash) for series in layers[:1]]
    if view == "Learning rate":
        return [line(curves.lr, f"{mark}lr", val, smooth=False, dash=dash)]
    seen = (curves.accuracy, curves.val_accuracy) if view == "Accuracy" else (curves.train, curves.val)
    return [
        line(seen[0], f"{mark}trn", train, dash=dash),
        line(seen[1], f"{mark}val", val, smooth=False, dash=dash),
    ]


def layer_lines(of_layers: Sequence[Series], plain: bool) -> list[Line]:
    """One line a layer (gradient norms, update ratios), the first layer first."""
    return [
        line(s, f"L{k + 1}", LAYER + k, dash=_DASHES[k % len(_DASHES)] if plain else 0) for k, s in enumerate(of_layers)
    ]
