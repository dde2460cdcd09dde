"""The command palette: every command, and every dial with each of its values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider

from tuilab.tui.dials import BY_NAME, DIALS
from tuilab.tui.figures import exact
from tuilab.tui.keys import active
from tuilab.tui.windows import Closing

if TYPE_CHECKING:
    from tuilab.tui.screens.lab import LabScreen


class LabCommands(Provider):
    """Commands of the lab screen. A query such as `dropout 0.35` sets a dial to a value that is not on its way."""

    @property
    def _lab(self) -> LabScreen:
        return cast("LabScreen", self.screen)

    def _commands(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        for key in active():
            if key.id != "palette":
                yield key.about, f"key {key.shown}", partial(self._lab.run_action, key.action)

    def _dials(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        for dial in DIALS:
            for value in dial.values:
                yield f"{dial.name} {exact(value)}", dial.about, partial(self._lab.set_dial, dial.name, value)

    def _forks(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        for dial in DIALS:
            for value in dial.values:
                run = partial(self._lab.fork_with, dial.name, value)
                yield f"new lane with {dial.name} {exact(value)}", "the same network, beside this one", run

    def _themes(self) -> Iterator[tuple[str, str, Callable[[], object]]]:
        for name in self.app.available_themes:
            yield f"theme {name}", "colours of the lab", partial(setattr, self.app, "theme", name)

    async def discover(self) -> Hits:
        """Before anything is typed: the commands."""
        for text, help_text, run in self._commands():
            yield DiscoveryHit(text, run, help=help_text)

    async def search(self, query: str) -> Hits:
        """Commands and dial values that match, and the value typed if it names a dial."""
        matcher = self.matcher(query)
        typed = self._typed(query)
        if typed is not None:
            yield typed
        for text, help_text, run in (*self._commands(), *self._dials(), *self._forks(), *self._themes()):
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, matcher.highlight(text), run, help=help_text)

    def _typed(self, query: str) -> Hit | None:
        name, _, text = query.strip().replace("=", " ").partition(" ")
        dial = BY_NAME.get(name)
        if dial is None or not text.strip():
            return None
        try:
            value = dial.parse(text)
        except ValueError:
            return None
        if value in dial.values:
            return None
        return Hit(1.0, f"{name} {exact(value)}", partial(self._lab.set_dial, name, value), help="exactly this value")


class Palette(CommandPalette, Closing[None]):
    """The palette, which can be closed at any moment: a search that finds it gone does not take the lab with it."""

    def run_worker(self, *args: Any, **options: Any) -> Any:
        """The same, but what fails in it is no end of the app."""
        return super().run_worker(*args, **{**options, "exit_on_error": False})
