"""The map of a decision: every pixel where it belongs, faint where nothing is certain."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tuilab.tui.charts.boundary import Window, colored, pixels, plain, points_by_cell, sign

BACK = np.array([16, 16, 16], dtype=np.uint8)
COLORS = np.array([[240, 0, 0], [0, 0, 240]], dtype=np.uint8)


@given(st.integers(2, 60), st.integers(1, 30), st.floats(0.1, 100), st.floats(-50, 50))
def test_the_window_holds_every_point_in_square_pixels(width: int, rows: int, scale: float, shift: float) -> None:
    points = np.random.default_rng(0).normal(size=(50, 2)) * scale + shift
    window = Window.around(points, width, 2 * rows)
    grid = window.grid().reshape(2 * rows, width, 2)
    half = window.pixel * 0.51
    assert grid[0, 0, 0] - half <= points[:, 0].min() and points[:, 0].max() <= grid[0, -1, 0] + half
    assert grid[-1, 0, 1] - half <= points[:, 1].min() and points[:, 1].max() <= grid[0, 0, 1] + half
    assert np.allclose(np.diff(grid[0, :, 0]), window.pixel, rtol=1e-2)


@given(st.integers(4, 60), st.integers(2, 30))
def test_a_point_lies_in_its_cell(width: int, rows: int) -> None:
    points = np.random.default_rng(width).uniform(-1, 1, size=(40, 2))
    window = Window.around(points, width, 2 * rows)
    grid = window.grid().astype(np.float64)
    row, column = window.cells(points)
    middle = grid.reshape(rows, 2, width, 2).mean(axis=1)[row, column]
    away = np.abs(points - middle)
    assert np.all(away[:, 0] <= window.pixel * 0.501) and np.all(away[:, 1] <= window.pixel * 1.001)


def test_certain_pixels_have_the_colour_of_their_class_and_undecided_ones_none() -> None:
    window = Window(0, 0, 1.0, 3, 2)
    sure = np.array([[1, 0], [0, 1], [0.5, 0.5]] * 2, dtype=np.float32)
    image = pixels(sure, COLORS, BACK, window)
    assert image[0, 0, 0] > 120 > image[0, 0, 2] and image[0, 1, 2] > 120 > image[0, 1, 0]
    assert image[0, 2].tolist() == [16, 16, 16]


def test_strips_are_as_wide_as_the_image_and_hold_the_points() -> None:
    image = np.zeros((8, 10, 3), dtype=np.uint8)
    image[:, 5:] = 200
    strips = colored(image, {(1, 9): ("●", COLORS[0]), (2, 0): ("●", COLORS[1])})
    assert [strip.text for strip in strips] == ["▀" * 10, "▀" * 9 + "●", "●" + "▀" * 9, "▀" * 10]
    assert all(strip.cell_length == 10 for strip in strips)


def test_without_colour_classes_are_shades_and_points_letters() -> None:
    window = Window(0, 0, 1.0, 4, 4)
    sure = np.zeros((16, 2), dtype=np.float32)
    sure.reshape(4, 4, 2)[:, :2, 0] = sure.reshape(4, 4, 2)[:, 2:, 1] = 1
    cells = points_by_cell(np.array([[-1.5, 1.5], [1.5, -1.5]]), np.array([0, 1]), window)
    strips = plain(sure, window, {at: sign(k) for at, k in cells.items()})
    assert [strip.text for strip in strips] == ["o ░░", "  ░x"]
