"""Widgets that write their own rows: as wide as they are, in the theme's colours, and no dearer than they look."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.color import Color
from textual._compositor import Compositor
from textual.geometry import Region

from tests.tui.fake import FakeWorker, frame, preset
from tests.tui.lab_app import open_fake, until
from tuilab.tui.widgets.header import HeaderBar
from tuilab.tui.widgets.lanestrip import LaneStrip
from tuilab.tui.widgets.metrics import Metrics

SIZES = [(80, 24), (140, 40), (200, 60)]


def running() -> FakeWorker:
    return FakeWorker(preset(), now=frame(1500, "running"))


@pytest.mark.parametrize("size", [*SIZES, (60, 20), (250, 70)])
async def test_rows_fill_the_widget_exactly(size: tuple[int, int]) -> None:
    async with open_fake(running(), size=size) as (_, screen, _):
        for kind in (HeaderBar, Metrics):
            shown = screen.query_one(kind)
            strips = shown.render_lines(Region(0, 0, *shown.size))
            assert len(strips) == shown.size.height
            assert {strip.cell_length for strip in strips} == {shown.size.width}
            assert [strip.text.rstrip() for strip in strips] == [
                row.rstrip() for row in shown.render().plain.split("\n")
            ]


async def test_a_part_of_them_is_the_part_asked_for() -> None:
    async with open_fake(running()) as (_, screen, _):
        shown = screen.query_one(Metrics)
        whole = shown.render_lines(Region(0, 0, *shown.size))
        part = shown.render_lines(Region(30, 1, 40, 2))
        assert [strip.text for strip in part] == [strip.text[30:70] for strip in whole[1:]]
        assert shown.render_line(2).text == whole[2].text
        assert shown.render_lines(Region(0, 2, 5, 3))[1].text == " " * 5, "what is not there is empty"


@pytest.mark.parametrize("which", ["#header", "#keys", "#status", "#body", "LabScreen"])
async def test_they_take_the_colours_of_a_new_theme(which: str) -> None:
    async with open_fake(running()) as (pilot, screen, _):
        shown = screen if which == "LabScreen" else screen.query_one(which)

        def backgrounds() -> set[Color | None]:
            (strip, *_) = shown.render_lines(Region(0, 0, shown.size.width, 1))
            return {segment.style.bgcolor for segment in strip if segment.style is not None}

        dark = backgrounds()
        pilot.app.theme = "tuilab-light"
        await until(pilot, lambda: not backgrounds() & dark)


async def test_fewer_lines_of_the_terminal_are_other_rows() -> None:
    async with open_fake(running(), size=(140, 40)) as (pilot, screen, _):
        shown = screen.query_one(Metrics)
        assert shown.size.height == 3 and "validation loss" in shown.render_line(1).text
        await pilot.resize_terminal(140, 24)
        await until(pilot, lambda: shown.size.height == 1)
        assert shown.render_line(0).text.split()[:1] == ["train"]


async def test_only_the_card_that_changed_is_painted() -> None:
    async with open_fake(running()) as (_, screen, worker):
        shown = screen.query_one(Metrics)
        shown.show(worker.now)
        shown._repaint_regions.clear()
        shown.show(replace(worker.now, train_loss=0.25))
        (region,) = shown._repaint_regions
        assert region.height == 1 and region.width < 30
        assert shown.render_lines(region)[0].text.split() == ["0.2500"]


@pytest.mark.parametrize("size", SIZES)
async def test_nothing_is_arranged_anew_while_a_run_goes_on(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_fake(running(), size=size) as (pilot, screen, worker):
        await until(pilot, lambda: screen.settled)
        await pilot.pause()  # what the first frame had to arrange is a message behind it
        arranged: list[object] = []
        arrange = Compositor._arrange_root
        monkeypatch.setattr(
            Compositor, "_arrange_root", lambda *args, **more: arranged.append(args) or arrange(*args, **more)
        )
        assert not screen.query_one(LaneStrip).display
        for step in range(1501, 1505):
            worker.put(step=step, train_loss=step / 1e4, history=frame(step).history)
            await until(pilot, lambda: screen.settled and screen.model.step == step)  # noqa: B023 - awaited here
        assert not arranged
