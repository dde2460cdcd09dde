"""The lab's first picture: its title and its dials, at their places, before Textual is loaded.

To load Textual and lay out the lab takes longer than all that a person sees of it at first. Nothing here imports it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from itertools import groupby
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.cells import cell_len, set_cell_size

from tuilab.tui.ansi import Ink
from tuilab.tui.dials import DIALS, Dial, current, first_dial
from tuilab.tui.dialtext import Stand, dial_text
from tuilab.tui.headline import Progress, headline, network
from tuilab.tui.layout import TALL, WIDE, Place, place
from tuilab.tui.palette import PALETTES

if TYPE_CHECKING:
    from tuilab.lab.preset import Preset
    from tuilab.lab.settings import Settings

_OTHER_SCREEN, _FIRST_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[0m\x1b[?1049l\x1b[?25h"
_FOCUS = "$primary 22% $surface"

#: A stretch of a line: text, style, background.
Piece = tuple[str, str, str]


def picture(preset: Preset, settings: Settings, size: tuple[int, int], ink: Ink) -> str:
    """What is written to a terminal of `size` (columns, rows)."""
    (width, height), where = size, place(*size)
    title = headline(width, preset.title or preset.name, network(preset.widths), Progress())
    lines: list[list[Piece]] = [[(text, style, "$panel") for text, style in title]]
    lines += [[(" " * width, "", background)] for background in _grounds(height)]
    gap = 1 if width >= WIDE else 0
    beside: list[Piece] = [(" " * gap, "", "$background"), (" " * (width - where.columns - gap), "", "$surface")]
    dials = _dials(preset, settings, where, ink.palette is None)
    for y in range(where.body, height - where.below):
        row = dials[y - where.top] if 0 <= y - where.top < len(dials) else [(" " * where.columns, "", "$surface")]
        lines[y] = [*row, *beside]
    return "".join(f"\x1b[{y};1H{_line(line, width, ink)}" for y, line in enumerate(lines, 1)) + "\x1b[0m"


def _line(line: list[Piece], width: int, ink: Ink) -> str:
    """One line, cut at `width` cells."""
    written = ""
    for text, style, background in line:
        text = text if cell_len(text) <= width else set_cell_size(text, width)
        width -= cell_len(text)
        written += ink.codes(style, background) + text if text else ""
    return written


def _grounds(height: int) -> list[str]:
    """The background of each row below the title."""
    if height < TALL:
        return ["$surface"] * (height - 2) + ["$panel"]
    return ["$background"] * (height - 3) + ["$surface", "$panel"]


def _dials(preset: Preset, settings: Settings, at: Place, plain: bool) -> list[list[Piece]]:
    """The rows of the panel, as many as there is room for; those that do not fit leave a column to the scroll bar."""
    rows: list[str | Dial] = []
    for number, (group, dials) in enumerate(groupby(DIALS, key=lambda dial: dial.group)):
        rows += [group, *dials] if number or at.titled else dials
    width = at.columns - (len(rows) > at.rows)
    first = first_dial(led=settings.hints)
    return [_row(row, preset, settings, width, first, plain) for row in rows[: at.rows]]


def _row(row: str | Dial, preset: Preset, settings: Settings, width: int, first: str, plain: bool) -> list[Piece]:
    if isinstance(row, str):
        return [(f" {row}".ljust(width), "$primary bold", "$surface")]
    stand = Stand(current(row.name, preset.recipe, preset.batch_size), active=row.effect(preset.recipe))
    focused = row.name == first
    key = "" if row.name in settings.keys else row.key
    texts = dial_text(row, stand, width, key=key, focused=focused, plain=plain)
    reverse, background = (" reverse", "$surface") if focused and plain else ("", _FOCUS if focused else "$surface")
    texts = [*texts, (" " * (width - sum(len(text) for text, _ in texts)), "")]
    return [(text, style + reverse, background) for text, style in texts]


class Splash:
    """The picture on this terminal while the block runs, until `hand_over`; left in time, the terminal is as before.

    Raises SettingsError (one line) on entering if the person's settings cannot be read.
    """

    def __init__(self, preset: Preset):
        self._preset = preset
        self._shown = ""
        self._modes: Any = None
        self._on_term: Any = None

    def __enter__(self) -> Self:
        from tuilab.lab.settings import load

        settings = load()
        if _can_be_shown():
            ink = Ink.here(PALETTES.get(settings.theme))
            size = shutil.get_terminal_size()
            self._shown = picture(self._preset, settings, (max(size.columns, 1), max(size.lines, 4)), ink)
            with contextlib.suppress(ValueError):  # not in the main thread: somebody else minds the signals
                self._on_term = signal.signal(signal.SIGTERM, signal.default_int_handler)
            self._hush()
            _write(_OTHER_SCREEN + self._shown)
        return self

    def hand_over(self) -> str:
        """From here on the terminal is another's; what is shown, to be written again: some clear it on the way."""
        self._unhush()
        shown, self._shown = self._shown, ""
        return shown

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._shown:
            self.hand_over()
            _write(_FIRST_SCREEN)

    def _hush(self) -> None:
        """What is typed meanwhile is for the lab, and not to be seen in the picture."""
        import termios

        stdin = sys.__stdin__.fileno()  # type: ignore[union-attr]
        with contextlib.suppress(termios.error):
            self._modes = termios.tcgetattr(stdin)
            flags = list(self._modes)
            flags[3] &= ~termios.ECHO
            termios.tcsetattr(stdin, termios.TCSANOW, flags)

    def _unhush(self) -> None:
        if self._modes is not None:
            import termios

            with contextlib.suppress(termios.error):
                termios.tcsetattr(sys.__stdin__.fileno(), termios.TCSANOW, self._modes)  # type: ignore[union-attr]
            self._modes = None
        if self._on_term is not None:
            signal.signal(signal.SIGTERM, self._on_term)
            self._on_term = None


def _can_be_shown() -> bool:
    """Whether Textual will show the lab on this terminal, and how terminals of this system work is known here."""
    streams = (sys.__stdin__, sys.__stderr__)
    return (
        os.name == "posix"
        and "TEXTUAL_DRIVER" not in os.environ
        and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")
        and all(stream is not None and stream.isatty() for stream in streams)
    )


def _write(text: str) -> None:
    stderr = sys.__stderr__
    assert stderr is not None
    stderr.flush()
    data = text.encode()
    while data:
        data = data[os.write(stderr.fileno(), data) :]
