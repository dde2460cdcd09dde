"""Conditions: `when this is seen, turn that dial`, checked at each look at the validation part after the first step.

    [[when]]
    metric = "val_loss"
    not_fallen_for = 5      # epochs; or not_risen_for, above = 0.9, below = 0.1
    lr = "/10"              # a value for any dial, or what is done to a number: /, *, + or - and another one

In words, as on the command line: `val_loss not fallen for 5 epochs`, `val_accuracy above 0.9`. A condition that fires
turns a dial at that step as a hand would: what it did is in the timeline of the run that is saved.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from engine.spec import Recipe, SpecError, check_int, check_name, check_number, nearest
from tuilab.lab.timeline import AUTO, MAX_STEP, TURNABLE, USUAL, check_dial
from tuilab.lab.toml_text import shown

#: What can be watched. The loss of the batches and the gradient norm over all layers are means since the last look.
METRICS = ("val_loss", "val_accuracy", "train_loss", "grad_norm")
BOUNDS, WAITS = ("above", "below"), ("not_fallen_for", "not_risen_for")
KEYS = ("metric", *BOUNDS, *WAITS, "by", "times", "done")  # of a row, beside the dials
MAX_CONDITIONS = 100

RELATIVE = r"([*/+-])\s*(\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+)"
_RELATIVE = re.compile(RELATIVE)
_NUMBER = r"(?P<{}>[+-]?[\d.]+(?:e[+-]?\d+)?)"
_BOUND = re.compile(rf"(?P<metric>\w+)\s+(?P<kind>\w+)\s+{_NUMBER.format('value')}", re.IGNORECASE)
_WAIT = re.compile(
    rf"(?P<metric>\w+)\s+not\s+(?P<kind>\w+)(?:\s+by\s+{_NUMBER.format('by')})?"
    rf"\s+(?:for\s+)?{_NUMBER.format('value')}(?:\s+epochs?)?",
    re.IGNORECASE,
)
_DEFAULTS = Recipe()
EXAMPLES = "'val_loss not fallen for 5 epochs' or 'val_accuracy above 0.9'"


@dataclass(frozen=True, slots=True)
class When:
    """One condition with the dials (name, value) it turns; raises SpecError if a value cannot be.

    One of the four is given: a bound fires when the metric comes to be `above` or `below` it, a wait when the metric
    has not fallen (risen) by more than `by` below (above) its best for so many epochs; it then waits anew. `times` is
    how often it may fire; None: a bound once, a wait without limit. Up to step `done` all it did is in the timeline
    already, so it is only kept up to date.
    """

    metric: str
    changes: tuple[tuple[str, Any], ...]
    above: float | None = None
    below: float | None = None
    not_fallen_for: float | None = None
    not_risen_for: float | None = None
    by: float = 0.0
    times: int | None = None
    done: int = 0

    def __post_init__(self) -> None:
        check_name("metric", self.metric, METRICS)
        given = [name for name in (*BOUNDS, *WAITS) if getattr(self, name) is not None]
        if len(given) != 1:
            allowed = ", ".join((*BOUNDS, *WAITS))
            raise SpecError("when", f"found {' and '.join(given) or 'no bound'}, expected one of {allowed}")
        for name in given:
            low = -1e30 if name in BOUNDS else 0.0
            self._put(name, check_number(name, getattr(self, name), low, 1e30, low_open=name in WAITS))
        self._put("by", check_number("by", self.by, 0.0, 1e30))
        if self.by and given[0] in BOUNDS:
            raise SpecError("by", f"is for {' and '.join(WAITS)}, not for {given[0]}")
        if self.times is not None:
            check_int("times", self.times, 1, 10**9)
        check_int("done", self.done, 0, MAX_STEP)
        if not self.changes:
            raise SpecError("when", "found no dial to turn, expected one such as lr = '/10'")
        self._put("changes", tuple((field, checked_value(field, value)) for field, value in self.changes))

    def _put(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def limit(self) -> int | None:
        """How often it may fire; None: without limit."""
        return self.times if self.times is not None or self.wait is not None else 1

    @property
    def wait(self) -> float | None:
        """The epochs it waits; None for a bound."""
        return self.not_risen_for if self.not_fallen_for is None else self.not_fallen_for

    def __str__(self) -> str:
        """The condition in words that `condition` reads back."""
        if self.wait is None:
            kind, bound = ("above", self.above) if self.above is not None else ("below", self.below)
            return f"{self.metric} {kind} {_plain(bound)}"
        kind = "fallen" if self.not_fallen_for is not None else "risen"
        by = f" by {_plain(self.by)}" if self.by else ""
        return f"{self.metric} not {kind}{by} for {_plain(self.wait)} epochs"


def _plain(number: float | None) -> str:
    """A number to the last digit, a whole one without a point."""
    assert number is not None
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def condition(text: str, **dials: Any) -> When:
    """The condition in words, with the dials it turns; raises SpecError."""
    text = text.strip()
    wait, bound = _WAIT.fullmatch(text), _BOUND.fullmatch(text)
    match = wait or bound
    kinds = {f"{'not_' if wait else ''}{word}{'_for' if wait else ''}": word for word in _words(wait is not None)}
    if match is None or match["kind"].lower() not in kinds.values():
        raise SpecError("when", f"found {shown(text)}, expected words such as {EXAMPLES}")
    try:
        value = float(match["value"])
        by = float(match["by"] or 0.0) if wait else 0.0
    except ValueError:
        raise SpecError("when", f"found {shown(text)}, expected a number such as 0.9") from None
    kind = next(key for key, word in kinds.items() if word == match["kind"].lower())
    more: dict[str, Any] = {kind: value}
    return When(match["metric"], tuple(dials.items()), by=by, **more)


def _words(waits: bool) -> tuple[str, str]:
    return ("fallen", "risen") if waits else ("above", "below")


def checked_value(field: str, value: object) -> Any:
    """A dial's value, or what is to be done to it ("/10"); raises SpecError."""
    if not (isinstance(value, str) and _RELATIVE.fullmatch(value.strip())):
        return check_dial(field, value)
    if field in TURNABLE and not is_numeric(field):
        raise SpecError(field, f"found {value!r}, but it is no number")
    if field not in TURNABLE:
        check_dial(field, value)
    sign, number = _parts(value)
    if not 0.0 < number < 1e30:
        raise SpecError(field, f"found {value!r}, expected a number greater than 0 behind the {sign}")
    return value.strip()


