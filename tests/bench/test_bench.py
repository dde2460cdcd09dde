"""The benchmark measures what it says: every contestant trains, ratios come round by round, one JSON object."""

import json
import subprocess
import sys

import numpy as np
import pytest

from tuilab.bench.cases import GPU_CASES, PLAIN, VARIATIONS, Case, find_case
from tuilab.bench.contestants import CONTESTANTS
from tuilab.bench.gpu import GPU_PEERS, Peaks, cublas, peaks
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
    names = [case.name for case in GPU_CASES + VARIATIONS]
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


def test_without_a_gpu_the_benchmark_says_that_it_did_not_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-m", "tuilab", "bench", "--backend", "cuda", "--peers"]
    # the simulator is no GPU, wherever these tests run
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert told.startswith("not measured: no GPU (") and told.count("\n") == 1
    report = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert (report["measured"], report["cases"]) == (False, [case.name for case in GPU_CASES])


def test_the_peers_on_a_gpu_are_there_and_the_floor_does_its_steps() -> None:
    assert {"engine-cuda", *GPU_PEERS} <= set(CONTESTANTS)
    assert cublas(TINY, 1, device="cpu")(3) == 3


def test_the_roofline_is_arithmetic_or_traffic() -> None:
    narrow, wide = Case("narrow", (10, 20, 5), 1, 1), Case("wide", (10, 20, 5), 1000, 1)
    machine = Peaks(flops=1e9, bytes_s=1e9)
    assert machine.floor_us(narrow) == pytest.approx(32 * 300 / 1e3)
    assert machine.floor_us(wide) == pytest.approx(2 * 1000 * (2 * 200 + 3 * 100) / 1e3)
    found = peaks("cpu", size=64, rounds=2)
    assert found.flops > 1e6 and found.bytes_s > 1e6
