"""metrics.jsonl: one JSON object a line, for steps or for validation, appended at least every second.

    {"step": 40, "loss": 1.9, "accuracy": 0.31, "lr": 0.001, "grad_norm": [0.8, 0.9]}
    {"step": 64, "n": 8, "loss": …, "loss_low": …, "loss_high": …, "grad_low": […], "grad_high": […], …}
    {"step": 40, "val_loss": 1.7, "val_accuracy": 0.44}

A long run writes one row for `n` steps up to `step`, with mean, low and high; null stands for a value not finite.
A kill may tear the last line; readers leave it out.
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tuilab.lab.disk import open_inside, read_inside, write_atomic
from tuilab.lab.timeline import MAX_STEP

if TYPE_CHECKING:
    from tuilab.lab.history import History

ROWS = 4096  # about as many rows as a run of any length writes
MAX_BYTES = 2**30
LARGEST = 3.4e38  # of a figure: the curves are float32
_EVAL_VALUES = 2  # loss and accuracy; a training row has at least four values
_CUT = np.empty((0, 0))
_MAX_HELD = 4 * 2**20  # values, and characters, kept for a disk that takes nothing
_MAX_TEXT = 4 * 2**20


def steps_per_row(total_steps: int) -> int:
    """The power of two of steps that one row stands for, in a run of `total_steps`."""
    return 1 << max(0, math.ceil(math.log2(max(total_steps, 1) / ROWS)))


class MetricsLog:
    """Gathers rows (engine thread) and appends them to `path` as lines (disk thread)."""

    def __init__(self, path: Path, total_steps: int):
        self.path = path
        self.width = steps_per_row(total_steps)
        self._lock = threading.Lock()
        self._rows: deque[tuple[int, np.ndarray]] = deque()  # (first step, rows), or (step, one row of two: validation)
        self._held = 0
        self._text = ""

    def add(self, metrics: Any) -> None:
        """The rows of one `Trainer.advance`."""
        if len(metrics):
            self._keep(
                metrics.first_step + 1,
                np.column_stack([metrics.loss, metrics.accuracy, metrics.lr, metrics.grad_norm]),
            )

    def add_eval(self, step: int, loss: float, accuracy: float) -> None:
        """A look at the validation part."""
        self._keep(step, np.array([[loss, accuracy]]))

    def cut(self) -> None:
        """Lets a row end here, at the step of a snapshot: a run that goes on from there then misses no step."""
        self._keep(0, _CUT)

    def _keep(self, step: int, rows: np.ndarray) -> None:
        with self._lock:
            self._rows.append((step, rows))
            self._held += rows.size
            while self._held > _MAX_HELD:
                self._held -= self._rows.popleft()[1].size

    def write(self) -> None:
        """Appends what was gathered; raises OSError, keeps it for the next time and leaves no half line behind."""
        with self._lock:
            rows, self._rows, self._held = self._rows, deque(), 0
        self._text = (self._text + "".join(as_text(rows, self.width)))[-_MAX_TEXT:]
        if not self._text:
            return
        handle = open_inside(self.path, os.O_WRONLY | os.O_APPEND)
        try:
            good = os.fstat(handle).st_size
            data = self._text.encode()
            try:
                while data:
                    data = data[os.write(handle, data) :]
            except OSError:
                os.ftruncate(handle, good)
                raise
            self._text = ""
        finally:
            os.close(handle)


def as_text(gathered: Iterable[tuple[int, np.ndarray]], width: int) -> Iterator[str]:
    """Lines for what was gathered, in its order; parts that follow each other are joined before they are cut."""
    waiting: list[np.ndarray] = []
    first = 1
    for step, rows in gathered:
        if rows.shape[1] > _EVAL_VALUES:
            first = first if waiting else step
            waiting.append(rows)
            continue
        yield from _training_lines(first, waiting, width)
        waiting = []
        if rows is not _CUT:
            yield _json({"step": step, "val_loss": _plain(rows[0, 0]), "val_accuracy": _plain(rows[0, 1])})
    yield from _training_lines(first, waiting, width)


def _training_lines(first: int, parts: list[np.ndarray], width: int) -> Iterator[str]:
    """Lines for the rows of `parts`, the first of which is step `first`, cut at multiples of `width`."""
    if not parts:
        return
    rows = np.concatenate(parts)
    if width == 1:
        for step, (loss, accuracy, lr, *norms) in enumerate(rows.tolist(), first):
            yield _json({
                "step": step, "loss": _plain(loss), "accuracy": _plain(accuracy), "lr": _plain(lr),
                "grad_norm": [_plain(v) for v in norms],
            })  # fmt: skip
        return
    bucket = (np.arange(first - 1, first - 1 + len(rows))) // width
    edges = [0, *(np.flatnonzero(np.diff(bucket)) + 1).tolist(), len(rows)]
    for start, end in pairwise(edges):
        yield _json(_summary(first + end - 1, rows[start:end]))


def _summary(step: int, rows: np.ndarray) -> dict[str, Any]:
    """The object for `rows` (n, 3 + layers) that end at `step`."""
    finite = np.isfinite(rows)
    count = finite.sum(axis=0)
    mean = np.where(finite, rows, 0.0).sum(axis=0, dtype=np.float64) / np.maximum(count, 1)
    low = np.where(finite, rows, np.inf).min(axis=0)
    high = np.where(finite, rows, -np.inf).max(axis=0)
    values = [_plain(v) if c else None for v, c in zip(mean, count, strict=True)]
    return {
        "step": step, "n": len(rows), "loss": values[0], "accuracy": values[1], "lr": values[2],
        "grad_norm": values[3:], "loss_low": _plain(low[0]), "loss_high": _plain(high[0]),
        "grad_low": [_plain(v) for v in low[3:]], "grad_high": [_plain(v) for v in high[3:]],
    }  # fmt: skip


def _json(line: dict[str, Any]) -> str:
    return json.dumps(line, allow_nan=False) + "\n"


def _plain(value: float) -> float | None:
    """A float of seven digits (all a float32 has); None if it is not finite."""
    return float(f"{value:.7g}") if math.isfinite(value) else None


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects in `path` one by one; a torn line or one that is no row of this log is left out."""
    return (line for _, line in _read(path))


