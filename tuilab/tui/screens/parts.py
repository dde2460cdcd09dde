"""What the lab screen is made of."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.screen import Screen

from tuilab.tui.charts.view import StepView
from tuilab.tui.headline import network
from tuilab.tui.keys import footer
from tuilab.tui.labmodel import LabModel
from tuilab.tui.widgets.bars import Banner, KeyBar, StatusLine
from tuilab.tui.widgets.charts import ChartStack
from tuilab.tui.widgets.dial_panel import DialPanel
from tuilab.tui.widgets.header import HeaderBar
from tuilab.tui.widgets.hintbar import HintBar
from tuilab.tui.widgets.lanestrip import LaneStrip
from tuilab.tui.widgets.metrics import Metrics
from tuilab.tui.widgets.panels import DialCard
from tuilab.tui.widgets.rows import Ground
from tuilab.tui.widgets.side import SidePanel


class Beside(Horizontal, Ground):
    """What stands side by side."""


class Below(Vertical, Ground):
    """What stands one below the other."""


class Parts(Screen[None], Ground):
    """The widgets of the lab screen by name: ten times a second, to look for one costs as much as to change it."""

    def __init__(self, model: LabModel):
        super().__init__()
        preset = model.preset
        self.model = model
        self.view = StepView()
        self.header = HeaderBar(preset.title or preset.name, network(preset.widths))
        self.metrics = Metrics()
        self.banner = Banner()
        self.lane_strip = LaneStrip()
        self.dials = DialPanel(id="dials")
        self.card = DialCard()
        self.charts = ChartStack(self.view, id="charts")
        self.side = SidePanel()
        self.hints = HintBar()
        self.status = StatusLine()

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.metrics
        yield self.banner
        yield self.lane_strip
        with Beside(id="body"):
            with Below(id="left"):
                yield self.dials
                yield self.card
            yield self.charts
            yield self.side
        yield self.hints
        yield self.status
        yield KeyBar(footer())
