"""What a sweep runs: the words of `--grid` expanded into settings, and these times the seeds into runs.

`K=V1,V2` gives a key some values, each written as for `--set`. Where a value has commas of its own, the values are
separated by semicolons (`widths=64,32;32`, which a shell wants in quotes) or the value stands in brackets
(`widths=[64,32],[32]`). A key that comes twice has the values of both.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.spec import SpecError, check_int
from tuilab.lab.errors import PresetError
from tuilab.lab.override import shown_text, split_pair, value_of
from tuilab.lab.preset import KEYS, TRAINING_FREE, Preset, dumps
from tuilab.lab.timeline import AUTO, USUAL

MAX_RUNS = 100_000
#: The keys that a grid can have values for.
SWEPT = tuple(key for key in KEYS if key not in (*TRAINING_FREE, "seed"))
#: Those of them that are also names in a result, where they tell what came out.
IN_RESULTS = ("dataset", "steps", "epochs")
_OPENING, _CLOSING, _QUOTES = "[{(", "]})", "\"'"


@dataclass(frozen=True, slots=True)
class Axis:
    """A key and its values, each with the word it was written as."""

    key: str
    values: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One point of the grid: what it sets, the preset with it, and that preset as text without its names."""

    values: tuple[tuple[str, Any], ...]
    preset: Preset
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """One run: a setting at a seed. `run_id` is a hash of all that the training depends on."""

    run_id: str
    setting: Setting
    seed: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole sweep. `runs` go through all settings at one seed before the next: so data is loaded once a seed."""

    preset: Preset
    keys: tuple[str, ...]
    settings: tuple[Setting, ...]
    runs: tuple[Run, ...]


def parse_grid(words: Iterable[str]) -> tuple[Axis, ...]:
    """The axes of some `--grid` options; raises PresetError that names the option at fault."""
    found: dict[str, list[tuple[str, Any]]] = {}
    for word in words:
        option = f"--grid {shown_text(word)}"
        if word.partition("=")[0].strip() == "seed":
            raise PresetError(f"{option}: the seeds are counted, expected --seed FIRST and --seeds N")
        key, text = split_pair("--grid", word, SWEPT)
        parts = split_values(text)
        if not all(parts):
            raise PresetError(f"{option}: found an empty value, expected values such as lr=0.01,0.1")
        found.setdefault(key, []).extend((part, value_of(key, part)) for part in parts)
    return tuple(Axis(key, tuple(values)) for key, values in found.items())


def split_values(text: str) -> list[str]:
    """The values in `text`: between semicolons if there are any, else between commas, neither inside brackets."""
    parts = _split(text, ";")
    if len(parts) == 1:
        return _split(text, ",")
    return parts if parts[-1] else parts[:-1]  # `64,32;` is one value


def _split(text: str, separator: str) -> list[str]:
    """The parts of `text` between the separators that stand in no brackets or quotes."""
    parts, begun, depth, quote = [], 0, 0, ""
    for place, c in enumerate(text):
        if quote:
            quote = "" if c == quote else quote
        elif c in _QUOTES:
            quote = c
        elif c in _OPENING:
            depth += 1
        elif c in _CLOSING:
            depth -= 1
        elif c == separator and depth <= 0:
            parts.append(text[begun:place])
            begun = place + 1
    return [part.strip() for part in (*parts, text[begun:])]


def expand(preset: Preset, axes: Sequence[Axis], seeds: int = 1) -> Plan:
    """Every combination of the axes' values at `seeds` seeds from the preset's own on; raises PresetError."""
    try:
        check_int("--seeds", seeds, 1, MAX_RUNS)
    except SpecError as error:
        raise PresetError(error) from None
    count = seeds * math.prod(len(axis.values) for axis in axes)
    if count > MAX_RUNS:
        raise PresetError(f"--grid: found {count:,} runs, allowed up to {MAX_RUNS:,}")
    base = replace(preset, arms=(), claim=None, recorded=None)
    last = base.with_(seed=base.seed + seeds - 1)
    settings = tuple(_settings(base, axes))
    runs = tuple(
        Run(_run_id(setting, seed), setting, seed) for seed in range(base.seed, last.seed + 1) for setting in settings
    )
    return Plan(base, tuple(axis.key for axis in axes), settings, runs)


def _settings(base: Preset, axes: Sequence[Axis]) -> Iterator[Setting]:
    """The settings, the last axis turning fastest; raises PresetError for one that cannot be or comes twice."""
    seen = set()
    for point in itertools.product(*(axis.values for axis in axes)):
        chosen = dict(zip((axis.key for axis in axes), point, strict=True))
        try:
            made = base.with_(**{key: value for key, (_, value) in chosen.items()}) if chosen else base
        except PresetError as error:
            guilty = {key: value for key, value in chosen.items() if str(error).startswith(f"{key}:")}
            raise PresetError(f"--grid {_as_typed(guilty or chosen)}: {error}") from None
        text = dumps(replace(made, name="run", title="", description="", seed=0))
        if text in seen:
            raise PresetError(f"--grid {_as_typed(chosen)}: found twice, expected every value once")
        seen.add(text)
        yield Setting(tuple((key, _plain(key, made.get(key))) for key in chosen), made, text)


def _as_typed(chosen: dict[str, tuple[str, Any]]) -> str:
    return " ".join(f"{key}={shown_text(word)}" for key, (word, _) in chosen.items())


def _plain(key: str, value: Any) -> Any:
    """A value as JSON has it, and `auto` where it is the optimizer's usual one."""
    if value is None and key in USUAL:
        return AUTO
    return list(value) if isinstance(value, tuple) else value


def columns(keys: Iterable[str]) -> tuple[str, ...]:
    """What swept keys are called in a table: the same, or set_NAME where a result has a NAME too."""
    return tuple(f"set_{key}" if key in IN_RESULTS else key for key in keys)


def _run_id(setting: Setting, seed: int) -> str:
    return hashlib.sha256(f"{setting.text}seed = {seed}".encode()).hexdigest()[:16]


def differences(then: Preset, now: Preset, keys: Iterable[str]) -> list[str]:
    """In what two presets differ beside `keys`, names and seed, in words: `epochs = 20, now 5`."""
    free = {*TRAINING_FREE, "seed", *keys}
    if free & {"steps", "epochs"}:
        free |= {"steps", "epochs"}  # each takes the place of the other
    pairs = [(key, _plain(key, then.get(key)), _plain(key, now.get(key))) for key in KEYS if key not in free]
    found = [f"{key} = {before}, now {after}" for key, before, after in pairs if before != after]
    other = [name for name in ("timeline", "conditions") if getattr(then, name) != getattr(now, name)]
    return [*found, *(f"other {name}" for name in other)]
