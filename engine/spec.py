"""What a network is (`Architecture`) and how it is trained (`Recipe`): immutable and validated, no numba.

A `Recipe` is the panel of dials. Every field may change between two steps of a run; the compiled step reads
them as plain arguments. The names here are the only names: presets, the command line and the screen use them.
"""

from __future__ import annotations

import difflib
import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

# The order is the number by which the compiled code knows each entry: append, never reorder.
ACTIVATIONS = ("linear", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "prelu", "selu", "serlu")
OPTIMIZERS = ("sgd", "momentum", "nag", "adagrad", "rmsprop", "adadelta", "adam", "radam", "adamw")
INITIALIZERS = (
    "lecun_normal", "lecun_uniform", "xavier_normal", "xavier_uniform", "he_normal", "he_uniform",
    "orthogonal", "zeros", "small_normal", "standard_uniform",
)  # fmt: skip
SCHEDULES = ("constant", "step", "exponential", "cosine")
TASKS = ("classification", "regression")

MAX_WIDTH = 65_536
MAX_PARAMETERS = 250_000_000
MAX_LAYERS = 256
MAX_BATCH = 65_536

#: Learning rate and denominator term each optimizer starts from when the recipe leaves them open (PyTorch's).
DEFAULT_LR = {
    "sgd": 1e-3, "momentum": 1e-3, "nag": 1e-3, "adagrad": 1e-2, "rmsprop": 1e-2,
    "adadelta": 1.0, "adam": 1e-3, "radam": 1e-3, "adamw": 1e-3,
}  # fmt: skip
DEFAULT_EPS = {"adagrad": 1e-10, "adadelta": 1e-6}


