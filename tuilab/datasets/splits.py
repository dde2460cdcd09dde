"""Cutting a data set into training, validation and test parts, stratified and by a seed.

In each part every class has its share of the whole to within one row, and the sizes of the parts are the rounded
fractions of the whole. The same seed gives the same parts on every platform.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.spec import check_int, check_number
from tuilab.datasets.base import DataError, Source, Split, checked
from tuilab.datasets.draws import Draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Shares of the validation and of the test part; the training part has the rest.
VALIDATION = 0.15
TEST = 0.15
#: Rows of validation that are enough: they are evaluated again and again while the network trains.
VALIDATION_ROWS = 5000
#: Rows from which on no part is empty.
ENOUGH = 4
_FEATURES = ("x_train", "x_val", "x_test")
_TARGETS = ("y_train", "y_val", "y_test")


def split(
    source: Source,
    seed: int,
    *,
    train_size: int | None = None,
    label_noise: float = 0.0,
    standardise: bool | None = None,
) -> Split:
    """The three parts of `source`; raises DataError if an option asks for what is not there.

    Validation and test parts depend on the seed alone: `train_size` takes the first rows of the shuffled training
    part, `label_noise` gives that share of the training rows a wrong class, `standardise` moves and scales each
    feature, and each regression target, by the training rows' mean and standard deviation (None: if the source is
    not scaled already). A missing value becomes the training rows' mean or median of its feature.
    """
    train, val, test = _parts(source, seed)
    train = train[Draws(seed, "order").order(len(train))]
    y_all = _wrong_labels(source, train, seed, label_noise)
    if train_size is not None:
        train = train[: checked(check_int, "train_size", train_size, 1, len(train))]
    x, y = source.x, source.y
    x_test = x[test] if source.x_test is None else source.x_test
    y_test = y[test] if source.y_test is None else source.y_test
    made = Split(
        name=source.name,
        task=source.task,
        x_train=np.ascontiguousarray(x[train]),
        y_train=y_all[: len(train)],
        x_val=np.ascontiguousarray(x[val]),
        y_val=y[val],
        x_test=np.ascontiguousarray(x_test),
        y_test=y_test,
        classes=len(source.class_names),
        features=x.shape[1],
        class_names=source.class_names,
        image_shape=source.image_shape,
    )
    made = _filled(made, source.fill)
    return _standardised(made) if (not source.scaled if standardise is None else standardise) else made


def check_worth(source: Source) -> None:
    """Raises DataError if there is nothing to be learned: one class only, or rows that are all alike."""
    if source.task == "classification" and len(source.y) and (source.y == source.y[0]).all():
        raise DataError(source.name, f"found one class only ({source.y[0]}), expected two or more")
    if len(source.x) > 1 and (source.x == source.x[0]).all():
        raise DataError(source.name, "found the same features in every row, expected rows that differ")


def stratified(y: NDArray[np.int64], wanted: int, draws: Draws) -> NDArray[np.bool_]:
    """Which rows are taken when `wanted` of them are asked for: a mask (n,) with that many rows set.

    Class by class the count is the exact share rounded down, and the rows still missing go to the classes whose
    share was cut most (largest remainder), ties to the lower class number.
    """
    labels, counts = np.unique(y, return_counts=True)
    take, remainder = np.divmod(counts * wanted, max(len(y), 1))
    take[np.argsort(-remainder, kind="stable")[: wanted - int(take.sum())]] += 1
    order = draws.order(len(y))
    chosen = np.zeros(len(y), np.bool_)
    for label, count in zip(labels, take, strict=True):
        chosen[order[y[order] == label][:count]] = True
    return chosen


def _parts(source: Source, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row numbers of the training, validation and (if the source has no test part of its own) test rows."""
    n = len(source.x)
    y = source.y.astype(np.int64) if source.task == "classification" else np.zeros(n, np.int64)
    draws = Draws(seed, "split")
    rest = np.arange(n)
    test = np.zeros(0, np.int64)
    if source.x_test is None:
        chosen = stratified(y, round(TEST * n), draws)
        test, rest = rest[chosen], rest[~chosen]
    chosen = stratified(y[rest], min(round(VALIDATION * n), VALIDATION_ROWS), draws)
    val, train = rest[chosen], rest[~chosen]
    tests = len(test) if source.x_test is None else len(source.x_test)
    if 0 in (len(train), len(val), tests):
        raise DataError(source.name, f"found {n} rows, expected enough for a row in each part: {ENOUGH} or more")
    return train, val, test


def _wrong_labels(source: Source, train: NDArray[np.int64], seed: int, rate: float) -> Any:
    """The labels of the training rows, some exchanged for another class, each other class equally often.

    Whether a row is hit depends on its own draw: raising the rate only adds rows, and `train_size` moves none.
    """
    rate = checked(check_number, "label_noise", rate, 0.0, 1.0)
    y = source.y[train].copy()
    if rate == 0.0:
        return y
    if source.task != "classification":
        raise DataError("label_noise", f"{source.name} has no classes, allowed: 0")
    classes = len(source.class_names)
    hit = Draws(seed, "label_noise").uniform(len(y)) < rate
    shift = 1 + (Draws(seed, "label_class").uniform(len(y)) * (classes - 1)).astype(np.int64)
    return np.where(hit, (y + shift) % classes, y)


def _filled(parts: Split, by: str) -> Split:
    """The same rows with each missing value at its feature's mean or median over the training rows that have one.

    Where none of them has one: 0.
    """
    gaps = {name: np.isnan(getattr(parts, name)) for name in _FEATURES}
    if not any(map(np.any, gaps.values())):
        return parts
    known = ~gaps["x_train"]
    if by == "median":
        x = np.where(known.any(axis=0), parts.x_train, np.float32(0.0))
        value = np.nanmedian(x.astype(np.float64), axis=0).astype(np.float32)
    else:
        total = np.where(known, parts.x_train, 0.0).sum(axis=0, dtype=np.float64)
        value = (total / np.maximum(known.sum(axis=0), 1)).astype(np.float32)
    filled: dict[str, Any] = {name: np.where(gaps[name], value, getattr(parts, name)) for name in _FEATURES}
    return replace(parts, **filled)


def _standardised(parts: Split) -> Split:
    """The same rows with every feature at mean 0 and deviation 1 over the training rows; a constant one at 0."""
    moved = _moved(parts, _FEATURES)[0]
    if parts.task == "regression":
        targets, mean, deviation = _moved(parts, _TARGETS)
        moved |= targets | {"y_mean": tuple(mean.tolist()), "y_deviation": tuple(deviation.tolist())}
    return replace(parts, **moved)


def _moved(parts: Split, names: tuple[str, ...]) -> tuple[dict[str, Any], NDArray[np.float64], NDArray[np.float64]]:
    """The arrays `names` standardised by the first of them, with the mean and deviation (columns,) that did it."""
    train = getattr(parts, names[0])
    mean = train.mean(axis=0, dtype=np.float64)
    deviation = train.std(axis=0, dtype=np.float64)
    deviation[deviation == 0.0] = 1.0
    return {name: np.float32((getattr(parts, name) - mean) / deviation) for name in names}, mean, deviation
