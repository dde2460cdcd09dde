"""The keys that seek and take over, on a worker that only notes what is asked of it."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Static

from tests.tui.lab_app import open_fake, until
from tests.tui.test_lanes import alone
from tuilab.tui.lanemodel import step_of
from tuilab.tui.screens.seek import SeekScreen
from tuilab.tui.widgets.bars import StatusLine


@pytest.mark.parametrize(
    ("text", "step"), [("1200", 1200), ("1,200", 1200), ("1 200", 1200), ("50 %", 1000), ("0", 0), ("9999", 2000)]
)
def test_steps_as_people_type_them(text: str, step: int) -> None:
    assert step_of(text, 2000) == step


@pytest.mark.parametrize("text", ["", "-1", "x", "1.5", "101%", "٣"])
def test_what_is_no_step(text: str) -> None:
    with pytest.raises(ValueError, match="expected a step such as 1200"):
        step_of(text, 2000)


async def test_slash_asks_for_a_step() -> None:
    async with open_fake(alone()) as (pilot, screen, worker):
        worker.calls.clear()
        await pilot.press("slash")
        await until(pilot, lambda: isinstance(pilot.app.screen, SeekScreen))
        await pilot.pause()
        window = pilot.app.screen
        window.query_one(Input).value = "soon"
        await pilot.press("enter")
        await until(pilot, lambda: "found 'soon'" in str(window.query_one("#problem", Static).render()))
        assert worker.calls == []
        window.query_one(Input).value = "300"
        await pilot.press("enter")
        await until(pilot, lambda: worker.calls == [("seek", 300)])
        assert screen.query_one(StatusLine).text.startswith("to step 300")


async def test_taking_over() -> None:
    async with open_fake(alone()) as (pilot, screen, worker):
        worker.calls.clear()
        await pilot.press("T")
        assert worker.calls == [] and "the dials are yours already" in screen.query_one(StatusLine).text
        worker.put(planned=2)
        await until(pilot, lambda: pilot.app.model.frame.planned == 2)
        await pilot.press("T")
        assert worker.calls == [("lane", "take_over")]
        assert "2 planned turns dropped" in screen.query_one(StatusLine).text
