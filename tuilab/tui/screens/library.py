"""What the lab screen opens beside the run: presets, earlier runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from textual import work
from textual.screen import Screen

from tuilab.tui.labmodel import LabModel
from tuilab.tui.widgets.charts import ChartStack

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tuilab.lab.preset import Preset
    from tuilab.lab.worker import Worker
    from tuilab.tui.app import LabApp
    from tuilab.tui.ghosts import Ghost


class Library(Screen[None]):
    """The part of the lab screen that opens presets and runs."""

    model: LabModel

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
        self.query_one(ChartStack).haunt(ghosts)


def going_on(path: Path) -> Callable[[Preset], Worker]:
    """Makes the worker that goes on with the run in `path`."""

    def make_worker(_: Preset) -> Worker:
        from tuilab.lab.resume import reopened
        from tuilab.lab.worker import Worker

        return Worker(reopened(path))

    return make_worker
