"""A preset: data, network, recipe, seed, budget and timeline. All a run depends on, as one small TOML file.

    dataset = "digits"
    widths = [64, 32]        # hidden layers
    optimizer = "adam"
    dropout = 0.2
    epochs = 20              # or steps = 700

    [[timeline]]
    step = 400
    dropout = 0.5

Every dial of `engine.Recipe` is a key; conditions.py tells of `[[when]]`, arms.py of `[[arm]]` and `[claim]`,
extends.py of `extends = "other"`. A preset saved from a run also carries `[recorded]`: the step it was saved at and the
hash of the parameters there, which `tuilab replay --check` compares with. docs/PRESETS.md describes it all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from engine.spec import (
    DIALS,
    MAX_BATCH,
    TASKS,
    Architecture,
    Recipe,
    SpecError,
    check_bool,
    check_int,
    check_name,
    check_number,
    nearest,
)  # fmt: skip
from tuilab.datasets import MISSING_VALUES, DataError, anchored, check_dataset
from tuilab.lab import conditions, shelf, timeline
from tuilab.lab.arms import Arm, Claim, arm_row, arms_from, check_arms, claim_from, claim_table
from tuilab.lab.checks import check_label, check_text, is_label
from tuilab.lab.conditions import When, condition
from tuilab.lab.errors import PresetError
from tuilab.lab.extends import VERSION, check_version, merged
from tuilab.lab.recorded import Recorded, recorded_from
from tuilab.lab.timeline import AUTO, MAX_STEP, USUAL, Change
from tuilab.lab.toml_text import decode, dump_table, parse, read_text, shown

DEFAULT = "digits"
DEFAULT_EPOCHS = 20.0
MAX_SEED = 2**63 - 1  # the largest whole number of TOML

#: What the keys that are no dials can be; schema.py reads these tables too.
TEXTS = {"title": 200, "description": 4000, "target": 200}
CHOICES = {"task": TASKS, "missing": MISSING_VALUES}
COUNTS = {
    "batch_size": (1, MAX_BATCH), "seed": (0, MAX_SEED), "train_size": (1, MAX_STEP), "steps": (1, MAX_STEP),
    "eval_every": (1, MAX_STEP),
}  # fmt: skip
NUMBERS = {"noise": (0.0, 100.0, False), "label_noise": (0.0, 1.0, False), "epochs": (0.0, 1e9, True)}
TABLES = ("timeline", "when", "arm", "claim", "recorded")  # in a file, beside KEYS
_PARTS = ("timeline", "conditions", "arms", "claim", "recorded")  # what they are called in a Preset
TRAINING_FREE = ("name", "title", "description")  # keys that say nothing about the training
_ALWAYS = ("activation", "initializer", "optimizer")  # dials written even at their usual value


@dataclass(frozen=True, slots=True)
class Preset:
    """One run, before it runs. `widths` counts the units of the hidden layers; the data give the other two.

    `steps` or `epochs` is the budget (never both; neither: DEFAULT_EPOCHS); None for an option of the data is the
    data set's usual value; `eval_every` is the number of steps between two looks at the validation part, None: about
    once an epoch. Raises SpecError if any value cannot be.
    """

    dataset: str
    name: str = "preset"
    title: str = ""
    description: str = ""
    train_size: int | None = None
    noise: float | None = None
    label_noise: float | None = None
    standardise: bool | None = None
    target: str | None = None
    task: str | None = None
    missing: str | None = None
    widths: tuple[int, ...] = (32,)
    recipe: Recipe = field(default_factory=Recipe)
    batch_size: int = 32
    seed: int = 0
    steps: int | None = None
    epochs: float | None = None
    eval_every: int | None = None
    timeline: tuple[Change, ...] = ()
    conditions: tuple[When, ...] = ()
    arms: tuple[Arm, ...] = ()
    claim: Claim | None = None
    recorded: Recorded | None = None

    def __post_init__(self) -> None:
        check_label("name", self.name)
        for key, limit in TEXTS.items():
            if getattr(self, key) is not None or key != "target":
                check_text(key, getattr(self, key), limit, breaks=key == "description")
        try:
            self._put("dataset", anchored(check_dataset(self.dataset)))
        except DataError as error:
            raise SpecError(error.field, error.message) from None
        self._put("widths", _widths(self.widths))
        self.recipe.activations(len(self.widths))
        if self.standardise is not None:
            check_bool("standardise", self.standardise)
        for key, names in CHOICES.items():
            if getattr(self, key) is not None:
                check_name(key, getattr(self, key), names)
        for key, (least, most) in COUNTS.items():
            if getattr(self, key) is not None or key in ("batch_size", "seed"):
                check_int(key, getattr(self, key), least, most)
        for key, (low, high, low_open) in NUMBERS.items():
            if getattr(self, key) is not None:
                self._put(key, check_number(key, getattr(self, key), low, high, low_open=low_open))
        if self.steps is not None and self.epochs is not None:
            raise SpecError("epochs", f"found steps = {self.steps} as well, expected one of the two")
        for change in self.timeline:
            if change.field == "activation":
                timeline.check_dial(change.field, change.value, len(self.widths))
        self._put("timeline", timeline.in_order(self.timeline))
        self._put("conditions", conditions.check_all(self.conditions, len(self.widths)))
        check_arms(self.arms, self.claim)
        for arm in self.arms:
            try:
                self.arm(arm.name)
            except PresetError as error:
                raise SpecError("arm", f"{arm.name}: {error}") from None

    def _put(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def get(self, key: str) -> Any:
        """The value of one of `KEYS`, dials included."""
        return getattr(self.recipe if key in DIALS else self, key)

    def arm(self, name: str) -> Preset:
        """The run of the arm called `name`, as a preset without arms; raises PresetError if there is none."""
        for arm in self.arms:
            if arm.name == name:
                plain = replace(self, arms=(), claim=None, recorded=None, name=name)
                return plain.with_(**dict(arm.changes)) if arm.changes else plain
        names = [arm.name for arm in self.arms]
        raise PresetError(f"arm: found {shown(name)}, allowed: {', '.join(names) or 'none'}{nearest(name, names)}")

    def with_(self, **overrides: Any) -> Preset:
        """A copy with some keys (`KEYS`, `timeline`, `arms`, …) set; raises PresetError if one cannot be.

        Setting `steps` drops `epochs` and the other way round. The record of a run is dropped with the first change
        that makes it another run.
        """
        for key in overrides:
            if key not in KEYS and key not in _PARTS:
                raise PresetError(f"{key}: unknown key, allowed: {', '.join(KEYS)}{nearest(key, KEYS)}")
        own = {key: value for key, value in overrides.items() if key not in DIALS}
        dials = {key: _usual(key, value) for key, value in overrides.items() if key in DIALS}
        for key, other in (("steps", "epochs"), ("epochs", "steps")):
            if own.get(key) is not None and other not in own:
                own[other] = None
        if "recorded" not in own and any(key not in TRAINING_FREE for key in overrides):
            own["recorded"] = None
        try:
            return replace(self, recipe=replace(self.recipe, **dials), **own)
        except SpecError as error:
            raise PresetError(error) from None
        except (ValueError, TypeError, RecursionError):  # a number too long to print
            raise PresetError(f"{', '.join(overrides)}: found a value no preset can hold") from None

    def at(self, step: int, **dials: Any) -> Preset:
        """A copy in which these dials are turned once `step` steps are done; raises PresetError."""
        try:
            return self.with_(timeline=(*self.timeline, *(Change(step, key, value) for key, value in dials.items())))
        except SpecError as error:
            raise PresetError(f"at step {shown(step)}: {error}") from None

    def when(self, text: str, **dials: Any) -> Preset:
        """A copy in which these dials are turned when what `text` says is seen; raises PresetError.

        `preset.when("val_loss not fallen for 5 epochs", lr="/10")`
        """
        try:
            return self.with_(conditions=(*self.conditions, condition(text, **dials)))
        except SpecError as error:
            raise PresetError(error) from None


#: The keys of a preset, in the order they are written; the command line sets them by these names.
KEYS: tuple[str, ...] = (
    "name", "title", "description", "dataset", "train_size", "noise", "label_noise", "standardise", "target", "task",
    "missing", "widths", *DIALS, "batch_size", "seed", "steps", "epochs", "eval_every",
)  # fmt: skip


def _widths(value: object) -> tuple[int, ...]:
    """`value` (one number, or several) as hidden widths; raises SpecError."""
    hidden = (value,) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(hidden, list | tuple):
        raise SpecError("widths", f"found {shown(value)}, expected whole numbers such as [64, 32]")
    return Architecture((1, *hidden, 1)).widths[1:-1]


def _usual(key: str, value: Any) -> Any:
    """None where `value` is the word for the usual one."""
    return None if value == AUTO and key in USUAL else value


def loads(text: str, source: str = "preset") -> Preset:
    """The preset written in `text`; raises PresetError: source, line, key, what was found, what is allowed."""
    table = merged(parse(text, source), source)
    try:
        return _built(table, Path(source).stem)
    except SpecError as error:
        raise PresetError(f"{source}: {_line_of(text, error.field)}{error}") from None
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise PresetError(f"{source}: found a value no preset can hold") from None


def _built(table: dict[str, Any], stem: str) -> Preset:
    """The preset of a parsed table; raises SpecError."""
    known = (*KEYS, *TABLES, "version")
    for key in table:
        if key not in known:
            raise SpecError(key, f"unknown key, allowed: {', '.join(known)}{nearest(key, known)}")
    check_version(table)
    if "dataset" not in table:
        raise SpecError("dataset", "missing, expected the name of a data set such as dataset = 'digits'")
    dials = {key: _usual(key, value) for key, value in table.items() if key in DIALS}
    own = {key: value for key, value in table.items() if key in KEYS and key not in DIALS}
    own.setdefault("name", stem if is_label(stem) else "preset")
    recorded, claim = table.get("recorded"), table.get("claim")
    return Preset(
        **own,
        recipe=Recipe(**dials),
        timeline=timeline.from_rows(table.get("timeline", [])),
        conditions=conditions.from_rows(table.get("when", [])),
        arms=arms_from(table.get("arm", [])),
        claim=None if claim is None else claim_from(claim),
        recorded=None if recorded is None else recorded_from(recorded),
    )


def _line_of(text: str, key: str) -> str:
    """'line 7: ' where `key` is given a value at the top of `text`, or nothing if it is not seen there."""
    pattern = re.compile(rf"""\s*(\[+\s*)?["']?{re.escape(key)}["']?\s*[=\].]""")
    for number, line in enumerate(text.split("\n"), 1):
        if pattern.match(line):
            return f"line {number}: "
    return ""


def dumps(preset: Preset) -> str:
    """`preset` as TOML text; `loads` gives the same preset back. Usual values are left out."""
    usual = {f.name: f.default for f in fields(Preset) if f.default is not MISSING}
    usual |= {f.name: f.default for f in fields(Recipe)}
    written = ("name", "widths", "batch_size", "seed", *_ALWAYS)
    table = {key: preset.get(key) for key in KEYS}
    table = {k: v for k, v in table.items() if v is not None and (k in written or v != usual.get(k))}
    text = dump_table({"version": VERSION, **table})
    for row in timeline.to_rows(preset.timeline):
        text += f"\n[[timeline]]\n{dump_table(row)}"
    for when in preset.conditions:
        text += f"\n[[when]]\n{dump_table(conditions.to_row(when))}"
    for arm in preset.arms:
        text += f"\n[[arm]]\n{dump_table(arm_row(arm))}"
    if preset.claim is not None:
        text += f"\n[claim]\n{dump_table(claim_table(preset.claim))}"
        for published in preset.claim.published:
            text += f"\n[[claim.published]]\n{dump_table(asdict(published))}"
    if preset.recorded is not None:
        text += f"\n[recorded]\n{dump_table({f.name: getattr(preset.recorded, f.name) for f in fields(Recorded)})}"
    return text


def load_preset(ref: str | Path) -> Preset:
    """The preset that `ref` names: one of the shipped, a TOML file, or a run folder. Raises PresetError.

    A bare word is a shipped preset first; write `./word` for a file or folder of the same name.
    """
    if isinstance(ref, str) and shelf.is_shipped(ref):
        return loads(decode(shelf.shipped_bytes(ref), f"{ref}.toml"), f"{ref}.toml")
    path = shelf.find(ref)
    text = read_text(path)
    if path != Path(ref) and "extends" in parse(text, str(path)):
        raise PresetError(f"{path}: extends: found in a run folder, whose preset stands by itself")
    return loads(text, str(path))


def summary(preset: Preset) -> Mapping[str, str]:
    """The preset in a few words for a list: network, recipe, budget."""
    budget = f"{preset.steps} steps" if preset.steps else f"{preset.epochs or DEFAULT_EPOCHS:g} epochs"
    activation = preset.recipe.activation
    return {
        "network": "-".join(str(w) for w in preset.widths) or "no hidden layer",
        "recipe": f"{activation if isinstance(activation, str) else '/'.join(activation)}, {preset.recipe.optimizer}",
        "budget": budget,
    }
