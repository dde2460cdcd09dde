"""When a condition fires; that the run it made replays without it; that no break changes when it does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tuilab.lab.building import load_data
from tuilab.lab.conditions import condition
from tuilab.lab.errors import PresetError, RunError
from tuilab.lab.preset import Preset, dumps, loads
from tuilab.lab.replay import replay
from tuilab.lab.resume import resumed
from tuilab.lab.run_folder import RunFolder, read_run
from tuilab.lab.session import Session
from tuilab.lab.watch import Watch


def steps(losses: list[float], norms: list[list[float]] | None = None) -> Any:
    """As much of the engine's Metrics as a watch reads."""

    class Rows(SimpleNamespace):
        def __len__(self) -> int:
            return len(self.loss)

    return Rows(loss=np.float32(losses), grad_norm=np.float32(norms or [[3.0, 4.0]] * len(losses)))


def looked(text: str, values: list[float], metric: str = "val_loss", **more: Any) -> list[int]:
    """The looks, an epoch and ten steps apart and counted from 1, at which the condition fires."""
    watch = Watch([replace(condition(text, lr=0.5), **more)])
    fired = []
    for number, value in enumerate(values, 1):
        watch.note(steps([value if metric == "train_loss" else 1.0]))
        if list(watch.look(10 * number, float(number), value, value)):
            fired.append(number)
    return fired


@pytest.mark.parametrize(
    ("text", "values", "wanted"),
    [
        ("val_loss not fallen for 2 epochs", [5, 4, 4, 4, 4, 4, 4], [4, 6]),  # waits anew once it has fired
        ("val_loss not fallen for 2 epochs", [5, 4, 4.5, 3, 3.5, 3.2], [6]),
        ("val_loss not fallen by 1 for 2 epochs", [5, 4.5, 4.2, 3.9], [3]),
        ("val_accuracy not risen for 1 epoch", [0.1, 0.2, 0.2, 0.3, 0.1], [3, 5]),
        ("val_accuracy above 0.9", [0.8, 0.91, 0.8, 0.95], [2]),
        ("val_loss below 1", [2, 1, 0.5, float("nan"), 0.1], [3]),
        ("train_loss below 1", [2, 1, 0.5], [3]),
        ("grad_norm above 4.9", [1, 1], [1]),
    ],
)
def test_when_it_fires(text: str, values: list[float], wanted: list[int]) -> None:
    assert looked(text, values, text.split()[0]) == wanted


def test_a_bound_fires_again_only_where_it_is_crossed_anew() -> None:
    values = [0.95, 0.95, 0.8, 0.95, 0.7, 0.99]
    assert looked("val_accuracy above 0.9", values, times=2) == [1, 4]
    assert looked("val_accuracy above 0.9", values, times=9) == [1, 4, 6]
    assert looked("val_loss not fallen for 1 epoch", [1.0] * 6, times=2) == [2, 3]


def test_what_is_done_already_is_counted_and_not_done_again() -> None:
    assert looked("val_loss not fallen for 2 epochs", [1.0] * 7) == [3, 5, 7]
    assert looked("val_loss not fallen for 2 epochs", [1.0] * 7, done=50) == [7]
    assert looked("val_accuracy above 0.9", [0.95, 0.8, 0.95], done=10) == []


def test_the_chunks_do_not_matter_and_a_state_is_all_there_is_to_know() -> None:
    rng = np.random.default_rng(0)
    losses, norms = rng.random(1000).astype(np.float32), rng.random((1000, 3)).astype(np.float32)
    conditions = [condition("train_loss not fallen 2", lr="/2"), condition("grad_norm below 1", lr=0.1)]
    whole, cut = Watch(conditions), Watch(conditions)
    for first in range(0, 1000, 100):
        rows = slice(first, first + 100)
        whole.note(steps(losses[rows].tolist(), norms[rows].tolist()))
        for part in (slice(first, first + 7), slice(first + 7, first + 99), slice(first + 99, first + 100)):
            cut.note(steps(losses[part].tolist(), norms[part].tolist()))
            cut = Watch(conditions, cut.state)
        assert cut.state == whole.state
        assert list(cut.look(first, first / 100, 0, 0)) == list(whole.look(first, first / 100, 0, 0))
    assert Watch([]).state == ()
    with pytest.raises(RunError, match="not of this preset"):
        Watch(conditions, Watch(conditions[:1]).state or ((0.0, 0.0, 0), ()))
    with pytest.raises(RunError, match="not of this preset"):
        Watch(conditions, (1, 2, 3))


@pytest.fixture
def plateau(tiny: Preset) -> Preset:
    """A run in which both conditions fire, one of them several times, and a timeline turns a dial as well."""
    made = tiny.at(100, dropout=0.3).when("val_loss not fallen by 1 for 2 epochs", lr="/2", dropout="+0.05")
    return made.when("train_loss below 0.65", optimizer="sgd").with_(lr=0.05)


def test_the_run_replays_bit_for_bit_without_its_conditions(plateau: Preset) -> None:
    session = Session(plateau, threads=1)
    session.advance(10**9)
    saved = loads(dumps(session.as_preset("saved")))
    fired = [c for c in session.events if c.field in ("lr", "optimizer")]
    assert len(fired) >= 3 and {c.field for c in fired} == {"lr", "optimizer"} and fired[0].step % 50 == 0
    assert saved.timeline == session.events and {when.done for when in saved.conditions} == {300}
    for again in (saved, replace(saved, conditions=()), plateau):
        other = Session(again, threads=1)
        while not other.ended:
            other.advance(37)
        assert other.trainer.params_sha256() == session.trainer.params_sha256()
        assert other.events == session.events


def test_a_run_that_was_left_goes_on_as_if_it_had_not(plateau: Preset, tmp_path: Path) -> None:
    whole = Session(plateau, threads=1)
    whole.advance(10**9)
    session = Session(plateau, threads=1)
    session.attach(RunFolder.create(plateau, out=tmp_path / "R"))
    session.advance(173)
    session.close()
    assert {when.done for when in read_run(tmp_path / "R").preset.conditions} == {173}
    assert replay(tmp_path / "R")["match"] is True
    (tmp_path / "R" / "result.json").unlink()
    again = resumed(tmp_path / "R")
    again.advance(10**9)
    again.close()
    assert again.events == whole.events and again.trainer.params_sha256() == whole.trainer.params_sha256()
    assert replay(tmp_path / "R")["match"] is True


def test_back_at_a_moment_the_conditions_are_too(plateau: Preset) -> None:
    session = Session(plateau, threads=1)
    session.advance(130)
    moment = session.moment()
    session.advance(10**9)
    events, sha = session.events, session.trainer.params_sha256()
    session.return_to(moment)
    session.advance(10**9)
    assert session.events == events and session.trainer.params_sha256() == sha


def test_a_value_that_cannot_be_is_told_and_the_run_goes_on(tiny: Preset) -> None:
    session = Session(tiny.when("grad_norm above 0", dropout="+2"), threads=1)
    session.advance(10**9)
    assert session.ended and session.events == () and "dropout: found 2.0" in (session.problem or "")


def test_accuracy_is_not_watched_where_there_are_no_classes(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\n".join(f"{k},{k / 7}" for k in range(30)))
    preset = Preset(str(tmp_path / "t.csv"), name="line")
    assert load_data(preset.when("val_loss below 1", lr=0.1)).task == "regression"
    with pytest.raises(PresetError, match=r"^line: when: val_accuracy: t\.csv has no classes"):
        load_data(preset.when("val_accuracy above 0.5", lr=0.1))
