"""What the keys do to lanes and to time: fork, choose, drop, promote; keep a moment, go back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import on, work

from tuilab.tui.figures import grouped
from tuilab.tui.keys import shown
from tuilab.tui.messages import LaneChosen
from tuilab.tui.screens.chart_actions import ChartActions
from tuilab.tui.turns import Turn, turns

if TYPE_CHECKING:
    from tuilab.lab.trail import Place

SECONDS = 4.0  # for which the status line keeps what one of these keys did


class LaneActions(ChartActions):
    """The part of the lab screen about several runs, and about going back in one."""

    _told: tuple[str, str] = ("", "")
    _told_until = 0.0
    _noted = ""

    if TYPE_CHECKING:

        def show_again(self) -> None:
            """Show another lane at once."""

        def did(self, step: str) -> None:
            """Note a first step."""

    def note_lane(self) -> None:
        """There is a new frame: if it is of another lane, all that was asked of the network is asked anew."""
        name = self.model.lane.name if self.model.lane is not None else ""
        if name != self._noted:
            self._noted = name
            self.show_again()

    def tell(self, text: str, style: str = "$accent") -> None:
        """Say what was done, for a while."""
        self._told, self._told_until = (text, style), time.monotonic() + SECONDS
        self.status.say(text, style)

    @property
    def told(self) -> tuple[str, str] | None:
        """What was said a moment ago."""
        return self._told if time.monotonic() < self._told_until else None

    def _try(self, request: Callable[[], str], step: str = "") -> None:
        """Do it and tell what it says, or why it cannot be; done, it may be one of the first steps."""
        try:
            self.tell(request())
        except ValueError as error:
            self.tell(str(error), "$error")
            return
        if step:
            self.did(step)

    # ---- lanes

    def action_fork(self) -> None:
        """A new lane, from the same weights."""
        self.fork_with()

    def fork_with(self, name: str | None = None, value: object = None) -> None:
        """A new lane in which a dial, if one is named, stands otherwise."""

        def fork() -> str:
            self.model.fork(name=name, value=value)
            where = f"a new lane from step {grouped(self.model.step)}"
            return f"{where}, same weights, same batches" + ("; now turn a dial of it" if name is None else "")

        self._try(fork, "fork")

    def action_lane(self, name: str) -> None:
        """The dials act on this lane."""

        def choose() -> str:
            self.model.select(name)
            self.note_lane()
            return f"the dials act on {name} now"

        self._try(choose)

    @on(LaneChosen)
    def _lane_clicked(self, event: LaneChosen) -> None:
        self.action_lane(event.name)

    def action_drop_lane(self) -> None:
        """Close the lane with the dials."""

        def drop() -> str:
            return f"{self.model.drop().name} is closed; what it was is in its run folder"

        self._try(drop)

    def action_promote(self) -> None:
        """The lane with the dials becomes the main one."""

        def promote() -> str:
            return f"{self.model.promote().name} is the main lane; the others are compared with it"

        self._try(promote)

    # ---- time

    def action_bookmark(self) -> None:
        """Keep this moment."""

        def keep() -> str:
            self.model.bookmark()
            return f"step {grouped(self.model.step)} is kept; {shown('moments')} goes back to it or names it"

        self._try(keep)

    def action_back(self) -> None:
        """To the moment before."""

        def back() -> str:
            return f"back at step {grouped(self.model.back().step)}; turn dials and go on, or {shown('back')} again"

        self._try(back, "back")

    def action_seek(self) -> None:
        """To a step that is typed."""
        from tuilab.tui.screens.seek import SeekScreen

        def go(text: str) -> str | None:
            before = self.model.step
            try:
                step = self.model.seek(text)
            except ValueError as error:
                return str(error)
            self.tell(f"to step {grouped(step)}, as fast as it goes")
            if step < before:
                self.did("back")
            return None

        total = self.model.frame.total_steps if self.model.frame is not None else 0
        self.app.push_screen(SeekScreen(self.model.step, total, go))

    def action_take_over(self) -> None:
        """Drop what is planned."""

        def take_over() -> str:
            count = self.model.take_over()
            return f"from here on it is yours: {count} planned turn{'' if count == 1 else 's'} dropped"

        self._try(take_over)

    @work
    async def action_moments(self) -> None:
        """All moments kept."""
        from tuilab.tui.screens.moments import MomentsScreen

        model = self.model
        if not model.places:
            self.tell(f"no moment is kept yet; the first is when the run begins: {shown('run')} begins it", "$error")
            return

        def turned(place: Place) -> list[Turn]:
            return turns(place.events, model.preset.recipe, model.preset.batch_size)

        wish = await self.app.push_screen_wait(
            MomentsScreen(model.places, turned, rename=model.rename, forget=model.forget)
        )
        steps = {place.key: place.step for place in model.places}
        if wish is None:
            return
        what, key = wish
        where = f"step {grouped(steps[key])}" if key in steps else "then"

        def do() -> str:
            if what == "fork":
                model.fork(key)
                return f"a new lane from {where}; the others wait for it"
            model.go_back(key)
            return f"back at {where}; turn dials and go on"

        self._try(do, what)
