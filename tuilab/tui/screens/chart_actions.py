"""What the keys do to the charts of the lab screen."""

from __future__ import annotations

from tuilab.tui.screens.parts import Parts
from tuilab.tui.widgets.dial import DialRow


class ChartActions(Parts):
    """The part of the lab screen that changes the view and nothing else."""

    def show_settings(self) -> None:
        """Say how the lab is set: speed and smoothing."""
        limit = self.model.speed
        speed = "full speed" if limit is None else f"up to {limit:g} steps/s"
        self.status.settings(f"{speed} · smoothing {self.charts.smoothing_name}")

    def action_charts(self) -> None:
        """To the crosshair, from one chart to the other, and back to the dials."""
        self.charts.next_focus(self.query_one(DialRow))

    def action_dials(self) -> None:
        """Back to the dials, no crosshair, the whole run."""
        self.charts.leave()
        if self.dials.focused is None:
            self.query_one(DialRow).focus()

    def action_top(self) -> None:
        """Another view in the upper chart."""
        self.charts.next_top()

    def action_log(self) -> None:
        """Linear or logarithmic."""
        self.charts.toggle_log()

    def action_smooth(self, direction: int) -> None:
        """The next level of smoothing."""
        self.charts.next_smoothing(direction)
        self.show_settings()
