"""What the lab screen finds out beside the curves: layers, mistakes, decision boundary, reference lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuilab.tui.charts.model import Level
from tuilab.tui.figures import grouped, percent, short
from tuilab.tui.labmodel import LabModel
from tuilab.tui.screens.parts import Parts
from tuilab.tui.widgets.boundary import Maps
from tuilab.tui.widgets.layers import watching
from tuilab.tui.widgets.looks import kinds, looking

if TYPE_CHECKING:
    from tuilab.lab.references import Fitting
    from tuilab.lab.worker import Frame


class Insights(Parts):
    """The part of the lab screen that asks the engine, and others, about the network."""

    def __init__(self, model: LabModel):
        super().__init__(model)
        self.maps = Maps(self, (self.charts.map, self.side.map))
        self.looks = looking(self, (self.charts.look, self.side.look, self.side.mistakes))
        self.health = watching(self, (self.charts.table, self.side.table))
        self.fitting: Fitting | None = None
        self._found = 0  # references that are told of
        self._compared = True  # whether they are drawn

    @property
    def kinds(self) -> tuple[str, ...]:
        """What there is to see of the data."""
        return kinds(self.model.worker.session if self.model.worker is not None else None)

    def look_inside(self, frame: Frame) -> None:
        """Ask for what is on the screen and not of this moment; draw the references that were found since."""
        worker = self.model.worker
        if worker is None or not frame.total_steps:
            return
        moment = frame.step, frame.recipe  # a turned dial makes another network, also while it rests
        if self.model.plane:
            self.maps.update(moment, worker)
        self.looks.update(moment, worker)
        if frame.step:
            self.health.update(moment, worker)
        if self.fitting is not None:
            self._compare(self.fitting)

    def action_flow(self) -> None:
        """Gradients as lines or heat, layers, what the network makes of the data: what has no place of its own."""
        held = self.side.holds(self.kinds)
        self.charts.next_below([view for view in (*self.kinds, "layers") if view not in held])
        self.maps.forget()
        self.looks.forget()
        self.health.forget()
        if self.model.frame is not None:
            self.show_panels(self.model.frame)

    def show_panels(self, frame: Frame) -> None:
        """Bring what is beside the charts up to `frame`."""
        side, below = self.side, self.charts.table
        side.show(self.model.turns, self.kinds)
        for panel, shown in ((side.table, side.open), (below, below.display)):
            if shown:  # else to show it would have the whole screen arranged anew
                panel.show(self.model.widths, frame.curves, frame.recipe.activation)

    def action_surfaces(self) -> None:
        """Optimizers racing on surfaces."""
        from tuilab.tui.screens.surfaces import SurfacesScreen

        self.app.push_screen(SurfacesScreen())

    # ---- reference lines

    def action_references(self) -> None:
        """Fit the references, once; after that, draw them or not."""
        worker = self.model.worker
        if worker is None or not worker.session.is_prepared:
            self.notify("the data are not there yet", title="Reference lines")
            return
        if self.fitting is None:
            from tuilab.lab.references import ROWS, Fitting

            data = worker.session.data
            self.fitting = Fitting(data, self.model.preset.seed)
            self.fitting.start()
            if self.fitting.problem is None:
                rows = min(ROWS, len(data.x_train))
                text = f"fitting an SVM and a random forest to {grouped(rows)} training rows, in the background"
                self.notify(text, title="Reference lines")
        else:
            self._compared = not self._compared
        self._found = -1
        self._compare(self.fitting)

    def _compare(self, fitting: Fitting) -> None:
        """Draw and tell what was found since the last call."""
        count = len(fitting.found) + (fitting.problem is not None)
        if count == self._found:
            return
        new, self._found = count > max(self._found, 0), count
        view, levels = levels_of(fitting)
        charts = self.charts
        charts.compare(view, levels if self._compared else ())
        if levels and self._compared:
            charts.show_top(view)
        if new and fitting.problem is not None:
            self.notify(fitting.problem, title="Reference lines", severity="warning")

    def on_unmount(self) -> None:
        """Nobody waits for what is still being fitted."""
        if self.fitting is not None:
            self.fitting.stop()


def levels_of(fitting: Fitting) -> tuple[str, list[Level]]:
    """The view of the chart in which references are drawn, and they."""
    write = percent if fitting.classes else short
    levels = [Level(r.value, f"{r.name} {write(r.value)}") for r in fitting.found]
    return "Accuracy" if fitting.classes else "Loss", levels
