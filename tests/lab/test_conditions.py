"""Conditions: read, written back in words and as rows, each mistake one line; what they do to a dial."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.spec import Recipe, SpecError
from tuilab.lab.conditions import METRICS, When, condition, from_rows, resolved, to_row
from tuilab.lab.errors import PresetError
from tuilab.lab.preset import Preset, dumps, loads

GOOD = """\
dataset = "digits"
widths = [64, 32]

[[when]]
metric = "val_loss"
not_fallen_for = 5
lr = "/10"

[[when]]
metric = "val_accuracy"
above = 0.9
dropout = 0.5
optimizer = "sgd"
"""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("val_loss not fallen for 5 epochs", {"metric": "val_loss", "not_fallen_for": 5.0}),
        ("val_loss not fallen 1 epoch", {"metric": "val_loss", "not_fallen_for": 1.0}),
        ("val_accuracy not risen by 0.01 for .5", {"metric": "val_accuracy", "not_risen_for": 0.5, "by": 0.01}),
        (" grad_norm  above 1e3 ", {"metric": "grad_norm", "above": 1000.0}),
        ("train_loss BELOW 0.1", {"metric": "train_loss", "below": 0.1}),
    ],
)
def test_words_are_a_condition(text: str, wanted: dict[str, object]) -> None:
    assert to_row(condition(text, lr="/10")) == {**wanted, "lr": "/10"}
    assert condition(str(condition(text, lr="/10")), lr="/10") == condition(text, lr="/10")


@given(
    st.sampled_from(METRICS),
    st.sampled_from(["above", "below", "not_fallen_for", "not_risen_for"]),
    st.floats(1e-12, 1e12),
    st.sampled_from([0.0, 0.5, 1e-7]),
)
def test_its_words_are_the_condition(metric: str, kind: str, number: float, by: float) -> None:
    more = {"by": by} if kind.startswith("not") else {}
    made = When(metric, (("lr", "/10"),), **{kind: number}, **more)
    assert condition(str(made), lr="/10") == made
    assert from_rows([to_row(made)]) == (made,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found '', expected words such as 'val_loss not fallen for 5 epochs'"),
        ("val_loss fallen for 5 epochs", "expected words"),
        ("val_loss not above 5", "expected words"),
        ("val_loss above 1.2.3", "expected a number"),
        ("val_los above 1", "found 'val_los', allowed: .*did you mean 'val_loss'"),
        ("val_loss not fallen for -5 epochs", r"not_fallen_for: found -5.0, expected a number in \(0"),
        ("val_loss above " + "9" * 400, "above: found inf"),
    ],
)
def test_words_that_are_none_are_refused(text: str, said: str) -> None:
    with pytest.raises(SpecError, match=said):
        condition(text, lr="/10")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('metric = "val_loss"', "", "when: row 1: metric: missing, allowed: val_loss, val_accuracy"),
        ('"val_loss"', '"loss"', "when: row 1: metric: found 'loss'"),
        ("not_fallen_for = 5", "", "when: row 1: found no bound, expected one of above, below, not_fallen_for"),
        ("not_fallen_for = 5", "not_falen_for = 5", "not_falen_for: unknown key.*did you mean 'not_fallen_for'"),
        ("above = 0.9", "above = 0.9\nbelow = 1", "when: row 2: found above and below, expected one of"),
        ("above = 0.9", "above = nan", "when: row 2: above: found nan"),
        ("above = 0.9", "above = 0.9\nby = 1", "when: row 2: by: is for not_fallen_for and not_risen_for"),
        ("above = 0.9", "above = 0.9\ntimes = 0", "when: row 2: times: found 0"),
        ("above = 0.9", "above = 0.9\ndone = -1", "when: row 2: done: found -1"),
        ('lr = "/10"', "", "when: row 1: found no dial to turn, expected one such as lr = '/10'"),
        ('lr = "/10"', 'lr = "/0"', "when: row 1: lr: found '/0', expected a number greater than 0"),
        ('lr = "/10"', 'lr = "fast"', "when: row 1: lr: found 'fast'"),
        ('lr = "/10"', "widths = [3]", "when: row 1: widths: needs a new network"),
        ('lr = "/10"', 'seed = "/2"', "when: row 1: seed: belongs to the whole run"),
        ('lr = "/10"', 'batch_norm = "/2"', "when: row 1: batch_norm: found '/2', but it is no number"),
        ('lr = "/10"', 'activation = ["relu"]', "when: row 1: activation: found 1 names, expected one or 2"),
        ('lr = "/10"', "dropuot = 0.1", "when: row 1: dropuot: unknown dial.*did you mean 'dropout'"),
        ('[[when]]\nmetric = "val_loss"', '[when]\nmetric = "val_loss"', "not TOML|when: expected rows"),
    ],
)
def test_a_mistake_is_named(old: str, new: str, words: str) -> None:
    assert loads(dumps(loads(GOOD))) == loads(GOOD) and old in GOOD
    with pytest.raises(PresetError) as caught:
        loads(GOOD.replace(old, new, 1), "folder/mine.toml")
    line = str(caught.value)
    assert line.startswith("folder/mine.toml: ") and "\n" not in line
    assert re.search(words, line), line


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("lr", "/10", 1e-4),
        ("lr", 0.5, 0.5),
        ("eps", "*2", 2e-8),
        ("dropout", "+.25", 0.25),
        ("batch_size", "/ 3", 11),
        ("batch_size", "/1e3", 1),
        ("decay_steps", "*1.5", 1500),
        ("momentum", "-0.4", 0.5),
        ("optimizer", "sgd", "sgd"),
    ],
)
def test_what_is_done_to_a_dial(field: str, value: object, wanted: object) -> None:
    found = resolved(field, value, Recipe(), 32)
    assert found == pytest.approx(wanted) and type(found) is type(wanted)


def test_what_cannot_be_done_to_a_dial_is_refused_then() -> None:
    with pytest.raises(SpecError, match=r"dropout: found -0\.1"):
        resolved("dropout", "-0.1", Recipe(), 32)


def test_a_preset_is_made_in_steps() -> None:
    made = Preset("xor").at(200, dropout=0.5, lr=0.1).when("val_accuracy above 0.9", lr="/10")
    assert [(c.step, c.field) for c in made.timeline] == [(200, "dropout"), (200, "lr")]
    assert made.conditions == (When("val_accuracy", (("lr", "/10"),), above=0.9),)
    with pytest.raises(PresetError, match="at step 3: widths: needs a new network"):
        made.at(3, widths=[4])
    with pytest.raises(PresetError, match="when: found 'x', expected words"):
        made.when("x", lr=1)
