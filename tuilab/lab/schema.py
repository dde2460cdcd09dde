"""The preset format as JSON Schema (2020-12), made from the tables that check presets: `tuilab presets schema`.

What a schema cannot say is left to `tuilab presets check`: that dials fit the network, that names are unique, that the
data are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any

from engine import spec
from engine.spec import ACTIVATIONS, DIALS, INITIALIZERS, MAX_LAYERS, MAX_WIDTH, OPTIMIZERS, SCHEDULES, Recipe
from tuilab.datasets import DATASETS
from tuilab.datasets.registry import SUFFIXES
from tuilab.lab import arms, conditions, preset
from tuilab.lab.checks import LABEL
from tuilab.lab.extends import VERSION
from tuilab.lab.preset import KEYS, Preset
from tuilab.lab.recorded import HASH, MAX_THREADS
from tuilab.lab.timeline import AUTO, MAX_STEP, TURNABLE, USUAL

Schema = dict[str, Any]

#: What each key means, in a line; dials are described in docs/DIALS.md.
ABOUT: dict[str, str] = {
    "version": "of this format",
    "extends": "the preset, by name or by a path from this file, that fills in what is not said here",
    "name": "what runs of it are called; usually the file's name",
    "title": "one line for lists and the screen",
    "description": "what to watch, and what to turn",
    "dataset": "a set that comes with the lab, or the path, counted from this file, of a table, NPZ file or folder",
    "train_size": "the first so many training rows of a seeded shuffle",
    "noise": "of a set in the plane",
    "label_noise": "share of the training rows that get a wrong class",
    "standardise": "move and scale every feature by the training rows; usually where the data are not scaled already",
    "target": "the column of a table to predict; usually target, label, class, y, or the last one",
    "task": "whether the target is a class or a number; usually found out",
    "missing": "what to do about a missing value in a table",
    "widths": "units of the hidden layers",
    "batch_size": "rows of a step",
    "seed": "of all random numbers: split, weights, batches, masks",
    "steps": "the budget in steps",
    "epochs": "the budget in rounds through the training rows; 20 where neither is said",
    "eval_every": "steps from one look at the validation part to the next; usually about an epoch",
    "timeline": "dials turned once `step` steps are done",
    "when": "dials turned when something is seen at a look at the validation part",
    "arm": "the same run with named differences",
    "claim": "what is said about the arms, and how it is put to the test",
    "recorded": "what a saved run had reached: step and hash of the parameters",
}


def schema() -> Schema:
    """The schema of a preset."""
    usual = {f.name: f.default for f in fields(Preset) if f.default is not MISSING} | {"widths": [32]}
    keys = {key: _described(key, _key(key), usual.get(key)) for key in KEYS}
    tables = {name: _described(name, made) for name, made in _tables().items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tuilab preset",
        "type": "object",
        "properties": {
            "version": _described("version", {"const": VERSION}),
            "extends": _described("extends", {"type": "string", "minLength": 1}),
            **keys, **tables,
        },
        "additionalProperties": False,
        "anyOf": [{"required": ["dataset"]}, {"required": ["extends"]}],
        "not": {"required": ["steps", "epochs"]},
        "$defs": {name: _dial(name) for name in TURNABLE},
    }  # fmt: skip


def _described(key: str, made: Schema, usual: Any = None) -> Schema:
    about = {"description": ABOUT[key]} if key in ABOUT else {}
    return about | made | ({} if usual in (None, "") else {"default": usual})


def _key(key: str) -> Schema:
    """What a key at the top (or in an arm) can be."""
    if key in TURNABLE:
        return _ref(key)
    if key == "name":
        return {"type": "string", "pattern": f"^{LABEL}$"}
    if key == "dataset":
        suffixes = "|".join("".join(f"[{c}{c.upper()}]" for c in suffix[1:]) for suffix in SUFFIXES)
        return {"anyOf": [{"enum": list(DATASETS)}, {"type": "string", "pattern": rf"/|\.({suffixes})$"}]}
    if key == "widths":
        width = _whole(1, MAX_WIDTH)
        return {"anyOf": [width, {"type": "array", "items": width, "maxItems": MAX_LAYERS - 1}]}
    if key == "standardise":
        return {"type": "boolean"}
    return _of(key, preset.CHOICES, preset.COUNTS, preset.NUMBERS, preset.TEXTS)


def _dial(name: str) -> Schema:
    """What a dial can be."""
    if name == "activation":
        names = {"enum": list(ACTIVATIONS)}
        return {"anyOf": [names, {"type": "array", "items": names, "minItems": 1}], "default": Recipe().activation}
    choices = {"initializer": INITIALIZERS, "optimizer": OPTIMIZERS, "schedule": SCHEDULES}
    numbers = {key: bounds for key, bounds in spec.RANGES.items()}
    if isinstance(getattr(Recipe(), name, None), bool):
        made: Schema = {"type": "boolean"}
    else:
        made = _of(name, choices, {**spec.COUNTS, "batch_size": preset.COUNTS["batch_size"]}, numbers, {})
    if name in USUAL:
        return {"anyOf": [made, {"const": AUTO}], "default": AUTO}
    return made | ({"default": getattr(Recipe(), name)} if name in DIALS else {})


def _of(
    key: str, choices: Mapping[str, Iterable[str]], counts: Mapping[str, tuple[int, int]],
    numbers: Mapping[str, tuple[Any, ...]], texts: Mapping[str, int],
) -> Schema:  # fmt: skip
    """The schema of `key` by that of the tables which knows it."""
    if key in choices:
        return {"enum": list(choices[key])}
    if key in counts:
        return _whole(*counts[key])
    if key in numbers:
        return _number(*numbers[key])
    return _text(texts[key])


def _whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def _number(low: float, high: float, low_open: bool = False, high_open: bool = False) -> Schema:
    return {
        "type": "number",
        "exclusiveMinimum" if low_open else "minimum": low,
        "exclusiveMaximum" if high_open else "maximum": high,
    }


def _text(limit: int, least: int = 0) -> Schema:
    return {"type": "string", "maxLength": limit} | ({"minLength": least} if least else {})


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _table(properties: Schema, required: Iterable[str], **more: Any) -> Schema:
    return {
        "type": "object", "properties": properties, "required": list(required), "additionalProperties": False, **more,
    }  # fmt: skip


def _tables() -> dict[str, Schema]:
    """The tables beside the keys."""
    step = {"step": _whole(0, MAX_STEP)}
    row = _table(step | {name: _ref(name) for name in TURNABLE}, ["step"], minProperties=2)
    in_arm = {key: _key(key) for key in KEYS if key not in (*arms.NOT_IN_ARMS, "seed")}
    label = {"type": "string", "pattern": f"^{LABEL}$"}
    hashed = {"type": "string", "pattern": f"^{HASH}$"}
    return {
        "timeline": {"type": "array", "items": row},
        "when": {"type": "array", "items": _when(), "maxItems": conditions.MAX_CONDITIONS},
        "arm": {"type": "array", "items": _table({"name": label, **in_arm}, ["name"]), "maxItems": arms.MAX_ARMS},
        "claim": _claim(label),
        "recorded": _table(
            step | {"params_sha256": hashed, "threads": _whole(1, MAX_THREADS)}, ["step", "params_sha256"]
        ),
    }


def _when() -> Schema:
    kinds = (*conditions.BOUNDS, *conditions.WAITS)
    done_to = {"type": "string", "pattern": rf"^\s*{conditions.RELATIVE}\s*$"}
    own = {
        "metric": {"enum": list(conditions.METRICS)},
        **{key: _number(-1e30, 1e30) for key in conditions.BOUNDS},
        **{key: _number(0.0, 1e30, True) for key in conditions.WAITS},
        "by": _number(0.0, 1e30),
        "times": _whole(1, 10**9),
        "done": _whole(0, MAX_STEP),
    }
    dials = {name: {"anyOf": [_ref(name), done_to]} if conditions.is_numeric(name) else _ref(name) for name in TURNABLE}
    return _table(
        own | dials, ["metric"], oneOf=[{"required": [kind]} for kind in kinds],
        anyOf=[{"required": [name]} for name in TURNABLE],
    )  # fmt: skip


def _claim(label: Schema) -> Schema:
    texts = {"sentence": arms.MAX_TEXT, "source": arms.MAX_TEXT}
    published = {f.name: _text(arms.MAX_TEXT, 1) for f in fields(arms.Published)}
    own: Schema = {
        "arms": {"type": "array", "items": label, "minItems": 1, "maxItems": 2},
        "rates": {"type": "array", "items": _number(0.0, arms.MAX_RATE)},
        "published": {"type": "array", "items": _table(published, published)},
    }
    names = [f.name for f in fields(arms.Claim)]
    made = {
        name: own.get(name) or _of(name, arms.CLAIM_CHOICES, arms.CLAIM_COUNTS, arms.CLAIM_NUMBERS, texts)
        for name in names
    }
    return _table(made, [f.name for f in fields(arms.Claim) if f.default is MISSING])