def _read(path: Path) -> Iterator[tuple[bytes, dict[str, Any]]]:
    """Each good line, as it is written and as an object."""
    try:
        data = read_inside(path, MAX_BYTES)
    except OSError:
        return
    for text in data.split(b"\n"):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            continue
        step = line.get("step") if isinstance(line, dict) else None
        if isinstance(step, int) and not isinstance(step, bool) and 0 <= step <= MAX_STEP:
            yield text, line


def keep_until(path: Path, step: int) -> None:
    """Rewrites `path` without the rows after `step`, when a run goes on from there; raises OSError."""
    write_atomic(path, b"".join(text + b"\n" for text, line in _read(path) if line["step"] <= step))


def lines(history: History, step: int) -> bytes:
    """A log of the curves up to `step`: a row for each of their points."""
    curves = history.series()
    out: list[str] = []
    looks = deque(zip(curves.val.x.tolist(), curves.val.mean, curves.val_accuracy.mean, strict=True))
    sides = (curves.train, curves.accuracy, curves.lr, *curves.grad_norm)

    def seen_until(end: float) -> Iterator[str]:
        while looks and looks[0][0] <= end:
            at, loss, accuracy = looks.popleft()
            yield _json({"step": round(at), "val_loss": _plain(loss), "val_accuracy": _plain(accuracy)})

    for k, (first, last) in enumerate(span for span in history.spans() if span[0] <= step):
        out += seen_until(first - 1)
        low, mean, high = ([_plain(getattr(s, side)[k]) for s in sides] for side in ("low", "mean", "high"))
        row = {"step": min(last, step), "loss": mean[0], "accuracy": mean[1], "lr": mean[2], "grad_norm": mean[3:]}
        if last > first:
            n = min(last, step) - first + 1
            spread = {"loss_low": low[0], "loss_high": high[0], "grad_low": low[3:], "grad_high": high[3:]}
            row = {**row, "n": n, **spread}
        out.append(_json(row))
    return "".join([*out, *seen_until(step)]).encode()


@dataclass(frozen=True, slots=True)
class Row:
    """A training row as `History.add_row` takes it; the values are loss, accuracy, lr and the gradient norms."""

    first: int
    last: int
    low: list[float]
    mean: list[float]
    high: list[float]


def as_row(line: dict[str, Any], layers: int) -> Row | None:
    """A line of training steps, or None if it is none (or of another network)."""
    step, n = line["step"], line.get("n", 1)
    found = [line.get(key, line.get("grad_norm")) for key in ("grad_low", "grad_norm", "grad_high")]
    norms = [v for v in found if isinstance(v, list) and len(v) == layers]
    if not isinstance(n, int) or not 1 <= n <= step or len(norms) < len(found):
        return None
    sides = (line.get("loss_low", line.get("loss")), line.get("loss"), line.get("loss_high", line.get("loss")))
    rest = [line.get("accuracy"), line.get("lr")]
    low, mean, high = ([_number(v) for v in (side, *rest, *norm)] for side, norm in zip(sides, norms, strict=True))
    return Row(step - n + 1, step, low, mean, high)


def _number(value: object) -> float:
    """A value of a line as a float that a float32 can hold; NaN for null and for whatever else it is."""
    if isinstance(value, float | int) and not isinstance(value, bool) and abs(value) <= LARGEST:
        return float(value)
    return math.nan


def fill(history: History, path: Path, until: int) -> None:
    """Adds to `history` what `path` holds of the steps up to `until`."""
    for line in read_lines(path):
        if line["step"] > until:
            continue
        if "val_loss" in line:
            history.add_eval(line["step"], _number(line["val_loss"]), _number(line.get("val_accuracy")))
        elif (row := as_row(line, history.layers)) is not None:
            history.add_row(row.first, row.last, row.low, row.mean, row.high)
