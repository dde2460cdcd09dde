"""Which data sets there are, and how one is loaded by its name or by the path of a file of the user's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from engine.spec import check_bool, check_int, check_number, nearest
from tuilab.datasets.base import DataError, Split, checked

if TYPE_CHECKING:
    from tuilab.datasets.base import Source


@dataclass(frozen=True, slots=True)
class Dataset:
    """One entry: what it is called, what it shows, and the module whose `read` gives it."""

    name: str
    title: str
    module: str
    noise: float | None = None  # the noise it has when none is asked for; None: it takes no noise
    embedded: bool = True  # False: has to be fetched or imported first

    @property
    def options(self) -> tuple[str, ...]:
        """The options `load` accepts for this set."""
        return (*(("noise",) if self.noise is not None else ()), *_COMMON)


_COMMON = ("train_size", "label_noise", "standardise")
_OWN = (*_COMMON, "target", "task", "missing")  # of a table of the user's
#: What can be done about a missing value: refuse the table, or take a figure of the training rows that have one.
MISSING_VALUES = ("refuse", "mean", "median")
SUFFIXES = (".csv", ".tsv", ".txt", ".data", ".npz")

#: Every data set by name, in the order they are offered.
DATASETS: Mapping[str, Dataset] = MappingProxyType({
    entry.name: entry
    for entry in (
        Dataset("digits", "1,797 handwritten digits, 8×8 pixels, 10 classes", "digits"),
        Dataset("circle", "a disc inside a ring", "toy", noise=0.05),
        Dataset("xor", "four squares, opposite ones alike", "toy", noise=0.05),
        Dataset("gaussians", "two round clouds", "toy", noise=0.25),
        Dataset("spiral", "two arms wound around each other", "toy", noise=0.02),
        Dataset("moons", "two half circles reaching into each other", "toy", noise=0.1),
        Dataset("mnist", "70,000 handwritten digits, 28×28 pixels, 10 classes", "mnist", embedded=False),
        Dataset("fashion-mnist", "70,000 pieces of clothing, 28×28 pixels, 10 classes", "mnist", embedded=False),
        Dataset("kmnist", "70,000 cursive hiragana, 28×28 pixels, 10 classes", "mnist", embedded=False),
    )
})  # fmt: skip


def names() -> tuple[str, ...]:
    """The names `load` knows."""
    return tuple(DATASETS)


def is_path(name: object) -> bool:
    """Whether `name` means a file or folder of the user's rather than a set of ours."""
    return isinstance(name, str) and name not in DATASETS and (
        name.lower().endswith(SUFFIXES) or "/" in name or os.sep in name
    )  # fmt: skip


def anchored(name: str, folder: Path | None = None) -> str:
    """The absolute path where `name` is one, counted from `folder` (None: where we are); a name of ours as it is."""
    if not is_path(name):
        return name
    return os.path.abspath(os.path.join(folder or "", os.path.expanduser(name)))


def check_dataset(name: object) -> str:
    """`name` if it names a data set or looks like the path of one; raises DataError otherwise. Reads nothing."""
    if isinstance(name, str) and (name in DATASETS or is_path(name)):
        return name
    allowed = f"{', '.join(DATASETS)}, or the path of a file ({', '.join(SUFFIXES)})"
    raise DataError("dataset", f"found {name!r}, allowed: {allowed}{nearest(name, DATASETS)}")


def load(
    name: str,
    *,
    seed: int = 0,
    train_size: int | None = None,
    noise: float | None = None,
    label_noise: float | None = None,
    standardise: bool | None = None,
    **options: Any,
) -> Split:
    """The data set `name` (or the file at that path), split by `seed`. An option left at None takes its usual value.

    A table also takes `target` (a column's name), `task` and `missing` (one of MISSING_VALUES). Raises DataError, in
    one line, for an unknown name or option, a value that is not allowed, or data that is missing or not what it should
    be.
    """
    check_dataset(name)
    entry = DATASETS.get(name)
    taken = entry.options if entry else _OWN
    given = {option: value for option, value in options.items() if value is not None}
    for option in given:
        if option not in taken:
            message = f"{name} has no such option, allowed: {', '.join(taken)}{nearest(option, taken)}"
            raise DataError(option, message)
    if noise is not None and "noise" not in taken:
        raise DataError("noise", f"{name} takes none, allowed: {', '.join(taken)}")
    seed = checked(check_int, "seed", seed, 0, 2**64 - 1)
    if standardise is not None:
        checked(check_bool, "standardise", standardise)
    if entry is None:
        source = _own(Path(name).expanduser(), given)
    else:
        if entry.noise is not None:
            given["noise"] = checked(check_number, "noise", entry.noise if noise is None else noise, 0.0, 100.0)
        source = import_module(f"tuilab.datasets.{entry.module}").read(name, seed=seed, **given)
    from tuilab.datasets.splits import check_worth, split

    if entry is None:
        check_worth(source)
    hits = 0.0 if label_noise is None else label_noise
    return split(source, seed, train_size=train_size, label_noise=hits, standardise=standardise)


def _own(path: Path, options: dict[str, Any]) -> Source:
    """The user's data: a folder of IDX files, an NPZ file, or else a table."""
    if path.is_dir() or path.suffix.lower() == ".npz":
        for option in options:
            raise DataError(option, f"{path} has no columns, allowed: {', '.join(_COMMON)}")
    if path.is_dir():
        from tuilab.datasets.mnist import read_folder

        return read_folder(path, path.name)
    if path.suffix.lower() == ".npz":
        from tuilab.datasets.arrays import read_arrays

        return read_arrays(path)
    from tuilab.datasets.table import read_table

    return read_table(path, **options)
