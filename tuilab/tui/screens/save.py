"""Save the run as a preset: one file that holds the dials it began with and everything turned since."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Label, Static

from tuilab.tui.windows import Window


class SaveScreen(Window[Path | None]):
    """Asks for a file. `save(path, overwrite)` writes it; it raises FileExistsError, or ValueError with one line."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, suggested: Path, about: str, save: Callable[[Path, bool], Path]):
        super().__init__()
        self._suggested, self._about, self._save = suggested, about, save
        self._confirmed: str | None = None  # the name of an existing file that may be replaced

    def compose(self) -> ComposeResult:
        with Vertical(classes="window") as window:
            window.border_title = "Save as a preset"
            yield Label(self._about, classes="about", markup=False)
            yield Input(str(self._suggested), id="path", select_on_focus=False)
            yield Static("", id="problem", markup=False)
            yield Static("[$accent bold]enter[/] save   [$accent bold]esc[/] cancel", classes="hint")

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#problem", Static).update("")

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        if not text:
            self._complain("a file name is needed, such as mine.toml")
            return
        try:
            self.dismiss(self._save(Path(text).expanduser(), self._confirmed == text))
        except FileExistsError:
            self._confirmed = text
            self._complain("this file exists · enter again to replace it, or change the name")
        except ValueError as error:
            self._complain(str(error))

    def _complain(self, text: str) -> None:
        self.query_one("#problem", Static).update(text)
