"""The curves of a run in bounded memory: low, high and mean of each bucket of steps, so that a spike never disappears.

A bucket spans a power of two of steps, counted from the first step, whatever the chunks in which rows arrive. When
all buckets are used, neighbours merge and each spans twice as many.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]
    Singles = NDArray[np.float32]

CAPACITY = 2048
_BLOCK = 8192  # rows sorted in at once at most


@dataclass(frozen=True, eq=False)
class Series:
    """One curve: `x` (k,) float64, the middle step of each bucket; `low`, `high`, `mean` (k,) float32.

    A bucket in which no value was finite has NaN.
    """

    x: Doubles
    low: Singles
    high: Singles
    mean: Singles

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, eq=False)
class Curves:
    """All curves of a run at one moment. `grad_norm` has one series a layer, the first layer first."""

    train: Series
    accuracy: Series  # on the batches trained on
    lr: Series
    grad_norm: tuple[Series, ...]
    val: Series
    val_accuracy: Series
    update_ratio: tuple[Series, ...] = ()  # ‖Δw‖ / ‖w‖ of each layer, at the steps that were probed

    def series(self) -> Curves:
        """Themselves: to whoever draws them they are a history in which nothing happens any more."""
        return self


class Decimator:
    """Low, high, sum and count of `channels` values in at most `capacity` buckets. Not thread-safe by itself."""

    def __init__(self, channels: int, capacity: int = CAPACITY):
        self.width = 1  # ordinals in a bucket, a power of two
        self.used = 0
        shape = (capacity, channels)
        self._low = np.full(shape, np.inf, np.float32)
        self._high = np.full(shape, -np.inf, np.float32)
        self._sum = np.zeros(shape, np.float64)
        self._count = np.zeros(shape, np.int64)
        self._x_sum = np.zeros(capacity, np.float64)
        self._x_count = np.zeros(capacity, np.int64)

    def add(self, ordinal: NDArray[np.int64], x: Doubles, values: Singles) -> None:
        """Rows `values` (k, channels) at `x` (k,); `ordinal` (k,), from 0 on and rising, decides the buckets."""
        finite = np.isfinite(values)
        self.add_buckets(
            ordinal, x, np.ones(len(x), np.int64), np.where(finite, values, np.inf),
            np.where(finite, values, -np.inf), np.where(finite, values, 0.0), finite.astype(np.int64),
        )  # fmt: skip

    def add_buckets(
        self, ordinal: NDArray[np.int64], x: Doubles, steps: NDArray[np.int64],
        low: Singles, high: Singles, total: Doubles, count: NDArray[np.int64],
    ) -> None:  # fmt: skip
        """Rows that stand for `steps` (k,) values each: their low, high, total and count (k, channels)."""
        if len(ordinal) == 0:
            return
        while ordinal[-1] // self.width >= len(self._x_sum):
            self._merge()
        bucket = ordinal // self.width
        starts = np.flatnonzero(np.diff(bucket, prepend=-1))
        rows = bucket[starts]
        self._low[rows] = np.minimum(self._low[rows], np.minimum.reduceat(low, starts))
        self._high[rows] = np.maximum(self._high[rows], np.maximum.reduceat(high, starts))
        self._sum[rows] += np.add.reduceat(total, starts)
        self._count[rows] += np.add.reduceat(count, starts)
        self._x_sum[rows] += np.add.reduceat(x * steps, starts)
        self._x_count[rows] += np.add.reduceat(steps, starts)
        self.used = max(self.used, int(rows[-1]) + 1)

    def forget_from(self, ordinal: int) -> None:
        """Empties the buckets in which nothing lies before `ordinal`."""
        first = -(-ordinal // self.width)
        self._low[first:], self._high[first:] = np.inf, -np.inf
        self._sum[first:] = self._count[first:] = 0
        self._x_sum[first:] = self._x_count[first:] = 0
        self.used = min(self.used, first)

    def _merge(self) -> None:
        """Joins buckets 2i and 2i + 1 and frees the upper half."""
        half = len(self._x_sum) // 2
        for array, join, empty in (
            (self._low, np.minimum, np.inf),
            (self._high, np.maximum, -np.inf),
            (self._sum, np.add, 0),
            (self._count, np.add, 0),
            (self._x_sum, np.add, 0),
            (self._x_count, np.add, 0),
        ):
            array[:half] = join(array[::2], array[1::2])
            array[half:] = empty
        self.width *= 2
        self.used = (self.used + 1) // 2

    def copy(self) -> Decimator:
        """Another with the same buckets."""
        other = Decimator.__new__(Decimator)
        other.width, other.used = self.width, self.used
        for name, array in self._arrays().items():
            setattr(other, name, array.copy())
        return other

    def _arrays(self) -> dict[str, NDArray[Any]]:
        return {name: value for name, value in vars(self).items() if isinstance(value, np.ndarray)}

    @property
    def nbytes(self) -> int:
        """Memory of the buckets."""
        return sum(array.nbytes for array in self._arrays().values())

    def spans(self) -> NDArray[np.int64]:
        """First ordinal, and number of ordinals, of each bucket with something in it: (buckets, 2)."""
        filled = np.flatnonzero(self._x_count[: self.used])
        return np.column_stack([filled * self.width, np.minimum(self._x_count[filled], self.width)])

    def series(self) -> tuple[Series, ...]:
        """A copy of each channel's curve."""
        filled = np.flatnonzero(self._x_count[: self.used])
        x = self._x_sum[filled] / self._x_count[filled]
        count = self._count[filled]
        some = count > 0
        mean = np.full(count.shape, np.nan, np.float32)
        np.divide(self._sum[filled], count, out=mean, where=some, casting="same_kind")
        low = np.where(some, self._low[filled], np.float32(np.nan))
        high = np.where(some, self._high[filled], np.float32(np.nan))
        # A mean rounded to float32 may leave the interval by its last bit; a chart draws it inside the band.
        mean = np.clip(mean, low, high)
        columns = (np.ascontiguousarray(a.T) for a in (low, high, mean))
        return tuple(Series(x, *channel) for channel in zip(*columns, strict=True))


