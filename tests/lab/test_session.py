"""The same preset, seed and timeline end in the same parameters, however the steps are cut and who turns the dials."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.spec import SpecError
from tuilab.lab.errors import LabError, PresetError
from tuilab.lab.preset import Preset, dumps, load_preset, loads
from tuilab.lab.session import Session
from tuilab.lab.timeline import Change

TURNS = (
    Change(0, "lr", 0.01), Change(40, "dropout", 0.3), Change(40, "batch_norm", True), Change(77, "optimizer", "sgd"),
    Change(90, "batch_size", 50), Change(120, "activation", ("tanh", "relu")), Change(150, "batch_norm", False),
    Change(180, "initializer", "xavier_normal"), Change(200, "batch_norm", True), Change(200, "lr", None),
    Change(300, "weight_decay", 0.1), Change(300, "batch_norm", False),
)  # fmt: skip


def run_to_end(preset: Preset, **options: object) -> Session:
    session = Session(preset, **options)  # type: ignore[arg-type]
    session.advance(10**9)
    return session


@pytest.fixture(scope="module")
def reference() -> tuple[Preset, str]:
    preset = Preset("xor", name="tiny", widths=(8, 8), steps=300, eval_every=50, timeline=TURNS)
    return preset, run_to_end(preset).trainer.params_sha256()


@settings(max_examples=25)
@given(st.lists(st.integers(1, 120), min_size=1, max_size=20))
def test_chunks_do_not_matter(reference: tuple[Preset, str], chunks: list[int]) -> None:
    preset, sha = reference
    session = Session(preset)
    for n in chunks:
        session.advance(n)
    session.advance(10**9)
    assert (session.trainer.params_sha256(), session.events) == (sha, TURNS)


@settings(max_examples=10)
@given(st.integers(1, 400))
def test_looking_at_the_validation_part_does_not_matter(reference: tuple[Preset, str], every: int) -> None:
    preset, sha = reference
    assert run_to_end(preset.with_(eval_every=every)).trainer.params_sha256() == sha


def test_dials_turned_by_hand_at_the_same_steps_are_the_timeline(reference: tuple[Preset, str]) -> None:
    preset, sha = reference
    session = Session(preset.with_(timeline=()))
    for turn in TURNS:
        session.advance(turn.step - session.step)
        session.turn(turn.field, turn.value)
        session.apply_turns()
    session.advance(10**9)
    assert (session.trainer.params_sha256(), session.events) == (sha, TURNS)


@settings(max_examples=15)
@given(st.randoms(use_true_random=False))
def test_a_session_lived_is_a_preset_that_gives_the_same(rng: random.Random) -> None:
    """Random turns at random moments, saved as TOML, read, replayed in one piece: bit for bit the same."""
    session = Session(Preset("moons", widths=(6, 5), steps=150, timeline=(Change(70, "dropout", 0.2),)))
    turns = [("lr", 0.05), ("lr", None), ("dropout", 0.5), ("batch_norm", True), ("batch_norm", False),
             ("optimizer", "sgd"), ("optimizer", "adam"), ("optimizer", "rmsprop"), ("activation", "tanh"),
             ("initializer", "he_uniform"), ("batch_size", 7), ("batch_size", 64), ("clip_norm", 1.0)]  # fmt: skip
    while not session.ended:
        for _ in range(rng.choice((0, 0, 1, 3))):
            session.turn(*rng.choice(turns))
        session.advance(rng.randint(1, 40))
    session.turn("batch_norm", True)
    session.apply_turns()
    saved = loads(dumps(session.as_preset("saved")))
    assert saved.recorded is not None and saved.recorded.step == 150
    again = run_to_end(saved)
    assert again.events == session.events
    assert again.trainer.params_sha256() == saved.recorded.params_sha256 == session.trainer.params_sha256()


def test_a_session_saved_on_its_way_says_where(reference: tuple[Preset, str]) -> None:
    preset, sha = reference
    session = Session(preset)
    assert session.as_preset("early").recorded is None
    session.advance(100)
    saved = session.as_preset("half", "Half way")
    assert (saved.name, saved.title, saved.timeline) == ("half", "Half way", TURNS)
    assert saved.recorded is not None
    assert run_to_end(saved, until=100).trainer.params_sha256() == saved.recorded.params_sha256
    assert run_to_end(saved).trainer.params_sha256() == sha


def test_a_turn_is_checked_at_once_and_applied_later(tiny: Preset) -> None:
    session = Session(tiny)
    for field, value in (("dropout", 2), ("widths", (3,)), ("activation", ["relu"]), ("lr", float("nan"))):
        with pytest.raises(SpecError, match=field):
            session.turn(field, value)
    session.turn("dropout", 0.5)
    assert session.recipe.dropout == 0.0 and session.events == ()
    session.advance(1)
    assert session.recipe.dropout == 0.5 and session.events == (Change(0, "dropout", 0.5),)


def test_a_dial_that_stands_there_already_is_no_event(tiny: Preset) -> None:
    session = Session(tiny)
    session.turn("dropout", 0.0)
    session.turn("batch_size", 32)
    session.advance(5)
    assert session.events == ()


def test_turning_on_before_a_step_is_one_event(tiny: Preset) -> None:
    session = Session(tiny)
    session.advance(10)
    for value in (0.1, 0.2, 0.3):
        session.turn("dropout", value)
    session.advance(1)
    assert session.events == (Change(10, "dropout", 0.3),)


def test_a_turn_with_side_effects_is_kept_even_if_turned_back(tiny: Preset) -> None:
    session = Session(tiny)
    session.advance(10)
    session.turn("optimizer", "sgd")
    session.turn("optimizer", "adam")  # its slots are empty now
    session.advance(1)
    assert session.events == (Change(10, "optimizer", "sgd"), Change(10, "optimizer", "adam"))


def test_the_states_of_a_run(tiny: Preset) -> None:
    session = Session(tiny)
    assert (session.status, session.step, session.total_steps) == ("ready", 0, 300)
    assert session.advance(120) == 120 and (session.status, session.step) == ("paused", 120)
    assert session.advance(500) == 180 and (session.status, session.step) == ("finished", 300)
    assert session.advance(500) == 0
    session.extend(20)
    assert session.status == "paused" and session.advance(500) == 20
    assert session.as_preset().steps == 320


def test_the_budget_in_epochs_counts_the_last_small_batch() -> None:
    session = Session(Preset("xor", epochs=3, batch_size=64))
    session.advance(10**9)
    assert session.epoch == 3.0 and session.step == session.total_steps == 3 * -(-len(session.data.x_train) // 64)


def test_validation_is_looked_at_at_the_start_regularly_and_at_the_end(tiny: Preset) -> None:
    session = run_to_end(tiny.with_(steps=170))
    np.testing.assert_array_equal(session.history.series().val.x, [0, 50, 100, 150, 170])
    assert len(session.history.series().train) == 170
    seen = session.trainer.evaluate(session.data.x_val, session.data.y_val)
    assert (session.val_loss, session.val_accuracy) == (seen.loss, seen.accuracy)


def test_reset_begins_again_and_ends_the_same(reference: tuple[Preset, str]) -> None:
    preset, sha = reference
    session = Session(preset)
    session.advance(130)
    session.turn("dropout", 0.9)
    session.reset()
    assert (session.step, session.events, session.status, session.recipe) == (0, (), "ready", preset.recipe)
    session.advance(10**9)
    assert session.trainer.params_sha256() == sha
    assert len(session.history.series().train) == 300


def test_divergence_is_noticed_and_the_last_good_state_kept() -> None:
    session = Session(Preset("moons", widths=(8,), steps=500, eval_every=5, timeline=(Change(25, "lr", 1e6),
                      Change(25, "optimizer", "sgd"), Change(25, "activation", "linear"))))  # fmt: skip
    session.advance(500)
    assert session.status == "diverged" and session.diverged_at is not None and 25 < session.diverged_at <= 500
    assert session.advance(100) == 0
    result = session.result()
    assert result["status"] == "diverged" and result["diverged_at"] == session.step == result["steps"]
    json.dumps(result, allow_nan=False)
    assert session.rewind()
    good = session.step
    assert session.status == "paused" and good % 20 == 0 and session.diverged_at is None
    assert np.isfinite(session.trainer.params).all() and session.history.series().train.x[-1] <= good
    if good < 25:
        assert session.events == ()
    session.turn("lr", 0.001)
    session.turn("optimizer", "adam")


def test_a_run_rewound_can_be_replayed() -> None:
    session = Session(Preset("moons", widths=(8,), steps=400, eval_every=10))
    session.advance(105)
    for field, value in (("optimizer", "sgd"), ("activation", "linear"), ("lr", 1e6)):
        session.turn(field, value)
    session.advance(400)
    assert session.status == "diverged"
    session.rewind()
    assert session.step <= 110
    session.turn("optimizer", "adam")
    session.turn("lr", 0.01)
    session.advance(400)
    assert session.status == "finished"
    saved = session.as_preset()
    assert saved.recorded and run_to_end(saved).trainer.params_sha256() == saved.recorded.params_sha256


def test_the_result_is_whole_and_plain(tiny: Preset) -> None:
    session = run_to_end(tiny.with_(timeline=(Change(3, "lr", "auto"),)))
    result = json.loads(json.dumps(session.result(), allow_nan=False))
    wanted = {
        "run_id", "preset", "dataset", "status", "steps", "epochs", "seed", "backend", "threads", "wall_s",
        "steps_per_s", "train_loss", "val_loss", "val_accuracy", "test_accuracy", "grad_norms", "events",
        "params_sha256", "out",
    }  # fmt: skip
    assert wanted <= set(result)
    assert (result["status"], result["steps"], result["preset"], result["dataset"]) == ("finished", 300, "tiny", "xor")
    assert result["events"] == [{"step": 3, "lr": "auto"}] and len(result["grad_norms"]) == 3
    assert result["params_sha256"] == session.trainer.params_sha256() and result["out"] is None
    assert 0 <= result["test_accuracy"] <= 1 and result["wall_s"] > 0


def test_the_session_trains_what_the_preset_says(tiny: Preset) -> None:
    preset = tiny.with_(widths=(5, 4), batch_size=20, seed=9, train_size=100, noise=0.3, activation=["tanh", "relu"])
    session = Session(preset)
    trainer = session.trainer
    assert trainer.architecture.widths == (2, 5, 4, 2) and trainer.seed == 9 and trainer.batch_size == 20
    assert trainer.recipe == preset.recipe and session.data.x_train.shape == (100, 2)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"dataset": "digits", "noise": 0.1}, "noise: digits takes none"),
        ({"train_size": 10**6}, "train_size: found 1000000"),
        ({"dataset": "./none.csv"}, "none.csv"),
    ],
)
def test_data_that_cannot_be_had_are_one_line(tiny: Preset, overrides: dict[str, object], words: str) -> None:
    with pytest.raises(PresetError, match=words):
        Session(tiny.with_(**overrides)).prepare()


@pytest.mark.parametrize(("options", "words"), [({"threads": 0}, "threads"), ({"backend": "tpu"}, "backend")])
def test_an_engine_option_that_cannot_be_is_one_line(tiny: Preset, options: dict[str, object], words: str) -> None:
    with pytest.raises(LabError, match=f"tiny: {words}"):
        Session(tiny, **options).prepare()  # type: ignore[arg-type]


def test_digits_are_learned_as_promised() -> None:
    result = run_to_end(load_preset("digits")).result()
    assert result["test_accuracy"] >= 0.96 and result["status"] == "finished"


def test_gradients_vanish_in_eight_sigmoid_layers_and_not_with_relu_and_he() -> None:
    ratio = {}
    for name in ("vanishing", "vanishing-fixed"):
        session = Session(load_preset(name))
        session.advance(50)
        norms = [float(curve.mean[:50].mean()) for curve in session.history.series().grad_norm]
        ratio[name] = norms[0] / norms[-1]
    assert ratio["vanishing"] < 1e-3 and 0.1 < ratio["vanishing-fixed"] < 10


def test_without_a_folder_nothing_is_written(tiny: Preset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run_to_end(tiny).close()
    assert list(tmp_path.iterdir()) == []
