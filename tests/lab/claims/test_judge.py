"""A claim from file to verdict, and the claims that ship."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.datasets.idx_files import write_set
from tuilab.lab import shelf
from tuilab.lab.arms import Claim
from tuilab.lab.claims.judge import chosen, effect_of, judge
from tuilab.lab.errors import PresetError
from tuilab.lab.preset import Preset, dumps, load_preset, loads

DEEP = """\
dataset = "xor"
widths = [8, 8, 8, 8]
optimizer = "sgd"
steps = 20
[[arm]]
name = "relu"
[[arm]]
name = "sigmoid"
activation = "sigmoid"
[claim]
number = 2
sentence = "ReLU mitigates it"
metric = "gradient_decades"
arms = ["relu", "sigmoid"]
direction = "greater"
seeds = 3
"""


def test_a_claim_is_run_seed_by_seed() -> None:
    told: list[str] = []
    verdict = judge("deep", loads(DEEP), told.append)
    assert verdict.holds is True and verdict.effect.low > 0.0
    assert [line for line in told if "," not in line] == ["seed 1 of 3", "seed 2 of 3", "seed 3 of 3"]
    assert told[1] == "seed 1 of 3, relu at 0.001: 0/20" and told[-1] == "seed 3 of 3, sigmoid at 0.001: 20/20"
    assert len(verdict.values) == 3 and all(relu > sigmoid for relu, sigmoid in verdict.values)
    row = verdict.as_row()
    assert row["effect"]["mean"] == verdict.effect.mean and row["arms"] == ("relu", "sigmoid") and row["number"] == 2
    assert judge("deep", loads(DEEP)).values == verdict.values


def test_the_opposite_does_not_hold() -> None:
    assert judge("deep", loads(DEEP.replace('"greater"', '"less"'))).holds is False


def test_a_diverged_arm_is_no_verdict() -> None:
    wild = DEEP.replace('activation = "sigmoid"', 'activation = "linear"\nlr = 1e6').replace(
        "gradient_decades", "train_loss"
    )
    verdict = judge("wild", loads(wild))
    assert verdict.holds is False and math.isnan(verdict.effect.mean) and "3 of 3 seeds gave no number" in verdict.note
    assert verdict.as_row()["effect"]["mean"] is None


@pytest.mark.parametrize("over", ["best", "spread"])
def test_rates_are_tried_one_by_one(over: str) -> None:
    more = f"rates = [0.1, 0.5]\nover_rates = '{over}'"
    verdict = judge("rates", loads(f"{DEEP.replace('gradient_decades', 'train_loss')}{more}"))
    ones = [
        judge("one", loads(f"{DEEP.replace('gradient_decades', 'train_loss')}rates = [{lr}]")).values
        for lr in (0.1, 0.5)
    ]
    for seed in range(3):
        for arm in range(2):
            a, b = ones[0][seed][arm], ones[1][seed][arm]
            wanted = min(a, b) if over == "best" else abs(a - b) / math.sqrt(2.0)
            assert verdict.values[seed][arm] == pytest.approx(wanted)


@pytest.mark.parametrize(("compare", "mean"), [("value", 3.0), ("difference", 1.5), ("ratio", 2.0)])
def test_effects(compare: str, mean: float) -> None:
    arms = ("a",) if compare == "value" else ("a", "b")
    claim = Claim(1, "x", "train_loss", arms, "less", compare=compare)
    assert effect_of([(2.0, 1.0), (4.0, 2.0)], claim).mean == pytest.approx(mean)


def test_data_that_cannot_be_had_is_one_line() -> None:
    with pytest.raises(PresetError, match=r"deep: .*noise"):
        judge("deep", loads(DEEP.replace('dataset = "xor"', 'dataset = "digits"\nnoise = 0.1')))
    with pytest.raises(PresetError, match=r"found no \[claim\]"):
        judge("xor", Preset("xor"))


def test_claims_are_chosen_by_name_number_and_file(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(DEEP)
    assert [name for name, _ in chosen([])] == list(shelf.claim_names())
    assert [name for name, _ in chosen(["10"])] == ["10-adadelta-alive", "10-adagrad-shrinks", "10-rmsprop-alive"]
    assert chosen(["1"]) == chosen(["01"]) == chosen(["01-vanishing"]) == chosen(["1", "01-vanishing"])
    assert chosen([str(tmp_path / "mine.toml")])[0] == ("mine", load_preset(tmp_path / "mine.toml"))
    wrong = {
        "06-hee": "no such claim.*did you mean '06-he'",
        "99": "99: no such",
        "digits": "digits: no such",
        "": "no such",
    }
    for name, words in wrong.items():
        with pytest.raises(PresetError, match=words):
            chosen([name])
    (tmp_path / "none.toml").write_text("dataset = 'xor'")
    with pytest.raises(PresetError, match=r"found no \[claim\]"):
        chosen([str(tmp_path / "none.toml")])


def test_every_claim_of_the_notes_has_a_preset() -> None:
    presets = dict(chosen([]))
    assert {p.claim.number for p in presets.values() if p.claim} == set(range(1, 16))
    for name, preset in presets.items():
        assert preset.claim is not None and preset.title and preset.description and name == preset.name
        assert int(name.split("-")[0]) == preset.claim.number
        assert loads(dumps(preset)) == preset
        assert max(map(len, preset.description.split("\n"))) <= 120
    assert sum(p.claim.budget_s for p in presets.values() if p.claim) <= 600


@pytest.mark.parametrize("name", ["03-dropout", "13-forest", "13-svm"])
def test_a_regime_that_was_chosen_is_not_judged_on_the_seeds_it_was_chosen_on(name: str) -> None:
    preset = load_preset(name)
    said = re.search(r"chosen on the seeds 0 to (\d+)", preset.description)
    assert said and preset.seed > int(said[1]) and preset.label_noise == 0.2


def test_claims_are_no_part_of_the_first_shelf() -> None:
    assert not set(shelf.claim_names()) & set(shelf.shipped_names())
    assert not set(shelf.full_names()) & {*shelf.claim_names(), *shelf.shipped_names()}


def test_full_forms_are_chosen_by_number_by_name_and_by_the_name_of_the_quick_form() -> None:
    assert [name for name, _ in chosen([], full=True)] == list(shelf.full_names())
    assert [name for name, _ in chosen(["05-batchnorm-speed", "4"], full=True)] == [
        "05-batchnorm-speed-mnist",
        "04-ensemble-mnist",
    ]
    assert chosen(["04-ensemble-mnist"]) == chosen(["04-ensemble-mnist"], full=True) == chosen(["04"], full=True)
    assert not {name for name, _ in chosen(["3"])} & set(shelf.full_names())
    with pytest.raises(
        PresetError, match=r"06-he: no such claim with a full form, allowed: a number, .*03-dropout-mnist"
    ):
        chosen(["06-he"], full=True)


@pytest.mark.parametrize("name", shelf.full_names())
def test_a_full_form_is_a_claim_about_mnist_and_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut down to a moment and a made set: not what comes out, but that something does."""
    monkeypatch.setenv("TUILAB_DATA", str(tmp_path))
    write_set(tmp_path / "mnist")
    preset = load_preset(name)
    claim = preset.claim
    assert claim is not None and preset.dataset == "mnist" and preset.title and preset.description
    assert claim.number == int(name.split("-")[0])
    assert any(quick.startswith(name.split("-mnist")[0]) for quick in shelf.claim_names())
    assert max(map(len, preset.description.split("\n"))) <= 120 and loads(dumps(preset)) == preset
    assert preset.recipe.schedule == "constant" or preset.recipe.decay_steps == preset.steps
    small = preset.with_(widths=(8,) * len(preset.widths), steps=20, eval_every=10)
    verdict = judge(name, small.with_(claim=replace(claim, seeds=2, rates=claim.rates[:1])))
    assert len(verdict.values) == 2 and all(map(math.isfinite, verdict.values[0]))
