"""A picture of the screen (SVG) that looks the same everywhere: braille dots and blocks are drawn as shapes.

Fonts differ in how they draw braille, and many lack it; the text of the picture stays text, in a font of whoever
looks at it: the picture is a file of its own, which fetches nothing.
"""

from __future__ import annotations

import html
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App

_TEXT = re.compile(
    r'<text class="(?P<class>[^"]*)" x="(?P<x>[\d.]+)" y="(?P<y>[\d.]+)" textLength="[\d.]+" clip-path="[^"]*">'
    r"(?P<text>[^<]*)</text>"
)
_FONTS = re.compile(r"@font-face \{[^}]*\}\s*")
_CELL = 12.2  # width of a character in the exported picture, and its height
_LINE = 24.4
_BASELINE = 18.5  # of the text, below the top of its row
#: Where the eight dots of a braille character lie: (bit, column, row).
_DOTS = ((0, 0, 0), (1, 0, 1), (2, 0, 2), (6, 0, 3), (3, 1, 0), (4, 1, 1), (5, 1, 2), (7, 1, 3))
#: Characters drawn as boxes: (left, top, right, bottom) in parts of a cell.
_BOXES = {
    "▀": (0.0, 0.0, 1.0, 0.5), "▄": (0.0, 0.5, 1.0, 1.0), "█": (0.0, 0.0, 1.0, 1.0),
    "━": (0.0, 0.46, 1.0, 0.54), "─": (0.0, 0.48, 1.0, 0.52), "│": (0.46, 0.0, 0.54, 1.0),
}  # fmt: skip


def picture(app: App[int], title: str = "tuilab") -> str:
    """The present screen as SVG."""
    return with_shapes(_FONTS.sub("", app.export_screenshot(title=title)))


def save_picture(app: App[int], folder: Path) -> Path:
    """Write the picture to a file named after the time; gives its path. Raises OSError."""
    path = folder / f"tuilab-{time.strftime('%Y%m%d-%H%M%S')}.svg"
    path.write_text(picture(app), encoding="utf-8")
    return path


def with_shapes(svg: str) -> str:
    """An exported picture with its braille and block characters turned into shapes."""
    return _TEXT.sub(_redrawn, svg)


def _redrawn(found: re.Match[str]) -> str:
    text = html.unescape(found["text"])
    if not any(_is_shape(c) for c in text):
        return found[0]
    x, top = float(found["x"]), float(found["y"]) - _BASELINE
    path = "".join(_shape(c, x + i * _CELL, top) for i, c in enumerate(text) if _is_shape(c))
    rest = "".join(" " if _is_shape(c) else c for c in text).replace("\xa0", " ")
    shapes = f'<path class="{found["class"]}" d="{path}"/>' if path else ""
    return shapes + _words(found["class"], x, found["y"], rest)


def _is_shape(c: str) -> bool:
    return "\u2800" <= c <= "\u28ff" or c in _BOXES


def _shape(c: str, x: float, top: float) -> str:
    """The path of one character whose cell begins at (x, top)."""
    if c in _BOXES:
        left, up, right, down = _BOXES[c]
        return _box(x + left * _CELL, top + up * _LINE, (right - left) * _CELL, (down - up) * _LINE)
    bits = ord(c) - 0x2800
    size = 3.4
    return "".join(
        _box(x + (column + 0.5) * _CELL / 2 - size / 2, top + (row + 0.5) * _LINE / 4 - size / 2, size, size)
        for bit, column, row in _DOTS
        if bits >> bit & 1
    )


def _box(x: float, y: float, width: float, height: float) -> str:
    return f"M{x:.1f} {y:.1f}h{width:.1f}v{height:.1f}h{-width:.1f}z"


def _words(style: str, x: float, y: str, text: str) -> str:
    """What is left of a text, word by word in its place."""
    return "".join(
        f'<text class="{style}" x="{x + m.start() * _CELL:.1f}" y="{y}" textLength="{len(m[0]) * _CELL:.1f}">'
        f"{html.escape(m[0])}</text>"
        for m in re.finditer(r"\S+", text)
    )
