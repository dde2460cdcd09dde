"""Every key, the mouse and the command palette, on a worker that only notes what it was told."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, OptionList, Static

from tests.tui.fake import FakeWorker, frame, preset
from tests.tui.lab_app import open_fake, until
from tuilab.lab.preset import load_preset
from tuilab.tui.app import LabApp
from tuilab.tui.dials import DIALS
from tuilab.tui.dialtext import arrows
from tuilab.tui.keys import KEYS, footer, help_rows
from tuilab.tui.screens.help import HelpScreen
from tuilab.tui.screens.lab import LabScreen
from tuilab.tui.screens.presets import PresetsScreen
from tuilab.tui.screens.save import SaveScreen
from tuilab.tui.screens.small import ConfirmScreen, PickScreen, ValueScreen
from tuilab.tui.widgets.bars import Banner, KeyBar, StatusLine
from tuilab.tui.widgets.boundary import BoundaryMap
from tuilab.tui.widgets.chart import Chart
from tuilab.tui.widgets.dial import DialRow

#: (keys, what the worker is told)
TRAINING = [
    ("space", [("run",)]),
    ("space space", [("run",), ("pause",)]),
    ("full_stop", [("advance", 1)]),
    ("greater_than_sign", [("advance", 100)]),
    ("F", [("speed", 1000.0)]),
    ("F F", [("speed", 1000.0), ("speed", None)]),
    ("f", [("speed", 10.0)]),
    ("r", [("reset",)]),
]

#: (keys, dial, value it is turned to)
TURNS = [
    ("a", "activation", "leaky_relu"), ("A", "activation", "tanh"), ("i", "initializer", "he_uniform"),
    ("I", "initializer", "xavier_uniform"), ("o", "optimizer", "radam"), ("O", "optimizer", "adadelta"),
    ("right_square_bracket", "lr", 0.002), ("left_square_bracket", "lr", 0.0005), ("m", "momentum", 0.95),
    ("M", "momentum", 0.8), ("d d d d d", "dropout", 0.5), ("d d D", "dropout", 0.1), ("u", "input_dropout", 0.1),
    ("b", "batch_norm", True), ("b B", "batch_norm", False), ("w", "weight_decay", 1e-6), ("z", "batch_size", 64),
    ("Z", "batch_size", 16), ("right", "activation", "leaky_relu"), ("left", "activation", "tanh"),
    ("l", "activation", "leaky_relu"), ("h", "activation", "tanh"), ("plus", "activation", "leaky_relu"),
    ("minus", "activation", "tanh"), ("j right", "initializer", "he_uniform"), ("down down l", "optimizer", "radam"),
    ("tab right", "initializer", "he_uniform"), ("tab tab shift+tab right", "initializer", "he_uniform"),
    ("j j k right", "initializer", "he_uniform"), ("up right", "bn_eps", 2e-5), ("end right home", "bn_eps", 2e-5),
    ("j j j right backspace", "lr", 0.001),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "told"), TRAINING)
async def test_training_keys(keys: str, told: list[tuple[object, ...]]) -> None:
    async with open_fake() as (pilot, _, worker):
        assert pilot.app.model.speed == 100.0, "4000 steps are shown in 40 s unless asked otherwise"
        for key in keys.split():
            await pilot.press(key)
            await until(pilot, lambda: pilot.app.model.frame is worker.frame())
        await until(pilot, lambda: len(worker.calls) >= len(told))
        assert worker.calls == told


async def test_dial_keys() -> None:
    async with open_fake(FakeWorker(preset(lr=0.001))) as (pilot, screen, worker):
        for keys, name, value in TURNS:
            await pilot.press(*keys.split())
            await until(pilot, lambda: worker.calls)
            assert worker.calls[-1] == ("turn", name, value), keys
            assert screen.query_one(f"#dial-{name}", DialRow).value == value, "shown at once"
            if value != pilot.app.model.start_value(name):
                assert screen.query_one(StatusLine).text.startswith(f"step 0 · {name} "), keys
            worker.calls.clear()
            await pilot.press("home")
            worker.put(recipe=worker.preset.recipe, batch_size=worker.preset.batch_size, events=())
            await until(pilot, lambda: pilot.app.model.frame is worker.frame())


async def test_space_on_a_dial_runs_and_does_not_turn_it() -> None:
    async with open_fake() as (pilot, _, worker):
        await pilot.press("j", "space")
        assert worker.calls == [("run",)]


async def test_every_dial_by_its_arrow_keys() -> None:
    async with open_fake() as (pilot, screen, worker):
        for dial in DIALS:
            screen.query_one(f"#dial-{dial.name}").focus()
            await pilot.press("right", "left")
            assert {call[:2] for call in worker.calls} == {("turn", dial.name)}
            worker.calls.clear()


async def test_the_mouse_turns_dials() -> None:
    async with open_fake() as (pilot, screen, worker):
        left, right = arrows(screen.query_one("#dial-dropout", DialRow).size.width)
        await pilot.click("#dial-dropout", offset=(right, 0))
        await pilot.click("#dial-dropout", offset=(right, 0))
        await pilot.click("#dial-dropout", offset=(left, 0))
        assert [call[2] for call in worker.calls] == [0.1, 0.2, 0.1]
        await pilot.click("#dial-dropout", offset=((left + right) // 2, 0))
        assert isinstance(pilot.app.screen, ValueScreen)


async def test_the_wheel_turns_only_the_dial_with_the_focus() -> None:
    async with open_fake() as (pilot, screen, worker):
        row = screen.query_one("#dial-dropout", DialRow)
        await pilot._post_mouse_events([_wheel()], widget=row)
        assert worker.calls == []
        row.focus()
        await pilot.pause()
        await pilot._post_mouse_events([_wheel()], widget=row)
        assert worker.calls == [("turn", "dropout", 0.1)]


def _wheel() -> type:
    from textual.events import MouseScrollUp

    return MouseScrollUp


async def test_a_click_in_the_footer_does_what_the_key_does() -> None:
    async with open_fake() as (pilot, _, worker):
        await pilot.click(KeyBar, offset=(2, 0))
        await until(pilot, lambda: worker.calls)
        assert worker.calls == [("run",)]


async def test_an_exact_value_is_typed() -> None:
    async with open_fake() as (pilot, screen, worker):
        screen.query_one("#dial-dropout").focus()
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, ValueScreen)
        pilot.app.screen.query_one(Input).value = "1.5"
        await pilot.press("enter")
        assert "expected a number in [0, 1)" in str(pilot.app.screen.query_one("#problem", Static).content)
        pilot.app.screen.query_one(Input).value = "0.35"
        await pilot.press("enter")
        assert pilot.app.screen is screen and worker.calls == [("turn", "dropout", 0.35)]


async def test_a_name_is_picked_from_a_list() -> None:
    async with open_fake() as (pilot, screen, worker):
        await pilot.press("enter")
        assert isinstance(pilot.app.screen, PickScreen)
        await pilot.press("j", "k", "j", "enter")
        assert pilot.app.screen is screen and worker.calls == [("turn", "activation", "leaky_relu")]
        await pilot.press("enter", "escape")
        assert pilot.app.screen is screen and len(worker.calls) == 1


async def test_enter_turns_a_switch() -> None:
    async with open_fake() as (pilot, screen, worker):
        screen.query_one("#dial-batch_norm").focus()
        await pilot.press("enter")
        assert worker.calls == [("turn", "batch_norm", True)]


@pytest.mark.parametrize(("query", "told"), [
    ("optimizer nag", ("turn", "optimizer", "nag")), ("dropout 0.35", ("turn", "dropout", 0.35)),
    ("100 steps, then", ("advance", 100)),
])  # fmt: skip
@pytest.mark.parametrize("opener", ["colon", "ctrl+p"])
async def test_the_command_palette_turns_dials_and_runs_commands(
    opener: str, query: str, told: tuple[object, ...]
) -> None:
    async with open_fake() as (pilot, _screen, worker):
        await pilot.press(opener)
        pilot.app.screen.query_one(Input).value = query
        options = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count > 0 and options.highlighted is not None)
        await pilot.press("enter")
        await until(pilot, lambda: worker.calls)
        assert worker.calls == [told]


async def test_a_palette_closed_while_it_searches_leaves_the_lab_alone() -> None:
    async with open_fake() as (pilot, screen, _):
        await pilot.press("colon")
        palette = pilot.app.screen
        palette.query_one(Input).value = "dropout"
        await palette.query_one(OptionList).remove()  # as the search finds it when escape came in between
        await pilot.pause(0.3)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert pilot.app.is_running and pilot.app.return_code in (None, 0)


async def test_charts_keys() -> None:
    async with open_fake(FakeWorker(preset(), now=frame(1500, "paused"))) as (pilot, screen, _):
        top, flow = screen.query_one("#chart-top", Chart), screen.query_one("#chart-flow", Chart)
        assert (top.title, flow.title, top.range.log) == ("Loss", "Gradient norm", True)
        await pilot.press("y")
        assert not top.plot().y.log
        await pilot.press("v")
        assert top.title == "Accuracy" and [line.label for line in top.plot().lines] == ["train", "val"]
        await pilot.press("v")
        assert top.title == "Learning rate"
        await pilot.press("v")
        assert top.title == "Update / weight" and [line.label for line in top.plot().lines] == ["L1", "L2", "L3"]
        await pilot.press("v")
        assert top.title == "Loss" and not top.plot().y.log, "each view keeps its axis"
        await pilot.press("g")
        assert flow.title == "Gradient flow" and "▀" in "".join(flow.cells().text())
        await pilot.press("g", "e")
        assert flow.title == "Gradient norm" and screen.charts.smoothing_name == "strong"
        await pilot.press("e")
        assert screen.charts.smoothing_name == "off" and top.smoothing == 0
        dark = pilot.app.theme
        await pilot.press("t")
        assert (dark, pilot.app.theme) == ("tuilab-dark", "tuilab-light")


async def test_the_chart_with_the_focus_has_a_background_of_its_own() -> None:
    async with open_fake(FakeWorker(preset(), now=frame(1500, "paused"))) as (pilot, screen, _):
        chart = screen.charts.top

        def grounds() -> set[object]:
            return {part.style.bgcolor for y in range(chart.size.height) for part in chart.render_line(y) if part.style}

        await until(pilot, lambda: screen.settled and len(grounds()) == 1)
        plain = grounds()
        await pilot.press("c")
        await until(pilot, lambda: chart.has_focus and len(grounds()) == 1 and grounds() != plain)
        await pilot.press("c", "c")
        await until(pilot, lambda: not chart.has_focus and grounds() == plain)


async def test_crosshair_zoom_and_pan_keys() -> None:
    async with open_fake(FakeWorker(preset(), now=frame(1500, "paused"))) as (pilot, screen, worker):
        top, flow = screen.query_one("#chart-top", Chart), screen.query_one("#chart-flow", Chart)
        await pilot.press("c")
        assert top.has_focus and screen.view.cursor == 1500
        await pilot.press("left", "h", "H")
        assert 1200 < screen.view.cursor < 1400
        assert "step 1 " in top.cells().text()[0] and "step 1 " in flow.cells().text()[0], "one crosshair for both"
        await pilot.press("right", "l", "L", "L")
        assert screen.view.cursor == 1500
        await pilot.press("H", "H", "H", "plus")
        zoomed = screen.view.axis
        assert zoomed.high - zoomed.low == pytest.approx(750) and zoomed.low <= screen.view.cursor <= zoomed.high
        await pilot.press("left_curly_bracket")
        assert screen.view.axis.low < zoomed.low
        await pilot.press("right_curly_bracket", "minus")
        assert not screen.view.zoomed
        await pilot.press("c")
        assert flow.has_focus
        await pilot.press("y")
        assert not flow.plot().y.log
        await pilot.press("0")
        assert screen.view.cursor is None
        await pilot.press("c")
        assert isinstance(pilot.app.focused, DialRow)
        await pilot.press("c", "plus", "escape")
        assert isinstance(pilot.app.focused, DialRow) and screen.view.cursor is None and not screen.view.zoomed
        assert worker.calls == []


@pytest.mark.parametrize("size", [(140, 40), (80, 24), (200, 60)])
async def test_a_plane_has_a_decision_boundary(size: tuple[int, int]) -> None:
    worker = FakeWorker(preset(), now=frame(1500, "paused"), plane=True)
    async with open_fake(worker, size=size) as (pilot, screen, _):
        if size[0] < 164:
            await pilot.press("g", "g")
        shown = screen.query_one("#side-map" if size[0] >= 164 else "#chart-map", BoundaryMap)
        await until(pilot, lambda: shown.wanted is not None and not shown.stale)
        rows = [shown.render_line(y).text for y in range(shown.size.height)]
        assert "Decision boundary" in rows[0] and sum(row.count("▀") for row in rows) > 100
        assert sum(row.count("●") for row in rows) > 20
        await pilot.resize_terminal(size[0], size[1] + 3)
        await until(pilot, lambda: not shown.stale)
        if size[0] < 164:
            await pilot.press("g", "g")
            assert not shown.display and screen.query_one("#chart-flow").display


async def test_other_data_have_no_decision_boundary() -> None:
    async with open_fake(FakeWorker(preset(), now=frame(1500, "paused"))) as (pilot, screen, _):
        views = set()
        for _ in range(6):
            await pilot.press("g")
            views.add(screen.charts.below)
            assert not any(shown.display for shown in screen.query(BoundaryMap))
        assert views == {"lines", "heat", "confusion", "mistakes", "layers"}


async def test_the_mouse_reads_out_and_zooms() -> None:
    async with open_fake(FakeWorker(preset(), now=frame(1500, "paused"))) as (pilot, screen, _):
        await pilot.hover("#chart-top", offset=(40, 8))
        assert screen.view.cursor is not None and 0 < screen.view.cursor < 1500
        chart = screen.query_one("#chart-top", Chart)
        await pilot._post_mouse_events([_wheel()], widget=chart, offset=(40, 8))
        assert screen.view.zoomed
        await pilot.hover("#dials")
        assert screen.view.cursor is None


@pytest.mark.parametrize("opener", ["question_mark", "enter", "S", "s", "p", "colon"])
async def test_keys_that_close_a_window_pressed_twice_at_once_leave_the_lab_open(opener: str) -> None:
    async with open_fake() as (pilot, screen, _):
        screen.query_one("#dial-dropout").focus()
        await pilot.press(opener)
        await until(pilot, lambda: pilot.app.screen is not screen)
        for _ in range(3):  # as a terminal sends them: all are there before the first is dealt with
            pilot.app.post_message(events.Key("escape", None))
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.pause(0.1)
        assert pilot.app.screen is screen


async def test_help_lists_every_key_and_closes() -> None:
    shown = {text for rows in help_rows().values() for text, _ in rows}
    assert {key.shown for key in KEYS} <= shown
    assert all(f"{d.key} {d.key.upper()}" in shown for d in DIALS if d.key)
    async with open_fake() as (pilot, screen, _):
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("escape")
        assert pilot.app.screen is screen


def test_no_key_has_two_meanings() -> None:
    keys = [k for key in KEYS for k in key.keys.split(",")] + [
        k for d in DIALS if d.key for k in (d.key, d.key.upper())
    ]
    assert len(keys) == len(set(keys))
    assert {action for _, _, action in footer()} >= {"screen.run", "screen.save", "app.quit", "screen.help"}


async def test_reset_asks_only_if_turns_would_be_lost() -> None:
    async with open_fake() as (pilot, screen, worker):
        await pilot.press("r")
        await until(pilot, lambda: worker.calls == [("reset",)])
        await pilot.press("d")
        await until(pilot, lambda: pilot.app.model.turns)
        await pilot.press("r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await pilot.press("n")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert worker.calls[-1][0] == "turn"
        await pilot.press("r", "y")
        await until(pilot, lambda: worker.calls[-1] == ("reset",))
        await until(pilot, lambda: screen.query_one("#dial-dropout", DialRow).value == 0.0)


async def test_save_writes_a_preset_and_never_over_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_fake() as (pilot, screen, _):
        await pilot.press("greater_than_sign", "d", "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen))
        field = pilot.app.screen.query_one(Input)
        assert field.value == "digits-mine.toml"
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        saved = load_preset("./digits-mine.toml")
        assert [(c.step, c.field, c.value) for c in saved.timeline] == [(100, "dropout", 0.1)]
        assert not pilot.app.model.unsaved
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen))
        field = pilot.app.screen.query_one(Input)
        assert field.value == "digits-mine-2.toml"
        before = (tmp_path / "digits-mine.toml").read_bytes()
        field.value = "digits-mine"
        await pilot.press("enter")
        assert "exists" in str(pilot.app.screen.query_one("#problem", Static).content)
        assert (tmp_path / "digits-mine.toml").read_bytes() == before
        field.value = "deep/er/mine.toml"
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert load_preset(tmp_path / "deep" / "er" / "mine.toml").name == "mine"


@pytest.mark.parametrize("bad", ["", "   ", "there/is/a/file/x.toml", "folder.toml"])
async def test_save_says_what_is_wrong_with_a_name(bad: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("a file")
    (tmp_path / "folder.toml").mkdir()
    async with open_fake() as (pilot, _, _worker):
        await pilot.press("s")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveScreen))
        pilot.app.screen.query_one(Input).value = bad
        await pilot.press("enter")
        assert len(str(pilot.app.screen.query_one("#problem", Static).content)) > 10
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, LabScreen)


async def test_the_preset_browser_opens_another_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text('dataset = "xor"\ntitle = "My own"\n')
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    async with open_fake() as (pilot, screen, worker):
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, PresetsScreen))
        options = pilot.app.screen.query_one(OptionList)
        ids = [options.get_option_at_index(i).id for i in range(options.option_count)]
        assert "./own.toml" in ids and "digits" in ids and "./pyproject.toml" not in ids
        await pilot.press("slash", *"own")
        await until(pilot, lambda: options.option_count == 1)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: pilot.app.screen is not screen and isinstance(pilot.app.screen, LabScreen))
        assert pilot.app.model.preset.title == "My own"
        await until(pilot, lambda: ("stop",) in worker.calls)


async def test_a_picture_of_the_screen_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    async with open_fake(FakeWorker(preset(), now=frame(1500, "paused"))) as (pilot, _, _worker):
        await pilot.press("f12")
        [path] = tmp_path.glob("tuilab-*.svg")
        svg = path.read_text()
        assert svg.startswith("<svg") and "<path" in svg and "dropout" in svg.replace("&#160;", " ")
        assert not any("\u2801" <= c <= "\u28ff" for c in svg), "braille is drawn, not written"
        assert "url(#" in svg and "url(" not in svg.replace("url(#", ""), "nothing is fetched from anywhere"


async def test_a_divergence_says_what_happened_and_what_to_do() -> None:
    worker = FakeWorker(preset(), now=frame(1500, "diverged", diverged_at=1500))
    async with open_fake(worker) as (pilot, screen, _):
        banner = screen.query_one(Banner)
        await until(pilot, lambda: banner.display)
        assert "diverged at step 1 500" in banner.text and "[ lower" in banner.text and "r start anew" in banner.text
        await pilot.press("R")
        await until(pilot, lambda: worker.calls == [("rewind",)])
        await until(pilot, lambda: not banner.display)


async def test_an_error_of_the_engine_is_one_line_on_the_screen() -> None:
    worker = FakeWorker(preset(), now=frame(10, "stopped", error="digits: not enough memory for widths = [65536]"))
    async with open_fake(worker) as (pilot, screen, _):
        await until(pilot, lambda: "not enough memory" in screen.query_one(Banner).text)


async def test_the_first_start_shows_the_compile_as_progress() -> None:
    worker = FakeWorker(preset(), now=frame(0, message="compiling kernels… 4 s", total_steps=0))
    async with open_fake(worker) as (pilot, screen, _):
        chart = screen.query_one("#chart-top", Chart)
        await until(pilot, lambda: "compiling kernels… 4 s" in chart.empty)
        first = chart.notice()
        await until(pilot, lambda: chart.notice() != first)
        assert any("compiling kernels… 4 s" in row for row in first)
        await pilot.press("d")
        assert screen.query_one("#dial-dropout", DialRow).value == 0.1


async def test_before_the_first_step_it_says_what_to_do() -> None:
    async with open_fake() as (pilot, screen, _):
        chart = screen.query_one("#chart-top", Chart)
        await until(pilot, lambda: any("press space to run" in row for row in chart.notice()))


async def test_quit_stops_the_worker_and_leaves_with_0() -> None:
    worker = FakeWorker(preset())
    app = LabApp(worker.preset, lambda _: worker)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.model.worker is worker)
        await pilot.press("q")
        await until(pilot, lambda: ("stop",) in worker.calls)
    assert app.return_value == 0


async def test_a_preset_that_cannot_start_ends_with_2_and_one_line() -> None:
    def refuse(_: object) -> FakeWorker:
        raise ValueError("digits: no such backend")

    app = LabApp(preset(), refuse)
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.problem is not None)
    assert (app.problem, app.return_code) == ("digits: no such backend", 2)
