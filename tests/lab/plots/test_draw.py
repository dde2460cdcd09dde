"""A picture is well-formed, holds each curve where its values are, and nothing that is not there."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from tuilab.lab.plots.draw import HEIGHT, WIDTH, Line, Plot, figure, picture
from tuilab.lab.plots.style import DARK, LIGHT, page_css, picture_css, ramp

SVG = "{http://www.w3.org/2000/svg}"


def test_a_line_goes_through_its_values() -> None:
    line = Line("training", "train", [0, 50, 100], [1.0, 2.0, 1.0], [0.5, 1.5, 0.5], [1.5, 2.5, 1.5])
    tree = ElementTree.fromstring(figure(Plot("Loss", (line,))))
    band, path = tree.iter(f"{SVG}path")
    assert (band.get("class"), path.get("class")) == ("fill band train", "line train")
    points = [tuple(map(float, point.split())) for point in (path.get("d") or "")[1:].split("L")]
    assert points[0][1] == points[2][1] > points[1][1]  # 2 is drawn above 1
    assert math.isclose(points[1][0] - points[0][0], points[2][0] - points[1][0], abs_tol=0.11)
    assert (band.get("d") or "").endswith("Z")


def test_a_gap_cuts_the_line_and_a_single_value_is_a_dot() -> None:
    line = Line("l", "#4f7be8", [0, 1, 2, 3, 4], [1.0, 2.0, math.nan, 5.0, math.inf])
    tree = ElementTree.fromstring(figure(Plot("x", (line,), log=True)))
    (path,) = tree.iter(f"{SVG}path")
    assert (path.get("d") or "").count("M") == 1 and path.get("style") == "stroke: #4f7be8"
    assert len(list(tree.iter(f"{SVG}circle"))) == 1


def test_words_are_escaped_marks_are_kept_apart_and_many_lines_named_by_some() -> None:
    lines = tuple(Line(f"layer {k}", ramp(k / 29), [0, 9], [1.0, k + 1.0]) for k in range(30))
    marks = tuple((step, f"<dropout> {step} & a very long list of other dials") for step in range(9))
    text = picture([Plot("A <b> & c", lines, (*marks, (9, "last")))], "T & U", "below")
    tree = ElementTree.fromstring(text)
    titles = [node.text for node in tree.iter(f"{SVG}title")]
    assert titles[0] == f"step 0: {marks[0][1]}" and len(titles) == 10
    words = [node.text or "" for node in tree.iter(f"{SVG}text")]
    assert "A <b> & c" in words and "below" in words and "layer 0" in words and "layer 29" in words
    assert sum(word.startswith("layer") for word in words) == 6
    dense = picture([Plot("x", lines, tuple((k, "lr 1") for k in range(1000)), last_step=1000.0)])
    assert dense.count('<line class="mark"') < WIDTH / 5


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 1e9), st.floats(width=32), st.floats(width=32), st.floats(width=32)), max_size=8),
    st.booleans(),
    st.sampled_from(["", "loss", "<&>", "ü’"]),
)
def test_whatever_the_values_it_is_a_picture(
    rows: list[tuple[float, float, float, float]], log: bool, name: str
) -> None:
    x, y, low, high = ([row[k] for row in sorted(rows)] for k in range(4))
    text = picture([Plot(name, (Line(name, "val", x, y, low, high),), ((3, name),), log)], name)
    tree = ElementTree.fromstring(text)
    assert tree.get("viewBox", "").startswith("0 0") and float(tree.get("height", "0")) >= HEIGHT
    assert not re.search(r"\b(nan|inf)\b", re.sub(r"<(text|title).*?</\1>|aria-label=\"[^\"]*\"", "", text, flags=re.S))


def test_both_palettes_have_every_colour_and_are_used() -> None:
    assert LIGHT.keys() == DARK.keys()
    assert DARK["val"] in picture_css() and LIGHT["val"] in picture_css()
    assert all(f"var(--{name})" not in page_css() or f"--{name}: " in page_css() for name in LIGHT)
    assert (
        ramp(0) == "#4f7be8"
        and ramp(1) == "#de5842"
        and ramp(-1) == ramp(0)
        and len({ramp(k / 9) for k in range(10)}) == 10
    )