def is_relative(text: str) -> bool:
    """Whether a word of the command line means what is done to a number rather than a number."""
    return _RELATIVE.fullmatch(text.strip()) is not None


def is_numeric(field: str) -> bool:
    """Whether a dial is a number that can be multiplied and added to."""
    usual = getattr(_DEFAULTS, field, 1)  # batch_size is no dial of the recipe, and a number
    return field in USUAL or (isinstance(usual, int | float) and not isinstance(usual, bool))


def _parts(value: str) -> tuple[str, float]:
    found = _RELATIVE.fullmatch(value.strip())
    assert found is not None
    return found[1], float(found[2])


def resolved(field: str, value: Any, recipe: Recipe, batch_size: int) -> Any:
    """`value` as a value of the dial `field`, which stands as `recipe` and `batch_size` say; raises SpecError."""
    if not (isinstance(value, str) and is_relative(value)):
        return value
    if field in USUAL:
        now = recipe.learning_rate if field == "lr" else recipe.epsilon
    else:
        now = batch_size if field == "batch_size" else getattr(recipe, field)
    sign, number = _parts(value)
    new = {"*": now * number, "/": now / number, "+": now + number, "-": now - number}[sign]
    return check_dial(field, max(1, round(new)) if isinstance(now, int) else new)


def from_rows(rows: object) -> tuple[When, ...]:
    """The conditions of `[[when]]` rows; raises SpecError naming the row."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SpecError("when", "expected rows such as [[when]] metric = 'val_loss', not_fallen_for = 5, lr = '/10'")
    made = []
    for number, row in enumerate(rows, 1):
        try:
            made.append(_from_row(row))
        except SpecError as error:
            message = error.message if error.field == "when" else str(error)
            raise SpecError("when", f"row {number}: {message}") from None
    return tuple(made)


def _from_row(row: dict[str, Any]) -> When:
    if "metric" not in row:
        raise SpecError("metric", f"missing, allowed: {', '.join(METRICS)}")
    for key in row:
        if key not in KEYS and key not in TURNABLE and nearest(key, KEYS):
            raise SpecError(key, f"unknown key, allowed: {', '.join(KEYS)} and dials{nearest(key, KEYS)}")
    dials = tuple((key, value) for key, value in row.items() if key not in KEYS)
    return When(changes=dials, **{key: value for key, value in row.items() if key in KEYS})


def to_row(when: When) -> dict[str, Any]:
    """A row that `from_rows` reads back; what is at its usual value is left out."""
    row = {key: getattr(when, key) for key in KEYS}
    row = {key: value for key, value in row.items() if value is not None and (key, value) not in _LEFT_OUT}
    return row | {field: AUTO if value is None else value for field, value in when.changes}


_LEFT_OUT = (("by", 0.0), ("done", 0))


def check_all(conditions: Iterable[When], hidden: int) -> tuple[When, ...]:
    """`conditions` for a network of so many hidden layers; raises SpecError."""
    made = tuple(conditions)
    if len(made) > MAX_CONDITIONS:
        raise SpecError("when", f"found {len(made)} conditions, allowed up to {MAX_CONDITIONS}")
    for number, when in enumerate(made, 1):
        for field, value in when.changes:
            try:
                if field == "activation":
                    check_dial(field, value, hidden)
            except SpecError as error:
                raise SpecError("when", f"row {number}: {error}") from None
    return made


def done_until(conditions: Iterable[When], step: int) -> tuple[When, ...]:
    """The conditions of a run that is at `step`, whose timeline holds what they did so far."""
    return tuple(replace(when, done=max(when.done, step)) for when in conditions)
