"""What the network says about the validation part: confusion matrix, worst mistakes, predicted against true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from textual.strip import Strip
from textual.widget import Widget

from tuilab.tui.asking import Asking, Timed
from tuilab.tui.memory import on_theme
from tuilab.tui.theme import surface_of

if TYPE_CHECKING:
    from textual.screen import Screen

    from tuilab.lab.looks import Look
    from tuilab.lab.session import Session

TITLES = {"confusion": "Confusion", "mistakes": "Worst mistakes", "fit": "Predicted against true"}


class LookView(Widget):
    """One way (`kind`, of TITLES) to show the newest look."""

    def __init__(self, id: str, kind: str = "confusion"):
        super().__init__(id=id)
        self._kind = kind
        self._look: Look | None = None
        self._strips: list[Strip] | None = None

    @property
    def kind(self) -> str:
        """What is shown."""
        return self._kind

    @kind.setter
    def kind(self, kind: str) -> None:
        if kind != self._kind:
            self._kind = kind
            self.redraw()

    @property
    def wanted(self) -> bool:
        """Whether anybody can see it."""
        return bool(self.display and self.size.height >= 2 and self.is_on_screen)

    @property
    def shown(self) -> Look | None:
        """The look that is drawn."""
        return self._look

    def on_mount(self) -> None:
        """New colours whenever the theme changes."""
        on_theme(self, self.redraw)

    def show(self, look: Look) -> None:
        """Draw this look."""
        self._look = look
        self.redraw()

    def redraw(self) -> None:
        """Paint anew."""
        self._strips = None
        self.refresh()

    def on_resize(self) -> None:
        """Another size, another picture."""
        self.redraw()

    def render_line(self, y: int) -> Strip:
        """One row; the first that is asked for paints them all."""
        if self._strips is None:
            self._strips = self._painted()
        width = self.size.width
        return self._strips[y] if y < len(self._strips) else Strip.blank(width, surface_of(self).blank)

    def _painted(self) -> list[Strip]:
        width, height = self.size
        on = surface_of(self)
        if self._look is None:
            title = Strip([Segment(f" {TITLES[self._kind]}", on.text(bold=True))])
            wait = Strip([Segment("  as soon as the network has been asked", on.text(0.55))])
            return [strip.crop(0, width).adjust_cell_length(width, on.blank) for strip in (title, Strip([]), wait)]
        return _painter(self._kind)(self._look, width, height, on)


def _painter(kind: str) -> Any:
    """How a kind is painted; imported when it is, for it needs NumPy."""
    if kind == "confusion":
        from tuilab.tui.charts.matrix import paint_matrix

        return paint_matrix
    if kind == "mistakes":
        from tuilab.tui.charts.thumbs import paint_mistakes

        return paint_mistakes
    from tuilab.tui.charts.scatter import paint_fit

    return paint_fit


def kinds(session: Session | None) -> tuple[str, ...]:
    """What there is to see of the session's data; nothing before they are there."""
    if session is None or not session.is_prepared:
        return ()
    from tuilab.lab.looks import kinds as of_data

    return of_data(session.data)


def looking(screen: Screen[None], views: Sequence[LookView]) -> Asking[Look]:
    """Keeps the views up to date while any can be seen."""

    def wanted() -> bool:
        return any(view.wanted for view in views)

    def ask(engine: Timed) -> Look:
        from tuilab.lab import looks

        def question(session: Session) -> Any:
            rows = looks.chosen(len(session.data.x_val))
            return session.data, rows, *looks.ask(session, rows)

        data, rows, step, said = engine(question)
        return looks.look(data, rows, step, said)

    def show(look: Look) -> None:
        for view in views:
            view.show(look)

    return Asking(screen, wanted, ask, show)
