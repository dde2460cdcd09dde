"""The decision boundary of a network on a 2-D data set, with the points it learns from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from tuilab.tui.memory import on_theme
from tuilab.tui.theme import class_color

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from textual.screen import Screen

    from tuilab.lab.session import Session
    from tuilab.lab.worker import Worker
    from tuilab.tui.charts.boundary import Window

EVERY = 0.3  # seconds between two looks at the decision boundary
PATIENCE = 20.0  # seconds to wait for one


@dataclass(frozen=True, eq=False)
class Decision:
    """What the network says about every pixel of a window, and the points."""

    window: Window
    probabilities: NDArray[np.floating]  # (pixels, classes)
    points: NDArray[np.floating]  # (n, 2)
    classes: NDArray[Any]  # (n,)


def has_plane(session: Session) -> bool:
    """Whether the data lie in a plane and fall into classes."""
    return bool(session.is_prepared and session.data.features == 2 and session.data.task == "classification")


def decide(session: Session, width: int, height: int) -> Decision:
    """Ask the network about a map of `width` x `height` cells. On the engine thread."""
    from tuilab.tui.charts.boundary import Window

    data = session.data
    window = Window.around(data.x_train, width, 2 * height)
    return Decision(window, session.trainer.predict(window.grid()), data.x_train, data.y_train)


class Maps:
    """Keeps the maps of a screen up to date: a few times a second, without the screen waiting for the engine."""

    def __init__(self, screen: Screen[None], maps: Sequence[BoundaryMap]):
        self._screen, self._maps = screen, maps
        self._moment: object = None
        self._time = 0.0
        self._asking = False

    def forget(self) -> None:
        """What is shown is of no use (another map, another size): ask again."""
        self._moment = None

    def update(self, moment: object, worker: Worker) -> None:
        """Ask for the maps on the screen anew, unless they show this moment or were asked for only just now."""
        now = time.monotonic()
        if self._asking or now - self._time < EVERY:
            return
        maps = [shown for shown in self._maps if shown.wanted is not None]
        if maps and (moment != self._moment or any(shown.stale for shown in maps)):
            self._moment, self._time, self._asking = moment, now, True
            self._screen.run_worker(self._ask(maps, worker), group="map")

    async def _ask(self, maps: list[BoundaryMap], worker: Worker) -> None:
        try:
            for shown in maps:
                size = shown.wanted
                if size is not None:
                    look = partial(decide, width=size[0], height=size[1])
                    shown.show(await asyncio.to_thread(worker.call, look, PATIENCE))
        except (TimeoutError, ValueError):  # the engine is busy or has ended: another time
            self.forget()
        finally:
            self._asking = False


class BoundaryMap(Widget):
    """The map; a title row above it. Shows nothing until there is a decision of its size."""

    def __init__(self, id: str):
        super().__init__(id=id)
        self._decision: Decision | None = None
        self._strips: list[Strip] | None = None

    @property
    def wanted(self) -> tuple[int, int] | None:
        """Cells of the map, if it is on the screen."""
        width, height = self.size.width - 2, self.size.height - 2
        return (width, height) if self.display and width >= 8 and height >= 4 and self.is_on_screen else None

    @property
    def stale(self) -> bool:
        """Whether what is shown has another size than the widget."""
        wanted, shown = self.wanted, self._decision
        return wanted is not None and (shown is None or (shown.window.width, shown.window.height // 2) != wanted)

    def on_mount(self) -> None:
        """New colours whenever the theme changes."""
        on_theme(self, self.restyle)

    def show(self, decision: Decision) -> None:
        """Draw this decision."""
        self._decision, self._strips = decision, None
        self.refresh()

    def restyle(self) -> None:
        """The theme changed."""
        self._strips = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Title, the map, an empty row."""
        width = self.size.width
        back = self.background_colors[1]
        if y == 0:
            title = Style(color=Color.parse(self.app.theme_variables["foreground"]).rich_color, bold=True)
            return Strip(
                [Segment(" Decision boundary".ljust(width)[:width], title + Style(bgcolor=back.rich_color))], width
            )
        blank = Style(bgcolor=back.rich_color)
        if self._strips is None:
            self._strips = self._painted(back)
        if not 0 <= y - 1 < len(self._strips) or self._strips[y - 1].cell_length != width - 2:
            return Strip.blank(width, blank)
        side = Segment(" ", blank)
        return Strip([side, *self._strips[y - 1], side], width)

    def _painted(self, back: Color) -> list[Strip]:
        decision = self._decision
        if decision is None:
            return []
        import numpy as np

        from tuilab.tui.charts import boundary

        window = decision.window
        cells = boundary.points_by_cell(decision.points, decision.classes, window)
        if self.app.no_color:
            return boundary.plain(decision.probabilities, window, {at: boundary.sign(k) for at, k in cells.items()})
        dark = self.app.current_theme.dark
        count = decision.probabilities.shape[1]
        colors = np.array([class_color(k, count, dark).rgb for k in range(count)], dtype=np.uint8)
        image = boundary.pixels(decision.probabilities, colors, np.array(back.rgb, dtype=np.uint8), window)
        strong = [class_color(k, count, dark) for k in range(count)]
        point = [np.array((c.lighten(0.12) if dark else c.darken(0.1)).rgb, dtype=np.uint8) for c in strong]
        return boundary.colored(image, {at: ("●", point[k]) for at, k in cells.items()})
