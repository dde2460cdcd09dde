"""The screen's benchmark drives a real lab and finds what it looks for."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.tui.fake import FakeWorker, preset
from tests.tui.lab_app import open_fake, until
from tuilab.bench.terminal import Terminal
from tuilab.bench.ui import _ROUND, Effort, measure
from tuilab.tui.picture import picture


def test_a_short_measurement_gives_every_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")  # of the terminal outside, where only its own counts
    found = measure(1, Effort(keys=len(_ROUND), rounds=1, seconds=1.0, starts=1))
    assert found.keys == len(_ROUND)
    assert 0.0 < found.key_ms_median <= found.key_ms_p95 <= found.key_ms_worst
    assert found.screen_steps_per_s > 0.0 and found.headless_steps_per_s > 0.0
    assert found.rate_share == pytest.approx(found.screen_steps_per_s / found.headless_steps_per_s)
    assert 0.0 < found.figures_per_s <= found.pictures_per_s
    assert found.interpreter_s < found.first_paint_s < found.whole_lab_s
    assert found.as_row()["threads"] == 1


async def test_its_keys_do_on_the_screen_what_it_waits_for() -> None:
    async with open_fake(FakeWorker(preset(lr=0.001))) as (pilot, screen, worker):
        for key, shown in _ROUND:
            worker.advance(1)  # two turns of a dial at one step would be none
            await until(pilot, lambda: pilot.app.model.frame is worker.frame())
            await pilot.press({"[": "left_square_bracket", "]": "right_square_bracket"}.get(key, key))
            await until(pilot, lambda text=shown: text.replace(" ", "") in bare(picture(pilot.app)))  # type: ignore[misc]
        assert screen.charts.smoothing_name == "medium", "it can go round again"


def bare(svg: str) -> str:
    """The words of a picture, close together."""
    import html
    import re

    return html.unescape("".join(re.findall(r">([^<>]*)</text>", svg))).replace("\xa0", "").replace(" ", "")


def test_a_program_that_ends_is_told_with_its_last_words(tmp_path: Path) -> None:
    terminal = Terminal([sys.executable, "-c", "print('no such thing'); raise SystemExit(3)"], tmp_path, (80, 24), {})
    try:
        with pytest.raises(RuntimeError, match=r"ended with code 3: .*no such thing"):
            terminal.see("never", 30.0)
    finally:
        terminal.close()


def test_what_does_not_come_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    terminal = Terminal([sys.executable, "-c", "input()"], tmp_path, (80, 24), {})
    try:
        with pytest.raises(RuntimeError, match=r"waited 0\.2 s in vain"):
            terminal.see("never", 0.2)
    finally:
        terminal.close()
