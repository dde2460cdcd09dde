"""What `at_once` paints is on the terminal when it ends, and is what a whole picture would show there."""

from __future__ import annotations

import pytest
from textual._compositor import CompositorUpdate
from textual.screen import Screen

from tests.tui.fake import FakeWorker, frame, preset
from tests.tui.lab_app import open_fake, until
from tests.tui.test_pictures import EVENTS
from tuilab.tui.app import LabApp
from tuilab.tui.atonce import at_once
from tuilab.tui.screens.lab import LabScreen
from tuilab.tui.widgets.bars import KeyBar


def running() -> FakeWorker:
    return FakeWorker(preset(), now=frame(1500, "running"))


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[CompositorUpdate]:
    """What was sent to the terminal, as far as it is not a whole picture."""
    sent: list[CompositorUpdate] = []

    def display(app: LabApp, screen: Screen[object], update: object) -> None:
        if isinstance(update, CompositorUpdate):
            sent.append(update)

    monkeypatch.setattr(LabApp, "_display", display)
    return sent


def text(screen: LabScreen, painted: list[CompositorUpdate]) -> str:
    """Without colours: a style keeps the codes of the first console that it is written for, for all tests to come."""
    console = screen.app.console
    return "".join(part.text for update in painted for part in console.render(update) if part.control is None)


async def test_figures_are_painted_before_any_message(painted: list[CompositorUpdate]) -> None:
    async with open_fake(running()) as (pilot, screen, worker):
        await pilot.pause(0.2)
        painted.clear()
        worker.put(step=1777)
        screen.model.poll()
        with at_once(screen):
            screen.header.show(worker.now)
            assert not painted
        assert "1 777" in text(screen, painted)
        painted.clear()
        screen.header.show(worker.now)
        await pilot.pause(0.2)
        assert "1 777" not in text(screen, painted), "once is enough"


async def test_a_part_painted_at_once_is_that_part_of_the_whole_picture(painted: list[CompositorUpdate]) -> None:
    async with open_fake(running(), size=(200, 60)) as (pilot, screen, worker):
        for step in (1600, 1700):
            worker.put(step=step, train_loss=step / 1e4, history=frame(step).history, events=EVENTS[: step // 100 - 15])
            await until(pilot, lambda: screen.settled and screen.model.step == step)  # noqa: B023 - awaited here
        await pilot.pause(0.2)
        shown = [strip.text for strip in screen._compositor.render_strips()]
        screen.refresh(layout=True)
        for widget in screen.walk_children():
            widget.refresh()
        await pilot.pause(0.2)
        assert [strip.text for strip in screen._compositor.render_strips()] == shown
        assert "1 700" in shown[0]


async def test_what_was_refreshed_by_others_is_not_forgotten(painted: list[CompositorUpdate]) -> None:
    async with open_fake(running()) as (pilot, screen, worker):
        await pilot.pause(0.2)
        painted.clear()
        screen.query_one(KeyBar).refresh()
        worker.put(step=1888)
        with at_once(screen):
            screen.header.show(worker.now)
        assert "1 888" in text(screen, painted)
        await until(pilot, lambda: "quit" in text(screen, painted))


async def test_a_window_above_stays_whole(painted: list[CompositorUpdate]) -> None:
    async with open_fake(running()) as (pilot, screen, worker):
        await pilot.press("s")
        await until(pilot, lambda: pilot.app.screen is not screen)
        worker.put(step=1999)
        screen.model.poll()
        with at_once(screen):
            screen.header.show(worker.now)
        await pilot.pause(0.2)
        assert "Save as a preset" in "".join(s.text for s in pilot.app.screen._compositor.render_strips())
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.pause(0.2)
        assert "1 999" in screen._compositor.render_strips()[0].text


async def test_a_look_that_fails_ends_the_app_as_any_error_does(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: LabScreen) -> None:
        raise RuntimeError("no figures")

    with pytest.raises(RuntimeError, match="no figures"):
        async with open_fake(running()) as (pilot, _, worker):
            monkeypatch.setattr(LabScreen, "tick", fails)
            worker.put(step=1501)
            await pilot.pause(0.5)


async def test_nobody_looks_once_the_screen_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[LabScreen] = []
    async with open_fake(running()) as (_, screen, _):
        monkeypatch.setattr(LabScreen, "tick", looks.append)
    looks.clear()
    assert screen._alarm.cancelled()