class SpecError(ValueError):
    """An architecture, a recipe or a change that cannot be. One line: field, found, allowed.

    `field` is the name of the offending field, so that a caller can add file and place.
    """

    def __init__(self, field: str, message: str):
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def nearest(name: object, allowed: Iterable[str]) -> str:
    """' (did you mean "x"?)' for the closest allowed name, or an empty string."""
    close = difflib.get_close_matches(str(name), list(allowed), n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else ""


def check_name(field: str, value: object, allowed: tuple[str, ...]) -> str:
    """`value` if it is one of `allowed`; raises SpecError naming the nearest otherwise."""
    if not isinstance(value, str) or value not in allowed:
        raise SpecError(field, f"found {value!r}, allowed: {', '.join(allowed)}{nearest(value, allowed)}")
    return value


def check_number(
    field: str, value: object, low: float, high: float, *, low_open: bool = False, high_open: bool = False
) -> float:
    """`value` as a finite float in the interval; raises SpecError otherwise."""
    bounds = f"{'(' if low_open else '['}{low:g}, {high:g}{')' if high_open else ']'}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SpecError(field, f"found {value!r}, expected a number in {bounds}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    inside = (low < number if low_open else low <= number) and (number < high if high_open else number <= high)
    if not inside:  # NaN fails every comparison and lands here too
        raise SpecError(field, f"found {value!r}, expected a number in {bounds}")
    return number


def check_int(field: str, value: object, low: int, high: int) -> int:
    """`value` as an int in [low, high]; raises SpecError otherwise (a bool or a float is not an int)."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise SpecError(field, f"found {value!r}, expected a whole number in [{low}, {high}]")
    return value


def check_bool(field: str, value: object) -> bool:
    """`value` if it is a bool; raises SpecError otherwise."""
    if not isinstance(value, bool):
        raise SpecError(field, f"found {value!r}, expected true or false")
    return value


@dataclass(frozen=True, slots=True)
class Architecture:
    """The network that stays: layer widths from input to output, and the task.

    `widths` counts units: (inputs, hidden…, outputs). A classification net ends in logits of that many
    classes under softmax cross-entropy, a regression net in linear outputs under mean squared error.
    """

    widths: tuple[int, ...]
    task: str = "classification"

    def __post_init__(self) -> None:
        if isinstance(self.widths, str | bytes) or not isinstance(self.widths, Iterable):
            raise SpecError("widths", f"found {self.widths!r}, expected whole numbers such as (64, 32, 10)")
        widths = tuple(check_int("widths", _plain(w), 1, MAX_WIDTH) for w in self.widths)
        if not 2 <= len(widths) <= MAX_LAYERS + 1:
            raise SpecError("widths", f"found {len(widths)} widths, expected 2 to {MAX_LAYERS + 1}")
        object.__setattr__(self, "widths", widths)
        check_name("task", self.task, TASKS)
        size = sum(n * m + 3 * m + 1 for n, m in itertools.pairwise(widths))
        if size > MAX_PARAMETERS:
            raise SpecError("widths", f"found {size:,} parameters, allowed up to {MAX_PARAMETERS:,}")

    @property
    def layers(self) -> int:
        """Number of weight matrices."""
        return len(self.widths) - 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """The dials. `lr` and `eps` may be None: the optimizer's usual value (`learning_rate`, `epsilon`)."""

    activation: str | tuple[str, ...] = "relu"  # one for all hidden layers, or one for each
    initializer: str = "he_normal"
    optimizer: str = "adam"
    lr: float | None = None
    momentum: float = 0.9  # Momentum, NAG
    beta1: float = 0.9  # Adam family
    beta2: float = 0.999
    alpha: float = 0.99  # RMSProp
    rho: float = 0.9  # Adadelta
    eps: float | None = None
    weight_decay: float = 0.0
    l1: float = 0.0
    max_norm: float = 0.0  # bound on each unit's incoming weights; 0: none
    clip_norm: float = 0.0  # bound on the global gradient norm; 0: none
    dropout: float = 0.0  # hidden layers
    input_dropout: float = 0.0
    alpha_dropout: bool = False  # the same rates, by Klambauer's alpha dropout
    batch_norm: bool = False
    bn_momentum: float = 0.1
    bn_eps: float = 1e-5
    negative_slope: float = 0.01  # Leaky ReLU
    elu_alpha: float = 1.0
    label_smoothing: float = 0.0
    schedule: str = "constant"
    warmup_steps: int = 0
    decay_steps: int = 1000  # step: period; exponential: steps per factor; cosine: length
    decay_rate: float = 0.5  # step, exponential: the factor

    def __post_init__(self) -> None:
        put = object.__setattr__
        if isinstance(self.activation, str):
            check_name("activation", self.activation, ACTIVATIONS)
        elif isinstance(self.activation, list | tuple) and self.activation:
            put(self, "activation", tuple(check_name("activation", a, ACTIVATIONS) for a in self.activation))
        else:
            check_name("activation", self.activation, ACTIVATIONS)
        check_name("initializer", self.initializer, INITIALIZERS)
        check_name("optimizer", self.optimizer, OPTIMIZERS)
        check_name("schedule", self.schedule, SCHEDULES)
        for name in ("alpha_dropout", "batch_norm"):
            check_bool(name, getattr(self, name))
        for name, (least, most) in COUNTS.items():
            put(self, name, check_int(name, _plain(getattr(self, name)), least, most))
        for name, (low, high, low_open, high_open) in RANGES.items():
            value = _plain(getattr(self, name))
            if value is None and name in ("lr", "eps"):
                continue
            put(self, name, check_number(name, value, low, high, low_open=low_open, high_open=high_open))

    @property
    def learning_rate(self) -> float:
        """`lr`, or the optimizer's usual rate."""
        return DEFAULT_LR[self.optimizer] if self.lr is None else self.lr

    @property
    def epsilon(self) -> float:
        """`eps`, or the optimizer's usual term."""
        return DEFAULT_EPS.get(self.optimizer, 1e-8) if self.eps is None else self.eps

    def activations(self, hidden: int) -> tuple[str, ...]:
        """One activation name for each of `hidden` layers; raises SpecError if the counts differ."""
        if isinstance(self.activation, str):
            return (self.activation,) * hidden
        if len(self.activation) != hidden:
            raise SpecError("activation", f"found {len(self.activation)} names, expected one or {hidden}")
        return self.activation

    def changed(self, **changes: Any) -> Recipe:
        """A copy with some dials turned; raises SpecError for an unknown dial or value."""
        for name in changes:
            if name not in DIALS:
                raise SpecError(name, f"unknown dial, allowed: {', '.join(DIALS)}{nearest(name, DIALS)}")
        return replace(self, **changes)


#: (low, high, low is excluded, high is excluded) of every real-valued dial.
RANGES: dict[str, tuple[float, float, bool, bool]] = {
    "lr": (0.0, 1e6, False, False),
    "momentum": (0.0, 1.0, False, True),
    "beta1": (0.0, 1.0, False, True),
    "beta2": (0.0, 1.0, False, True),
    "alpha": (0.0, 1.0, False, True),
    "rho": (0.0, 1.0, False, True),
    "eps": (0.0, 1.0, False, False),
    "weight_decay": (0.0, 1e3, False, False),
    "l1": (0.0, 1e3, False, False),
    "max_norm": (0.0, 1e6, False, False),
    "clip_norm": (0.0, 1e6, False, False),
    "dropout": (0.0, 1.0, False, True),
    "input_dropout": (0.0, 1.0, False, True),
    "bn_momentum": (0.0, 1.0, True, False),
    "bn_eps": (0.0, 1.0, True, False),
    "negative_slope": (0.0, 1.0, False, False),
    "elu_alpha": (0.0, 100.0, False, False),
    "label_smoothing": (0.0, 1.0, False, True),
    "decay_rate": (0.0, 1.0, True, False),
}

#: (low, high) of every dial that is a whole number.
COUNTS: dict[str, tuple[int, int]] = {"warmup_steps": (0, 10**9), "decay_steps": (1, 10**9)}

#: The names of all dials, in the order of the recipe.
DIALS = tuple(f.name for f in fields(Recipe))


def _plain(value: Any) -> Any:
    """A NumPy scalar as its Python value; anything else as it is."""
    item = getattr(value, "item", None)
    return item() if item is not None and getattr(value, "shape", None) == () else value
