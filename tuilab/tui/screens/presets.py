"""The preset browser: the list on the left, what the one under the cursor is about on the right."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from tuilab.tui.saving import known_presets
from tuilab.tui.widgets.run_curves import RunCurves
from tuilab.tui.windows import Window

if TYPE_CHECKING:
    from tuilab.lab.preset import Preset
    from tuilab.lab.runs import RunEntry

_NONE = "nothing named {!r}\n\nfewer letters find more; an empty field shows all presets"


class PresetsScreen(Window["Preset | None"]):
    """Gives the preset that was chosen, or None."""

    AUTO_FOCUS = "#list"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back"),
        Binding("slash", "search", "Search", show=False),
        Binding("q,p", "dismiss(None)", show=False),
        Binding("j", "move('down')", show=False),
        Binding("k", "move('up')", show=False),
        Binding("down", "into", show=False),
    ]

    def __init__(self, current: str):
        super().__init__()
        self._current = current
        self._known = known_presets()
        self._preset: Preset | None = None
        self._runs: list[RunEntry] = []
        self._shown = RunCurves(id="curves")

    def compose(self) -> ComposeResult:
        with Vertical(classes="window presets") as window:
            window.border_title = "Presets"
            yield Input(placeholder="/ to search", id="search")
            with Horizontal():
                yield OptionList(id="list")
                with Vertical(id="one"):
                    with VerticalScroll(id="preview", can_focus=False):
                        yield Static("", id="about")
                    yield self._shown
            hint = "[$accent bold]enter[/] open   [$accent bold]/[/] search   [$accent bold]esc[/] back"
            yield Static(hint, classes="hint")

    def on_mount(self) -> None:
        """Show them all, the cursor on the one that is open."""
        self._shown.display = False
        self._fill("")
        self._read()

    @work
    async def _read(self) -> None:
        """The runs there are, for their curves."""
        from tuilab.lab.run_folder import RUNS
        from tuilab.lab.runs import entries

        self._runs = await asyncio.to_thread(entries, RUNS)
        self._curves()

    @work(exclusive=True, group="curves")
    async def _curves(self) -> None:
        """The curves of the run that the preset under the cursor was saved from, or of its last one."""
        from tuilab.lab.runs import curves, run_of

        shown, preset = self._shown, self._preset
        run = run_of(preset, self._runs) if preset is not None and self._runs else None
        shown.display = run is not None
        if run is not None:
            shown.tell("reading its last run…")
            shown.show_run(await asyncio.to_thread(curves, run))
            shown.title = f"Loss of {run.short}"

    @on(Input.Changed, "#search")
    def _fill_again(self, event: Input.Changed) -> None:
        self._fill(event.value)

    @on(Input.Submitted, "#search")
    def _found(self, event: Input.Submitted) -> None:
        self.query_one("#list").focus()

    def _fill(self, wanted: str) -> None:
        words = wanted.lower().split()
        chosen = [(ref, source) for ref, source in self._known if all(w in ref.lower() for w in words)]
        options = self.query_one("#list", OptionList)
        options.clear_options()
        options.add_options(
            Option(Content.assemble(ref.removesuffix(".toml"), ("  yours" * (source == "here"), "$accent")), id=ref)
            for ref, source in chosen
        )
        refs = [ref for ref, _ in chosen]
        options.highlighted = refs.index(self._current) if self._current in refs else 0 if refs else None
        if not refs:
            self._preset = None
            self.query_one("#about", Static).update(_NONE.format(wanted))
            self._curves()

    @on(OptionList.OptionHighlighted)
    def _show(self, event: OptionList.OptionHighlighted) -> None:
        from tuilab.lab.errors import LabError
        from tuilab.lab.preset import load_preset

        about = self.query_one("#about", Static)
        try:
            self._preset = load_preset(event.option.id or "")
        except LabError as error:
            self._preset = None
            about.update(Content.assemble((str(error), "$error")))
            return
        about.update(preview(self._preset))
        self._curves()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if self._preset is not None:
            self.dismiss(self._preset)

    def action_search(self) -> None:
        """To the search field."""
        self.query_one("#search").focus()

    def action_leave(self) -> None:
        """From the search field to the list, from the list back to the lab."""
        if self.query_one("#search").has_focus:
            self.query_one("#list").focus()
        else:
            self.dismiss(None)

    def action_into(self) -> None:
        """From the search field down to the list."""
        self.query_one("#list").focus()

    def action_move(self, way: str) -> None:
        """Up or down the list."""
        options = self.query_one(OptionList)
        options.action_cursor_down() if way == "down" else options.action_cursor_up()


def preview(preset: Preset) -> Content:
    """What a preset is about, in a few lines."""
    from tuilab.lab.preset import summary

    facts = {"data": preset.dataset, **summary(preset), "batch": str(preset.batch_size), "seed": str(preset.seed)}
    turned = len(preset.timeline)
    if turned:
        facts["timeline"] = f"{turned} turn{'s' if turned > 1 else ''}"
    parts: list[tuple[str, str]] = [(f"{preset.title or preset.name}\n", "$primary bold")]
    if preset.description:
        parts.append((f"{preset.description}\n", "$foreground"))
    parts += [("\n", "")]
    for name, value in facts.items():
        parts += [(f"{name:<10}", "$foreground 55%"), (f"{value}\n", "$foreground")]
    return Content.assemble(*parts)
