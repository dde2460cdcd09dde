"""The part of the run that the charts show: the same steps for all of them, and the crosshair's place."""

from __future__ import annotations

from tuilab.tui.charts.axis import Axis, step_end

_LEAST_SPAN = 8.0


class StepView:
    """Shows the whole run until zoomed; zoomed at the newest step it follows, elsewhere it stays."""

    __slots__ = ("_end", "_span", "cursor", "step", "total")

    def __init__(self) -> None:
        self.step = 0.0
        self.total = 0.0  # the budget; 0: not known
        self.cursor: float | None = None
        self._span: float | None = None  # None: the whole run
        self._end: float | None = None  # None: follow the newest step

    @property
    def axis(self) -> Axis:
        """The step axis."""
        if self._span is None:
            return Axis(0.0, self._whole)
        end = max(self._end if self._end is not None else self.step * 1.0, self._span)
        return Axis(end - self._span, end)

    @property
    def _whole(self) -> float:
        """Where the whole run ends on the axis: at the budget once it is near, else at a round number."""
        end = step_end(self.step)
        return self.total if self.total >= 1 and self.step <= self.total < end else end

    @property
    def zoomed(self) -> bool:
        """Whether less than the whole run is shown."""
        return self._span is not None

    def follow(self, step: float, total: float = 0.0) -> None:
        """Note the newest step and the budget. A run that began anew is shown whole."""
        if step < self.step:
            self.all()
            self.cursor = None
        self.step, self.total = float(step), float(total)

    def all(self) -> None:
        """Show the whole run."""
        self._span = self._end = None

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show 1/factor of the steps; the step `around` (the crosshair, or the newest) keeps its place."""
        axis = self.axis
        whole = self._whole
        center = around if around is not None else self.cursor
        if center is None:
            center = min(self.step, axis.high)
        share = min(max((center - axis.low) / (axis.high - axis.low), 0.0), 1.0)
        span = max((axis.high - axis.low) / factor, _LEAST_SPAN)
        if span >= whole:
            self.all()
            return
        end = center + (1.0 - share) * span
        self._span = span
        self._end = None if around is None and self.cursor is None else min(max(end, span), whole)

    def pan(self, share: float) -> None:
        """Move the window by that share of its width."""
        if self._span is None:
            return
        end = self.axis.high + share * self._span
        self._end = None if end >= self.step else max(end, self._span)

    def move_cursor(self, columns: float, width: int) -> None:
        """Move the crosshair by so many columns of a chart `width` columns wide; it appears at the newest step."""
        axis = self.axis
        if self.cursor is None:
            self.cursor = min(self.step, axis.high)
            return
        cell = (axis.high - axis.low) / max(width, 1)
        self.cursor = min(max(self.cursor + columns * cell, axis.low), min(axis.high, self.step))
