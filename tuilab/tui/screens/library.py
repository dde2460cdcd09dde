"""What the lab screen opens beside the run: presets, earlier runs, lesson cards."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import work

from tuilab.lab.settings import LANGUAGES, keep
from tuilab.tui.dials import DIALS
from tuilab.tui.screens.parts import Parts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuilab.lab.preset import Preset
    from tuilab.lab.worker import Worker
    from tuilab.tui.app import LabApp
    from tuilab.tui.ghosts import Ghost


class Library(Parts):
    """The part of the lab screen that opens presets and runs."""

    if TYPE_CHECKING:  # the lab screen's own

        def action_quick(self, name: str, direction: int) -> None: ...

    @property
    def lab(self) -> LabApp:
        """The app, as what it is."""
        return cast("LabApp", self.app)

    @work
    async def action_presets(self) -> None:
        """Open another preset."""
        from tuilab.tui.screens.presets import PresetsScreen

        preset = await self.app.push_screen_wait(PresetsScreen(self.model.preset.name))
        if preset is not None:
            self.lab.open(preset)

    @work
    async def action_runs(self) -> None:
        """Look at earlier runs, draw them behind this one, open one or go on with it."""
        from tuilab.lab.preset import load_preset
        from tuilab.lab.run_folder import RUNS
        from tuilab.tui.screens.runs import RunsScreen

        wish = await self.app.push_screen_wait(RunsScreen(RUNS, self.model.ghosts, self.haunt))
        if wish is None:
            return
        what, path = wish
        try:
            preset = load_preset(path)
        except ValueError as error:
            self.notify(str(error), title="Runs", severity="error")
            return
        self.lab.open(preset, going_on(path) if what == "resume" else None)

    def haunt(self, ghosts: Sequence[Ghost]) -> None:
        """Draw these runs behind the present one."""
        self.model.ghosts = ghosts
        self.charts.haunt(ghosts)

    def action_explain(self) -> None:
        """The lesson card of the dial under the cursor, or of the one it was on last."""
        from tuilab.tui.screens.lesson import LessonScreen

        row = self.dials.focused
        name = row.dial.name if row is not None else DIALS[0].name
        self.app.push_screen(
            LessonScreen(name, self.model.value, self.action_quick, lambda: self.lab.language, self.action_language)
        )

    def action_language(self) -> None:
        """The lesson cards in the other language, from now on and at the next start."""
        at = LANGUAGES.index(self.lab.language)
        self.lab.language = LANGUAGES[(at + 1) % len(LANGUAGES)]
        row = self.dials.focused
        if row is not None:
            self.card.show(row.dial, self.lab.language)
        self._keep("language", self.lab.language)

    @work(group="settings")
    async def _keep(self, name: str, value: str | bool) -> None:
        """Write a setting; the lab goes on if that cannot be."""
        try:
            await asyncio.to_thread(keep, name, value)
        except (OSError, ValueError) as error:
            self.notify(f"not kept for the next start: {error}", severity="warning")


def going_on(path: Path) -> Callable[[Preset], Worker]:
    """Makes the worker that goes on with the run in `path`."""

    def make_worker(_: Preset) -> Worker:
        from tuilab.lab.resume import reopened
        from tuilab.lab.worker import Worker

        return Worker(reopened(path))

    return make_worker
