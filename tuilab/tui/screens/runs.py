"""The run browser: every run of the folder, its curves, and what can be done with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tuilab.lab.runs import RunEntry, curves, entries, entry, write_about
from tuilab.tui.ghosts import MOST, Ghost
from tuilab.tui.runrows import facts, head, row
from tuilab.tui.widgets.run_curves import RunCurves
from tuilab.tui.windows import Window

if TYPE_CHECKING:
    from tuilab.lab.history import Curves

#: What a person wants (`open`, `resume`) of which run.
Wish = tuple[str, Path]

_HINTS = (
    ("enter", "open"), ("space", "overlay"), ("c", "go on"), ("/", "search"), ("r", "name"), ("n", "note"),
    ("x", "export"), ("esc", "back"),
)  # fmt: skip
_EMPTY = "no runs here yet\n\na run is saved into {}/ with its first step\nesc, and then space, makes one"
_NONE = "nothing like {!r}\n\nfewer letters find more\nan empty field shows all runs"
_SETTLE = 0.06  # seconds the cursor rests on a run before its curves are read


class RunsScreen(Window[Wish | None]):
    """Pick a run to open or to go on with. Overlaying, naming, noting and exporting act at once."""

    AUTO_FOCUS = "#list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("q,C", "dismiss(None)", show=False),
        Binding("slash", "search", "Search", show=False),
        Binding("down", "into", show=False),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
        Binding("c", "resume", "Go on"),
        Binding("space", "overlay", "Overlay"),
        Binding("r", "edit('name')", "Name"),
        Binding("n", "edit('note')", "Note"),
        Binding("x", "export", "Export"),
    ]
    CSS = """
    RunsScreen .runs { width: 156; height: 44; max-width: 98%; max-height: 96%; }
    RunsScreen #search { border: none; height: 1; padding: 0 1; margin: 0 0 1 0; }
    RunsScreen #search:focus { border: none; background: $primary 15%; }
    RunsScreen #shelf { height: 1fr; layout: vertical; }
    RunsScreen #rows { width: 1fr; height: 1fr; }
    RunsScreen #head { height: 1; padding: 0 1; }
    RunsScreen #list { width: 1fr; height: 1fr; max-height: 100%; }
    RunsScreen #one { width: 1fr; height: 9; margin: 1 0 0 0; }
    RunsScreen #curves { height: 1fr; }
    RunsScreen #facts { display: none; height: auto; max-height: 50%; margin: 1 0 0 0; }
    RunsScreen #about { height: auto; }
    RunsScreen .window .hint { height: auto; }
    RunsScreen #list > .option-list--option-highlighted { background: $primary 28%; }
    RunsScreen #text { margin: 1 0 0 0; display: none; }
    RunsScreen.-short .runs { padding: 0 1; }
    RunsScreen.-short #search, RunsScreen.-short .window .hint { margin: 0; }
    RunsScreen.-short #one { margin: 0; height: 8; }
    RunsScreen.-tall #facts, RunsScreen.-high #facts { display: block; }
    RunsScreen.-tall #one, RunsScreen.-high #one { height: 15; }
    RunsScreen.-wide #shelf, RunsScreen.-broad #shelf { layout: horizontal; }
    RunsScreen.-wide #one, RunsScreen.-broad #one { width: 50; height: 1fr; margin: 0 0 0 2; }
    RunsScreen.-wide #facts, RunsScreen.-broad #facts { display: block; }
    """

    def __init__(self, folder: Path, ghosts: Sequence[Ghost], haunt: Callable[[Sequence[Ghost]], None]):
        super().__init__()
        self._folder, self._haunt = folder, haunt
        self._ghosts = list(ghosts)
        self._runs: list[RunEntry] = []
        self._curves: dict[Path, Curves] = {}
        self._wanted = ""
        self._editing = ""
        self.read = False
        self._shown = RunCurves(id="curves")

    def compose(self) -> ComposeResult:
        with Vertical(classes="window runs") as window:
            window.border_title = "Runs"
            yield Input(placeholder="/ to search", id="search")
            with Horizontal(id="shelf"):
                with Vertical(id="rows"):
                    yield Static("", id="head")
                    yield OptionList(id="list")
                with Vertical(id="one"):
                    yield self._shown
                    with VerticalScroll(id="facts", can_focus=False):
                        yield Static("", id="about")
            yield Input(id="text")
            pairs = (((key, "$accent bold"), (f" {word}  ", "$foreground 65%")) for key, word in _HINTS)
            yield Static(Content.assemble(*chain(*pairs)), classes="hint")

    def on_mount(self) -> None:
        """Read the folder on a thread."""
        self._shown.tell("reading the runs…")
        self._read()

    @property
    def _list(self) -> OptionList:
        return self.query_one("#list", OptionList)

    @property
    def _run(self) -> RunEntry | None:
        """The run under the cursor."""
        at = self._list.highlighted
        if at is None:
            return None
        chosen = self._list.get_option_at_index(at).id
        return next((run for run in self._runs if run.path.name == chosen), None)

    @work
    async def _read(self) -> None:
        self._runs = await asyncio.to_thread(entries, self._folder)
        self.read = True
        self._fill()

    def on_resize(self) -> None:
        """Other columns fit."""
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        """The rows anew, the cursor on the same run."""
        if not self.read:
            return
        before, now = self._run, time.time()
        width = max(self._list.size.width - 2 - (self._list.size.height < len(self._runs)) * 2, 20)
        signs = {ghost.path: ghost.sign for ghost in self._ghosts}
        words = self._wanted.lower().split()
        chosen = [run for run in self._runs if all(word in run.words for word in words)]
        self.query_one("#head", Static).update(head(width))
        self._list.clear_options()
        rows = (Option(row(run, width, signs.get(run.path, ""), now), id=run.path.name) for run in chosen)
        self._list.add_options(rows)
        names = [run.path.name for run in chosen]
        at = names.index(before.path.name) if before is not None and before.path.name in names else 0
        self._list.highlighted = at if names else None
        if not names:
            why = _NONE.format(self._wanted) if self._runs else _EMPTY.format(self._folder)
            self._shown.tell(why)
            self.query_one("#about", Static).update("")

    @on(OptionList.OptionHighlighted)
    def _look(self) -> None:
        run = self._run
        if run is not None:
            self.query_one("#about", Static).update(facts(run))
            self._preview(run)

    @work(exclusive=True, group="curves")
    async def _preview(self, run: RunEntry) -> None:
        if run.problem:
            self._shown.tell("this run cannot be read\n\nchoose another")
            return
        if run.path not in self._curves:
            await asyncio.sleep(_SETTLE)
            self._shown.tell("reading its curves…")
        found = await self._read_curves(run)
        if self._run is run:
            self._shown.show_run(found)

    async def _read_curves(self, run: RunEntry) -> Curves:
        if run.path not in self._curves:
            self._curves[run.path] = await asyncio.to_thread(curves, run)
        return self._curves[run.path]

    # ---- search

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        self._wanted = event.value
        self._fill()

    @on(Input.Submitted, "#search")
    def _found(self) -> None:
        self._list.focus()

    def action_search(self) -> None:
        """To the search field."""
        self.query_one("#search").focus()

    def action_into(self) -> None:
        """From a field to the list."""
        self._list.focus()

    def action_move(self, way: str) -> None:
        """Up or down the list."""
        self._list.action_cursor_down() if way == "down" else self._list.action_cursor_up()

    def action_leave(self) -> None:
        """From a field to the list, from the list back to the lab."""
        if self._list.has_focus:
            self.dismiss(None)
        self._close_field()

    # ---- what can be done with a run

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        run = self._run
        if run is not None and not run.problem:
            self.dismiss(("open", run.path))

    def action_resume(self) -> None:
        """Go on with a run that was left before its end."""
        run = self._run
        if run is None:
            return
        if run.status == "stopped":
            self.dismiss(("resume", run.path))
        else:
            why = {"running": "it is on its way in a process", "damaged": "it cannot be read"}
            self._say(f"{run.name}: {why.get(run.status, 'it has ended; enter opens it anew')}", error=True)

    @work
    async def action_overlay(self) -> None:
        """Draw the run behind the present one, or no longer."""
        run = self._run
        if run is None:
            return
        if run.problem:
            self._say(f"{run.name}: it cannot be read, so there is nothing to overlay; choose another", error=True)
            return
        kept = [ghost for ghost in self._ghosts if ghost.path != run.path]
        if len(kept) == len(self._ghosts):
            free = [k for k in range(MOST) if all(ghost.number != k for ghost in kept)]
            if not free:
                self._say(f"{MOST} runs are overlaid already: space takes one of them away", error=True)
                return
            kept.append(Ghost(free[0], run.path, run.short, await self._read_curves(run)))
        self._ghosts = kept
        self._haunt(tuple(kept))
        self._fill()

    @work
    async def action_export(self) -> None:
        """Write the run in another format."""
        from tuilab.lab.export import FORMATS, export
        from tuilab.tui.screens.choice import ChoiceScreen

        run = self._run
        if run is None or run.problem:
            return
        kind = await self.app.push_screen_wait(ChoiceScreen("Export as", tuple(FORMATS)))
        if kind is not None:
            try:
                self._say(f"written: {await asyncio.to_thread(export, run.path, kind)}")
            except (ValueError, OSError, ImportError) as error:
                self._say(str(error), error=True)

    def action_edit(self, what: str) -> None:
        """Type a name or a note for the run under the cursor."""
        run = self._run
        if run is None or run.problem:
            return
        self._editing = what
        field = self.query_one("#text", Input)
        field.display = True
        field.border_title = f"{what} of {run.path.name}"
        field.value = run.note.replace("\n", " ") if what == "note" else run.name
        field.focus()

    @on(Input.Submitted, "#text")
    def _edited(self, event: Input.Submitted) -> None:
        run = self._run
        if run is None:
            return
        text = event.value.strip()
        own = run.name if run.name != run.path.name else ""
        name, note = (text, run.note) if self._editing == "name" else (own, text)
        try:
            write_about(run.path, "" if name == run.path.name else name, note)
        except ValueError as error:
            self._say(str(error), error=True)
            return
        self._runs = [entry(one.path) if one is run else one for one in self._runs]
        self._close_field()
        self._fill()

    def _close_field(self) -> None:
        self.query_one("#text").display = False
        self._list.focus()

    def _say(self, text: str, error: bool = False) -> None:
        self.notify(text, title="Runs", severity="error" if error else "information")
