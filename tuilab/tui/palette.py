"""The colours of the lab's own two themes, for whoever paints without Textual."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as #rrggbb, by their names in the style sheets."""

    primary: str
    secondary: str
    accent: str
    warning: str
    error: str
    success: str
    foreground: str
    background: str
    surface: str
    panel: str


DARK = Palette(
    primary="#7aa2f7", secondary="#bb9af7", accent="#ffb454", warning="#ffb454", error="#ff6b81", success="#7fd88f",
    foreground="#d8dee9", background="#0b0e14", surface="#11151d", panel="#1a202c",
)  # fmt: skip
LIGHT = Palette(
    primary="#2f5bd0", secondary="#7a3fc0", accent="#b4540a", warning="#a85d00", error="#c21f3a", success="#1d7d3f",
    foreground="#1f2733", background="#eef1f5", surface="#fbfcfd", panel="#e3e8ef",
)  # fmt: skip
PALETTES = {"tuilab-dark": DARK, "tuilab-light": LIGHT}
