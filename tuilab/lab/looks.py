"""What a network says about its validation rows, as far as a screen can show it.

For classes: how often each is taken for each, and the worst mistakes. For numbers: predicted against true.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tuilab.datasets import Split
    from tuilab.lab.session import Session

    Floats = NDArray[np.floating]

ROWS = 2000  # of the validation part that are looked at, at most
WORST = 48  # mistakes that are kept


@dataclass(frozen=True, eq=False)
class Mistake:
    """A row taken for another class with this probability. `image` (rows, columns) 0..1 where the row is a picture."""

    row: int  # of the validation part
    true: int
    predicted: int
    probability: float
    image: Floats | None


@dataclass(frozen=True, eq=False)
class Classified:
    """`counts` (classes, classes): rows of class i taken for j. `worst`: the surest mistakes, the surest first."""

    step: int
    rows: int  # looked at
    of: int  # rows of the validation part
    counts: NDArray[np.int64]
    names: tuple[str, ...]
    worst: tuple[Mistake, ...]

    @property
    def right(self) -> int:
        """Rows taken for what they are."""
        return int(np.trace(self.counts))

    def confused(self, most: int) -> list[tuple[int, int, int]]:
        """(true, predicted, count) of the pairs most often confused, the most often first."""
        wrong = self.counts.copy()
        np.fill_diagonal(wrong, 0)
        order = np.argsort(-wrong, axis=None, kind="stable")[:most]
        pairs = zip(*np.unravel_index(order, wrong.shape), strict=True)
        return [(int(i), int(j), int(wrong[i, j])) for i, j in pairs if wrong[i, j] > 0]


@dataclass(frozen=True, eq=False)
class Fitted:
    """Predicted against true (n,), in the units of the data; of output number `output` of `outputs`."""

    step: int
    rows: int
    of: int
    true: Floats
    predicted: Floats
    r2: float
    rmse: float
    output: int
    outputs: int


Look = Classified | Fitted


def chosen(n: int, most: int = ROWS) -> NDArray[np.int64]:
    """The rows that are looked at: all, or `most` of them evenly spread, for a file may be sorted by class."""
    return np.arange(n) if n <= most else np.arange(most) * n // most


def ask(session: Session, rows: NDArray[np.int64]) -> tuple[int, Floats]:
    """The step, and what the network says about these validation rows. Engine thread; changes nothing."""
    return session.step, session.trainer.predict(session.data.x_val[rows])


def look(data: Split, rows: NDArray[np.int64], step: int, said: Floats) -> Look:
    """What was said about validation rows `rows` (n,), put against the truth. Any thread."""
    return (classified if data.task == "classification" else fitted)(data, rows, step, said)


def classified(data: Split, rows: NDArray[np.int64], step: int, said: Floats) -> Classified:
    """Counts and worst mistakes of probabilities `said` (n, classes)."""
    true = np.asarray(data.y_val)[rows].astype(np.int64)
    predicted = said.argmax(1)
    k = said.shape[1]
    counts = np.bincount(true * k + predicted, minlength=k * k).reshape(k, k)
    wrong = np.flatnonzero((predicted != true) & np.isfinite(said).all(1))
    sure = said[wrong, predicted[wrong]]
    worst = wrong[np.argsort(-sure, kind="stable")[:WORST]]
    facts = zip(rows[worst].tolist(), true[worst].tolist(), predicted[worst].tolist(), strict=True)
    surely = said[worst, predicted[worst]].tolist()
    mistakes = tuple(Mistake(*fact, p, picture(data, fact[0])) for fact, p in zip(facts, surely, strict=True))
    names = data.class_names or tuple(str(i) for i in range(k))
    return Classified(step, len(rows), len(data.x_val), counts, names, mistakes)


def picture(data: Split, row: int) -> Floats | None:
    """A validation row as a picture (rows, columns) from 0 to 1; None where it is none."""
    if data.image_shape is None:
        return None
    image = np.asarray(data.x_val[row], np.float64).reshape(data.image_shape)
    low, high = float(image.min()), float(image.max())
    return (image - low) / (high - low) if high > low else np.zeros_like(image)


def fitted(data: Split, rows: NDArray[np.int64], step: int, said: Floats, output: int = 0) -> Fitted:
    """One output of `said` (n, outputs) against the target, both back in the units of the data."""
    true = np.asarray(data.y_val, np.float64)[rows, output]
    predicted = said[:, output].astype(np.float64)
    if data.y_deviation:
        scale, shift = data.y_deviation[output], data.y_mean[output]
        true, predicted = true * scale + shift, predicted * scale + shift
    error = float(np.mean((predicted - true) ** 2))
    spread = float(np.var(true))
    r2 = 1.0 - error / spread if spread > 0 else float("nan")
    return Fitted(step, len(rows), len(data.x_val), true, predicted, r2, error**0.5, output, said.shape[1])


def kinds(data: Any) -> tuple[str, ...]:
    """What there is to see of a data set: boundary, confusion, mistakes, fit."""
    if data.task != "classification":
        return ("fit",)
    if data.features == 2:
        return ("boundary",)
    return ("confusion", "mistakes") if data.image_shape is not None else ("confusion",)
