"""Which part of a chart the curves take up. No arrays here: the screen is painted before NumPy is loaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Area:
    """The part of the chart in which curves are drawn, in cells."""

    left: int
    top: int
    width: int
    height: int

    def column(self, position: float) -> int:
        """The cell column of a position 0..1 on the step axis."""
        return self.left + int(position * (2 * self.width - 1)) // 2

    def position(self, column: float) -> float:
        """The position 0..1 of a cell column; clipped to the area."""
        return min(max((column - self.left + 0.5) / max(self.width, 1), 0.0), 1.0)


def lanes(height: int, labels: bool) -> int:
    """Rows kept free above the curves for the labels of marks."""
    return 0 if not labels or height < 8 else 1 if height < 14 else 2


def area(width: int, height: int, *, step_labels: bool = True, mark_labels: bool = True) -> Area:
    """Where the curves of a chart of this size lie. Depends on nothing else, so that two charts line up."""
    left = 6 if width < 60 else 7
    right = 7 if width < 64 else 15
    top = 1 + lanes(height, mark_labels)
    return Area(left, top, max(width - left - right, 1), max(height - top - int(step_labels), 1))
