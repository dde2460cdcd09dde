"""Runs side by side: the dials that differ and no others, the usual rates by their number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tuilab.lab.compare import RESULTS, cell, compare, told
from tuilab.lab.drive import Stop, drive
from tuilab.lab.errors import LabError
from tuilab.lab.preset import Preset
from tuilab.lab.run_folder import RunFolder
from tuilab.lab.session import Session
from tuilab.lab.timeline import Change


def run(preset: Preset, out: Path) -> Path:
    session = Session(preset, threads=1)
    session.prepare()
    session.attach(RunFolder.create(preset, out=out))
    drive(session, Stop())
    session.finish()
    return out


def test_what_differs_is_told(tiny: Preset, tmp_path: Path) -> None:
    one = run(tiny, tmp_path / "one")
    turned = tiny.with_(name="other", optimizer="rmsprop", widths=(4,), timeline=(Change(100, "dropout", 0.5),))
    other = run(turned, tmp_path / "other")
    table = compare([one, other])
    assert table["dials"] == {
        "widths": [[8, 8], [4]], "optimizer": ["adam", "rmsprop"], "lr": [1e-3, 1e-2],
        "timeline": [[], [{"step": 100, "dropout": 0.5}]],
    }  # fmt: skip
    assert tuple(table["results"]) == RESULTS and table["results"]["steps"] == [300, 300]
    assert len(set(table["results"]["params_sha256"])) == 2
    lines = told(table).splitlines()
    assert lines[0].split() == ["one", "other"] and ["widths", "8-8", "4"] in [line.split() for line in lines]
    assert any("100: dropout=0.5" in line for line in lines)


def test_what_was_waited_for_is_told_where_it_differs(tiny: Preset, tmp_path: Path) -> None:
    waiting = tiny.when("val_loss not fallen for 5 epochs", lr="/10").when("val_accuracy above 0.9", dropout=0.5)
    once = waiting.with_(conditions=(replace(waiting.conditions[0], times=1), waiting.conditions[1]))
    runs = [run(preset, tmp_path / name) for name, preset in (("no", tiny), ("yes", waiting), ("once", once))]
    rows = [{"metric": "val_loss", "not_fallen_for": 5.0, "lr": "/10"},
            {"metric": "val_accuracy", "above": 0.9, "dropout": 0.5}]  # fmt: skip
    table = compare(runs)
    assert table["dials"]["when"] == [[], rows, [{**rows[0], "times": 1}, rows[1]]]
    assert cell(table["dials"]["when"][0]) == "none"
    words = "val_loss not fallen for 5 epochs: lr=/10; val_accuracy above 0.9: dropout=0.5"
    assert f"{words}  " in told(table) and "lr=/10, 1×; val_accuracy" in told(table)


def test_how_far_the_same_conditions_were_kept_up_is_no_difference(tiny: Preset, tmp_path: Path) -> None:
    waiting = tiny.when("val_loss below 0", lr="/10")
    table = compare([run(waiting, tmp_path / "long"), run(waiting.with_(steps=100), tmp_path / "short")])
    assert set(table["dials"]) == {"steps"}


def test_the_same_run_twice_differs_in_nothing(tiny: Preset, tmp_path: Path) -> None:
    table = compare([run(tiny, tmp_path / "a"), run(tiny, tmp_path / "b")])
    assert table["dials"] == {} and len(set(table["results"]["params_sha256"])) == 1
    assert "the same dials" in told(table)


def test_a_run_without_result_has_none(tiny: Preset, tmp_path: Path) -> None:
    one = run(tiny, tmp_path / "one")
    (one / "result.json").unlink()
    table = compare([one, one])
    assert set(table["results"]["test_loss"]) == {None} and "–" in told(table)


def test_one_run_and_no_run_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="found 1 run, expected two"):
        compare([tmp_path])
    with pytest.raises(LabError, match=r"found no preset\.toml"):
        compare([tmp_path, tmp_path])
