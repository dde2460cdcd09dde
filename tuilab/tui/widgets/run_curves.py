"""The curves of a run that is not on the screen: small, for a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuilab.tui.charts.smooth import LEVELS
from tuilab.tui.charts.view import StepView
from tuilab.tui.widgets.chart import Chart

if TYPE_CHECKING:
    from tuilab.lab.history import Curves


class RunCurves(Chart, can_focus=False):
    """Losses of one run, from its first step to its last."""

    def __init__(self, *, id: str):
        super().__init__(StepView(), id=id, log=True)
        self.title = "Loss"
        self.smoothing = LEVELS[2][1]
        self.mark_labels = False

    def tell(self, text: str) -> None:
        """Show `text` in place of curves."""
        self.empty = text
        self.show((), (), 1)
        self.restyle()

    def show_run(self, curves: Curves) -> None:
        """Show these curves."""
        from tuilab.tui.curves import top_lines

        steps = max((float(s.x[-1]) for s in (curves.train, curves.val) if len(s)), default=0.0)
        if steps == 0.0:
            self.tell("no steps in this run")
            return
        self.view = StepView()
        self.view.follow(int(steps), int(steps))
        self.show(top_lines(curves, "Loss", self.app.no_color), (), 1)
        self.restyle()

    def on_mouse_move(self) -> None:  # type: ignore[override]
        """No crosshair here."""
