"""A run as JSON lines: every step, look and change once, in their order, whatever the chunks."""

from __future__ import annotations

import io
import json
from typing import Any

from tuilab.lab.preset import Preset
from tuilab.lab.session import Session
from tuilab.lab.stream import Streamed


def lines(preset: Preset, chunk: int) -> list[dict[str, Any]]:
    out = io.StringIO()
    session = Streamed(preset, out, threads=1)
    while not session.ended:
        session.advance(chunk)
    session.turn("lr", 0.5)
    session.close()
    session.close()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_every_step_look_and_change_is_a_line_in_its_place(tiny: Preset) -> None:
    played = tiny.with_(steps=110).at(60, dropout=0.5, lr=0.1).when("val_loss above 0", optimizer="sgd")
    found = lines(played, 1000)
    assert found == lines(played, 7)
    steps = [line for line in found if "loss" in line]
    assert [line["step"] for line in steps] == list(range(1, 111)) and len(steps[0]["grad_norm"]) == 3
    assert [line["step"] for line in found if "val_loss" in line] == [0, 50, 100, 110]
    changes = [line for line in found if "loss" not in line and "val_loss" not in line]
    assert changes == [
        {"step": 50, "optimizer": "sgd"}, {"step": 60, "dropout": 0.5, "lr": 0.1}, {"step": 110, "lr": 0.5},
    ]  # fmt: skip
    assert [line["step"] for line in found] == sorted(line["step"] for line in found)


def test_a_long_run_has_a_line_for_several_steps(tiny: Preset) -> None:
    found = lines(tiny.with_(steps=5000, eval_every=1001), 333)
    rows = [line for line in found if "loss" in line]
    assert sum(line.get("n", 1) for line in rows) == 5000 and len(rows) < 2600
    assert found == lines(tiny.with_(steps=5000, eval_every=1001), 4999)


def test_it_trains_as_any_session_does(tiny: Preset) -> None:
    streamed, plain = Streamed(tiny, io.StringIO(), threads=1), Session(tiny, threads=1)
    assert streamed.advance(300) == plain.advance(300) == 300
    assert streamed.trainer.params_sha256() == plain.trainer.params_sha256()
