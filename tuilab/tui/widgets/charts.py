"""The two charts, one above the other: what each shows, and what they share.

Below there may be something else than a chart: the layers, the decision boundary, what the network mistakes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from tuilab.tui.charts.model import Ink, Level, Mark
from tuilab.tui.charts.smooth import LEVELS
from tuilab.tui.charts.view import StepView
from tuilab.tui.curves import TOP_VIEWS, layer_lines, top_lines
from tuilab.tui.ghosts import Ghost, ghost_lines
from tuilab.tui.keys import shown
from tuilab.tui.lanes import lane_lines
from tuilab.tui.memory import on_theme
from tuilab.tui.turns import Turn, marks
from tuilab.tui.widgets.boundary import BoundaryMap
from tuilab.tui.widgets.chart import Chart
from tuilab.tui.widgets.layers import LayersPanel, flow, last
from tuilab.tui.widgets.looks import LookView
from tuilab.tui.widgets.rows import Ground

if TYPE_CHECKING:
    from tuilab.lab.trail import Place
    from tuilab.lab.worker import Frame

_BAR = 24  # cells of the bar that moves while there is nothing to measure progress by
_CHARTS = ("lines", "heat")  # views of the lower place that are charts


def ready() -> str:
    """What to press when nothing was trained yet."""
    more = f"{shown('step')}  one step     {shown('steps')}  100 steps"
    return f"press {shown('run')} to run\n{more}\n{shown('help')}  all keys"


class ChartStack(Vertical, Ground):
    """Loss (or accuracy, or learning rate) above, gradients below, over the same steps."""

    def __init__(self, view: StepView, *, id: str):
        super().__init__(id=id)
        self.view = view
        self.top = Chart(view, id="chart-top", log=TOP_VIEWS[0][1])
        self.flow = Chart(view, id="chart-flow", log=True)
        self.map = BoundaryMap("chart-map")
        self.look = LookView("chart-look")
        self.table = LayersPanel("chart-layers")
        self.below = "lines"  # what is shown below
        self.levels: tuple[str, Sequence[Level]] = ("", ())  # the view they belong to, and they
        self.norms: tuple[float, ...] = ()
        self._top_view = 0
        self._smoothing = 2
        self._logs = {name: log for name, log in TOP_VIEWS}
        self._frame: Frame | None = None
        self._marks: list[Mark] = []
        self._marked: tuple[Sequence[Turn], Sequence[Place]] = ((), ())  # what they stand for
        self.ghosts: Sequence[Ghost] = ()  # other runs, drawn behind

    def compose(self) -> ComposeResult:
        yield self.top
        yield self.flow
        yield self.map
        yield self.look
        yield self.table

    def on_mount(self) -> None:
        """Titles and settings; and new colours whenever the theme changes."""
        self._settle()
        on_theme(self, self.restyle)

    def _settle(self) -> None:
        self.top.title = TOP_VIEWS[self._top_view][0]
        self.top.levels = self.levels[1] if self.levels[0] == self.top.title else ()
        self.flow.heat = self.below == "heat"
        self.flow.title = "Gradient flow" if self.flow.heat else "Gradient norm"
        self.flow.display, self.map.display = self.below in _CHARTS, self.below == "boundary"
        self.table.display = self.below == "layers"
        self.look.display = not (self.flow.display or self.map.display or self.table.display)
        if self.look.display:
            self.look.kind = self.below
        self.top.smoothing = self.flow.smoothing = LEVELS[self._smoothing][1]
        self.top.range.use(self._logs[self.top.title])

    def on_resize(self) -> None:
        """On a small screen the step labels are shown once and marks are named in the upper chart only."""
        small = self.size.height < 26
        self.top.step_labels = not small
        self.flow.mark_labels = False
        self.redraw()

    def show(self, frame: Frame, turns: Sequence[Turn]) -> None:
        """Show the curves of `frame`, with a mark for each turn and each bookmark."""
        self._frame = frame
        if (turns, frame.places) != self._marked:
            self._marked = (turns, frame.places)
            self._marks = [Mark(step, label) for step, label in marks(turns, frame.places)]
        self.view.follow(frame.step, frame.total_steps)
        self.norms = last(frame.curves.grad_norm)
        if frame.step == 0 and not frame.message:
            self.top.empty, self.flow.empty = ready(), ""
        hint, bad = flow(self.norms)
        self.flow.hint, self.flow.hint_ink = hint, int(Ink.BAD if bad else Ink.DIM)
        self._lines()

    def _lines(self) -> None:
        frame = self._frame
        if frame is None:
            return
        plain, layers = self.app.no_color, max(len(frame.curves.grad_norm), 1)
        if frame.step == 0:
            self.top.show((), (), layers)
            self.flow.show((), (), layers)
            return
        behind = [] if self.below == "heat" else ghost_lines(self.ghosts, "gradient", plain)
        if frame.lanes and self.below != "heat":
            self.flow.show(behind + lane_lines(frame, "gradient", plain), self._marks, layers)
        else:
            self.flow.show(behind + layer_lines(frame.curves.grad_norm, plain), self._marks, layers)
        behind = ghost_lines(self.ghosts, self.top.title, plain)
        top = top_lines(frame.curves, self.top.title, plain)
        self.top.show(behind + (lane_lines(frame, self.top.title, plain) if frame.lanes else top), self._marks, layers)

    def haunt(self, ghosts: Sequence[Ghost]) -> None:
        """Draw these other runs behind the present one from now on."""
        self.ghosts = ghosts
        self._lines()

    def failed(self) -> None:
        """It came to no first step: nothing moves, and there are two ways to go on."""
        self.top.empty = f"it could not begin\n{shown('reset')}  try again     {shown('open')}  another preset"
        self.flow.empty = ""
        self.redraw()

    def starting(self, message: str, seconds: float) -> None:
        """Before the first step: what is being done and for how long, with something that moves."""
        at = round(seconds * 12) % (2 * _BAR)
        at = at if at < _BAR else 2 * _BAR - 1 - at
        bar = "".join("━" if abs(i - at) < 4 else "╌" for i in range(_BAR))
        text = message or f"loading the engine… {seconds:.0f} s"
        self.top.empty = f"{text}\n{bar}\nkeys pressed meanwhile are not lost"
        self.flow.empty = ""
        self.redraw()

    def redraw(self) -> None:
        """Paint both anew."""
        self.top.redraw()
        self.flow.redraw()

    def restyle(self) -> None:
        """The colours changed."""
        self.top.restyle()
        self.flow.restyle()

    # ---- what the keys change

    @property
    def smoothing_name(self) -> str:
        """off, light, medium or strong."""
        return LEVELS[self._smoothing][0]

    def next_smoothing(self, direction: int) -> None:
        """The next level, round the end."""
        self._smoothing = (self._smoothing + direction) % len(LEVELS)
        self._settle()
        self.redraw()

    def next_top(self) -> None:
        """The next view of the upper chart."""
        self.show_top(TOP_VIEWS[(self._top_view + 1) % len(TOP_VIEWS)][0])

    def show_top(self, title: str) -> None:
        """The view of that title in the upper chart."""
        self._top_view = [name for name, _ in TOP_VIEWS].index(title)
        self._settle()
        self._lines()

    def compare(self, title: str, levels: Sequence[Level]) -> None:
        """Draw these levels in the upper chart's view of that title."""
        self.levels = (title, levels)
        self._settle()
        self.redraw()

    def next_below(self, more: Sequence[str]) -> None:
        """Gradient lines, heat map, and then one after the other `more`."""
        views = (*_CHARTS, *more)
        self.below = views[(views.index(self.below) + 1) % len(views)] if self.below in views else views[0]
        self._settle()
        self._lines()
        self.redraw()

    def toggle_log(self) -> None:
        """Linear or logarithmic: the chart with the focus, or the upper one."""
        if self.flow.has_focus:
            self.flow.range.use(not self.flow.range.log)
        else:
            self._logs[self.top.title] = not self._logs[self.top.title]
            self._settle()
        self.redraw()

    def next_focus(self, home: Widget) -> None:
        """Upper chart, lower chart, home."""
        if self.top.has_focus:
            self.flow.focus()
        elif self.flow.has_focus:
            self.leave()
            home.focus()
        else:
            self.top.focus()
            if self.view.cursor is None:
                self.top.action_cursor(0)

    def leave(self) -> None:
        """No crosshair, the whole run."""
        self.view.cursor = None
        self.view.all()
        self.redraw()
