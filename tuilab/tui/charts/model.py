"""What a chart shows: lines, marks, axes. Plain data; no drawing here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from tuilab.tui.charts.axis import Axis

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating]


class Ink(IntEnum):
    """Styles of everything in a chart that is not a line. Line k is drawn in `line_ink(k)`."""

    TEXT = 0
    DIM = 1
    GRID = 2
    TITLE = 3
    MARK = 4
    MARK_TEXT = 5
    CROSS = 6
    GOOD = 7
    BAD = 8
    LEVEL = 9
    LEVEL_TEXT = 10


_FIRST_LINE = 16
OPAQUE = 1024  # inks from this number on have a background of their own: those of the heat map
HEAT_LEVELS = 24
_FEW = 50  # one in so many means may lie below the lower end of a log axis


def line_ink(color: int, faint: bool = False) -> int:
    """Ink number of line colour `color`, strong or faint."""
    return _FIRST_LINE + 2 * color + int(faint)


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One curve: `x` (k,) ascending steps; `low`, `high`, `mean` (k,) of what each point stands for."""

    label: str
    x: Floats
    low: Floats
    high: Floats
    mean: Floats
    color: int = 0
    smooth: bool = True  # may be smoothed; an exact curve (validation) may not
    dash: int = 0  # dot columns of a dash: tells lines apart where there is no colour
    bars: bool = True  # whether what is smoothed shows faintly behind


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical rule at a step, with what was done there."""

    step: float
    label: str


@dataclass(frozen=True, slots=True)
class Level:
    """A value to compare the lines with: a horizontal rule with a name."""

    value: float
    label: str


@dataclass(frozen=True, slots=True, eq=False)
class Plot:
    """A chart ready to be painted."""

    title: str
    lines: Sequence[Line]
    x: Axis
    y: Axis
    marks: Sequence[Mark] = ()
    smoothing: float = 0.0  # time constant as a share of the visible steps; 0: draw the bars themselves
    cursor: float | None = None  # the step that the crosshair reads out
    hint: str = ""
    hint_ink: int = Ink.DIM
    note: str = ""  # beside the title
    step_labels: bool = True
    mark_labels: bool = True
    levels: Sequence[Level] = ()


def extent(lines: Sequence[Line], x: Axis, log: bool) -> tuple[float, float]:
    """Least and greatest value in view: of whole bars on a linear axis; on a log axis the lower end is where all but
    a few of the means lie, for one lucky batch with a loss of 1e-7 would squeeze everything else. (nan, nan) without
    a value."""
    import numpy as np

    low, high = math.inf, -math.inf
    for line in lines:
        begin = max(int(np.searchsorted(line.x, x.low)) - 1, 0)
        end = int(np.searchsorted(line.x, x.high, side="right")) + 1
        least = (line.mean if log else line.low)[begin:end]
        greatest = line.high[begin:end]
        least = least[np.isfinite(least) & (least > 0)] if log else least[np.isfinite(least)]
        greatest = greatest[np.isfinite(greatest)]
        if len(least) and len(greatest):
            few = len(least) // _FEW if log and line.smooth else 0
            low = min(low, float(np.partition(least, few)[few] if few else least.min()))
            high = max(high, float(greatest.max()))
    return (low, high) if low <= high else (math.nan, math.nan)


def value_at(line: Line, step: float) -> float:
    """The mean of the line at `step`, between its points; after the last of them the newest, before the first nan."""
    import numpy as np

    if len(line.x) == 0 or step < line.x[0]:
        return math.nan
    return float(np.interp(step, line.x, line.mean))


def last_value(line: Line) -> float:
    """The newest mean, nan for an empty line."""
    return float(line.mean[-1]) if len(line.x) else math.nan
