"""A run as a picture and as a page: well-formed, nothing fetched from anywhere, the numbers of the run in it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tuilab.lab.export import export
from tuilab.lab.preset import Preset
from tuilab.lab.run_folder import read_run
from tuilab.lab.run_report import as_html, as_svg, plots
from tuilab.lab.script import run

_VOID = {"meta"}


class Checked(HTMLParser):
    """Notes tags that are left open or closed without having been opened, and what refers to elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID:
            self.open.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href") and (value or "")[:1] != "#"]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag


def checked(text: str) -> None:
    """`text` is a page whose tags nest, and that needs nothing from elsewhere."""
    reader = Checked()
    reader.feed(text)
    assert reader.open == [] and reader.links == [] and "<script" not in text
    assert set(re.findall(r"https?://[^\s\"'<]*", text)) <= {"http://www.w3.org/2000/svg"}
    assert "@import" not in text and "url(" not in text


@pytest.fixture
def ended(tiny: Preset, tmp_path: Path) -> Path:
    played = tiny.with_(title="A <try> & more", description="Watch: <b>\nTurn: &").at(80, dropout=0.5)
    run(played.when("val_loss above 0", lr="/2").with_(steps=120), out=tmp_path / "R")
    return tmp_path / "R"


def test_a_page_tells_the_run(ended: Path) -> None:
    text = export(ended, "html", ended.parent).read_text()
    checked(text)
    result = read_run(ended).result
    assert result is not None and f"{100 * result['test_accuracy']:.2f} %" in text and result["params_sha256"] in text
    assert "A &lt;try&gt; &amp; more" in text and "<try>" not in text and "&lt;b&gt;" in text
    assert "val_loss above 0: lr = /2" in text and "dropout 0.5" in text and "<b>lr</b>" not in text
    assert text.count("<svg") == 4 and "prefers-color-scheme: dark" in text
    assert [plot.title for plot in plots(read_run(ended))] == [
        "Loss", "Accuracy", "Gradient norm of each layer", "Learning rate",
    ]  # fmt: skip


def test_a_picture_is_well_formed(ended: Path) -> None:
    text = export(ended, "svg", ended.parent).read_text()
    tree = ElementTree.fromstring(text)
    words = [node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert "A <try> & more" in words and "Loss" in words and "dropout 0.5" in words and "layer 3" in words


def test_a_run_of_numbers_has_no_accuracy_and_one_that_goes_on_no_result(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("\n".join(f"{k},{k / 7}" for k in range(60)))
    run(Preset(str(tmp_path / "t.csv"), name="line", widths=(4,), steps=30), out=tmp_path / "R")
    (tmp_path / "R" / "result.json").unlink()
    assert [plot.title for plot in plots(read_run(tmp_path / "R"))] == ["Loss", "Gradient norm of each layer"]
    text = export(tmp_path / "R", "html", tmp_path).read_text()
    checked(text)
    assert "which has not ended" in text


@pytest.mark.parametrize("missing", ["epochs", "wall_s", "backend", "threads", "test_accuracy"])
def test_a_result_that_lacks_figures_is_told_without_them(missing: str, ended: Path) -> None:
    path = ended / "result.json"
    path.write_text(json.dumps({key: v for key, v in json.loads(path.read_text()).items() if key != missing}))
    text = as_html(read_run(ended)).decode()
    checked(text)
    assert "run R: finished after 120 steps" in text and ("epochs)" in text) == (missing == "test_accuracy")


def test_a_result_of_three_keys_makes_a_page_and_a_picture(ended: Path) -> None:
    (ended / "result.json").write_text('{"status": "stopped", "steps": 90, "params_sha256": "ab12"}')
    run = read_run(ended)
    checked(page := as_html(run).decode())
    assert "run R: stopped after 90 steps<" in page and "ab12" in page and "class='figures'" not in page
    assert "run R: stopped after 90 steps<" in as_svg(run).decode()
