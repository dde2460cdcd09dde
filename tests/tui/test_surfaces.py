"""The surfaces screen: every key of it, the mouse, and that it draws what the optimizers did."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from textual.pilot import Pilot

from tests.tui.fake import FakeWorker, frame, preset
from tests.tui.lab_app import open_fake, until
from tuilab.lab.races import RACERS, STEPS, SURFACES, run
from tuilab.tui.charts.contours import Map, Trace, bands
from tuilab.tui.racemodel import RaceModel
from tuilab.tui.screens.surfaces import SurfacesScreen
from tuilab.tui.theme import surface_of
from tuilab.tui.widgets.surface import Legend, SurfaceMap


@asynccontextmanager
async def open_surfaces(
    size: tuple[int, int] = (140, 40),
) -> AsyncIterator[tuple[Pilot[int], SurfacesScreen, RaceModel]]:
    """The lab, S pressed, every path known."""
    async with open_fake(FakeWorker(preset(), now=frame(1500, "paused")), size) as (pilot, _, _):
        await pilot.press("S")
        await until(pilot, lambda: isinstance(pilot.app.screen, SurfacesScreen) and pilot.app.screen.settled, 60)
        screen = pilot.app.screen
        assert isinstance(screen, SurfacesScreen) and screen.model is not None
        yield pilot, screen, screen.model


def drawn(screen: SurfacesScreen) -> str:
    """The map as text."""
    shown = screen.query_one(SurfaceMap)
    return "\n".join(shown.render_line(y).text for y in range(shown.size.height))


async def test_keys_of_the_race() -> None:
    async with open_surfaces() as (pilot, screen, model):
        assert model.surface.name == "valley" and model.at == 0
        await pilot.press("full_stop", "full_stop", "greater_than_sign", "comma")
        assert model.at == 11
        await pilot.press("space")
        assert model.running
        await until(pilot, lambda: model.at > 15)
        await pilot.press("space")
        assert not model.running
        await pilot.press("r")
        assert model.at == 0
        for keys, name in (
            ("v", "two-minima"),
            ("v", "saddle"),
            ("V", "two-minima"),
            ("4", "rosenbrock"),
            ("5", "beale"),
        ):
            await pilot.press(keys)
            assert model.surface.name == name
            assert model.surface.title in screen.query_one(Legend).render().plain
        await pilot.press("f")
        assert model.speed == 160
        await pilot.press("F", "F")
        assert model.speed == 10
        dark = pilot.app.current_theme.dark
        await pilot.press("t")
        assert pilot.app.current_theme.dark is not dark
        await pilot.press("question_mark")
        await until(pilot, lambda: pilot.app._notifications)
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, SurfacesScreen)


async def test_keys_of_the_racers() -> None:
    async with open_surfaces() as (pilot, screen, model):
        await pilot.press("j", "down", "tab")
        assert model.racer == "adagrad" and "adagrad" not in model.chosen
        await pilot.press("enter")
        await until(pilot, lambda: model.path("adagrad") is not None)
        usual = model.rate("adagrad")
        await pilot.press("right", "l")
        assert model.rate("adagrad") == 2.0 and usual == 0.5
        await until(pilot, lambda: screen.settled)
        path = model.path("adagrad")
        assert path is not None and path.rate == 2.0
        np.testing.assert_array_equal(path.points, run(model.surface, "adagrad", 2.0, model.steps).points)
        await pilot.press("left", "h", "h", "backspace")
        assert model.rate("adagrad") == usual
        await pilot.press("k", "up", "enter")
        assert model.racer == "momentum" and "momentum" not in model.chosen
        before = {racer: model.rate(racer) for racer in model.chosen}
        await pilot.press("right_square_bracket")
        assert all(model.rate(racer) > rate for racer, rate in before.items())
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert all(model.rate(racer) < rate for racer, rate in before.items())


async def test_a_click_joins_and_leaves() -> None:
    async with open_surfaces() as (pilot, screen, model):
        legend = screen.query_one(Legend)
        lines = legend.render().plain.split("\n")
        row = next(i for i, line in enumerate(lines) if "radam" in line)
        await pilot.click(Legend, offset=(6, row))
        assert "radam" in model.chosen and model.racer == "radam"
        await pilot.click(Legend, offset=(6, row))
        assert "radam" not in model.chosen


@pytest.mark.parametrize("size", [(80, 24), (140, 40), (200, 60)])
async def test_the_map_fills_its_place_and_shows_every_racer(size: tuple[int, int]) -> None:
    async with open_surfaces(size) as (pilot, screen, _):
        await pilot.press(*["greater_than_sign"] * 4)
        text = drawn(screen)
        assert text.count("●") >= 3 and "+" in text and sum("\u2801" <= c <= "\u28ff" for c in text) > 30
        legend = screen.query_one(Legend)
        lines = legend.render().plain.split("\n")
        assert max(map(len, lines)) <= legend.size.width and len(lines) <= legend.size.height
        assert all(racer in "\n".join(lines) for racer in RACERS) and "step 40 of 1 000" in "\n".join(lines)


def test_a_race_waits_for_paths_and_ends() -> None:
    model = RaceModel(SURFACES, RACERS, 40)
    model.run()
    assert not model.pass_time(1.0), "nothing is known yet"
    for key in list(model.missing()):
        model.know(key, run(model.surface, key[1], key[2], 40))
    assert model.pass_time(0.5) and model.at == 20 and model.running
    assert model.pass_time(5.0) and model.at == 40 and not model.running
    model.run()
    assert model.at == 0 and model.running
    assert len(model.paths) == len(model.chosen) and not any(model.missing())


@pytest.mark.parametrize("surface", SURFACES, ids=lambda s: s.name)
def test_bands_rise_from_the_minimum(surface: object) -> None:
    found = bands(surface, 60, 40)  # type: ignore[arg-type]
    left, right, bottom, top = surface.window  # type: ignore[attr-defined]
    assert found.min() == 0 and found.max() >= 9
    deepest = min(surface.minima, key=lambda m: float(surface.height(*map(np.array, m))))  # type: ignore[attr-defined]
    column, row = int((deepest[0] - left) / (right - left) * 60), int((top - deepest[1]) / (top - bottom) * 40)
    assert found[row, column] <= 2 < found[0, 0] or found[row, column] < found[-1, -1]


def test_a_trace_has_no_holes_and_grows_with_the_steps() -> None:
    surface = SURFACES[0]
    path = run(surface, "sgd", 0.09, 60)
    trace = Trace(path, surface, 60, 20)
    assert len(trace.dots(0)[0]) == 1 and len(trace.dots(5)[0]) < len(trace.dots(60)[0]) == len(trace.row)
    gaps = np.maximum(np.abs(np.diff(trace.row)), np.abs(np.diff(trace.column)))
    assert gaps.max() == 1
    assert trace.head(60) == trace.head(STEPS)


async def test_a_path_that_flies_off_is_drawn_as_far_as_it_is_seen() -> None:
    async with open_surfaces() as (_, screen, _):
        surface = SURFACES[3]
        path = run(surface, "sgd", 1.0)
        assert path.diverged
        strips = Map(surface, 40, 12, surface_of(screen.query_one(SurfaceMap))).strips([(0, path)], 900)
        assert [strip.cell_length for strip in strips] == [40] * 12
