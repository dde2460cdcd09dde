"""What `--set` and `--at` make of a preset, and the one line for what they cannot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuilab.lab.errors import PresetError
from tuilab.lab.override import overridden
from tuilab.lab.preset import KEYS, Preset
from tuilab.lab.timeline import Change


def test_every_kind_of_value_can_be_set() -> None:
    preset = overridden(
        Preset("digits", epochs=3),
        sets=["widths=32,32", "dropout=0.5", "batch_norm=true", "optimizer=sgd", "lr=1e-2", "activation=relu,tanh",
              "dataset=xor", "noise=none", "title=My own = best"],
        steps=7, seed=5,
    )  # fmt: skip
    assert preset.widths == (32, 32) and preset.recipe.activation == ("relu", "tanh") and preset.recipe.lr == 0.01
    assert (preset.recipe.dropout, preset.recipe.batch_norm, preset.recipe.optimizer) == (0.5, True, "sgd")
    assert (preset.dataset, preset.noise, preset.title, preset.seed) == ("xor", None, "My own = best", 5)
    assert (preset.steps, preset.epochs) == (7, None)


@pytest.mark.parametrize(("text", "widths"), [("widths=[16]", (16,)), ("widths=16", (16,)), ("widths=[]", ())])
def test_widths_in_each_spelling(text: str, widths: tuple[int, ...]) -> None:
    assert overridden(Preset("xor"), sets=[text]).widths == widths


def test_changes_join_the_timeline_in_order() -> None:
    preset = Preset("xor", timeline=(Change(300, "lr", 0.1),))
    at = [("400", "optimizer=sgd"), ("200", "dropout=0.5"), ("300", "lr=auto"), ("600", "batch_norm=true")]
    assert overridden(preset, at=at).timeline == (
        Change(200, "dropout", 0.5), Change(300, "lr", 0.1), Change(300, "lr", None),
        Change(400, "optimizer", "sgd"), Change(600, "batch_norm", True),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sets": ["dropout"]}, "--set dropout: found no '='"),
        ({"sets": ["dropuot=1"]}, "--set dropuot=1: unknown key 'dropuot'.*did you mean 'dropout'"),
        ({"sets": ["dropout=much"]}, "--set dropout=much: dropout: found 'much'"),
        ({"sets": ["lr=nan"]}, "--set lr=nan: lr: found nan"),
        ({"sets": ["lr=-1"]}, "--set lr=-1: lr: found -1"),
        ({"sets": ["timeline=3"]}, "unknown key 'timeline'"),
        ({"sets": ["widths=1000000000"]}, "found 1000000000"),
        ({"sets": ["seed=0x" + "f" * 5000]}, "no preset can hold"),
        ({"sets": ["lr=" + "[" * 5000]}, "--set lr=.*: lr: found"),
        ({"steps": 0}, "--steps: found 0"),
        ({"epochs": float("nan")}, "--epochs: found nan"),
        ({"seed": -1}, "--seed: found -1"),
        ({"at": [("200", "widths=32")]}, "--at 200 widths=32: widths needs a new network"),
        ({"at": [("200", "dataset=xor")]}, "--at 200 dataset=xor: dataset needs a new network"),
        ({"at": [("200", "seed=3")]}, "--at 200 seed=3: seed belongs to the whole run"),
        ({"at": [("x", "lr=3")]}, "found 'x' for the step"),
        ({"at": [("-1", "lr=3")]}, "found '-1' for the step"),
        ({"at": [("9" * 20, "lr=3")]}, "for the step"),
        ({"at": [("5", "lr")]}, "--at 5 lr: found no '='"),
        ({"at": [("5", "drop=1")]}, "--at 5 drop=1: unknown key 'drop'"),
        ({"at": [("5", "activation=relu,relu,relu")]}, "found 3 names, expected one or 1"),
        ({"at": [("5", "batch_size=0x" + "f" * 5000)]}, "no preset can hold"),
    ],
)
def test_a_mistake_names_its_option(options: dict[str, object], words: str) -> None:
    with pytest.raises(PresetError, match=words) as caught:
        overridden(Preset("xor"), **options)  # type: ignore[arg-type]
    assert str(caught.value).isprintable()


@given(st.sampled_from(KEYS), st.text(), st.text())
def test_any_word_is_taken_or_refused(key: str, step: str, text: str) -> None:
    for options in ({"sets": [f"{key}={text}"]}, {"at": [(step, f"{key}={text}")]}, {"sets": [text]}):
        try:
            overridden(Preset("xor"), **options)  # type: ignore[arg-type]
        except PresetError as error:
            assert str(error).isprintable()
