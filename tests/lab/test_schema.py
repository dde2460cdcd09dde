"""The schema and the checks say the same: a value is good for the one if and only if it is good for the other."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from engine.spec import DIALS
from tests.lab.test_preset import CONDITIONS, GOOD, presets
from tuilab.lab import arms, conditions, shelf
from tuilab.lab.errors import PresetError
from tuilab.lab.preset import KEYS, TABLES, Preset, dumps, loads
from tuilab.lab.schema import ABOUT, schema
from tuilab.lab.timeline import TURNABLE
from tuilab.lab.toml_text import dump_table

SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)

words = st.sampled_from([
    "digits", "mnist", "mine.csv", "a/b", "adam", "relu", "cosine", "he_normal", "auto", "regression", "mean", "",
    "a b", "-x", "no", "/10", "x" * 64, "x" * 65,
])  # fmt: skip
plain = (
    st.booleans()
    | st.integers(-2, 3)
    | st.sampled_from([0.5, -0.5, 1.5, 100_000.5, 10_000_000.5, 1e12 + 0.5])
    | st.sampled_from([65_536, 65_537, 10**6, 10**9 + 1, 10**12 + 1, 2**63 - 1, 2**63])
    | words
)
values = plain | st.lists(plain, max_size=3)


def allowed(table: dict[str, Any]) -> bool:
    return bool(VALIDATOR.is_valid(table))


def loaded(text: str) -> bool:
    try:
        loads(text)
    except PresetError:
        return False
    return True


def same(text: str) -> None:
    """The two agree about the preset in `text` (JSON takes 3.0 for a whole number; there is none in the values)."""
    assert allowed(tomllib.loads(text)) == loaded(text), text


def test_it_is_a_schema_and_knows_every_key() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert {*SCHEMA["properties"]} == {*KEYS, *TABLES, "version", "extends"}
    assert {*SCHEMA["$defs"]} == {*TURNABLE} and {*ABOUT} == {*SCHEMA["properties"]} - {*DIALS}


@pytest.mark.parametrize("name", [*shelf.shipped_names(), *shelf.claim_names()])
def test_a_shipped_preset_is_valid(name: str) -> None:
    VALIDATOR.validate(tomllib.loads(shelf.shipped_bytes(name).decode()))


@settings(max_examples=60)
@given(presets)
def test_every_preset_written_is_valid(preset: Preset) -> None:
    VALIDATOR.validate(tomllib.loads(dumps(preset)))


@settings(max_examples=300)
@given(st.sampled_from([*KEYS, "version", "nonsense"]), values)
def test_a_value_of_a_key_is_good_for_both_or_for_neither(key: str, value: object) -> None:
    assume(key != "widths" or not isinstance(value, list) or value.count(65_536) < 2)  # too many parameters together
    same(dump_table({"dataset": "xor", "widths": [8, 8], key: value}))


@settings(max_examples=300)
@given(
    st.sampled_from(["timeline", "when", "arm", "claim", "recorded", "claim.published"]),
    st.dictionaries(
        st.sampled_from([
            "step", "name", "lr", "dropout", "optimizer", "metric", "above", "not_risen_for", "times", "done", "seed",
            "widths", "threads", "bound", "rates", "target", "seeds", "paper", "sentence", "number", "x",
        ]),
        values | st.sampled_from(["val_loss", "test_error"]),
        max_size=3,
    ),
)  # fmt: skip
def test_a_row_is_good_for_both_or_for_neither(where: str, row: dict[str, Any]) -> None:
    base: dict[str, Any] = {
        "timeline": {"step": 3, "dropout": 0.1},
        "when": {"metric": "val_loss", "below": 0.5, "lr": "/2"},
        "arm": {"name": "b"},
        "claim": {"number": 1, "sentence": "s", "metric": "overshoot", "arms": ["a", "b"], "direction": "less"},
        "claim.published": {"paper": "p", "place": "q", "figure": "r"},
        "recorded": {"step": 3, "params_sha256": "a" * 64},
    }
    text = "dataset = 'xor'\n"
    if where == "claim.published":
        text += f"[claim]\n{dump_table(base['claim'])}"
    brackets = ("[", "]") if where in ("claim", "recorded") else ("[[", "]]")
    same(f"{text}{brackets[0]}{where}{brackets[1]}\n{dump_table(base[where] | row)}")


@pytest.mark.parametrize(
    "text",
    [
        GOOD + CONDITIONS,
        GOOD.replace("dataset", "#"),
        "steps = 3\nepochs = 3\n" + GOOD,
        GOOD + "[[timeline]]\nstep = 3",
        GOOD + "[[when]]\nmetric = 'val_loss'\nabove = 1",
        GOOD + "[[when]]\nmetric = 'val_loss'\nlr = 1",
        GOOD + "[[when]]\nmetric = 'val_loss'\nabove = 1\nbelow = 3\nlr = 1",
        GOOD + "[when]",
        GOOD + "[[arm]]\nname = 'a'\ntitle = 'x'",
    ],
)
def test_what_is_required_and_what_excludes_another(text: str) -> None:
    same(text)


def test_only_what_a_table_says_is_written_down() -> None:
    """The bounds in the schema are those of the tables that check presets, not copies of them."""
    claim = SCHEMA["properties"]["claim"]["properties"]
    assert (claim["seeds"]["minimum"], claim["seeds"]["maximum"]) == arms.CLAIM_COUNTS["seeds"]
    assert claim["metric"]["enum"] == list(arms.CLAIM_CHOICES["metric"])
    assert SCHEMA["properties"]["when"]["items"]["properties"]["metric"]["enum"] == list(conditions.METRICS)
