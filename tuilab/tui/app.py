"""The lab as a Textual app, and the way in: `open_lab`."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.filter import LineFilter

from tuilab.lab.settings import Settings, load, place
from tuilab.tui import keymap, lifeline, memory
from tuilab.tui.firststeps import FirstSteps
from tuilab.tui.labmodel import LabModel
from tuilab.tui.layout import BROAD, HIGH, TALL, WIDE
from tuilab.tui.screens.lab import LabScreen
from tuilab.tui.theme import DARK, LIGHT, known_theme, light_filters
from tuilab.tui.windows import WindowApp

if TYPE_CHECKING:
    from textual.app import ComposeResult, SystemCommand
    from textual.screen import Screen

    from tuilab.lab.preset import Preset
    from tuilab.lab.worker import Worker
    from tuilab.tui.splash import Splash

#: Makes the worker of a preset. Called on a thread, for it loads the engine.
MakeWorker = Callable[["Preset"], "Worker"]

#: Seconds for which one thread may keep Python from another that wants it. The engine wants it for a moment between two
#: chunks, and waited through most of a picture by the usual 5 ms.
SWITCH_S = 0.001
USUAL = Settings(hints=False)  # who has none read from a file is no first-time user
STOP_SECONDS = 10.0
INTERRUPTED = 130  # the exit code of a lab that was ended from outside; what was done is saved


class LabApp(WindowApp):
    """One preset at a time on a lab screen. The engine is loaded on a thread once the screen is painted."""

    TITLE = "tuilab"
    CSS_PATH = Path(__file__).with_name("lab.tcss")
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-narrow"), (WIDE, "-wide"), (BROAD, "-broad")]
    VERTICAL_BREAKPOINTS: list[tuple[int, str]] | None = [(0, "-short"), (TALL, "-tall"), (HIGH, "-high")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+z", "suspend_process", "Suspend", show=False),
        Binding("ctrl+c", "quit", "Quit", show=False),
    ]

    def __init__(
        self, preset: Preset, make_worker: MakeWorker, *, speed: float | None = None, paused: bool = True,
        settings: Settings = USUAL,
    ):  # fmt: skip
        super().__init__()
        self.opening = ""
        self.settings = settings
        self.language = settings.language  # of the lesson cards
        self.first_steps = FirstSteps(settings.hints)
        self._make_worker = make_worker
        self._run_at_once = not paused
        self.model = LabModel(preset)
        if speed is not None:
            self.model.set_speed(speed if math.isfinite(speed) and speed > 0 else None)
        self.problem: str | None = None
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.set_keymap(keymap.apply(settings, str(place())))
        self.theme = known_theme(settings.theme, self.available_themes)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The lines' colours, under every theme."""
        dark = self.current_theme.dark
        return {
            "train": "#ffb454" if dark else "#c2570c",
            "val": "#5ccfe6" if dark else "#0b7285",
            "accuracy": "#7fd88f" if dark else "#1d7d3f",
        }

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What every line goes through on its way out."""
        return light_filters(super().get_line_filters(), self.no_color)

    def compose(self) -> ComposeResult:
        """The picture that is shown already, which terminals clear away on the way here; the first screen follows."""
        if self._driver is not None and self.opening:
            self._driver.write(self.opening)
        return ()

    def on_mount(self) -> None:
        """The screen first, then the engine."""
        if self.no_color:
            self.add_class("-no-color")
        self.push_screen(LabScreen(self.model))
        self.call_after_refresh(self._begin)
        with contextlib.suppress(RuntimeError, ValueError):  # not in the main thread: somebody else minds the signals
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._leave)
            signal.signal(signal.SIGHUP, self._hung_up)
            if not self.is_headless:
                lifeline.when_cut(sys.stdin.fileno(), self._hung_up)

    def _begin(self) -> None:
        self.run_worker(self._start(self.model), group="engine")

    async def _start(self, model: LabModel) -> None:
        """Make and start the worker on a thread, then attach it."""
        try:
            worker = await asyncio.to_thread(self._started, model)
        except ValueError as error:
            if model.make_worker is not None:  # a run that cannot be gone on with after all is begun anew
                self.notify(str(error), severity="error")
                model.make_worker = None
                self._begin()
                return
            self.problem = str(error)
            self.exit(2, return_code=2)
            return
        if model is not self.model:  # another preset was opened meanwhile
            await asyncio.to_thread(worker.stop, STOP_SECONDS)
            return
        model.attach(worker)
        if not gc.isenabled():
            self.run_worker(memory.resume_when(lambda: model.worker is not None and model.worker.session.is_prepared))
        if self._run_at_once:
            self._run_at_once = False
            worker.run()

    def _started(self, model: LabModel) -> Worker:
        memory.share_heaps()
        worker = (model.make_worker or self._make_worker)(model.preset)
        worker.start()
        return worker

    def open(self, preset: Preset, make_worker: MakeWorker | None = None) -> None:
        """Save and leave the present run, and open `preset` (with a worker that is made in another way)."""
        old, self.model = self.model, LabModel(preset)
        self.model.make_worker, self.model.ghosts = make_worker, old.ghosts
        while not isinstance(self.screen, LabScreen):
            self.pop_screen()  # a window that was opened while this one was being chosen
        memory.let_go(self.screen)
        self.switch_screen(LabScreen(self.model))
        self.run_worker(self._leave_behind(old), group="stop")
        self.call_after_refresh(self._begin)

    async def _leave_behind(self, old: LabModel) -> None:
        """Save the run of a preset that was left; nothing of it stays in memory."""
        worker, old.worker = old.worker, None
        if worker is not None:
            await asyncio.to_thread(worker.stop, STOP_SECONDS)
        del worker
        memory.clear_up()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Textual's own commands, where the lab has none in their place."""
        return () if isinstance(screen, LabScreen) else super().get_system_commands(screen)

    def action_command_palette(self) -> None:
        """Every command by its name."""
        from tuilab.tui.commands import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    async def action_quit(self) -> None:
        """Stop the worker, which saves the run, and leave."""
        await asyncio.to_thread(self.end_run)
        self.exit(0)

    def end_run(self) -> None:
        """Stop the worker, if there is one; that saves the run, and doing it again changes nothing."""
        if self.model.worker is not None:
            self.model.worker.stop(STOP_SECONDS)

    async def _interrupted(self) -> None:
        await self.action_quit()
        self.exit(INTERRUPTED, return_code=INTERRUPTED)

    def _leave(self) -> None:
        """Someone asked the process to end."""
        self.run_worker(self._interrupted(), group="stop")

    def _hung_up(self, *_: object) -> None:
        """The terminal is gone, and the loop may be stuck for ever in a write to it: the run is saved without it."""
        threading.Thread(target=self._save_and_vanish, name="hang-up").start()

    def _save_and_vanish(self) -> None:
        try:
            self.end_run()
        finally:
            os._exit(INTERRUPTED)


