"""The benchmark measures what it says: every contestant trains, ratios come round by round, one JSON object."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tuilab.bench.cases import CASES, PLAIN, VARIATIONS, Case, find_case
from tuilab.bench.contestants import CONTESTANTS
from tuilab.bench.match import Result, play

TINY = Case("tiny", (2, 8, 8, 2), 10, 50)


@pytest.mark.parametrize("name", ["engine", "products", "torch"])
def test_a_contestant_does_the_steps_it_is_asked_for(name: str) -> None:
    run = CONTESTANTS[name](TINY, 1)
    assert run(7) == 7
    assert run(3) == 3


def test_scikit_learn_trains_whole_epochs_and_says_how_many_steps_they_were() -> None:
    assert CONTESTANTS["sklearn"](TINY, 1)(50) == pytest.approx(16384 / 10)


def test_names_are_unique_and_the_variations_share_a_network() -> None:
    names = [case.name for case in CASES + VARIATIONS]
    assert len(set(names)) == len(names)
    assert {case.widths for case in VARIATIONS} == {find_case(PLAIN).widths}
    with pytest.raises(KeyError):
        find_case("no-such-case")


def test_a_match_takes_the_median_of_the_rounds_ratios() -> None:
    result = play(find_case("tiny"), ("products",), threads=1, rounds=3)
    assert result.engine_us > 0.0
    assert set(result.ratios) == {"products"} and np.isfinite(result.ratios["products"])


def test_a_contestant_that_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="bench: nobody ended with code"):
        play(find_case("tiny"), ("nobody",), threads=1, rounds=1)


def test_rows_are_rounded_to_what_can_be_trusted() -> None:
    assert Result("a", 12.3456, {"b": 1.23456}).as_row() == {"case": "a", "engine_us": 12.3, "ratios": {"b": 1.23}}


def test_the_command_prints_one_object() -> None:
    command = [sys.executable, "-m", "tuilab", "bench", "--case", "tiny", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    report = json.loads(done.stdout)
    assert [row["case"] for row in report["cases"]] == ["tiny"]


def test_an_unknown_case_is_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tuilab", "bench", "--case", "huge"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1 and "allowed: tiny" in done.stderr
