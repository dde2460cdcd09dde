"""The dials as the screen knows them: their order, the values a turn goes through, and when they have an effect."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from engine.spec import ACTIVATIONS, INITIALIZERS, OPTIMIZERS, SCHEDULES, Recipe


def _decades(low: int, high: int, *, zero: bool = False) -> tuple[float, ...]:
    """1, 2, 5 times the powers of ten from 10^low to 10^high, each the float its text names (no rounding dust)."""
    steps = [float(f"{m}e{p}") for p in range(low, high) for m in (1, 2, 5)]
    return (0.0,) * zero + (*steps, float(f"1e{high}"))


_TENTHS = tuple(i / 10 for i in range(10))
_MEMORY = (*_TENTHS, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
_ON, _OFF = ("on", "true", "yes", "1"), ("off", "false", "no", "0")
_WHOLE = (0, *(m * 10**p for p in range(1, 7) for m in (1, 2, 5)))


@dataclass(frozen=True, slots=True)
class Dial:
    """One dial. `values` is the way a turn goes; a value that is not on it moves to the neighbour on it.

    `cyclic`: the end joins the beginning (names, on and off); otherwise a turn stops at the ends. `group` is the
    panel section. `key` turns it from anywhere, its capital backwards. `effect` tells whether the dial does
    anything under the other dials, `needs` says when.
    """

    name: str
    group: str
    values: tuple[Any, ...]
    about: str
    cyclic: bool = False
    key: str = ""
    effect: Callable[[Recipe], bool] = lambda recipe: True
    needs: str = ""

    @property
    def label(self) -> str:
        """The name with spaces."""
        return self.name.replace("_", " ")

    def turned(self, value: Any, direction: int) -> Any:
        """The next value up (`direction` > 0) or down from `value`."""
        if self.cyclic:
            at = self.values.index(value) if value in self.values else (-1 if direction > 0 else 0)
            return self.values[(at + (1 if direction > 0 else -1)) % len(self.values)]
        near = abs(value) * 1e-9
        if direction > 0:
            at = bisect_right(self.values, value + near)
            return self.values[at] if at < len(self.values) else value
        at = bisect_left(self.values, value - near) - 1
        return self.values[at] if at >= 0 else value

    def gauge(self, value: Any) -> float | None:
        """How far along its way a number stands, 0 to 1; None for names."""
        if self.cyclic:
            return None
        at = bisect_right(self.values, value + abs(value) * 1e-9) - 1
        return max(at, 0) / (len(self.values) - 1)

    def parse(self, text: str) -> Any:
        """The value a person typed; raises ValueError in one line. Whether it is allowed is for the session to say."""
        text = text.strip()
        if self.cyclic and isinstance(self.values[0], bool):
            if text.lower() not in (*_ON, *_OFF):
                raise ValueError(f"{self.name}: found {text!r}, expected on or off")
            return text.lower() in _ON
        if self.cyclic:
            return text
        if text == "auto" and self.name in ("lr", "eps"):
            return None
        try:
            return int(text) if isinstance(self.values[-1], int) else float(text)
        except ValueError:
            kind = "a whole number" if isinstance(self.values[-1], int) else "a number"
            raise ValueError(f"{self.name}: found {text!r}, expected {kind}") from None


def _uses(*optimizers: str) -> Callable[[Recipe], bool]:
    return lambda recipe: recipe.optimizer in optimizers


def _activates(name: str) -> Callable[[Recipe], bool]:
    return lambda recipe: name in ((recipe.activation,) if isinstance(recipe.activation, str) else recipe.activation)


def _scheduled(*schedules: str) -> Callable[[Recipe], bool]:
    return lambda recipe: recipe.schedule in schedules


_NET, _MORE, _SWITCH = "Dials", "More dials", (False, True)
_ADAM = _uses("adam", "radam", "adamw")

DIALS: tuple[Dial, ...] = (
    Dial("activation", _NET, ACTIVATIONS, "what a hidden unit does with its sum", True, "a"),
    Dial("initializer", _NET, INITIALIZERS, "how weights are drawn; turning it draws them anew", True, "i"),
    Dial("optimizer", _NET, OPTIMIZERS, "how gradients become steps; turning it clears its memory", True, "o"),
    Dial("lr", _NET, _decades(-6, 1), "learning rate: how far one step goes"),
    Dial("momentum", _NET, _MEMORY, "how much of the last step is kept", key="m",
         effect=_uses("momentum", "nag"), needs="optimizer momentum or nag"),
    Dial("dropout", _NET, _TENTHS, "share of hidden units left out of each step", key="d"),
    Dial("input_dropout", _NET, _TENTHS, "share of inputs left out of each step", key="u"),
    Dial("batch_norm", _NET, _SWITCH, "normalise each layer over the batch", True, "b"),
    Dial("weight_decay", _NET, _decades(-6, 0, zero=True), "pull of all weights towards zero", key="w"),
    Dial("batch_size", _NET, tuple(2**p for p in range(13)), "examples in one step", key="z"),
    Dial("schedule", _MORE, SCHEDULES, "how the learning rate goes with time", True),
    Dial("warmup_steps", _MORE, _WHOLE, "steps over which the learning rate rises"),
    Dial("decay_steps", _MORE, _WHOLE[1:], "period or length of the schedule",
         effect=_scheduled("step", "exponential", "cosine"), needs="a schedule"),
    Dial("decay_rate", _MORE, (*_TENTHS[1:], 0.95, 0.99, 1.0), "factor of the schedule",
         effect=_scheduled("step", "exponential"), needs="schedule step or exponential"),
    Dial("clip_norm", _MORE, _decades(-3, 3, zero=True), "bound on the gradient's norm; 0: none"),
    Dial("max_norm", _MORE, _decades(-2, 2, zero=True), "bound on a unit's incoming weights; 0: none"),
    Dial("l1", _MORE, _decades(-6, 0, zero=True), "pull of all weights towards exact zero"),
    Dial("label_smoothing", _MORE, (0.0, 0.01, 0.02, 0.05, *_TENTHS[1:]), "share of the target spread over all"),
    Dial("alpha_dropout", _MORE, _SWITCH, "drop to the SELU's saturation instead of zero", True,
         effect=lambda r: r.dropout > 0 or r.input_dropout > 0, needs="dropout above 0"),
    Dial("negative_slope", _MORE, (0.0, 0.001, 0.01, 0.02, 0.05, *_TENTHS[1:], 1.0), "Leaky ReLU's slope below zero",
         effect=_activates("leaky_relu"), needs="activation leaky_relu"),
    Dial("elu_alpha", _MORE, (0.0, 0.1, 0.2, 0.5, 1.0, 1.5, 2.0, 5.0), "ELU's depth below zero",
         effect=_activates("elu"), needs="activation elu"),
    Dial("beta1", _MORE, _MEMORY, "Adam's memory of the gradient", effect=_ADAM, needs="an Adam optimizer"),
    Dial("beta2", _MORE, _MEMORY, "Adam's memory of its square", effect=_ADAM, needs="an Adam optimizer"),
    Dial("alpha", _MORE, _MEMORY, "RMSProp's memory", effect=_uses("rmsprop"), needs="optimizer rmsprop"),
    Dial("rho", _MORE, _MEMORY, "Adadelta's memory", effect=_uses("adadelta"), needs="optimizer adadelta"),
    Dial("eps", _MORE, _decades(-12, 0), "term that keeps the division finite",
         effect=_uses("adagrad", "rmsprop", "adadelta", "adam", "radam", "adamw"), needs="an adaptive optimizer"),
    Dial("bn_momentum", _MORE, (0.01, 0.02, 0.05, *_TENTHS[1:], 1.0), "batch norm's weight of the newest batch",
         effect=lambda r: r.batch_norm, needs="batch norm"),
    Dial("bn_eps", _MORE, _decades(-8, -1), "batch norm's term under the root",
         effect=lambda r: r.batch_norm, needs="batch norm"),
)  # fmt: skip

BY_NAME: dict[str, Dial] = {dial.name: dial for dial in DIALS}


def first_dial(*, led: bool) -> str:
    """Where the cursor stands at the start: whoever is `led` through first steps turns the dial that shows most."""
    return "lr" if led else DIALS[0].name


def current(name: str, recipe: Recipe, batch_size: int) -> Any:
    """The value a dial shows: what counts now, the optimizer's usual one where the recipe leaves it open."""
    if name == "batch_size":
        return batch_size
    if name == "lr":
        return recipe.learning_rate
    if name == "eps":
        return recipe.epsilon
    value = getattr(recipe, name)
    if isinstance(value, tuple):
        return value[0] if len(set(value)) == 1 else value
    return value
