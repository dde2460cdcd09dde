"""Lanes and time travel on the screen: each key, what it tells the worker, and what shows at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input, OptionList, Static

from tests.tui.fake import FakeWorker, frame, preset
from tests.tui.lab_app import open_fake, real_app, until
from tests.tui.lane_frames import PLACES, lanes_frame, with_lanes
from tuilab.lab.preset import Preset, load_preset
from tuilab.lab.session import Session
from tuilab.tui.lanes import seen_from
from tuilab.tui.screens.moments import MomentsScreen
from tuilab.tui.screens.small import ConfirmScreen
from tuilab.tui.widgets.bars import StatusLine
from tuilab.tui.widgets.chart import Chart
from tuilab.tui.widgets.dial import DialRow
from tuilab.tui.widgets.lanestrip import LaneStrip


def alone() -> FakeWorker:
    """One lane with some moments kept."""
    return FakeWorker(preset(), now=frame(1500, "paused", places=PLACES))


async def test_lane_keys() -> None:
    async with open_fake(with_lanes(3)) as (pilot, screen, worker):
        strip, status = screen.query_one(LaneStrip), screen.query_one(StatusLine)
        text = strip.render().plain
        assert strip.display and text.count("\n") == 2
        assert "1 ━━ A  the main lane" in text and "▶2 ━━ B  = A + batch norm" in text
        assert "◂ best" in text.split("\n")[1]
        for key, call, told in [
            ("n", ("lane", "fork", None, None), "a new lane from step 1 500"),
            ("P", ("lane", "promote"), "B is the main lane"),
            ("1", ("lane", "select", "A"), "the dials act on A now"),
            ("3", ("lane", "select", "C"), "the dials act on C now"),
            ("X", ("lane", "drop"), "C is closed"),
            ("4", None, "there is no lane D; n makes one"),
        ]:
            worker.calls.clear()
            await pilot.press(key)
            await pilot.pause()
            assert worker.calls == ([] if call is None else [call]), key
            assert status.text.startswith(told), key
            await until(pilot, lambda: screen.settled)
            assert status.text.startswith(told), "and it stays for a while"


async def test_a_lane_chosen_has_the_dials_before_the_engine_knows() -> None:
    async with open_fake(with_lanes(3, active=0)) as (pilot, screen, worker):
        await pilot.press("3", "d")
        assert screen.query_one("#dial-dropout", DialRow).value == 0.6, "0.5 in lane C, one notch up"
        assert worker.calls == [("lane", "select", "C"), ("turn", "dropout", 0.6)]
        worker.put()  # a frame from before the choice
        await until(pilot, lambda: screen.settled)
        assert pilot.app.model.lane.name == "C" and pilot.app.model.frame.recipe.lr == 0.01
        worker.now = replace(seen_from(worker.now, "C"), revision=worker.now.revision + 1)
        worker.put(steps_per_s=1.0)
        await until(pilot, lambda: pilot.app.model.frame.steps_per_s == 1.0)
        worker.now = replace(seen_from(worker.now, "A"), revision=worker.now.revision + 1)
        await until(pilot, lambda: pilot.app.model.lane.name == "A")


async def test_a_click_in_the_strip_chooses_a_lane_and_space_pauses_all() -> None:
    async with open_fake(with_lanes(3)) as (pilot, screen, worker):
        await pilot.click(LaneStrip, offset=(30, 2))
        await until(pilot, lambda: worker.calls == [("lane", "select", "C")])
        worker.calls.clear()
        lanes = tuple(replace(one, status="diverged" if one.name == "C" else one.status) for one in worker.now.lanes)
        worker.put(lanes=lanes)
        await until(pilot, lambda: pilot.app.model.frame.status == "diverged")
        await pilot.press("space")
        await until(pilot, lambda: worker.calls == [("pause",)])
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("n")
        assert screen.query_one("#lanes").display


async def test_the_charts_show_all_lanes_the_active_one_on_top() -> None:
    async with open_fake(with_lanes(4, active=2)) as (pilot, screen, worker):
        top, flow = screen.query_one("#chart-top", Chart), screen.query_one("#chart-flow", Chart)
        labels = [line.label for line in top.plot().lines]
        assert labels == ["A trn", "A val", "B trn", "B val", "D trn", "D val", "C trn", "C val"]
        assert [line.bars for line in top.plot().lines] == [False] * 6 + [True] * 2
        assert len({line.color for line in top.plot().lines}) == 8
        assert [line.label for line in flow.plot().lines] == ["A L1", "B L1", "D L1", "L1", "L2", "L3"]
        text = "\n".join(top.cells().text())
        assert all(label in text for label in labels)
        await pilot.press("v", "v")
        assert [line.label for line in top.plot().lines] == ["A lr", "B lr", "D lr", "C lr"]
        await pilot.press("g")
        assert flow.heat and [line.label for line in flow.plot().lines] == ["L1", "L2", "L3"]
        worker.now = frame(1500, "paused", revision=worker.now.revision + 1)
        await until(pilot, lambda: not screen.query_one(LaneStrip).display and screen.settled)
        assert [line.label for line in top.plot().lines] == ["lr"]


async def test_one_lane_cannot_be_dropped_and_four_are_enough() -> None:
    async with open_fake(alone()) as (pilot, screen, worker):
        for key, told in [("X", "this is the only lane"), ("P", "this is the only lane"), ("2", "there is no lane B")]:
            await pilot.press(key)
            assert screen.query_one(StatusLine).text.startswith(told)
        assert worker.calls == [] and not screen.query_one(LaneStrip).display
        worker.now = lanes_frame(4, revision=worker.now.revision + 1)
        await until(pilot, lambda: len(pilot.app.model.lanes) == 4)
        await pilot.press("n")
        assert screen.query_one(StatusLine).text.startswith("there are 4 lanes, as many as can be; X drops this one")
        assert worker.calls == []


async def test_the_palette_forks_with_a_dial_turned() -> None:
    async with open_fake(alone()) as (pilot, _, worker):
        await pilot.press("colon")
        pilot.app.screen.query_one(Input).value = "new lane with batch_norm on"
        options = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count > 0 and options.highlighted is not None)
        await pilot.press("enter")
        await until(pilot, lambda: worker.calls == [("lane", "fork", None, {"batch_norm": True})])


async def test_time_keys() -> None:
    async with open_fake(alone()) as (pilot, screen, worker):
        status = screen.query_one(StatusLine)
        await pilot.press("K")
        assert worker.calls == [("lane", "bookmark")] and status.text.startswith("step 1 500 is kept")
        chart = screen.query_one("#chart-top", Chart)
        assert [(mark.step, mark.label) for mark in chart.plot().marks] == [(600, "★ before dropout")]
        worker.calls.clear()
        await pilot.press("less_than_sign")
        assert worker.calls == [("lane", "go_back", 4)] and status.text.startswith("back at step 1 020")
        worker.put(message="this moment is kept no longer")
        await until(pilot, lambda: status.text == "this moment is kept no longer")
        worker.calls.clear()
        worker.now = frame(0, "paused", places=PLACES, revision=worker.now.revision + 1)
        await until(pilot, lambda: pilot.app.model.step == 0)
        await pilot.press("less_than_sign")
        assert worker.calls == [] and status.text.startswith("this is the first moment")


async def test_the_list_of_moments() -> None:
    async with open_fake(alone()) as (pilot, screen, worker):

        async def open_list() -> MomentsScreen:
            worker.calls.clear()
            await pilot.press("comma")
            await until(pilot, lambda: isinstance(pilot.app.screen, MomentsScreen))
            await pilot.pause()
            assert isinstance(pilot.app.screen, MomentsScreen)
            return pilot.app.screen

        listed = await open_list()
        options, there = listed.query_one(OptionList), listed.query_one("#there", Static)
        rows = [str(options.get_option_at_index(i).prompt) for i in range(options.option_count)]
        names = [row.split("step")[0].strip(" ·") for row in rows]
        assert names == ["", "★ before dropout", "", ""], "the newest first"
        assert "dropout 0.0 → 0.3 · optimizer adam → sgd" in str(there.content)
        await pilot.press("j", "j")
        assert "nothing turned by then" in str(there.content) and options.highlighted == 2
        await pilot.press("k", "enter")
        assert worker.calls == [("lane", "go_back", 3)] and pilot.app.screen is screen
        await open_list()
        await pilot.press("j", "n")
        await until(pilot, lambda: worker.calls == [("lane", "fork", 3, None)])
        listed = await open_list()
        await pilot.press("b", *"here", "enter")
        assert worker.calls == [("lane", "rename", 4, "here")] and not listed.query_one(Input).display
        await pilot.press("b", "escape", "j", "x")
        assert worker.calls[1:] == [("lane", "forget", 3)] and listed.query_one(OptionList).option_count == 3
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert len(worker.calls) == 2


async def test_no_moment_no_list() -> None:
    async with open_fake(FakeWorker(preset())) as (pilot, screen, _):
        await pilot.press("comma")
        await until(pilot, lambda: screen.query_one(StatusLine).text.startswith("no moment is kept yet"))


async def test_forks_and_going_back_save_what_was_lived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the real engine: fork, turn, go back, save from the screen; each preset leads to the same parameters."""
    monkeypatch.chdir(tmp_path)
    app = real_app(Preset("xor", name="tiny", widths=(8, 8), steps=1000, eval_every=50), runs=tmp_path / "runs")
    async with app.run_test(size=(140, 40)) as pilot:
        model = app.model

        async def at(step: int, lanes: int = 0) -> None:
            await until(pilot, lambda: model.frame is not None and not model.running and model.step == step, 60)
            await until(pilot, lambda: len(model.lanes) == lanes)

        await until(pilot, lambda: model.frame is not None and model.frame.total_steps > 0, 120)
        await pilot.press("greater_than_sign")
        await at(100)
        await pilot.press("n", "b", "greater_than_sign")
        await at(200, lanes=2)
        assert [lane.difference for lane in model.lanes] == ["", "A + batch norm"]
        await pilot.press("1", *["d"] * 3, "greater_than_sign")
        await at(300, lanes=2)
        await pilot.press("less_than_sign")
        await at(250, lanes=2)
        await pilot.press("o", "full_stop")
        await at(251, lanes=2)
        assert {lane.name: lane.step for lane in model.lanes} == {"A": 251, "B": 300}, "B waits"
        hashes = {}
        for key, name in (("1", "tiny-mine.toml"), ("2", "tiny-b-mine.toml")):
            await pilot.press(key)
            await until(pilot, lambda letter="AB"[int(key) - 1]: model.worker.frame().lanes["AB".index(letter)].active)
            hashes[name] = model.worker.call(lambda session: session.trainer.params_sha256())
            await pilot.press("s")
            await until(pilot, lambda: bool(app.screen.query("#path")))
            assert app.screen.query_one("#path", Input).value == name
            await pilot.press("enter")
            await until(pilot, lambda saved=name: (tmp_path / saved).exists())
        await pilot.press("q")
    for name, sha in hashes.items():
        saved = load_preset(tmp_path / name)
        assert saved.recorded is not None and saved.recorded.params_sha256 == sha
        session = Session(saved, threads=1, until=saved.recorded.step)
        session.advance(10**9)
        assert session.trainer.params_sha256() == sha, name
    assert [c.field for c in load_preset(tmp_path / "tiny-mine.toml").timeline] == ["dropout", "optimizer"]
    assert len(list((tmp_path / "runs").iterdir())) == 2
