"""Which data sets there are, and how one is loaded by its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType
from typing import Any

from engine.spec import check_bool, check_int, check_number, nearest
from tuilab.datasets.base import DataError, Split, checked


@dataclass(frozen=True, slots=True)
class Dataset:
    """One entry: what it is called, what it shows, and the module whose `read` gives it."""

    name: str
    title: str
    module: str
    noise: float | None = None  # the noise it has when none is asked for; None: it takes no noise

    @property
    def options(self) -> tuple[str, ...]:
        """The options `load` accepts for this set."""
        return (*(("noise",) if self.noise is not None else ()), *_COMMON)


_COMMON = ("train_size", "label_noise", "standardise")

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
    )
})  # fmt: skip


def names() -> tuple[str, ...]:
    """The names `load` knows."""
    return tuple(DATASETS)


def load(
    name: str,
    *,
    seed: int = 0,
    train_size: int | None = None,
    noise: float | None = None,
    label_noise: float | None = None,
    standardise: bool | None = None,
    **unknown: Any,
) -> Split:
    """The data set `name`, split by `seed`. An option left at None takes the set's usual value.

    Raises DataError, in one line, for an unknown name or option, or a value that is not allowed.
    """
    if not isinstance(name, str) or name not in DATASETS:
        raise DataError("dataset", f"found {name!r}, allowed: {', '.join(DATASETS)}{nearest(name, DATASETS)}")
    entry = DATASETS[name]
    allowed = f"allowed: {', '.join(entry.options)}"
    for option in unknown:
        raise DataError(option, f"{name} has no such option, {allowed}{nearest(option, entry.options)}")
    if noise is not None and entry.noise is None:
        raise DataError("noise", f"{name} takes none, {allowed}")
    seed = checked(check_int, "seed", seed, 0, 2**64 - 1)
    read = import_module(f"tuilab.datasets.{entry.module}").read
    given: dict[str, Any] = {}
    if entry.noise is not None:
        given["noise"] = checked(check_number, "noise", entry.noise if noise is None else noise, 0.0, 100.0)
    from tuilab.datasets.splits import split

    return split(
        read(name, seed=seed, **given),
        seed,
        train_size=train_size,
        label_noise=0.0 if label_noise is None else label_noise,
        standardise=standardise is not None and checked(check_bool, "standardise", standardise),
    )
