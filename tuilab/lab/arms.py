"""Arms and the claim of a preset: the same run with named differences, and what is said about them.

[[arm]]
name = "dropout"
dropout = 0.5               # any key of a preset

[claim]
number = 3
sentence = "Dropout lowers the test error"
metric = "test_error"       # a name of claims/names.py
arms = ["dropout", "plain"] # one: its value is compared with the bound; two: the first against the second
direction = "less"
seeds = 10

[[claim.published]]         # what others measured, shown beside what comes out here
paper = "Srivastava et al. 2014"
place = "Table 2"
figure = "1.60 % without, 1.25 % with dropout"
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import MISSING, dataclass, fields
from typing import Any

from engine.spec import SpecError, check_int, check_name, check_number, nearest
from tuilab.lab.checks import check_label, check_text
from tuilab.lab.claims.names import METRICS, STUDIES
from tuilab.lab.toml_text import shown

MAX_ARMS = 100
DIRECTIONS = ("less", "greater")
COMPARES = ("value", "difference", "ratio")
OVER_RATES = ("best", "spread")


#: What the keys of a claim can be; schema.py reads these tables too.
MAX_TEXT = 200
MAX_RATE = 1e6
CLAIM_CHOICES: dict[str, tuple[str, ...]] = {
    "metric": (*METRICS, *STUDIES), "direction": DIRECTIONS, "compare": COMPARES, "over_rates": OVER_RATES,
}  # fmt: skip
CLAIM_COUNTS = {"number": (1, 999), "seeds": (2, 1000), "window": (1, 10**9)}
CLAIM_NUMBERS = {"bound": (-1e9, 1e9, False), "budget_s": (0.0, 1e6, True), "target": (0.0, 1.0, False)}
#: Keys of a preset that an arm cannot have.
NOT_IN_ARMS = ("name", "title", "description", "extends", "version", "timeline", "when", "arm", "claim", "recorded")


@dataclass(frozen=True, slots=True)
class Arm:
    """The run called `name`: a preset with `changes` (key, value). The preset checks the values."""

    name: str
    changes: tuple[tuple[str, Any], ...] = ()

    def __post_init__(self) -> None:
        check_label("name", self.name)
        for key, _ in self.changes:
            if key in NOT_IN_ARMS:
                raise SpecError(key, "belongs to the whole preset, not to an arm")
            if key == "seed":
                raise SpecError(key, "is the same for all arms, so that they can be compared seed by seed")
        object.__setattr__(self, "changes", tuple((key, _frozen(value)) for key, value in self.changes))


@dataclass(frozen=True, slots=True)
class Published:
    """A figure that others published about the claim, with the place where it can be read."""

    paper: str
    place: str
    figure: str

    def __post_init__(self) -> None:
        for f in fields(self):
            check_text(f.name, getattr(self, f.name), MAX_TEXT)
            if not getattr(self, f.name).strip():
                raise SpecError(f.name, "found nothing, expected text")


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence, and how it is checked: raises SpecError if a value cannot be.

    The claim holds where the whole 95 % interval of the effect lies on the `direction` side of `bound`. The effect is
    the first arm's value less the second's ("difference"), their quotient ("ratio", averaged geometrically) or, with
    one arm, the "value" itself. With `rates`, each arm runs at every one of these learning rates, and its value is the
    lowest of them ("best") or their standard deviation ("spread").
    """

    number: int
    sentence: str
    metric: str
    arms: tuple[str, ...]
    direction: str
    compare: str = "difference"
    bound: float = 0.0
    seeds: int = 5
    budget_s: float = 60.0
    source: str = ""
    target: float = 0.9
    window: int = 100
    rates: tuple[float, ...] = ()
    over_rates: str = "best"
    published: tuple[Published, ...] = ()

    def __post_init__(self) -> None:
        for key in ("sentence", "source"):
            check_text(key, getattr(self, key), MAX_TEXT)
        for key, names in CLAIM_CHOICES.items():
            check_name(key, getattr(self, key), names)
        for key, (least, most) in CLAIM_COUNTS.items():
            check_int(key, getattr(self, key), least, most)
        for key, (low, high, low_open) in CLAIM_NUMBERS.items():
            self._put(key, check_number(key, getattr(self, key), low, high, low_open=low_open))
        wanted = 1 if self.compare == "value" else 2
        if not isinstance(self.arms, list | tuple) or len(self.arms) != wanted:
            raise SpecError(
                "arms", f"found {shown(self.arms)}, expected {wanted} of them for compare = {self.compare!r}"
            )
        self._put("arms", tuple(check_label("arms", arm) for arm in self.arms))
        if not isinstance(self.rates, list | tuple):
            raise SpecError("rates", f"found {shown(self.rates)}, expected learning rates such as [0.001, 0.01]")
        self._put("rates", tuple(check_number("rates", rate, 0.0, MAX_RATE) for rate in self.rates))

    def _put(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def is_study(self) -> bool:
        """Whether one function measures both arms, whose names are then its words for them."""
        return self.metric in STUDIES


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list | tuple) else value