def open_lab(
    preset_ref: str | None, *, backend: str = "auto", threads: int | None = None, speed: float | None = None,
    paused: bool = False, seek: int | None = None, splash: Splash | None = None,
) -> int:  # fmt: skip
    """Open the lab on a preset, a TOML file or a run folder (None: the preset to begin with); gives the exit code.

    `speed` limits the steps a second (0 or infinity: no limit; None: slow enough to watch; keys change it). `splash`
    is what the terminal shows until then.
    Raises PresetError or SettingsError (one line) before anything is painted if there is no such preset, or if the
    person's settings cannot be read.
    """
    from tuilab.lab.preset import DEFAULT, load_preset

    preset = load_preset(DEFAULT if preset_ref is None else preset_ref)

    def make_worker(chosen: Preset) -> Worker:
        from tuilab.lab.run_folder import RUNS
        from tuilab.lab.session import Session
        from tuilab.lab.worker import Worker

        return Worker(Session(chosen, backend=backend, threads=threads, runs=RUNS))

    sys.setswitchinterval(SWITCH_S)
    app = LabApp(preset, make_worker, speed=speed, paused=paused, settings=load())
    if seek is not None:
        app.model.seek(str(seek))
    if splash is not None:
        app.opening = splash.hand_over()
    try:
        code = app.run()
    finally:
        app.end_run()  # however the screen ended: a tab that is closed asks nobody
    if app.problem is not None:
        from tuilab.lab.errors import LabError

        raise LabError(app.problem)
    return app.return_code or code or 0
