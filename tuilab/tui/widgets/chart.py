"""A chart on the screen: paints a `Plot` when something changed, and moves the shared window and crosshair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.strip import Strip

from tuilab.tui.charts.area import area
from tuilab.tui.charts.axis import AutoRange
from tuilab.tui.charts.model import Ink, Level, Line, Mark, Plot, extent
from tuilab.tui.charts.view import StepView
from tuilab.tui.messages import ViewMoved
from tuilab.tui.theme import Surface, chart_styles, heat_style, surface_of
from tuilab.tui.widgets.rows import Plain

if TYPE_CHECKING:
    from tuilab.tui.charts.cells import Cells


class Chart(Plain, can_focus=True):
    """Lines over steps. Several charts share a `StepView`, so that they show the same steps and one crosshair."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h", "cursor(-1)", "Crosshair left", show=False),
        Binding("right,l", "cursor(1)", "Crosshair right", show=False),
        Binding("shift+left,H", "cursor(-10)", "Crosshair far left", show=False),
        Binding("shift+right,L", "cursor(10)", "Crosshair far right", show=False),
        Binding("plus,equals_sign", "zoom(1)", "Zoom in", show=False),
        Binding("minus", "zoom(-1)", "Zoom out", show=False),
        Binding("left_curly_bracket", "pan(-1)", "Earlier", show=False),
        Binding("right_curly_bracket", "pan(1)", "Later", show=False),
        Binding("0,home", "all", "Whole run", show=False),
    ]

    def __init__(self, view: StepView, *, id: str, log: bool):
        super().__init__(id=id)
        self.view = view
        self.range = AutoRange(log)
        self.heat = False
        self.smoothing = 0.0
        self.title, self.empty, self.hint, self.hint_ink = "", "", "", int(Ink.DIM)
        self.step_labels = self.mark_labels = True
        self._lines: Sequence[Line] = ()
        self._marks: Sequence[Mark] = ()
        self.levels: Sequence[Level] = ()
        self._cells: Cells | None = None  # what the strips show
        self._strips: list[Strip] = []
        self._styles: _Styles | None = None
        self._layers = 1
        self._drag: tuple[int, float] | None = None

    def show(self, lines: Sequence[Line], marks: Sequence[Mark], layers: int) -> None:
        """Draw these lines from now on."""
        self._lines, self._marks = lines, marks
        if layers != self._layers:
            self._layers, self._styles = layers, None
        self.redraw()

    def redraw(self) -> None:
        """Paint anew and have the screen refresh what changed of it."""
        old, size = self._cells, self.size
        if not self._lines or old is None or self._styles is None or (old.width, old.height) != size:
            self._cells = None
            self.refresh()
            return
        self._cells = self.cells()
        changed = self._cells.changed(old)
        if changed:
            rows = [row for row, _, _ in changed]
            for row, strip in zip(rows, self._cells.strips(self._styles, rows), strict=True):
                self._strips[row] = strip
            self.refresh(*[Region(first, row, end - first, 1) for row, first, end in changed])

    def restyle(self) -> None:
        """The colours changed."""
        self._styles = self._cells = None
        self.refresh()

    def notify_style_update(self) -> None:
        """With the focus comes another background, which every cell has."""
        super().notify_style_update()
        if self._styles is not None and self._styles.background != self.background_colors[1]:
            self.restyle()

    def plot(self) -> Plot:
        """What is to be painted now."""
        x = self.view.axis
        low, high = extent(self._lines, x, self.range.log)
        values = [level.value for level in self.levels if level.value > 0 or not self.range.log]
        y = self.range.follow(min([low, *values]), max([high, *values]))
        note = ("log" if y.log else "") + (" · zoomed" if self.view.zoomed else "")
        return Plot(
            self.title, self._lines, x, y, self._marks, self.smoothing, self.view.cursor, self.hint, self.hint_ink,
            note.strip(" ·"), self.step_labels, self.mark_labels, self.levels,
        )  # fmt: skip

    def cells(self) -> Cells:
        """The chart as cells of the widget's size."""
        from tuilab.tui.charts.draw import paint
        from tuilab.tui.charts.heat import paint_heat

        if self.heat:
            return paint_heat(self.plot(), self.size.width, self.size.height, plain=self.app.no_color)
        return paint(self.plot(), self.size.width, self.size.height)

    def strips(self) -> list[Strip]:
        """The rows, painted anew after a change of size or colours."""
        if self._cells is None or (self._cells.width, self._cells.height) != self.size:
            if self._styles is None:
                self._styles = self._make_styles()
            if not self._lines:
                return self._notice(self._styles)
            self._cells = self.cells()
            self._strips = self._cells.strips(self._styles)
        return self._strips

    def notice(self) -> list[str]:
        """The rows of the chart while there is nothing to draw: its title, and `empty` in the middle."""
        width, height = self.size
        lines = self.empty.split("\n")
        above = max((height - len(lines)) // 2, 1)
        rows = [f" {self.title}", *[""] * (above - 1), *(line.center(width).rstrip() for line in lines)]
        return [row[:width].ljust(width) for row in (rows + [""] * height)[:height]]

    def _notice(self, styles: _Styles) -> list[Strip]:
        """The rows of the notice: title and first line strong, the rest faint. Needs no arrays."""
        width, height = self.size
        first = max((height - self.empty.count("\n") - 1) // 2, 1)
        inks = [Ink.TITLE if y == 0 else Ink.TEXT if y == first else Ink.DIM for y in range(height)]
        return [Strip([Segment(row, styles[ink])], width) for row, ink in zip(self.notice(), inks, strict=True)]

    def _make_styles(self) -> _Styles:
        surface = surface_of(self)
        return _Styles(chart_styles(surface, self._layers), surface)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        return container.width

    # ---- crosshair, zoom and pan

    def _moved(self) -> None:
        self.post_message(ViewMoved())

    def _columns(self) -> int:
        return area(self.size.width, self.size.height).width

    def action_cursor(self, columns: int) -> None:
        """Move the crosshair; the first time it appears at the newest step."""
        self.view.move_cursor(columns, self._columns())
        self._moved()

    def action_zoom(self, direction: int) -> None:
        """Show half, or twice, as many steps."""
        self.view.zoom(2.0 if direction > 0 else 0.5)
        self._moved()

    def action_pan(self, direction: int) -> None:
        """Move the window by a quarter of its width."""
        self.view.pan(0.25 * direction)
        self._moved()

    def action_all(self) -> None:
        """Show the whole run and take the crosshair away."""
        self.view.all()
        self.view.cursor = None
        self._moved()

    def _step_at(self, column: int) -> float:
        where = area(self.size.width, self.size.height)
        return self.view.axis.value(where.position(column))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """The crosshair follows the mouse; with the button down the window does."""
        if self._drag is not None and self.view.zoomed:
            self.view.pan((self._drag[0] - event.x) / max(self._columns(), 1))
            self._drag = (event.x, 0.0)
        else:
            self.view.cursor = self._step_at(event.x)
        self._moved()

    def on_leave(self, event: events.Leave) -> None:
        """No crosshair without a mouse on the chart, unless the keys hold it there."""
        if event.node is self and not self.has_focus:
            self.view.cursor = None
            self._moved()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Begin to drag the window."""
        self._drag = (event.x, 0.0)
        self.capture_mouse()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """End of the drag."""
        self._drag = None
        self.release_mouse()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in around the mouse."""
        self.view.zoom(1.5, self._step_at(event.x))
        event.stop()
        self._moved()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out around the mouse."""
        self.view.zoom(1 / 1.5, self._step_at(event.x))
        event.stop()
        self._moved()


class _Styles(Sequence[Style]):
    """Styles by ink number; those of the heat map are made when first used."""

    def __init__(self, known: dict[int, Style], surface: Surface):
        self._known, self._dark, self.background = known, surface.dark, surface.background

    def __getitem__(self, ink: int) -> Style:  # type: ignore[override]
        style = self._known.get(ink)
        if style is None:
            style = self._known[ink] = heat_style(ink, self._dark)
        return style

    def __len__(self) -> int:
        return len(self._known)
