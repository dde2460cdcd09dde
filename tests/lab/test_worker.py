"""The worker: never in the way, always one moment in its frame, and the same parameters as without it."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.spec import SpecError
from tuilab.lab.preset import Preset
from tuilab.lab.replay import replay
from tuilab.lab.run_folder import read_run
from tuilab.lab.session import Session
from tuilab.lab.timeline import Change
from tuilab.lab.worker import Frame, Worker

PATIENCE = 60.0  # seconds; only a broken worker needs them


@contextmanager
def working(preset: Preset, **options: Any) -> Iterator[Worker]:
    worker = Worker(Session(preset, **options))
    worker.start()
    try:
        yield worker
    finally:
        assert worker.stop(PATIENCE)


def wait(worker: Worker, until: Callable[[Frame], bool]) -> Frame:
    ends = time.monotonic() + PATIENCE
    while not until(frame := worker.frame()):
        assert time.monotonic() < ends, frame
        assert frame.error is None, frame.error
        time.sleep(0.002)
    return frame


@pytest.fixture
def endless(tiny: Preset) -> Preset:
    return tiny.with_(steps=10**9, eval_every=1000)


def test_a_run_ends_with_the_parameters_of_one_without_a_worker(tiny: Preset) -> None:
    preset = tiny.with_(steps=3000, timeline=(Change(500, "dropout", 0.3), Change(1500, "batch_norm", True)))
    alone = Session(preset)
    alone.advance(10**9)
    with working(preset) as worker:
        worker.run()
        frame = wait(worker, lambda f: f.status == "finished")
        assert (frame.step, frame.total_steps, frame.events) == (3000, 3000, preset.timeline)
        assert worker.call(lambda s: s.trainer.params_sha256()) == alone.trainer.params_sha256()


def test_the_training_stands_back_from_the_screen_where_a_thread_can(tiny: Preset) -> None:
    def niceness(_: object = None) -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id() if sys.platform == "linux" else 0)

    with working(tiny) as worker:
        behind = 5 if sys.platform == "linux" and niceness() <= 14 else 0
        assert worker.call(niceness, PATIENCE) == niceness() + behind


def test_nothing_is_trained_before_run(tiny: Preset) -> None:
    with working(tiny) as worker:
        frame = wait(worker, lambda f: f.total_steps > 0 and not f.message)
        assert (frame.status, frame.step, frame.steps_per_s) == ("ready", 0, 0.0)
        assert len(frame.curves.val) == 1 and len(frame.curves.grad_norm) == 3


def test_a_pause_acts_soon_and_holds(endless: Preset) -> None:
    with working(endless) as worker:
        worker.run()
        wait(worker, lambda f: f.step > 10_000)
        took = []
        for _ in range(5):
            begun = time.perf_counter()
            worker.pause()
            frame = wait(worker, lambda f: f.status == "paused")
            took.append(time.perf_counter() - begun)
            time.sleep(0.02)
            assert worker.frame().step == frame.step and worker.frame() is worker.frame()
            worker.run()
            wait(worker, lambda f, step=frame.step: f.step > step)  # type: ignore[misc]
        assert sorted(took)[2] < 0.05  # the middle one: two busy cores may be late once


def test_steps_asked_for_add_up(tiny: Preset) -> None:
    with working(tiny) as worker:
        for n in (1, 1, 100):
            worker.advance(n)
        assert wait(worker, lambda f: f.status == "paused").step == 102
        worker.advance(1)
        assert wait(worker, lambda f: f.step == 103 and f.status == "paused")
        worker.advance(10**6)
        assert wait(worker, lambda f: f.status == "finished").step == 300


def test_run_then_pause_in_one_breath_is_a_pause(endless: Preset) -> None:
    with working(endless) as worker:
        for _ in range(20):
            worker.run()
            worker.pause()
        wait(worker, lambda f: not f.message and f.status != "running")
        step = worker.call(lambda s: s.step)
        worker.pause()
        worker.run()
        wait(worker, lambda f: f.step > step)


def test_a_dial_turned_while_it_trains_is_an_event_that_replays(endless: Preset, tmp_path: Path) -> None:
    with working(endless, runs=tmp_path) as worker:
        worker.run()
        for field, value in (("dropout", 0.3), ("optimizer", "sgd"), ("batch_norm", True), ("lr", 0.05)):
            before = worker.frame().step
            wait(worker, lambda f, before=before: f.step > before + 200)  # type: ignore[misc]
            worker.turn(field, value)
            wait(worker, lambda f, field=field: any(e.field == field for e in f.events))  # type: ignore[misc]
        frame = worker.frame()
        assert (frame.recipe.dropout, frame.recipe.optimizer, frame.recipe.batch_norm) == (0.3, "sgd", True)
    (run,) = tmp_path.iterdir()
    assert len(read_run(run).preset.timeline) == 4
    assert replay(run)["match"] is True


def test_a_dial_turned_while_paused_shows_at_once(tiny: Preset) -> None:
    with working(tiny) as worker:
        worker.advance(20)
        wait(worker, lambda f: f.step == 20 and f.status == "paused")
        worker.turn("dropout", 0.5)
        frame = wait(worker, lambda f: f.recipe.dropout == 0.5)
        assert frame.events == (Change(20, "dropout", 0.5),) and frame.step == 20
        with pytest.raises(SpecError):
            worker.turn("dropout", 1.5)


def test_a_saved_session_replays(endless: Preset) -> None:
    with working(endless) as worker:
        worker.run()
        wait(worker, lambda f: f.step > 500)
        worker.turn("lr", 0.01)
        worker.turn("batch_norm", True)
        wait(worker, lambda f: len(f.events) == 2)
        saved = worker.as_preset("mine", "Mine", timeout=PATIENCE)
    assert saved.recorded is not None and saved.name == "mine"
    again = Session(saved, until=saved.recorded.step)
    again.advance(10**9)
    assert again.trainer.params_sha256() == saved.recorded.params_sha256


def test_reset_is_ready_again(tiny: Preset) -> None:
    with working(tiny) as worker:
        worker.turn("dropout", 0.5)
        worker.advance(50)
        wait(worker, lambda f: f.step == 50)
        worker.reset()
        frame = wait(worker, lambda f: f.step == 0 and f.status == "ready")
        assert frame.events == () and frame.recipe == tiny.recipe and len(frame.curves.train) == 0


def test_a_limited_speed_is_kept_and_does_not_delay_a_pause(endless: Preset) -> None:
    with working(endless) as worker:
        wait(worker, lambda f: not f.message and f.total_steps > 0)
        worker.set_speed(50)
        worker.run()
        begun = time.perf_counter()
        frame = wait(worker, lambda f: f.step >= 25)
        assert time.perf_counter() - begun > 0.4 and frame.steps_per_s <= 50
        worker.set_speed(0.01)
        worker.call(lambda s: s.step)
        begun = time.perf_counter()
        worker.pause()
        wait(worker, lambda f: f.status == "paused")
        worker.run()
        worker.call(lambda s: s.step)
        worker.set_speed(None)
        step = worker.frame().step
        wait(worker, lambda f: f.step > step + 100)
        assert time.perf_counter() - begun < 20  # and not the 100 s of one step at that speed


def test_the_revision_changes_whenever_anything_does(endless: Preset) -> None:
    with working(endless) as worker:
        worker.run()
        seen: dict[int, tuple[object, ...]] = {}
        ends = time.monotonic() + 0.5
        while time.monotonic() < ends:
            frame = worker.frame()
            shown = (frame.step, frame.status, frame.message, frame.events, id(frame.curves))
            assert seen.setdefault(frame.revision, shown) == shown


def test_data_that_cannot_be_had_end_in_the_frame(tiny: Preset) -> None:
    with working(tiny.with_(train_size=10**6)) as worker:
        ends = time.monotonic() + PATIENCE
        while (frame := worker.frame()).error is None:
            assert time.monotonic() < ends
            time.sleep(0.002)
        assert frame.error.startswith("tiny: train_size: found 1000000") and frame.status != "running"
        worker.run()
        worker.turn("lr", 0.1)
        assert worker.frame().error == frame.error


def test_an_engine_that_breaks_ends_in_the_frame(tiny: Preset, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("out of order\nsecond line")

    monkeypatch.setattr(Session, "advance", broken)
    worker = Worker(Session(tiny))
    worker.start()
    worker.run()
    ends = time.monotonic() + PATIENCE
    while worker.frame().error is None:
        assert time.monotonic() < ends
        time.sleep(0.002)
    assert worker.frame().error == "RuntimeError: out of order" and worker.frame().status != "running"
    assert worker.stop(PATIENCE)


def test_a_disk_that_fails_is_a_message_and_the_run_goes_on(tiny: Preset, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with working(tiny, runs=tmp_path / "file") as worker:
        worker.run()
        frame = wait(worker, lambda f: f.status == "finished")
        assert "cannot make a run folder" in frame.message and frame.error is None


def test_divergence_ends_the_run_and_can_be_taken_back(tiny: Preset) -> None:
    wild = tiny.with_(steps=2000, activation="linear", optimizer="sgd", timeline=(Change(1000, "lr", 1e6),))
    with working(wild) as worker:
        worker.run()
        frame = wait(worker, lambda f: f.status == "diverged")
        assert frame.diverged_at is not None and frame.diverged_at > 1000
        worker.rewind()
        frame = wait(worker, lambda f: f.status == "paused")
        assert frame.step <= 1050 and frame.diverged_at is None
        worker.turn("lr", 0.001)
        worker.run()


def test_a_question_is_answered_even_if_the_worker_ends(endless: Preset) -> None:
    worker = Worker(Session(endless))
    worker.start()
    worker.run()
    answers: list[int] = []
    askers = [threading.Thread(target=lambda: answers.append(worker.call(lambda s: s.step))) for _ in range(8)]
    for asker in askers:
        asker.start()
    assert worker.stop(PATIENCE)
    for asker in askers:
        asker.join(PATIENCE)
    assert len(answers) == 8
    assert worker.call(lambda s: s.status) == "stopped"
    with pytest.raises(ZeroDivisionError):
        worker.call(lambda s: s.step // 0)


def test_stopping_saves_and_a_worker_never_started_stops_too(endless: Preset, tmp_path: Path) -> None:
    with working(endless, runs=tmp_path) as worker:
        worker.run()
        wait(worker, lambda f: f.step > 1000)
    (run,) = tmp_path.iterdir()
    result = read_run(run).result
    assert result is not None and result["status"] == "stopped" and worker.frame().status == "stopped"
    assert result["params_sha256"] == worker.session.trainer.params_sha256()
    assert Worker(Session(endless)).stop()
