"""A first-time user is led from one step to the next, by a row that covers nothing and does not come again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from tests.tui.fake import FakeWorker, frame, preset
from tests.tui.lab_app import open_fake, until
from tests.tui.test_pictures import Pictured, Snap, settled, trained
from tuilab.lab.settings import LANGUAGES, Settings, load
from tuilab.tui.dials import DIALS
from tuilab.tui.firststeps import END, READING, STEPS, FirstSteps
from tuilab.tui.keys import KEYS
from tuilab.tui.lessons import first_step
from tuilab.tui.screens.lab import LabScreen
from tuilab.tui.widgets.bars import StatusLine
from tuilab.tui.widgets.hintbar import HintBar

NEW = Settings(hints=True)
ALL = (*STEPS, "go-on", "to-dials", END)


@dataclass
class Clock:
    """Seconds that go by when the test says so."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings of this test's person are kept."""
    monkeypatch.setenv("TUILAB_CONFIG", str(tmp_path / "config.toml"))
    return tmp_path / "config.toml"


def said(screen: LabScreen) -> str:
    """What the hint bar says, if it is there."""
    bar = screen.query_one(HintBar)
    return bar.render().plain if bar.display else ""


async def test_the_whole_way_is_led_and_not_again(config: Path) -> None:
    async with open_fake(settings=NEW) as (pilot, screen, worker):
        clock = Clock()
        screen.lab.first_steps = FirstSteps(True, clock)
        await until(pilot, lambda: "○○○○○ space trains the network" in said(screen))
        worker.advance(200)
        await pilot.press("space")
        await until(pilot, lambda: "●○○○○ → ← turn lr, ↑ ↓ go to another dial" in said(screen))
        await pilot.press("right")
        assert worker.calls[-1] == ("turn", "lr", 0.002), "the cursor stands where turning shows most"
        await until(pilot, lambda: "●●○○○ ▾ in the chart is your turn" in said(screen))
        clock.seconds += READING - 1
        screen.lead()
        await pilot.press("space")
        await until(pilot, lambda: "space trains on: the curves behind ▾" in said(screen))
        clock.seconds += 100
        screen.lead()
        await pilot.press("space")
        await until(pilot, lambda: "▾ in the chart" in said(screen))
        clock.seconds += 1
        await until(pilot, lambda: "●●●○○ n forks the network" in said(screen))
        await pilot.press("n")
        await until(pilot, lambda: "●●●●○ < goes back in time" in said(screen))
        await pilot.press("slash", "5", "0", "enter")
        await until(pilot, lambda: "That is all of it. E explains a dial, ? lists the keys" in said(screen))
        assert load().hints, "who leaves now has not read the end"
        clock.seconds += READING
        await until(pilot, lambda: said(screen) == "" and not load().hints)
        assert config.read_text() == "hints = false\n"


async def test_what_cannot_be_is_no_step() -> None:
    async with open_fake(settings=NEW) as (pilot, screen, _):
        await pilot.press("less_than_sign")
        assert screen.lab.first_steps.done == 0, "there is nothing to go back to"
        assert screen.query_one(StatusLine).text


def test_what_was_done_before_it_was_asked_for_is_not_asked_for() -> None:
    steps = FirstSteps(True, Clock())
    steps.did("fork")
    assert [steps.current, steps.done] == ["run", 1]
    for step in ("run", "turn", "look"):
        steps.did(step)
    assert steps.current == "back"


async def test_one_key_ends_it_for_good_and_brings_it_back(config: Path) -> None:
    async with open_fake(settings=NEW) as (pilot, screen, _):
        await until(pilot, lambda: said(screen))
        assert said(screen).endswith("N no hints ")
        below = screen.charts.region.bottom
        assert screen.query_one(HintBar).region.y >= below, "the charts are above it"
        await pilot.press("N")
        await until(pilot, lambda: said(screen) == "" and not load().hints)
        assert "N brings them back" in screen.query_one(StatusLine).text
        await pilot.press("N")
        await until(pilot, lambda: "space trains the network" in said(screen) and load().hints)
        assert screen.query_one(StatusLine).text.strip().startswith("hints again; N ends them")


async def test_it_goes_on_in_the_next_preset(config: Path) -> None:
    async with open_fake(settings=NEW) as (pilot, screen, worker):
        await pilot.press("right")
        worker.advance(10)
        await until(pilot, lambda: screen.lab.first_steps.done == 2)
        screen.lab.open(preset(name="other"))
        await until(pilot, lambda: isinstance(pilot.app.screen, LabScreen) and pilot.app.screen is not screen)
        assert isinstance(pilot.app.screen, LabScreen) and pilot.app.screen.lab.first_steps.done == 2
        await until(pilot, lambda: pilot.app.screen.settled)


async def test_who_wants_none_sees_none() -> None:
    async with open_fake(FakeWorker(preset(), now=frame(100, "running")), settings=Settings(hints=False)) as opened:
        pilot, screen, worker = opened
        await pilot.press("right")
        await until(pilot, lambda: worker.calls)
        assert worker.calls[-1][:2] == ("turn", DIALS[0].name) and said(screen) == ""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", ALL)
def test_every_step_fits_a_small_screen(step: str, language: str) -> None:
    text = first_step(step, language)
    keys = {key.id: key.shown for key in KEYS}
    longest = max((dial.label for dial in DIALS), key=len)
    named = re.findall(r"{(\w{2,})}", text)
    assert set(named) <= {*keys, "dial", "esc"}
    plain = re.sub(r"{(\w+|.)}", lambda m: longest if m[1] == "dial" else keys.get(m[1], m[1]), text)
    leave = first_step("leave", language).replace("{hints}", keys["hints"])
    dots = 0 if step == END else len(STEPS) + 1
    assert 1 + dots + cell_len(plain) + 1 + cell_len(leave) + 1 <= 80
    assert bool(re.search("[가-힣]", text)) == (language == "ko")


@pytest.mark.parametrize(("size", "language", "plain"), [
    ((80, 24), "en", False), ((80, 24), "ko", False), ((140, 40), "en", False), ((80, 24), "en", True),
])  # fmt: skip
def test_the_hint_bar(
    size: tuple[int, int], language: str, plain: bool, snap_compare: Snap, monkeypatch: pytest.MonkeyPatch
) -> None:
    if plain:
        monkeypatch.setenv("NO_COLOR", "1")
    app = Pictured(trained(status="paused", steps_per_s=0.0))
    app.first_steps, app.language = FirstSteps(True, Clock()), language

    async def led(pilot: Pilot[int]) -> None:
        await settled("right")(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, LabScreen)
        await until(pilot, lambda: screen.settled and "●●○○○" in said(screen))
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=led)
