"""What a chart draws: spikes stay, curves have no holes, labels keep out of each other's way."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from tuilab.tui.charts.area import area
from tuilab.tui.charts.axis import Axis
from tuilab.tui.charts.bench import measure_redraw
from tuilab.tui.charts.braille import Bars
from tuilab.tui.charts.cells import Cells
from tuilab.tui.charts.draw import paint, spread
from tuilab.tui.charts.heat import paint_heat
from tuilab.tui.charts.model import HEAT_LEVELS, OPAQUE, Ink, Line, Mark, Plot, extent, line_ink, value_at
from tuilab.tui.charts.smooth import ema
from tuilab.tui.charts.view import StepView

STEPS = Axis(0.0, 1000.0)


def band(mean: Sequence[float] | np.ndarray, spread: float = 0.0, label: str = "a", color: int = 0) -> Line:
    mean = np.asarray(mean, dtype=np.float64)
    x = np.linspace(0, 1000, len(mean))
    return Line(label, x, mean - spread, mean + spread, mean, color)


def dot_rows(bars: Bars, curve: int = 0) -> np.ndarray:
    """The dots of a curve as a picture (rows, columns) of booleans."""
    bits = bars.dots()[curve]
    height, width = bits.shape
    out = np.zeros((4 * height, 2 * width), dtype=bool)
    for bit, column, row in ((0, 0, 0), (1, 0, 1), (2, 0, 2), (6, 0, 3), (3, 1, 0), (4, 1, 1), (5, 1, 2), (7, 1, 3)):
        out[row::4, column::2] = bits >> bit & 1
    return out


def test_the_dots_are_the_bars() -> None:
    bars = Bars(1, 6, 8)
    x = np.arange(6.0)
    bars.fill(0, x, np.array([0, 0, 0.5, 1, 0, 0.2]), np.array([0, 1, 0.5, 1, 0.4, 0.2]))
    picture = dot_rows(bars)
    assert picture.sum(axis=0).tolist() == [1, 8, 1, 1, 4, 1]
    assert picture[7, 0] and picture[0, 3] and picture[:, 1].all()


@given(st.integers(2, 400), st.integers(0, 399), st.integers(1, 40), st.integers(1, 15))
def test_a_spike_stays_however_many_points_share_a_column(points: int, at: int, width: int, height: int) -> None:
    values = np.full(points, 0.1)
    values[at % points] = 1.0
    bars = Bars(1, 2 * width, 4 * height)
    x = np.arange(points) / max(points - 1, 1) * (2 * width - 1)
    bars.fill(0, x, values, values)
    picture = dot_rows(bars)
    assert picture[0].any(), "the top row holds the spike"
    assert picture.any(axis=0).all(), "no column is empty between the first point and the last"


@given(st.lists(st.floats(-0.5, 1.5), min_size=2, max_size=60), st.integers(2, 50), st.integers(2, 12))
def test_neighbouring_bars_touch(values: list[float], width: int, height: int) -> None:
    bars = Bars(1, 2 * width, 4 * height)
    x = np.linspace(0, 2 * width - 1, len(values))
    y = np.array(values)
    bars.fill(0, x, y, y)
    bars.join()
    top, bottom = bars.top[0].astype(int), bars.bottom[0].astype(int)
    assert np.all(top <= bottom)
    assert np.all(top[1:] <= bottom[:-1] + 1) and np.all(top[:-1] <= bottom[1:] + 1)


def test_a_curve_out_of_view_draws_nothing() -> None:
    bars = Bars(1, 20, 20)
    y = np.array([0.5, 0.5])
    bars.fill(0, np.array([-9.0, -3.0]), y, y)
    bars.fill(0, np.array([25.0, 30.0]), y, y)
    assert not bars.dots().any()


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=200), st.floats(0.01, 300))
def test_smoothing_stays_between_the_extremes_and_starts_at_the_first_point(values: list[float], tau: float) -> None:
    y = np.array(values)
    out = ema(np.arange(len(y), dtype=np.float64), y, tau)
    assert out[0] == pytest.approx(y[0], abs=1e-9)
    assert np.all(out >= y.min() - 1e-9) and np.all(out <= y.max() + 1e-9)


@given(st.integers(2, 400), st.floats(0.05, 50))
def test_smoothing_is_the_usual_recursion_without_its_bias(points: int, tau: float) -> None:
    rng = np.random.default_rng(points)
    x, y = np.cumsum(rng.uniform(0.1, 3.0, points)), rng.normal(size=points)
    expected, total, weight = [], 0.0, 0.0
    for i in range(points):
        keep = math.exp(-(x[i] - x[i - 1]) / tau) if i else 0.0
        total, weight = total * keep + y[i], weight * keep + 1
        expected.append(total / weight)
    assert np.allclose(ema(x, y, tau), expected, atol=1e-8)


@given(st.lists(st.integers(0, 9), max_size=10), st.integers(10, 14))
def test_labels_get_a_row_each_and_stay_in_order(rows: list[int], height: int) -> None:
    rows = sorted(rows)
    out = spread(rows, height)
    assert len(set(out)) == len(rows) and out == sorted(out)
    assert all(0 <= row < height for row in out)


def test_labels_stay_where_they_are_if_nothing_is_in_the_way() -> None:
    assert spread([1, 4, 7], 10) == [1, 4, 7]


def test_the_extent_is_of_whole_bars_and_on_a_log_axis_of_all_but_a_few_means() -> None:
    mean = np.full(200, 1.0)
    mean[7] = 1e-9
    line = Line("a", np.linspace(0, 1000, 200), mean * 0.5, mean * 3, mean)
    assert extent([line], STEPS, log=False) == (0.5e-9, 3.0)
    assert extent([line], STEPS, log=True) == (1.0, 3.0)


def test_the_extent_of_nothing_is_nan() -> None:
    assert all(math.isnan(v) for v in extent([], STEPS, False))
    assert all(math.isnan(v) for v in extent([band([math.nan, math.nan])], STEPS, True))


def test_only_what_is_in_view_counts_for_the_extent() -> None:
    line = band(np.linspace(10, 1, 101))
    low, high = extent([line], Axis(500.0, 600.0), False)
    assert 4.4 < low < 4.7 and 5.3 < high < 5.7


def test_a_smoothed_line_lies_over_its_faint_band() -> None:
    line = band(np.full(100, 0.5), spread=0.3)
    cells = paint(Plot("t", [line], STEPS, Axis(0, 1), smoothing=0.02), 80, 20)
    assert (cells.inks == line_ink(0)).any() and (cells.inks == line_ink(0, faint=True)).any()
    raw = paint(Plot("t", [line], STEPS, Axis(0, 1)), 80, 20)
    assert not (raw.inks == line_ink(0, faint=True)).any()


def test_an_exact_line_is_never_smoothed() -> None:
    noisy = np.random.default_rng(0).uniform(0, 1, 300)
    x = np.linspace(0, 1000, 300)
    exact = Line("val", x, noisy, noisy, noisy, smooth=False)
    plot = Plot("t", [exact], STEPS, Axis(0, 1), smoothing=0.06)
    where = area(80, 20)
    drawn = paint(plot, 80, 20).chars[where.top : where.top + where.height]
    assert np.array_equal(
        drawn, paint(Plot("t", [exact], STEPS, Axis(0, 1)), 80, 20).chars[where.top : where.top + where.height]
    )


def test_a_mark_is_a_rule_with_its_label_over_it() -> None:
    text = paint(Plot("t", [band([0.1, 0.2])], STEPS, Axis(0, 1), [Mark(500, "dropout 0.5")]), 90, 20).text()
    row = next(line for line in text if "dropout 0.5" in line)
    column = row.index("▾")
    assert row[column : column + 12] == "▾dropout 0.5"
    assert sum(line[column] == "┊" for line in text) >= 10
    where = area(90, 20)
    assert column == where.column(0.5)


def test_labels_of_marks_close_together_do_not_overlap_and_the_newest_wins() -> None:
    marks = [Mark(500 + 5 * i, f"dial_{i} {i}") for i in range(6)]
    text = paint(Plot("t", [band([0.1, 0.2])], STEPS, Axis(0, 1), marks), 90, 20).text()
    shown = [m.label for m in marks if any(m.label in line for line in text[1:3])]
    assert marks[-1].label in shown and 2 <= len(shown) <= 4


def test_a_thousand_marks_are_a_rule_in_every_column_and_few_labels() -> None:
    marks = [Mark(step, f"lr {step}") for step in range(1000)]
    plot, where = Plot("t", [band([0.1, 0.2])], STEPS, Axis(0, 1), marks), area(90, 20)
    text = paint(plot, 90, 20).text()
    assert text[where.top][where.left : where.left + where.width].count("┊") >= where.width - 2
    assert any("lr 999" in line for line in text[1 : where.top]), "the newest has its label"


def test_the_crosshair_reads_out_values_at_its_step() -> None:
    line = band(np.linspace(0, 1, 101), label="train")
    assert value_at(line, 250) == pytest.approx(0.25)
    assert value_at(line, 2000) == 1.0 and math.isnan(value_at(line, -1))
    text = paint(Plot("t", [line], STEPS, Axis(0, 1), cursor=250.0), 90, 20).text()
    assert "step 250" in text[0] and any("0.2500" in row for row in text)


def test_values_that_are_no_numbers_leave_a_gap_not_an_error() -> None:
    mean = np.array([1.0, math.nan, math.inf, 2.0, 3.0])
    cells = paint(Plot("t", [band(mean)], STEPS, Axis(0, 4)), 80, 20)
    assert (cells.inks == line_ink(0)).any()


@given(st.integers(0, 60), st.integers(0, 20), st.booleans(), st.booleans(), st.integers(0, 4))
def test_any_size_is_painted_and_nothing_leaves_the_grid(w: int, h: int, steps: bool, marks: bool, lines: int) -> None:
    drawn = [band(np.linspace(0.1, 1, 5) * (k + 1), 0.05, f"L{k}", k) for k in range(lines)]
    plot = Plot(
        "Title",
        drawn,
        STEPS,
        Axis(0, 5),
        [Mark(10, "lr 0.1")],
        0.02,
        30.0,
        "hint",
        step_labels=steps,
        mark_labels=marks,
    )
    for painter in (paint, paint_heat):
        cells = painter(plot, w, h)
        assert (cells.width, cells.height) == (w, h)
        assert all(len(row) == w for row in cells.text())


def test_strips_hold_the_text_and_the_ink_of_every_cell() -> None:
    cells = Cells(12, 3)
    cells.put(0, 2, "ab", Ink.TITLE)
    cells.put(1, -1, "xyz", Ink.DIM)
    cells.put(2, 10, "long", Ink.BAD)
    styles = [Style(color=f"color({i})") for i in range(16)]
    strips = cells.strips(styles)
    assert [strip.text for strip in strips] == cells.text() == ["  ab        ", "yz          ", "          lo"]
    assert [strip.cell_length for strip in strips] == [12, 12, 12]
    inked = {segment.text.strip(): segment.style for segment in strips[0] if segment.text.strip()}
    assert inked == {"ab": styles[Ink.TITLE]}


def test_only_rows_that_differ_are_painted_anew() -> None:
    old, new = Cells(10, 4), Cells(10, 4)
    new.put(2, 3, "xy", 0)
    new.inks[3, 9] = 5
    assert new.changed(old) == [(2, 3, 5), (3, 9, 10)]
    assert new.changed(new) == []


def test_heat_rises_with_the_norm_and_each_layer_has_its_rows() -> None:
    lines = [band(np.full(50, 10.0**-k), label=f"L{k + 1}", color=k) for k in range(3)]
    plot = Plot("flow", lines, STEPS, Axis(0.01, 1.0, True))
    cells = paint_heat(plot, 60, 16)
    where = area(60, 16)
    column = cells.inks[where.top : where.top + where.height, where.left + 5] - OPAQUE
    upper = column // HEAT_LEVELS
    assert upper[0] == HEAT_LEVELS - 1 and upper[-1] == 0 and np.all(np.diff(upper) <= 0)
    plain = paint_heat(plot, 60, 16, plain=True)
    assert "█" in "".join(plain.text()) and plain.inks.max() < OPAQUE


def test_the_view_follows_the_run_until_it_is_zoomed() -> None:
    view = StepView()
    view.follow(900, 4000)
    assert (view.axis.low, view.axis.high) == (0, 1000)
    view.zoom(2)
    assert view.zoomed and view.axis.high - view.axis.low == 500
    view.follow(950, 4000)
    assert view.axis.high == 950
    view.pan(-0.5)
    before = view.axis
    view.follow(990, 4000)
    assert view.axis == before
    view.all()
    assert view.axis.low == 0


def test_the_view_ends_at_the_budget_when_the_run_does() -> None:
    view = StepView()
    view.follow(1590, 1600)
    assert view.axis.high == 1600
    view.follow(0, 1600)
    assert view.axis.high == 50


@given(st.lists(st.tuples(st.sampled_from(["zoom", "pan", "move", "follow"]), st.floats(-3, 3)), max_size=40))
def test_the_view_never_turns_inside_out(moves: list[tuple[str, float]]) -> None:
    view, step = StepView(), 500.0
    view.follow(step, 5000)
    for kind, amount in moves:
        if kind == "zoom":
            view.zoom(2.0**amount)
        elif kind == "pan":
            view.pan(amount)
        elif kind == "move":
            view.move_cursor(10 * amount, 80)
        else:
            step += abs(amount) * 100
            view.follow(step, 5000)
        assert view.axis.high - view.axis.low >= 7.9 and view.axis.low >= -1e-9


def test_a_redraw_is_cheap_enough_for_every_frame() -> None:
    """The figure that counts is measured by `python -m tuilab.tui.charts.bench` on a quiet machine: 2 ms. Here, beside
    other work, ten times that would mean that something is done cell by cell in Python."""
    assert measure_redraw(repeats=20).best_ms < 20
