"""Styles in the style sheets' words, as the codes that a terminal understands, without Textual."""

from __future__ import annotations

import os
from dataclasses import dataclass

from tuilab.tui.palette import Palette

_ATTRIBUTES = {"bold": "1", "dim": "2", "underline": "4", "reverse": "7"}
_TRUECOLOR = ("truecolor", "24bit")

Rgb = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Ink:
    """How a terminal is told of colours: any of them (`exact`), the nearest of 256, or none (`palette` None)."""

    palette: Palette | None
    exact: bool = True

    @classmethod
    def here(cls, palette: Palette | None) -> Ink:
        """For the terminal that the environment tells of."""
        if "NO_COLOR" in os.environ:
            return cls(None)
        if os.environ.get("COLORTERM", "").strip().lower() in _TRUECOLOR:
            return cls(palette)
        return cls(palette if os.environ.get("TERM", "").endswith("256color") else None, exact=False)

    def codes(self, style: str, background: str) -> str:
        """The codes of `style`, such as `$foreground 55% bold`, over `background`, a colour or a share of one."""
        below = self._color(background.split())
        words = style.split()
        color = self._color([word for word in words if word not in _ATTRIBUTES], below)
        attributes = [_ATTRIBUTES[word] for word in words if word in _ATTRIBUTES]
        codes = [*attributes, *self._sgr(color, 38), *self._sgr(below, 48)]
        return f"\x1b[0;{';'.join(codes)}m" if codes else "\x1b[0m"

    def _color(self, words: list[str], below: Rgb | None = None) -> Rgb | None:
        """A colour, or a share of it over `below` (`$primary 22%`) or over another one (`$primary 22% $surface`)."""
        if not words:
            return None
        color = self._named(words[0])
        if len(words) > 2:
            below = self._named(words[2])
        if len(words) == 1 or color is None or below is None:
            return color
        return _blend(below, color, float(words[1].rstrip("%")) / 100)

    def _named(self, word: str) -> Rgb | None:
        if self.palette is None:
            return None
        value = int(getattr(self.palette, word[1:])[1:], 16)
        return value >> 16, value >> 8 & 255, value & 255

    def _sgr(self, color: Rgb | None, kind: int) -> list[str]:
        if color is None:
            return []
        if self.exact:
            return [f"{kind};2;{color[0]};{color[1]};{color[2]}"]
        from rich.color import Color, ColorSystem

        near = Color.from_rgb(*color).downgrade(ColorSystem.EIGHT_BIT)
        return list(near.get_ansi_codes(foreground=kind == 38))


def _blend(below: Rgb, above: Rgb, share: float) -> Rgb:
    red, green, blue = (int(b + (a - b) * share) for b, a in zip(below, above, strict=True))
    return red, green, blue
