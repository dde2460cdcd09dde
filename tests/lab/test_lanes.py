"""Lanes: the same batches, named differences, and a timeline of their own that replays to the last bit."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from engine.spec import SpecError
from tests.lab.test_worker import PATIENCE, wait, working
from tuilab.lab.conditions import When
from tuilab.lab.errors import LabError
from tuilab.lab.lanes import Lanes
from tuilab.lab.preset import Preset, dumps, loads
from tuilab.lab.replay import replay
from tuilab.lab.resume import resumed
from tuilab.lab.run_folder import read_run
from tuilab.lab.session import Session
from tuilab.lab.timeline import Change


def lanes_of(preset: Preset, steps: int = 0, runs: Path | None = None) -> Lanes:
    lanes = Lanes(Session(preset, threads=1, runs=runs))
    lanes.active.session.prepare()
    lanes.advance(steps)
    return lanes


def again(session: Session) -> str:
    """The parameters that the saved session's preset leads to, from its first step, through a file's text."""
    saved = loads(dumps(session.as_preset()))
    assert saved.recorded is not None
    fresh = Session(saved, threads=1, until=saved.recorded.step)
    fresh.advance(10**9)
    assert saved.recorded.params_sha256 == session.trainer.params_sha256()
    return fresh.trainer.params_sha256()


def test_an_unturned_fork_stays_the_same_and_a_turned_one_does_not(tiny: Preset) -> None:
    lanes = lanes_of(tiny.with_(dropout=0.2), 70)
    a, b = lanes.lanes[0], lanes.fork()
    assert (b.name, b.since, lanes.active, lanes.main) == ("B", 70, b, a)
    lanes.advance(60)
    assert a.session.step == b.session.step == 130
    assert a.session.trainer.params_sha256() == b.session.trainer.params_sha256(), "same batches, same masks"
    assert lanes.difference(b) == "A" and lanes.difference(a) == ""
    lanes.turn("batch_norm", True)
    lanes.advance(60)
    assert a.session.trainer.params_sha256() != b.session.trainer.params_sha256()
    assert lanes.difference(b) == "A + batch norm"
    assert a.session.events == () and b.session.events == (Change(130, "batch_norm", True),)


def test_every_lane_saved_replays_bit_for_bit(tiny: Preset) -> None:
    rng = random.Random(5)
    lanes = lanes_of(tiny.with_(steps=600, timeline=(Change(90, "lr", 0.02),)), 40)
    lanes.turn("dropout", 0.3)
    lanes.advance(20)
    for _ in range(3):
        lanes.fork()
        for _ in range(3):
            field, value = rng.choice([
                ("optimizer", "sgd"), ("optimizer", "adam"), ("batch_norm", True), ("batch_norm", False),
                ("lr", 0.005), ("activation", "tanh"), ("batch_size", 16), ("initializer", "he_normal"), ("lr", None),
            ])  # fmt: skip
            lanes.turn(field, value)
            lanes.advance(rng.choice([1, 13, 50]))
    hashes = [lane.session.trainer.params_sha256() for lane in lanes.lanes]
    assert len(set(hashes)) == 4 and len({lane.session.step for lane in lanes.lanes}) == 1
    for lane in lanes.lanes:
        assert again(lane.session) == lane.session.trainer.params_sha256(), lane.name
        assert Change(40, "dropout", 0.3) in lane.session.events, "a fork has lived what its parent had"


def test_a_fork_has_its_parents_past_and_no_future_of_it(tiny: Preset) -> None:
    lanes = lanes_of(tiny.with_(timeline=(Change(100, "dropout", 0.5), Change(150, "lr", 0.01))), 120)
    place = next(p for p in lanes.active.trail.places if p.step == 50)
    lane = lanes.fork(place.key, {"batch_norm": True})
    assert (lane.session.step, lane.session.events) == (50, (Change(50, "batch_norm", True),))
    assert lane.session.history.series().train.x.max() == 50
    lanes.advance(30)
    assert [one.session.step for one in lanes.lanes] == [120, 80], "the one ahead waits"
    lanes.advance(1000)
    assert [one.session.step for one in lanes.lanes] == [300, 300]
    assert [c.step for c in lane.session.events] == [50, 100, 150], "what was planned is planned for the fork too"
    assert again(lane.session) == lane.session.trainer.params_sha256()


def test_a_fork_waits_for_the_same_conditions_and_replays_without_them(tiny: Preset) -> None:
    whens = (When("val_loss", (("lr", "/2"),), below=10.0, times=1),)
    lanes = lanes_of(tiny.with_(conditions=whens, lr=0.01), 70)
    assert [c.field for c in lanes.active.session.events] == ["lr"], "it fired at the first look"
    lane = lanes.fork(changes={"dropout": 0.2})
    early = lanes.fork(lanes.active.trail.places[0].key, {"batch_norm": True})
    lanes.advance(200)
    for one in (lane, early):
        assert [c.field for c in one.session.events].count("lr") == 1, one.name
        assert again(one.session) == one.session.trainer.params_sha256(), one.name


def test_differences_are_named(tiny: Preset) -> None:
    lanes = lanes_of(tiny.with_(batch_norm=True), 10)
    lane = lanes.fork(changes={"dropout": 0.5, "lr": 0.01, "optimizer": "sgd", "batch_size": 16})
    assert lanes.difference(lane) == "A + sgd, lr 0.01, dropout 0.5, batch size 16"
    lanes.turn("batch_norm", False)
    assert lanes.difference(lane) == "A − batch norm + sgd, lr 0.01, dropout 0.5, batch size 16"
    lanes.promote()
    assert lanes.difference(lane) == "" and lanes.main is lane
    assert lanes.difference(lanes.lanes[0]).startswith("B + adam, lr auto, dropout 0, batch norm")
    lanes.select("A")
    third = lanes.fork()
    lanes.turn("lr", 0.5)
    lanes.advance(5)
    lanes.turn("lr", None)
    lanes.select("A")
    lanes.promote()
    assert lanes.difference(third) == "A, turned otherwise before", "the dials stand alike, the networks are not"


def test_no_more_than_four_and_never_none(tiny: Preset) -> None:
    lanes = lanes_of(tiny, 10)
    with pytest.raises(LabError, match="the only one"):
        lanes.drop()
    for _ in range(3):
        lanes.fork()
    with pytest.raises(LabError, match="4 already"):
        lanes.fork()
    lanes.select("B")
    lanes.promote()
    lanes.drop()
    assert [lane.name for lane in lanes.lanes] == ["A", "C", "D"] and lanes.main.name == lanes.active.name == "A"
    assert lanes.fork().name == "B" and [lane.name for lane in lanes.lanes] == ["A", "B", "C", "D"]
    with pytest.raises(LabError, match="found E"):
        lanes.select("E")
    with pytest.raises(SpecError):
        lanes.turn("dropout", 1.5)
    lanes.reset()
    assert [(lane.name, lane.session.preset.name) for lane in lanes.lanes] == [("A", "tiny")]


def test_lanes_end_together_and_are_extended_together(tiny: Preset) -> None:
    lanes = lanes_of(tiny, 100)
    lanes.fork()
    lanes.advance(10**6)
    assert lanes.ended and [lane.session.step for lane in lanes.lanes] == [300, 300]
    lanes.extend(50)
    assert not lanes.ended
    lanes.advance(10**6)
    assert [lane.session.step for lane in lanes.lanes] == [350, 350]


def test_a_lane_that_diverges_does_not_hold_up_the_others(tiny: Preset) -> None:
    lanes = lanes_of(tiny.with_(activation="linear", optimizer="sgd"), 60)
    wild = lanes.fork(changes={"lr": 1e6})
    lanes.advance(10**6)
    assert wild.session.status == "diverged" and lanes.lanes[0].session.status == "finished" and lanes.ended
    lanes.rewind()
    assert wild.session.step <= 60 and lanes.front == wild.session.step
    fork = lanes.fork()
    assert fork.session.diverged_at is None


def test_each_lane_has_a_run_folder_that_can_be_resumed_and_replayed(tiny: Preset, tmp_path: Path) -> None:
    lanes = lanes_of(tiny, 100, tmp_path)
    lanes.fork()
    lanes.turn("batch_norm", True)
    lanes.advance(60)
    hashes = {lane.name: lane.session.trainer.params_sha256() for lane in lanes.lanes}
    lanes.close()
    folders = {path.name.split("-")[-2]: path for path in tmp_path.iterdir()}
    assert sorted(folders) == ["b", "tiny"]
    run = read_run(folders["b"])
    assert run.preset.name == "tiny-b" and run.result is not None and run.result["params_sha256"] == hashes["B"]
    assert replay(folders["b"])["match"] is True and replay(folders["tiny"])["match"] is True
    rows = (folders["b"] / "metrics.jsonl").read_text().splitlines()
    assert len([row for row in rows if '"loss"' in row]) == 160, "its curves begin with the first step"
    whole = Session(tiny.with_(timeline=(Change(100, "batch_norm", True),)), threads=1)
    whole.advance(10**9)
    on = resumed(folders["b"])
    on.advance(10**9)
    assert on.finish()["params_sha256"] == whole.trainer.params_sha256()


def test_the_worker_moves_all_lanes_and_shows_them(tiny: Preset) -> None:
    with working(tiny.with_(steps=10**9, eval_every=1000), threads=1) as worker:
        worker.advance(100)
        wait(worker, lambda f: f.step == 100 and f.status == "paused")
        worker.lane("fork")
        worker.turn("dropout", 0.5)
        worker.run()
        frame = wait(worker, lambda f: f.step > 2000)
        assert [lane.name for lane in frame.lanes] == ["A", "B"] and frame.recipe.dropout == 0.5
        assert [lane.difference for lane in frame.lanes] == ["", "A + dropout 0.5"]
        assert [(lane.main, lane.active) for lane in frame.lanes] == [(True, False), (False, True)]
        worker.lane("select", "A")
        worker.turn("lr", 0.02)
        frame = wait(worker, lambda f: len(f.events) == 1 and f.lanes[0].active)
        assert frame.events[0].field == "lr" and frame.recipe.dropout == 0.0
        worker.pause()
        frame = wait(worker, lambda f: f.status == "paused")
        assert len({lane.step for lane in frame.lanes}) == 1 and not frame.moving
        worker.advance(7)
        wait(worker, lambda f: f.status == "paused" and {lane.step for lane in f.lanes} == {frame.step + 7})
        for lane in worker.call(lambda _: worker.lanes.lanes, PATIENCE):
            assert worker.call(lambda _, lane=lane: again(lane.session), PATIENCE)  # type: ignore[misc]
        worker.lane("drop")
        worker.lane("drop")
        frame = wait(worker, lambda f: "the only one" in f.message)
        assert frame.lanes == () and frame.error is None