def arms_from(rows: object) -> tuple[Arm, ...]:
    """The arms of `[[arm]]` rows; raises SpecError naming the row."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise SpecError("arm", "expected rows such as [[arm]] name = 'dropout', dropout = 0.5")
    arms = []
    for number, row in enumerate(rows, 1):
        try:
            if "name" not in row:
                raise SpecError("name", "missing, expected a word for this arm")
            arms.append(Arm(row["name"], tuple((key, value) for key, value in row.items() if key != "name")))
        except SpecError as error:
            raise SpecError("arm", f"row {number}: {error}") from None
    return tuple(arms)


def check_arms(arms: Iterable[Arm], claim: Claim | None) -> None:
    """Raises SpecError if two arms share a name, or the claim names one that is not there."""
    names = [arm.name for arm in arms]
    if len(names) > MAX_ARMS:
        raise SpecError("arm", f"found {len(names)} arms, allowed up to {MAX_ARMS}")
    for name in names:
        if names.count(name) > 1:
            raise SpecError("arm", f"name: found {name!r} twice, expected one arm of each name")
    for name in claim.arms if claim is not None and not claim.is_study else ():
        if name not in names:
            raise SpecError(
                "claim", f"arms: found {name!r}, allowed: {', '.join(names) or 'none'}{nearest(name, names)}"
            )


def claim_from(table: object) -> Claim:
    """The claim of a `[claim]` table; raises SpecError."""
    if not isinstance(table, dict):
        raise SpecError("claim", "expected a table of number, sentence, metric, arms, direction, …")
    names = tuple(f.name for f in fields(Claim))
    try:
        for key in table:
            if key not in names:
                raise SpecError(key, f"unknown key, allowed: {', '.join(names)}{nearest(key, names)}")
        for f in fields(Claim):
            if f.default is MISSING and f.name not in table:
                raise SpecError(f.name, "missing")
        return Claim(**{**table, "published": _published(table.get("published", []))})
    except SpecError as error:
        raise SpecError("claim", str(error)) from None


def _published(rows: object) -> tuple[Published, ...]:
    names = tuple(f.name for f in fields(Published))
    if not isinstance(rows, list) or not all(isinstance(row, dict) and set(row) == set(names) for row in rows):
        raise SpecError("published", f"expected rows of {', '.join(names)} such as [[claim.published]] paper = '…'")
    made = []
    for number, row in enumerate(rows, 1):
        try:
            made.append(Published(**row))
        except SpecError as error:
            raise SpecError("published", f"row {number}: {error}") from None
    return tuple(made)


def arm_row(arm: Arm) -> dict[str, Any]:
    """A row that `arms_from` reads back."""
    return {"name": arm.name, **dict(arm.changes)}


def claim_table(claim: Claim) -> dict[str, Any]:
    """A table that `claim_from` reads back, but for `published`; usual values are left out."""
    names = [f.name for f in fields(Claim) if f.name != "published" and getattr(claim, f.name) != f.default]
    return {name: getattr(claim, name) for name in names}
