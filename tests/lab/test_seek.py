"""Seeking to a step, and taking over: the parameters must be those of a straight run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tuilab.lab.errors import LabError
from tuilab.lab.lanes import Lanes
from tuilab.lab.preset import Preset, dumps, loads
from tuilab.lab.replay import replay
from tuilab.lab.run_folder import RunFolder
from tuilab.lab.session import Session
from tuilab.lab.worker import Worker


@pytest.fixture
def played(tiny: Preset) -> Preset:
    """A session as it was saved: two planned turns and a condition that fires at every look from the second on."""
    made = tiny.with_(eval_every=20).at(70, dropout=0.3).at(150, optimizer="sgd").at(150, lr=0.1)
    return made.when("val_loss not fallen by 1 for 0.5 epochs", lr="/1.5")


def straight(preset: Preset) -> Session:
    session = Session(preset, threads=1)
    session.advance(10**9)
    return session


def test_seeking_back_and_forth_changes_nothing(played: Preset) -> None:
    whole = straight(played)
    lanes = Lanes(Session(played, threads=1))
    session = lanes.active.session
    for goal in (120, 33, 150, 149, 155, 0, 260, 70, 300, 10, 300):
        lanes.seek(goal)
        assert session.step <= goal
        lanes.advance(goal - session.step)
        assert session.step == goal
    assert session.events == whole.events and session.lived.planned == 1
    assert session.trainer.params_sha256() == whole.trainer.params_sha256()
    assert session.history.series().val.x.tolist() == whole.history.series().val.x.tolist()


def test_what_was_turned_by_hand_is_turned_again(played: Preset) -> None:
    lanes = Lanes(Session(played, threads=1))
    session = lanes.active.session
    lanes.advance(100)
    lanes.turn("weight_decay", 0.01)
    lanes.turn("dropout", 0.5)
    lanes.advance(30)
    sha, events = session.trainer.params_sha256(), session.events
    lanes.seek(90)
    lanes.advance(130 - session.step)
    assert (session.trainer.params_sha256(), session.events) == (sha, events)


def test_taking_over_drops_the_plan_and_keeps_what_is_turned(played: Preset, tmp_path: Path) -> None:
    session = Session(played, threads=1)
    session.attach(RunFolder.create(played, out=tmp_path / "R"))
    lanes = Lanes(session)
    lanes.advance(100)
    done = session.events
    assert session.lived.planned == 3
    lanes.take_over()
    assert session.lived.planned == 0
    lanes.turn("momentum", 0.5)
    lanes.advance(10**9)
    assert [(c.step, c.field) for c in session.events[len(done) :]] == [(100, "momentum")]
    saved = loads(dumps(session.as_preset("mine")))
    assert saved.conditions == () and straight(saved).trainer.params_sha256() == session.trainer.params_sha256()
    lanes.seek(40)
    lanes.advance(10**9)
    assert [(c.step, c.field) for c in session.events[len(done) :]] == [(100, "momentum")]
    assert session.trainer.params_sha256() == straight(saved).trainer.params_sha256()
    session.close()
    assert replay(tmp_path / "R")["match"] is True


def test_before_the_first_moment_there_is_nothing_to_go_to(played: Preset) -> None:
    lanes = Lanes(Session(played, threads=1))
    lanes.advance(100)
    lanes.active.trail.forget_after(-1)
    with pytest.raises(LabError, match="seek: no moment is kept of step 50 or before"):
        lanes.seek(50)


@pytest.fixture
def worker(played: Preset) -> Iterator[Worker]:
    made = Worker(Session(played.with_(steps=2000), threads=1))
    made.start()
    yield made
    made.stop(10)


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


def test_a_slow_replay_hurries_to_the_step_and_goes_on_as_it_was(worker: Worker) -> None:
    worker.set_speed(0.5)
    worker.seek(1500)
    until(lambda: worker.frame().step == 1500 and worker.frame().status == "paused")
    worker.seek(300)
    until(lambda: worker.frame().step == 300 and worker.frame().status == "paused")
    worker.run()
    worker.seek(1000)
    until(lambda: worker.frame().step >= 1000)
    time.sleep(0.05)
    assert worker.frame().status == "running" and worker.frame().step <= 1002
    assert worker.frame().planned > 0  # what the conditions did on the way to 1500 is a plan now
    worker.lane("take_over")
    until(lambda: worker.frame().planned == 0)
