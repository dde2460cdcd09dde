"""The lab's own pair of themes, dark and light, and the colours of its lines."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from rich.style import Style
from textual.color import Color
from textual.filter import ANSIToTruecolor, LineFilter, Monochrome, NoColor
from textual.theme import Theme

from engine.spec import nearest
from tuilab.lab.settings import SettingsError, place
from tuilab.tui import ghosts
from tuilab.tui.charts.model import HEAT_LEVELS, OPAQUE, Ink, line_ink
from tuilab.tui.lanes import COLORS, lane_color
from tuilab.tui.palette import PALETTES, Palette

if TYPE_CHECKING:
    from textual.widget import Widget


def _theme(name: str, palette: Palette, scrollbar: str) -> Theme:
    variables = {
        "block-cursor-text-style": "bold",
        "footer-key-foreground": palette.accent,
        "scrollbar": scrollbar,
        "scrollbar-background": palette.surface,
        "border-blurred": scrollbar,
    }
    return Theme(name=name, **asdict(palette), dark=name == "tuilab-dark", variables=variables)


DARK = _theme("tuilab-dark", PALETTES["tuilab-dark"], "#2a3242")
LIGHT = _theme("tuilab-light", PALETTES["tuilab-light"], "#c3cbd6")

#: Colour numbers of the lines that are not layers; those of lanes begin at LANE, those of ghosts at GHOST, and layer k
#: has the number LAYER + k.
TRAIN, VAL, EXTRA, LANE = 0, 1, 2, 3
GHOST = LANE + COLORS
LAYER = GHOST + ghosts.COLORS

_NAMED = {True: ("#ffb454", "#5ccfe6", "#7fd88f"), False: ("#c2570c", "#0b7285", "#1d7d3f")}
_CLASSES = {True: ("#4f8cff", "#ff8f3f", "#4fd18b"), False: ("#1f5fd6", "#d9600a", "#1d8a4c")}
_RAMP = {
    True: ("#5c7cfa", "#a66cf5", "#f06595", "#ffa14a", "#ffe066"),
    False: ("#364fc7", "#862e9c", "#c2255c", "#d9480f", "#a86b00"),
}
_HEAT = {
    True: ("#12122b", "#3b1d77", "#8b2a83", "#d94a5e", "#f98d3c", "#fde08a"),
    False: ("#f4f1fb", "#cbbcf0", "#b06cc9", "#c73a72", "#a3261f", "#4a0d0d"),
}


def ramp(colors: tuple[str, ...], share: float) -> Color:
    """The colour `share` (0..1) of the way along a row of colours."""
    place = min(max(share, 0.0), 1.0) * (len(colors) - 1)
    at = min(int(place), len(colors) - 2)
    return Color.parse(colors[at]).blend(Color.parse(colors[at + 1]), place - at)


def layer_color(layer: int, layers: int, dark: bool) -> Color:
    """Colour of a layer: cold for the first, warm for the last."""
    return ramp(_RAMP[dark], layer / max(layers - 1, 1) if layers > 1 else 0.6)


def class_color(number: int, classes: int, dark: bool) -> Color:
    """Colour of a class of the data."""
    named = _CLASSES[dark]
    return Color.parse(named[number]) if classes <= len(named) else ramp(_RAMP[dark], number / (classes - 1))


def line_color(number: int, layers: int, dark: bool) -> Color:
    """Colour of a line by its number."""
    if number >= LAYER:
        return layer_color(number - LAYER, layers, dark)
    return Color.parse(_NAMED[dark][number])


@dataclass(frozen=True, slots=True)
class Surface:
    """What a chart is drawn on."""

    dark: bool
    background: Color
    foreground: Color
    accent: Color
    error: Color
    success: Color
    plain: bool = False  # no colour at all: bold, dim and dashes tell things apart

    @property
    def blank(self) -> Style:
        """Nothing but the background."""
        return Style() if self.plain else Style(bgcolor=self.background.rich_color)

    def text(self, share: float = 1.0, color: Color | None = None, bold: bool = False) -> Style:
        """Text in the foreground (or another) colour, the fainter the smaller its share."""
        if self.plain:
            return Style(dim=share < 1, bold=bold)
        mixed = self.background.blend(color or self.foreground, share)
        return Style(color=mixed.rich_color, bgcolor=self.background.rich_color, bold=bold)


def surface_of(widget: Widget) -> Surface:
    """What is drawn on a widget under the present theme."""
    theme = widget.app.theme_variables
    text, accent, error, success = (Color.parse(theme[name]) for name in ("foreground", "accent", "error", "success"))
    dark, back = widget.app.current_theme.dark, widget.background_colors[1]
    return Surface(dark, back, text, accent, error, success, plain=widget.app.no_color)


def chart_styles(surface: Surface, layers: int) -> dict[int, Style]:
    """Style of every ink of a chart with lines for `layers` layers."""
    back = surface.background

    def mixed(color: Color, share: float) -> Style:
        return Style(color=back.blend(color, share).rich_color, bgcolor=back.rich_color)

    def strong(color: Color) -> Style:
        return Style(color=color.rich_color, bgcolor=back.rich_color, bold=True)

    text = surface.foreground
    styles = {
        Ink.TEXT: mixed(text, 1.0), Ink.DIM: mixed(text, 0.55), Ink.GRID: mixed(text, 0.17), Ink.TITLE: strong(text),
        Ink.MARK: mixed(surface.accent, 0.55), Ink.MARK_TEXT: mixed(surface.accent, 1.0),
        Ink.LEVEL: mixed(text, 0.38), Ink.LEVEL_TEXT: mixed(text, 0.85), Ink.CROSS: mixed(text, 0.75),
        Ink.GOOD: mixed(surface.success, 1.0), Ink.BAD: strong(surface.error),
    }  # fmt: skip
    out = {int(ink): style for ink, style in styles.items()}
    for number in [*range(LANE), *range(LAYER, LAYER + layers)]:
        color = line_color(number, layers, surface.dark)
        out[line_ink(number)] = mixed(color, 1.0)
        out[line_ink(number, faint=True)] = mixed(color, 0.36 if surface.dark else 0.30)
    for number in range(COLORS):
        color, bold = lane_color(number, surface.dark, back)
        out[line_ink(LANE + number)] = strong(color) if bold else mixed(color, 1.0)
        out[line_ink(LANE + number, faint=True)] = mixed(color, 0.36 if surface.dark else 0.30)
    for number in range(ghosts.COLORS):
        out[line_ink(GHOST + number)] = mixed(ghosts.ghost_color(number, surface.dark, back), 1.0)
    if surface.plain:
        plain = {ink: Style(dim=True) for ink in (Ink.DIM, Ink.GRID, Ink.MARK, Ink.LEVEL)}
        plain |= {ink: Style(bold=True) for ink in (Ink.TITLE, Ink.BAD, Ink.MARK_TEXT)}
        for ink in out:
            faint = ink >= line_ink(0) and ink % 2 == 1
            out[ink] = plain[Ink(ink)] if ink in plain else Style(dim=True) if faint else Style(bold=out[ink].bold)
    return out


def heat_style(ink: int, dark: bool) -> Style:
    """Style of a half block of two heat levels: ink = OPAQUE + upper * HEAT_LEVELS + lower."""
    upper, lower = divmod(ink - OPAQUE, HEAT_LEVELS)
    colors = _HEAT[dark]
    top, bottom = (ramp(colors, level / (HEAT_LEVELS - 1)).rich_color for level in (upper, lower))
    return Style(color=top, bgcolor=bottom)


def known_theme(name: str, themes: Collection[str]) -> str:
    """`name` if there is such a theme; raises SettingsError."""
    if name not in themes:
        ours = f"{DARK.name}, {LIGHT.name}"
        others = ", ".join(sorted(set(themes) - {DARK.name, LIGHT.name}))
        raise SettingsError(f"{place()}: theme: found {name!r}, allowed: {ours}, {others}{nearest(name, themes)}")
    return name


def light_filters(filters: Sequence[LineFilter], no_color: bool) -> list[LineFilter]:
    """Textual's filters less the one for the terminal's own colours, of which the lab uses none (every line of the
    screen would go through it again and again); with `no_color` one that sends no colour codes at all, where Textual
    would send grey tones."""
    kept = [f for f in filters if not isinstance(f, ANSIToTruecolor | Monochrome | NoColor)]
    return [*kept, NoColor()] if no_color else kept
