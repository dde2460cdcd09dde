"""Time travel: what is kept, how much of it, and that a run which went back is a run like any other."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.lab.test_lanes import again, lanes_of
from tests.lab.test_worker import wait, working
from tuilab.lab import trail as trail_module
from tuilab.lab.errors import LabError
from tuilab.lab.preset import Preset
from tuilab.lab.replay import replay
from tuilab.lab.resume import resumed
from tuilab.lab.run_folder import read_run
from tuilab.lab.session import Session
from tuilab.lab.timeline import Change
from tuilab.lab.trail import MAX_BOOKMARKS, MAX_MOMENTS, Trail


def test_going_back_and_on_with_other_dials_is_a_run_from_the_start(tiny: Preset) -> None:
    lanes = lanes_of(tiny.with_(steps=1000), 100)
    lanes.turn("dropout", 0.3)
    lanes.advance(130)
    lanes.turn("lr", 0.5)
    lanes.advance(70)
    before = lanes.active.session.trainer.params_sha256()
    place = next(p for p in lanes.active.trail.places if p.step == 200)
    lanes.go_back(place.key)
    session = lanes.active.session
    assert (session.step, session.events) == (200, (Change(100, "dropout", 0.3),))
    assert session.history.series().train.x.max() == 200 and session.val_loss == place.val_loss
    assert [p.step for p in lanes.active.trail.places] == [0, 50, 100, 150, 200]
    lanes.turn("batch_norm", True)
    lanes.advance(100)
    assert session.step == 300 and session.trainer.params_sha256() != before
    assert [c.field for c in session.as_preset().timeline] == ["dropout", "batch_norm"]
    assert again(session) == session.trainer.params_sha256()
    lanes.go_back(place.key)
    lanes.advance(30)
    lanes.turn("lr", 0.5)
    lanes.advance(70)
    assert session.trainer.params_sha256() == before, "the same turns again lead to the same place"


def test_back_goes_from_moment_to_moment_and_stops_at_the_first(tiny: Preset) -> None:
    lanes = lanes_of(tiny, 120)
    steps = []
    while lanes.back():
        steps.append(lanes.active.session.step)
    assert steps == [100, 50, 0]
    lanes.advance(120)
    fresh = Session(tiny, threads=1)
    fresh.advance(120)
    assert lanes.active.session.trainer.params_sha256() == fresh.trainer.params_sha256()


def test_a_planned_change_comes_again_after_going_back(tiny: Preset) -> None:
    lanes = lanes_of(tiny.with_(timeline=(Change(120, "dropout", 0.5),)), 140)
    lanes.back()
    lanes.back()
    lanes.advance(100)
    session = lanes.active.session
    assert session.events == (Change(120, "dropout", 0.5),) and again(session) == session.trainer.params_sha256()


def test_a_bookmark_of_a_future_given_up_is_true_with_its_curves(tiny: Preset) -> None:
    lanes = lanes_of(tiny.with_(steps=1000), 110)
    lanes.turn("dropout", 0.5)
    lanes.advance(37)
    mark = lanes.bookmark("there")
    there = lanes.active.session.history.series().train.mean.copy()
    params = lanes.active.session.trainer.params_sha256()
    lanes.go_back(lanes.active.trail.places[1].key)
    lanes.turn("optimizer", "sgd")
    lanes.advance(80)
    assert [p.name for p in lanes.active.trail.places if p.name] == ["there"]
    lanes.go_back(mark.key)
    session = lanes.active.session
    assert session.step == 147 and session.trainer.params_sha256() == params == again(session)
    np.testing.assert_array_equal(session.history.series().train.mean, there)
    lanes.advance(20)
    np.testing.assert_array_equal(session.history.series().train.mean[:147], there)


def test_bookmarks_are_named_kept_and_bounded(tiny: Preset) -> None:
    lanes = lanes_of(tiny, 20)
    trail = lanes.active.trail
    first, second = lanes.bookmark(), lanes.bookmark("  before dropout ")
    assert (first.name, second.name) == ("mark 1", "before dropout")
    trail.rename(first.key, "the start")
    assert [p.name for p in trail.marks] == ["the start", "before dropout"]
    automatic = trail.places[0]
    trail.rename(automatic.key, "zero")
    assert trail.marks[0].name == "zero" and trail.moment(automatic.key).step == 0
    with pytest.raises(LabError, match="empty name"):
        trail.rename(first.key, " ")
    trail.forget(second.key)
    with pytest.raises(LabError, match="no longer"):
        trail.forget(second.key)
    with pytest.raises(LabError, match="no longer"):
        lanes.go_back(second.key)
    while len(trail.marks) < MAX_BOOKMARKS:
        lanes.bookmark()
    with pytest.raises(LabError, match="no room"):
        lanes.bookmark()
    lanes.advance(30)
    automatic = next(p for p in trail.places if not p.name)
    with pytest.raises(LabError, match="no room"):
        trail.rename(automatic.key, "one more")


def _passed(trail: Trail, session: Session, steps: range) -> None:
    """Passes by at these steps without training: the moments differ in their step only."""
    moment = session.moment()
    for step in steps:
        trail._keep(dataclasses.replace(moment, step=step))


def test_ten_million_steps_leave_a_bounded_ring_that_is_denser_towards_the_end(tiny: Preset) -> None:
    session = Session(tiny, threads=1)
    session.prepare()
    trail = Trail()
    _passed(trail, session, range(0, 10_000_001, 5_000))
    steps = np.array([p.step for p in trail.places])
    assert len(steps) == MAX_MOMENTS and steps[0] == 0 and steps[-1] == 10_000_000
    gaps = np.diff(steps)
    assert gaps[-1] == 5_000 and gaps[0] > 100 * gaps[-1]
    ages = steps[-1] - steps[1:-1]
    assert np.all(gaps[:-1] <= 1.5 * (ages + 5_000)), "a moment of about any age is near"


def test_the_ring_is_bounded_in_bytes_too(tiny: Preset, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(tiny, threads=1)
    session.prepare()
    size = session.moment().nbytes
    monkeypatch.setattr(trail_module, "MAX_BYTES", 5 * size + 1)
    trail = Trail()
    _passed(trail, session, range(0, 1000, 10))
    assert len(trail.places) == 5 and trail.places[-1].step == 990
    monkeypatch.setattr(trail_module, "MAX_BYTES", size - 1)
    _passed(trail, session, range(1000, 1010))
    assert trail.places == (), "one that is larger than all may be is not kept"
    with pytest.raises(LabError, match="a moment of this network takes"):
        trail.bookmark(session)


def test_a_large_network_is_kept_at_every_fourth_look_only(tiny: Preset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_module, "_SMALL", 0)
    lanes = lanes_of(tiny.with_(steps=500, eval_every=10), 200)
    assert [p.step for p in lanes.active.trail.places] == [0, 40, 80, 120, 160, 200]


def test_a_folder_of_a_run_that_went_back_is_resumed_and_replayed(tiny: Preset, tmp_path: Path) -> None:
    lanes = lanes_of(tiny, 200, tmp_path)
    lanes.turn("lr", 0.5)
    lanes.advance(60)
    place = next(p for p in lanes.active.trail.places if p.step == 100)
    lanes.go_back(place.key)
    session = lanes.active.session
    assert session.folder is not None
    session.folder._writer.drain(5)
    path = session.folder.path
    state = read_run(path).state()
    assert state is not None and (state.step, state.events) == (100, 0), "killed now, it would go on from there"
    assert not any('"step": 150' in line for line in (path / "metrics.jsonl").read_text().splitlines())
    lanes.turn("batch_norm", True)
    lanes.advance(50)
    lanes.close()
    run = read_run(path)
    assert run.preset.timeline == (Change(100, "batch_norm", True),) and replay(path)["match"] is True
    rows = [line for line in (path / "metrics.jsonl").read_text().splitlines() if '"loss"' in line]
    assert len(rows) == 150
    on = resumed(path)
    on.advance(10**9)
    whole = Session(run.preset, threads=1)
    whole.advance(10**9)
    assert on.finish()["params_sha256"] == whole.trainer.params_sha256()
    assert len(on.history.series().train.x) == 300


def test_going_back_in_a_worker_pauses_and_says_why_it_cannot(tiny: Preset) -> None:
    with working(tiny.with_(steps=10**9, eval_every=100), threads=1) as worker:
        worker.run()
        frame = wait(worker, lambda f: f.step > 3000 and len(f.places) > 5)
        worker.lane("bookmark")
        frame = wait(worker, lambda f: any(p.name == "mark 1" for p in f.places))
        [place] = [p for p in frame.places if p.name == "mark 1"]  # an automatic one may be thinned out meanwhile
        worker.lane("go_back", place.key)
        frame = wait(worker, lambda f: f.status == "paused")
        assert frame.step == place.step and frame.curves.train.x.max() <= place.step
        worker.lane("go_back", -1)
        wait(worker, lambda f: "kept no longer" in f.message)
        worker.lane("fork")
        worker.run()
        frame = wait(worker, lambda f: f.step > place.step + 500 and len(f.lanes) == 2)
        assert frame.lanes[0].places[0].step == frame.lanes[1].places[0].step == 0
