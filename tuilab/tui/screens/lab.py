"""The lab: dials on the left, charts beside them, what happens above and below."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.binding import BindingType

from tuilab.tui.atonce import at_once
from tuilab.tui.beat import CHARTS, Beat
from tuilab.tui.dials import BY_NAME
from tuilab.tui.keys import bindings
from tuilab.tui.labmodel import LabModel
from tuilab.tui.messages import DialRestored, DialTurned, DialTyped, ViewMoved
from tuilab.tui.news import bad_news, news, waiting
from tuilab.tui.screens.guide import Guide
from tuilab.tui.screens.insights import Insights
from tuilab.tui.screens.lane_actions import LaneActions

if TYPE_CHECKING:
    from textual.command import Provider

    from tuilab.lab.worker import Frame


def _commands() -> type[Provider]:
    """The palette's commands, imported when it is first opened."""
    from tuilab.tui.commands import LabCommands

    return LabCommands


class LabScreen(LaneActions, Insights, Guide):
    """Shows the frames of the model's worker and passes on what was turned."""

    BINDINGS: ClassVar[list[BindingType]] = bindings()
    AUTO_FOCUS = ""
    COMMANDS = {_commands}

    def __init__(self, model: LabModel):
        super().__init__(model)
        self._since = time.monotonic()
        self._beat = Beat(1 / self.lab.settings.refresh)
        self._moved = False  # whether the charts are to be drawn because the window or the crosshair moved

    def on_mount(self) -> None:
        """Show the preset's dials at once; frames follow."""
        self.banner.display = self.lane_strip.display = False
        self.dials.show(self.model)
        self.status.say(waiting(), "$foreground 65%")
        self.show_settings()
        self.query_one(f"#dial-{self.first_dial}").focus(scroll_visible=False)
        self.charts.starting("", 0.0)
        self.charts.ghosts = self.model.ghosts
        self._look_again()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self._alarm.cancel()

    @property
    def settled(self) -> bool:
        """Whether everything shows the newest frame."""
        return self.model.frame is not None and self._beat.settled and not self._moved

    # ---- from the worker to the screen

    def _look_again(self) -> None:
        """Look when there may be something to show; a timer of Textual's could do so only at every tick."""
        wait = self._beat.wait(self.model.crowded)
        self._alarm = asyncio.get_running_loop().call_later(wait, self._look)

    def _look(self) -> None:
        try:
            with at_once(self):
                self.tick()
        except Exception as error:
            self.call_later(self._fail, error)
            return
        self._look_again()

    def _fail(self, error: Exception) -> None:
        """In a message, where Textual ends the app as it should."""
        raise error

    def tick(self) -> None:
        """Show the newest frame if there is one; until the first step the time that passes."""
        if self.model.poll() is not None:
            self._beat.news()
            self.note_lane()
        frame = self.model.frame
        if frame is not None:
            part = self._beat.next(self.model.crowded)
            if part:
                (self.show_charts if part == CHARTS else self.show_figures)(frame)
        if frame is not None:
            self.look_inside(frame)
        if frame is not None and frame.error and frame.step == 0:
            self.charts.failed()
        elif frame is None or (frame.step == 0 and frame.message):
            self.charts.starting(frame.message if frame is not None else "", time.monotonic() - self._since)
        self.lead()

    def show_again(self) -> None:
        """Another lane has the dials: show it at once, and ask anew what is asked of a network."""
        self._beat.news()
        for asking in (self.maps, self.looks, self.health):
            asking.forget()

    def show_figures(self, frame: Frame) -> None:
        """Bring header, cards, dials and messages up to `frame`."""
        self.show_settings()
        self.header.show(frame)
        self.metrics.show(frame)
        self.lane_strip.show(frame.lanes)
        self.dials.show(self.model)
        self._announce(frame)

    def show_charts(self, frame: Frame) -> None:
        """Bring the charts, and the panels beside them, up to `frame`."""
        self.charts.show(frame, self.model.turns)
        self.show_panels(frame)

    def _announce(self, frame: Frame) -> None:
        """Say what there is to say."""
        self.banner.show(bad_news(frame))
        told = None if frame.message and frame.step else self.told  # why it could not be is more than what was asked
        self.status.say(*(told or news(frame, self.model.turns)))

    @on(ViewMoved)
    def _view_moved(self) -> None:
        """Draw the charts anew, once for all moves that have come so far: a mouse reports more than can be painted."""
        if not self._moved:
            self._moved = True
            self.call_later(self._show_moved)

    def _show_moved(self) -> None:
        self._moved = False
        self.charts.redraw()

    # ---- dials

    def set_dial(self, name: str, value: Any) -> str | None:
        """Turn a dial to `value`; gives the reason if that cannot be."""
        return self._did(lambda: self.model.set(name, value))

    def _did(self, turn: Any) -> str | None:
        try:
            done = turn()
        except ValueError as error:
            self.status.say(str(error), "$error")
            return str(error)
        if done is not None:
            self.did("turn")
            self.dials.show(self.model)
            self.tell(done.line)
        return None

    def on_descendant_focus(self) -> None:
        """Tell about the dial that the cursor came to."""
        row = self.dials.focused
        if row is not None:
            self.card.show(row.dial, self.lab.language)

    @on(DialTurned)
    def _turned(self, event: DialTurned) -> None:
        self._did(lambda: self.model.turn(event.name, event.direction))

    @on(DialRestored)
    def _restored(self, event: DialRestored) -> None:
        self.set_dial(event.name, self.model.start_value(event.name))

    @on(DialTyped)
    def _typed(self, event: DialTyped) -> None:
        from tuilab.tui.screens.small import PickScreen, ValueScreen

        dial, value = BY_NAME[event.name], self.model.value(event.name)
        if dial.cyclic and isinstance(dial.values[0], bool):
            self._did(lambda: self.model.turn(event.name, 1))
            return
        screen = PickScreen if dial.cyclic else ValueScreen
        self.app.push_screen(screen(dial, value, lambda v: self.set_dial(dial.name, v)))

    def action_quick(self, name: str, direction: int) -> None:
        """Turn a dial from anywhere."""
        self._did(lambda: self.model.turn(name, direction))

    # ---- training

    def action_run(self) -> None:
        """Run or pause."""
        self.model.toggle()

    def action_advance(self, steps: int) -> None:
        """So many steps, then pause."""
        self.model.advance(steps)

    def action_speed(self, direction: int) -> None:
        """The next slower or faster speed."""
        self.model.next_speed(direction)
        self.show_settings()

    @work
    async def action_reset(self) -> None:
        """Begin anew; asks first if turns would be lost. After a failure that is a new run: its worker has ended."""
        if self.model.frame is not None and self.model.frame.error:
            self.lab.open(self.model.preset)
            return
        if self.model.unsaved or self.model.lanes:
            from tuilab.tui.screens.small import ConfirmScreen

            count = len(self.model.turns)
            text = f"{count} turn{'s' if count > 1 else ''} of this run in no preset yet (s saves them). Start anew?"
            if self.model.lanes:
                text = f"All {len(self.model.lanes)} lanes are closed (s saves the one with the dials). Start anew?"
            if not await self.app.push_screen_wait(ConfirmScreen("Reset", text)):
                return
        self.model.reset()

    def action_rewind(self) -> None:
        """Back to the last good step of a run that diverged."""
        if self.model.frame is not None and self.model.frame.status == "diverged":
            self.model.rewind()

    # ---- the lab

    def action_theme(self) -> None:
        """Dark or light."""
        self.app.theme = "tuilab-light" if self.app.current_theme.dark else "tuilab-dark"

    def action_help(self) -> None:
        """All keys."""
        from tuilab.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    @work
    async def action_save(self) -> None:
        """Save the run as a preset."""
        from tuilab.tui.saving import suggested_path
        from tuilab.tui.screens.save import SaveScreen

        count = len(self.model.turns)
        about = f"The preset's dials, its seed, and {count} turn{'' if count == 1 else 's'} at their steps."
        path = await self.app.push_screen_wait(
            SaveScreen(suggested_path(self.model.lane_preset), about, lambda path, again: self.model.save(path, again))
        )
        if path is not None:
            self.notify(f"saved as {path}; tuilab replay {path} --check replays it", title="Saved")

    def action_picture(self) -> None:
        """Save the screen as a picture."""
        from tuilab.tui.picture import save_picture

        try:
            self.notify(f"saved as {save_picture(self.app, Path('.'))}", title="Picture")
        except OSError as error:
            self.notify(str(error), title="Picture", severity="error")