class History:
    """The curves of one run. One thread adds, any thread reads. `layers` counts the weight matrices."""

    def __init__(self, layers: int, capacity: int = CAPACITY):
        self.layers = layers
        self._capacity = capacity
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._train = Decimator(3 + self.layers, self._capacity)
            self._eval = Decimator(2, self._capacity)
            self._probed = Decimator(self.layers, self._capacity)
            self._eval_steps: list[int] = []
            self._waiting: list[Any] = []
            self._rows_waiting = 0
            self._curves: Curves | None = None

    def add(self, metrics: Any) -> None:
        """The rows of one `Trainer.advance` (engine Metrics); a row lies at the number of steps done with it."""
        with self._lock:
            self._waiting.append(metrics)
            self._rows_waiting += len(metrics)
            self._curves = None
            if self._rows_waiting >= _BLOCK:
                self._sort_in()

    def _sort_in(self) -> None:
        """Puts the waiting rows into their buckets, all at once: many short chunks would pay for each call."""
        if not self._rows_waiting:
            return
        parts = self._waiting
        before = np.concatenate([np.arange(m.first_step, m.first_step + len(m), dtype=np.int64) for m in parts])
        columns = [np.concatenate([getattr(m, name) for m in parts]) for name in ("loss", "accuracy", "lr")]
        values = np.column_stack([*columns, np.concatenate([m.grad_norm for m in parts])])
        self._train.add(before, before + 1.0, values.astype(np.float32, copy=False))
        ratio = np.concatenate([m.update_ratio for m in parts])
        probed = np.flatnonzero(np.isfinite(ratio).any(axis=1))
        self._probed.add(before[probed], before[probed] + 1.0, ratio[probed])
        self._waiting, self._rows_waiting = [], 0

    def add_row(
        self, first: int, last: int, low: Sequence[float], mean: Sequence[float], high: Sequence[float]
    ) -> None:
        """A row kept by a run folder, for steps first…last; values in the order loss, accuracy, lr, gradient norms."""
        known = np.isfinite(mean)[None, :]
        steps = last - first + 1
        with self._lock:
            self._sort_in()
            self._train.add_buckets(
                np.array([last - 1]), np.array([(first + last) / 2]), np.array([steps]),
                np.where(known, np.asarray(low, np.float32), np.inf),
                np.where(known, np.asarray(high, np.float32), -np.inf),
                np.where(known, np.multiply(mean, steps), 0.0), known * np.int64(steps),
            )  # fmt: skip
            self._curves = None

    def add_eval(self, step: int, loss: float, accuracy: float) -> None:
        """One look at the validation part after `step` steps (NaN accuracy: regression)."""
        with self._lock:
            values = np.array([[loss, accuracy]], np.float32)
            self._eval.add(np.array([len(self._eval_steps)]), np.array([float(step)]), values)
            self._eval_steps.append(step)
            self._curves = None

    def forget_after(self, step: int) -> None:
        """Drops what was added after `step` steps, when a run goes back to an earlier state."""
        with self._lock:
            self._sort_in()
            del self._eval_steps[bisect_right(self._eval_steps, step) :]
            self._eval.forget_from(len(self._eval_steps))
            self._train.forget_from(step)
            self._probed.forget_from(step)
            self._curves = None

    def copy(self) -> History:
        """Another that begins with the same curves."""
        other = History(self.layers, 1)
        with self._lock:
            self._sort_in()
            other._capacity, other._eval_steps = self._capacity, self._eval_steps.copy()
            other._train, other._eval, other._probed = (d.copy() for d in self._decimators)
        return other

    @property
    def nbytes(self) -> int:
        """Memory of the curves."""
        return sum(decimator.nbytes for decimator in self._decimators) + 8 * len(self._eval_steps)

    @property
    def _decimators(self) -> tuple[Decimator, ...]:
        return self._train, self._eval, self._probed

    def spans(self) -> list[tuple[int, int]]:
        """First and last step of each point of the training curves."""
        with self._lock:
            self._sort_in()
            return [(first + 1, first + count) for first, count in self._train.spans().tolist()]

    def series(self) -> Curves:
        """The curves as they are now; the same object until something is added."""
        with self._lock:
            if self._curves is None:
                self._sort_in()
                train, accuracy, lr, *grad_norm = self._train.series()
                val, val_accuracy = self._eval.series()
                ratio = self._probed.series()
                self._curves = Curves(train, accuracy, lr, tuple(grad_norm), val, val_accuracy, ratio)
            return self._curves
