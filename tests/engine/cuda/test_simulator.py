"""The GPU's backend against the CPU's, in numba's CUDA simulator (see `simulated`): at most 1e-5 apart after a step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import product
from typing import Any

import pytest

from engine.spec import ACTIVATIONS, OPTIMIZERS
from tests.engine.cuda.simulated import CHECKS, pairs

BAR = 1e-5


@pytest.fixture(scope="module")
def outcomes() -> dict[str, dict[str, Any]]:
    """Of every check, all run by one program, since the first one compiles."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.cuda.simulated"],
        env={**os.environ, "NUMBA_ENABLE_CUDASIM": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["name"]: row for row in rows}


@pytest.mark.parametrize("name", CHECKS)
def test_both_backends_agree(name: str, outcomes: dict[str, dict[str, Any]]) -> None:
    assert outcomes[name].get("apart", outcomes[name].get("problem")) <= BAR, outcomes[name]


def test_the_pairs_are_all_there() -> None:
    """Every two of activation, optimizer, batch norm and kind of dropout; no optimizer always with the same."""
    seen: dict[tuple[str, str], set[tuple[object, object]]] = {}
    for case in pairs():
        dials = case.dials
        kind = "alpha" if dials.get("alpha_dropout") else "plain" if dials.get("dropout") else "none"
        for activation in dials["activation"]:
            values = {
                "activation": activation, "optimizer": dials["optimizer"], "norm": dials["batch_norm"], "drop": kind,
            }  # fmt: skip
            for a, b in product(values, values):
                if a < b:
                    seen.setdefault((a, b), set()).add((values[a], values[b]))
    wanted: dict[str, tuple[object, ...]] = {
        "activation": ACTIVATIONS, "optimizer": OPTIMIZERS, "norm": (False, True), "drop": ("none", "plain", "alpha"),
    }  # fmt: skip
    for (a, b), found in seen.items():
        assert found == set(product(wanted[a], wanted[b])), (a, b)
