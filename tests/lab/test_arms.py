"""Arms and claims in a file: read, written back, and each mistake one line."""

from __future__ import annotations

import re

import pytest

from engine.spec import SpecError
from tuilab.lab.arms import Arm, Claim
from tuilab.lab.errors import PresetError
from tuilab.lab.preset import Preset, dumps, loads

GOOD = """\
dataset = "digits"
widths = [64, 32]
epochs = 3

[[arm]]
name = "plain"

[[arm]]
name = "dropout"
dropout = 0.5
steps = 20
widths = [16]

[claim]
number = 3
sentence = "Dropout lowers the test error"
metric = "test_error"
arms = ["dropout", "plain"]
direction = "less"

[[claim.published]]
paper = "Srivastava et al. 2014"
place = "Table 2"
figure = "1.25 % against 1.60 %"
"""


def test_an_arm_is_the_preset_with_its_differences() -> None:
    preset = loads(GOOD)
    plain, dropout = preset.arm("plain"), preset.arm("dropout")
    assert (plain.name, plain.widths, plain.epochs, plain.recipe) == ("plain", (64, 32), 3.0, preset.recipe)
    assert (dropout.widths, dropout.recipe.dropout, dropout.steps, dropout.epochs) == ((16,), 0.5, 20, None)
    assert dropout.arms == () and dropout.claim is None
    assert preset.claim is not None and preset.claim.seeds == 5 and not preset.claim.is_study
    assert [p.place for p in preset.claim.published] == ["Table 2"]
    assert loads(dumps(preset)) == preset
    with pytest.raises(PresetError, match="arm: found 'dropuot', allowed: plain, dropout"):
        preset.arm("dropuot")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("dropout = 0.5", "dropout = 1.5", "line 5: arm: dropout: dropout: found 1.5"),
        ("dropout = 0.5", "dropuot = 0.5", "arm: dropout: dropuot: unknown key.*did you mean 'dropout'"),
        ("dropout = 0.5", "seed = 3", "arm: row 2: seed: is the same for all arms"),
        ("dropout = 0.5", "title = 'x'", "arm: row 2: title: belongs to the whole preset"),
        ('name = "dropout"', "", "arm: row 2: name: missing"),
        ('name = "dropout"', 'name = "plain"', "arm: name: found 'plain' twice"),
        ('name = "dropout"', 'name = "a b"', "arm: row 2: name: found 'a b'"),
        ('[[arm]]\nname = "plain"', "", r"line \d+: claim: arms: found 'plain', allowed: dropout"),
        ("number = 3", "number = 0", r"claim: number: found 0, expected a whole number in \[1, 999\]"),
        ("number = 3", "nubmer = 3", "claim: nubmer: unknown key.*did you mean 'number'"),
        ("number = 3", "", "claim: number: missing"),
        ('"test_error"', '"test_eror"', "claim: metric: found 'test_eror'.*did you mean 'test_error'"),
        ('"less"', '"fewer"', "claim: direction: found 'fewer', allowed: less, greater"),
        ('["dropout", "plain"]', '["dropout"]', "claim: arms: found .*, expected 2 of them"),
        ('["dropout", "plain"]', '"dropout"', "claim: arms: found 'dropout', expected 2"),
        ("number = 3", "number = 3\nseeds = 1", r"claim: seeds: found 1, expected a whole number in \[2"),
        ("number = 3", "number = 3\ncompare = 'value'", "claim: arms: found .*, expected 1 of them"),
        ("number = 3", "number = 3\nrates = 0.1", "claim: rates: found 0.1, expected learning rates"),
        ("number = 3", "number = 3\nrates = [-1]", "claim: rates: found -1"),
        ("number = 3", "number = 3\nbound = nan", "claim: bound: found nan"),
        ("[claim]", "[[claim]]", "claim: expected a table"),
        ('place = "Table 2"', "", "claim: published: expected rows of paper, place, figure"),
        ('"Table 2"', "2", "claim: published: row 1: place: found 2, expected text"),
        ('"Table 2"', '" "', "claim: published: row 1: place: found nothing"),
        ("[[claim.published]]", "[claim.published]", "claim: published: expected rows"),
        ('[[arm]]\nname = "plain"\n\n[[arm]]', "[arm]", "arm: expected rows"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(old: str, new: str, words: str) -> None:
    assert loads(GOOD) and old in GOOD
    with pytest.raises(PresetError) as caught:
        loads(GOOD.replace(old, new, 1), "folder/mine.toml")
    line = str(caught.value)
    assert line.startswith("folder/mine.toml: ") and "\n" not in line
    assert re.search(words, line), line


def test_a_change_that_an_arm_cannot_bear_is_refused() -> None:
    deep = Arm("deep", (("widths", [4]), ("activation", ["relu", "tanh"])))
    with pytest.raises(SpecError, match="arm: deep: activation: found 2 names"):
        Preset("xor", arms=(deep,), widths=(4, 4))


def test_a_study_names_its_own_arms() -> None:
    claim = Claim(9, "NAG looks ahead", "overshoot", ("nag", "momentum"), "less")
    assert Preset("xor", claim=claim).claim is claim and claim.is_study
    with pytest.raises(SpecError, match="arms: found 'nag', allowed: none"):
        Preset("xor", claim=Claim(9, "x", "train_loss", ("nag", "momentum"), "less"))
