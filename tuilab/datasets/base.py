"""What a data set is once read (`Source`) and once split (`Split`), and the one error of this package."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.spec import SpecError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Labels = NDArray[np.int64] | NDArray[np.float32]


class DataError(ValueError):
    """Data that cannot be had. One line: field or file, found, allowed.

    `field` is the option (or file) the message is about, so that a caller can add where it was written.
    """

    def __init__(self, field: str, message: str):
        self.field = _printable(field)
        self.message = _printable(message)
        super().__init__(f"{self.field}: {self.message}")


#: What a file may always unpack to, and how many times its own size beyond that: more is no data set but a bomb.
ROOM, RATIO = 2**26, 100


def plain_size(path: Path, expected: str) -> int:
    """The bytes of the plain file at `path`; raises DataError where there is none: a device never ends."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(str(path), f"{getattr(error, 'strerror', None) or error}, expected {expected}") from None
    if not stat.S_ISREG(found.st_mode):
        kind = "Is a directory" if stat.S_ISDIR(found.st_mode) else "found a pipe or a device"
        raise DataError(str(path), f"{kind}, expected {expected}")
    return found.st_size


def check_unpacked(path: Path, packed: int, unpacked: int) -> None:
    """Raises DataError if a file of `packed` bytes that unpacks to `unpacked` is no data set."""
    if unpacked > (most := max(ROOM, RATIO * packed)):
        raise DataError(str(path), f"unpacks to {unpacked:,} bytes, allowed up to {most:,} from {packed:,}")


def _printable(text: str) -> str:
    """`text` on one line and free of what would steer a terminal: a file's name may hold anything."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


@dataclass(frozen=True, eq=False)
class Source:
    """A data set as its file or formula gives it, before any split.

    x (n, features) float32; y (n,) int64 class numbers, or (n, outputs) float32 for regression. Where the
    publisher fixed a test part, `x_test` and `y_test` hold it and it is never mixed with the rest. `scaled` says that
    the features are on a scale a network starts well on; where they are not, they are standardised unless told not to.
    A NaN in x is a missing value that is to be filled in: with the "mean" or the "median" of its feature, by `fill`.
    """

    name: str
    x: Floats
    y: Labels
    task: str = "classification"
    class_names: tuple[str, ...] = ()
    image_shape: tuple[int, int] | None = None
    x_test: Floats | None = None
    y_test: Labels | None = None
    scaled: bool = True
    fill: str = "mean"


@dataclass(frozen=True, eq=False)
class Split:
    """A data set ready to train on: three parts with no row in common.

    x_* (n, features) float32, C-contiguous; y_* (n,) int64 class numbers, or (n, outputs) float32 for regression.
    `classes` is 0 for regression; `image_shape` is (rows, columns) where the features are the pixels of a picture.
    Standardised regression targets are (target − `y_mean`) / `y_deviation`, one number each for every output.
    """

    name: str
    task: str
    x_train: Floats
    y_train: Labels
    x_val: Floats
    y_val: Labels
    x_test: Floats
    y_test: Labels
    classes: int
    features: int
    class_names: tuple[str, ...] = ()
    image_shape: tuple[int, int] | None = None
    y_mean: tuple[float, ...] = ()
    y_deviation: tuple[float, ...] = ()

    @property
    def outputs(self) -> int:
        """Units of a network's last layer: one a class, or one a regression target."""
        return self.classes if self.task == "classification" else int(self.y_train.shape[1])


def checked(check: Callable[..., Any], field: str, value: object, *bounds: Any, **more: Any) -> Any:
    """`check` of engine.spec applied to an option of a data set; a refusal becomes a DataError."""
    try:
        return check(field, value, *bounds, **more)
    except SpecError as error:
        raise DataError(error.field, error.message) from None
