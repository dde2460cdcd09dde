"""The map of a race, and the list of those who run in it."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from rich.segment import Segment
from textual import events
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from tuilab.tui.figures import exact, grouped, short
from tuilab.tui.memory import on_theme
from tuilab.tui.racemodel import RaceModel
from tuilab.tui.theme import surface_of

if TYPE_CHECKING:
    from tuilab.tui.charts.contours import Map

Parts = list[tuple[str, str]]

_FAINT = "$foreground 55%"


class SurfaceMap(Widget):
    """Contours and paths. Shows a word until the engine's formulas are loaded."""

    def __init__(self, id: str = "surface-map") -> None:
        super().__init__(id=id)
        self.model: RaceModel | None = None
        self._map: Map | None = None
        self._strips: list[Strip] | None = None

    def on_mount(self) -> None:
        """New colours whenever the theme changes."""
        on_theme(self, self.renew)

    def on_resize(self) -> None:
        """Another size, another map."""
        self.renew()

    def renew(self) -> None:
        """Draw everything anew, the ground too."""
        self._map = None
        self.redraw()

    def redraw(self) -> None:
        """Draw the paths anew."""
        self._strips = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row; the first that is asked for paints them all."""
        if self._strips is None:
            self._strips = self._painted()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width, surface_of(self).blank)

    def _painted(self) -> list[Strip]:
        (width, height), model, on = self.size, self.model, surface_of(self)
        if model is None or width < 4 or height < 2:
            text = Strip([Segment("  loading the optimizers…", on.text(0.55))])
            return [text.crop(0, width).adjust_cell_length(width, on.blank)]
        if self._map is None or self._map.surface is not model.surface:
            from tuilab.tui.charts.contours import Map

            self._map = Map(model.surface, width, height, on)
        return self._map.strips(model.paths, model.at)


class Legend(Widget):
    """Surface and step; for each optimizer its rate and how deep it has come."""

    class Clicked(Message):
        """A racer was clicked."""

        def __init__(self, number: int):
            super().__init__()
            self.number = number

    def __init__(self) -> None:
        super().__init__(id="legend")
        self.model: RaceModel | None = None

    def render(self) -> Content:
        """Title, about, step; a head line and the racers; what waits or is over."""
        model, width = self.model, self.size.width
        if model is None:
            return Content("")
        return Content.assemble(*self._head(model, width), *self._racers(model, width), *self._foot(model, width))

    def _head(self, model: RaceModel, width: int) -> Parts:
        surface = model.surface
        which = f"{model.surfaces.index(surface) + 1} of {len(model.surfaces)}"
        about = wrap(surface.about, max(width, 10))
        self._top = 3 + len(about) + 1
        state = "running" if model.running else "finished" if model.at >= model.steps else "paused"
        return [
            (surface.title, "$primary bold"), (f"  {which}\n", _FAINT), ("\n".join(about) + "\n", "$foreground"),
            ("step ", _FAINT), (grouped(model.at), "$foreground bold"), (f" of {grouped(model.steps)}", _FAINT),
            (f"  {state}\n\n", "$accent" if model.running else _FAINT),
            (f"{'':4}{'optimizer':<11}{'rate':>8}{'height':>10}\n", "$foreground 45%"),
        ]  # fmt: skip

    def _racers(self, model: RaceModel, width: int) -> Parts:
        from tuilab.tui.charts.contours import racer_color

        dark, plain = self.app.current_theme.dark, self.app.no_color
        parts: Parts = []
        for k, racer in enumerate(model.racers):
            runs, path, here = racer in model.chosen, model.path(racer), k == model.cursor
            sign = (str(k + 1) if plain else "●") if runs else "○"
            height = short(float(path.heights[min(model.at, len(path.heights) - 1)])) if runs and path else "–"
            gone = path is not None and path.diverged and model.at >= len(path.heights)
            color = racer_color(k, dark).hex if runs else "$foreground 35%"
            text = "$foreground" if runs else "$foreground 45%"
            parts += [
                ("›" if here else " ", "$accent bold"), (f"{sign}  ", color),
                (f"{racer:<11}", f"{text} bold" if here else text),
                (f"{exact(float(f'{model.rate(racer):.3g}')):>8}", text if model.usual(racer) else "$accent"),
                (f"{'diverged' if gone and runs else height:>10}\n", "$error bold" if gone and runs else text),
            ]  # fmt: skip
        return parts

    def _foot(self, model: RaceModel, width: int) -> Parts:
        if any(model.missing()):
            return [("\nworking out paths…", _FAINT)]
        tell = ("enter  joins or leaves", "← →    its rate", "[ ]    all rates", "○      start", "+      minimum")
        return [("\n" + "\n".join(line[:width] for line in tell), _FAINT)]

    def on_click(self, event: events.Click) -> None:
        """A click on a racer is told to the screen."""
        number = event.y - self.gutter.top - getattr(self, "_top", 0)
        if self.model is not None and 0 <= number < len(self.model.racers):
            self.post_message(self.Clicked(number))
