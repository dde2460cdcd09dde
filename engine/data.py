"""The data a trainer accepts: finite float32 rows, and labels or targets that fit the architecture."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.spec import Architecture

Data = tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]
_NO_LABELS = np.zeros(1, np.int32)
_NO_TARGETS = np.zeros((1, 1), np.float32)


def check_rows(architecture: Architecture, x: ArrayLike) -> NDArray[np.float32]:
    """x (rows, features) as the compiled code wants it; no copy where it already is so.

    Raises ValueError, one line that names row and column, for anything that does not fit.
    """
    features = architecture.widths[0]
    rows = _floats("x", x)
    if rows.ndim != 2 or rows.shape[1] != features or not len(rows):
        raise ValueError(f"x: found shape {rows.shape}, expected (rows, {features}) with at least one row")
    _check_finite("x", rows)
    return rows


def check_data(architecture: Architecture, x: ArrayLike, y: ArrayLike) -> Data:
    """(x, labels, targets) as the compiled code wants them, checked like `check_rows`."""
    outputs = architecture.widths[-1]
    rows = check_rows(architecture, x)
    if architecture.task == "regression":
        targets = _floats("y", y)
        targets = targets.reshape(-1, 1) if targets.ndim == 1 else targets
        if targets.shape != (len(rows), outputs):
            raise ValueError(f"y: found shape {targets.shape}, expected ({len(rows)}, {outputs})")
        _check_finite("y", targets)
        return rows, _NO_LABELS, targets
    return rows, _labels(y, len(rows), outputs), _NO_TARGETS


def _floats(name: str, values: ArrayLike) -> NDArray[np.float32]:
    try:
        return np.ascontiguousarray(values, np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: expected numbers ({error})") from None


def _check_finite(name: str, values: NDArray[np.float32]) -> None:
    if np.isfinite(values.min()) and np.isfinite(values.max()):  # no temporary, and no sum that could overflow
        return
    row, column = np.argwhere(~np.isfinite(values))[0]
    raise ValueError(f"{name}: found {values[row, column]} in row {row}, column {column}, expected finite numbers")


def _labels(y: ArrayLike, rows: int, classes: int) -> NDArray[np.int32]:
    labels = np.asarray(y)
    if labels.shape != (rows,):
        raise ValueError(f"y: found shape {labels.shape}, expected ({rows},)")
    if labels.dtype.kind not in "iu":
        raise ValueError(f"y: found {labels.dtype}, expected whole numbers from 0 to {classes - 1}")
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        row = int(np.argmax((labels < 0) | (labels >= classes)))
        raise ValueError(f"y: found {labels[row]} in row {row}, expected whole numbers from 0 to {classes - 1}")
    return np.ascontiguousarray(labels, np.int32)
