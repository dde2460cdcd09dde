"""`tuilab claims` as it is used: its table, its JSON, its exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tuilab.cli import main
from tuilab.datasets import fetch
from tuilab.lab.preset import load_preset

CLAIM = """\
dataset = "xor"
widths = [8, 8, 8, 8]
activation = "sigmoid"
optimizer = "sgd"
steps = 20
[[arm]]
name = "sigmoid"
[claim]
number = 1
sentence = "The gradients of a deep sigmoid net vanish"
metric = "gradient_decades"
compare = "value"
arms = ["sigmoid"]
direction = "less"
seeds = 2
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.toml").write_text(CLAIM)
    (tmp_path / "bad.toml").write_text(CLAIM.replace('"less"', '"greater"'))
    return tmp_path


def test_a_claim_that_holds_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "good.toml"]) == 0
    out, err = capsys.readouterr()
    assert (
        err == "" and "The gradients of a deep sigmoid net vanish" in out and out.splitlines()[-1].startswith("1 hold;")
    )


def test_one_that_does_not_hold_is_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "good.toml", "bad.toml", "--json"]) == 1
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 1
    table = json.loads(out)
    assert table["good"] is False and [c["holds"] for c in table["claims"]] == [True, False]
    first = table["claims"][0]
    assert first["effect"]["low"] <= first["effect"]["mean"] <= first["effect"]["high"] < 0.0
    assert len(first["values"]) == 2 and first["seconds"] > 0.0


def test_what_cannot_be_measured_here_is_said_and_is_no_failure(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.trainer.BACKENDS", ("auto", "cpu"))
    assert main(["claims", "14", "--json"]) == 0
    (claim,) = json.loads(capsys.readouterr().out)["claims"]
    assert claim["number"] == 14 and claim["holds"] is None and "no GPU" in claim["note"] and claim["values"] == []
    assert main(["claims", "14"]) == 0
    assert "1 not measured" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "said"), [("06-hee", "did you mean '06-he'"), ("99", "99: no such claim"), ("none.toml", "none.toml")]
)
def test_an_unknown_name_is_2_and_one_line(name: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", name]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and said in err


def test_claims_are_listed_without_being_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["claims", "--list", "3", "6"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == [
        "03-dropout",
        "03-overfitting",
        "06-he",
    ]
    assert main(["claims", "--list", "--json", "6"]) == 0
    assert json.loads(capsys.readouterr().out)["claims"][0]["number"] == 6


def test_other_seeds_can_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    found = []
    for more in ((), ("--seed", "1"), ("--seed", "0", "--seeds", "3")):
        assert main(["claims", "good.toml", "--json", *more]) == 0
        found.append(json.loads(capsys.readouterr().out)["claims"][0])
    assert found[0]["values"][1] == found[1]["values"][0] and found[1]["values"][1] == found[2]["values"][2]
    assert [claim["seeds"] for claim in found] == [2, 2, 3]
    for more, said in (("--seeds", "1"), "seeds: found 1, "), (("--seed", "-1"), "seed: found -1, "):
        assert main(["claims", "good.toml", *more]) == 2
        assert said in capsys.readouterr().err


def test_full_forms_without_their_data_are_one_line(
    elsewhere: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TUILAB_DATA", str(elsewhere / "data"))
    away = fetch.Origin(("http://127.0.0.1:9/",), fetch.ORIGINS["mnist"].sha256)
    monkeypatch.setitem(fetch.ORIGINS, "mnist", away)
    assert main(["claims", "--full"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith("tuilab: mnist: ") and "tuilab data import" in err
    assert main(["claims", "--full", "--list", "11"]) == 0
    assert capsys.readouterr().out.split("  ")[0] == "11-adam-momentum-mnist"


def test_an_arm_is_run_by_its_name(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["run", "02-relu", "--arm", "sigmoid", "--set", "widths=4", "--steps", "3", "--out", "R", "--json"]) == 0
    )
    result = json.loads(capsys.readouterr().out)
    preset = load_preset("R")
    assert (result["preset"], result["steps"]) == ("sigmoid", 3)
    assert (preset.recipe.activation, preset.widths, preset.arms, preset.claim) == ("sigmoid", (4,), (), None)
    assert main(["run", "02-relu", "--arm", "sigmod", "--out", "S"]) == 2
    assert "did you mean 'sigmoid'" in capsys.readouterr().err and not (elsewhere / "S").exists()


def test_a_report_is_written_beside_the_table_and_overwrites_nothing(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["claims", "good.toml", "--html", "claims.html", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["claims"][0]["holds"] is True
    text = (elsewhere / "claims.html").read_text()
    assert text.startswith("<!DOCTYPE html>") and "The gradients of a deep sigmoid net vanish" in text
    for path, said in (("claims.html", "is there already"), ("none/claims.html", "its folder is not there")):
        assert main(["claims", "good.toml", "--html", path]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.count("\n") == 1 and said in err
    assert (elsewhere / "claims.html").read_text() == text
