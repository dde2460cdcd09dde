"""The surfaces screen: the engine's optimizers racing over contours. It needs no network and leaves the lab's alone."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from tuilab.tui.racemodel import Key, RaceModel
from tuilab.tui.widgets.bars import KeyBar
from tuilab.tui.widgets.surface import Legend, SurfaceMap
from tuilab.tui.windows import Closing

if TYPE_CHECKING:
    from tuilab.lab.races import Path

FRAMES = 20.0  # a second

_HINTS = (
    ("space", "run", "screen.run"), (".", "step", "screen.advance(1)"), (">", "10 steps", "screen.advance(10)"),
    ("v", "surface", "screen.surface(1)"), ("r", "reset", "screen.reset"), ("enter", "join", "screen.join"),
    ("← →", "rate", "screen.rate(1)"), ("[ ]", "all rates", "screen.rates(1)"), ("f", "speed", "screen.speed(1)"),
    ("t", "theme", "screen.theme"), ("?", "help", "screen.help"), ("esc", "back to the lab", "screen.leave"),
)  # fmt: skip


class SurfacesScreen(Closing[None]):
    """Plays the paths of a RaceModel; those it does not know yet are worked out on a thread."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "run", "Run or pause", show=False),
        Binding("full_stop", "advance(1)", "One step", show=False),
        Binding("greater_than_sign", "advance(10)", "Ten steps", show=False),
        Binding("comma,less_than_sign", "advance(-1)", "One step back", show=False),
        Binding("r", "reset", "From the start", show=False),
        Binding("v", "surface(1)", "Next surface", show=False),
        Binding("V", "surface(-1)", "Surface before", show=False),
        *(Binding(str(k), f"show({k - 1})", f"Surface {k}", show=False) for k in range(1, 6)),
        Binding("down,j,tab", "cursor(1)", "Optimizer below", show=False),
        Binding("up,k,shift+tab", "cursor(-1)", "Optimizer above", show=False),
        Binding("enter", "join", "Join or leave", show=False),
        Binding("left,h,minus", "rate(-1)", "Rate down", show=False),
        Binding("right,l,plus,equals_sign", "rate(1)", "Rate up", show=False),
        Binding("backspace", "usual", "Usual rate", show=False),
        Binding("left_square_bracket", "rates(-1)", "All rates down", show=False),
        Binding("right_square_bracket", "rates(1)", "All rates up", show=False),
        Binding("f", "speed(1)", "Faster", show=False),
        Binding("F", "speed(-1)", "Slower", show=False),
        Binding("t", "theme", "Dark or light", show=False),
        Binding("question_mark", "help", "Keys", show=False),
        Binding("escape,q,S", "leave", "Back to the lab", show=False),
    ]
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self.model: RaceModel | None = None
        self._last = time.monotonic()
        self._working = False

    def compose(self) -> ComposeResult:
        yield Static(id="top")
        with Horizontal(id="race"):
            yield SurfaceMap()
            with Vertical(id="beside"):
                yield Legend()
        yield KeyBar(_HINTS)

    def on_mount(self) -> None:
        """The screen first, then the formulas."""
        self.set_interval(1 / FRAMES, self.tick)
        self.load()

    @work
    async def load(self) -> None:
        """The surfaces, and the paths to begin with."""
        from tuilab.lab.races import RACERS, STEPS, SURFACES

        self.model = RaceModel(SURFACES, RACERS, STEPS)
        if not self.is_attached:
            return
        self.query_one(SurfaceMap).model = self.query_one(Legend).model = self.model
        self.show()

    @property
    def settled(self) -> bool:
        """Whether every path that is wanted is known."""
        return self.model is not None and not any(self.model.missing())

    def tick(self) -> None:
        """Time goes by."""
        now = time.monotonic()
        passed, self._last = now - self._last, now
        if self.model is not None and self.model.pass_time(passed):
            self.show()

    def show(self) -> None:
        """Draw what the model holds, and work out what it lacks; a screen that was left meanwhile does neither."""
        if not self.is_attached:
            return
        if self.model is not None:
            self.query_one("#top", Static).update(title(self.model))
        self.query_one(SurfaceMap).redraw()
        self.query_one(Legend).refresh()
        if self.model is not None and not self._working and any(self.model.missing()):
            self._working = True
            self.work_out(self.model)

    @work(exit_on_error=False)  # the screen may be left, and its widgets gone, before a path is known
    async def work_out(self, model: RaceModel) -> None:
        """The missing paths, one by one, on a thread."""
        try:
            while self.is_attached and (key := next(model.missing(), None)) is not None:
                model.know(key, await asyncio.to_thread(race, model, key))
                self.show()
        finally:
            self._working = False

    @on(Legend.Clicked)
    def _clicked(self, event: Legend.Clicked) -> None:
        if self.model is not None:
            self.model.cursor = event.number
            self.action_join()

    # ---- keys

    def _do(self, name: str, *arguments: object) -> None:
        if self.model is not None:
            getattr(self.model, name)(*arguments)
            self.show()

    def action_run(self) -> None:
        """Run or pause."""
        self._do("run")

    def action_advance(self, steps: int) -> None:
        """So many steps, then pause."""
        self._do("advance", steps)

    def action_reset(self) -> None:
        """Back to the start."""
        self._do("reset")

    def action_surface(self, direction: int) -> None:
        """The next surface."""
        self._do("next_surface", direction)

    def action_show(self, number: int) -> None:
        """The surface of that number."""
        self._do("show", number)

    def action_cursor(self, direction: int) -> None:
        """Another optimizer under the cursor."""
        self._do("move", direction)

    def action_join(self) -> None:
        """It joins the race, or leaves it."""
        self._do("toggle")

    def action_rate(self, direction: int) -> None:
        """Its learning rate."""
        self._do("turn", direction)

    def action_rates(self, direction: int) -> None:
        """The learning rates of all that race."""
        if self.model is not None:
            self._do("turn", direction, list(self.model.chosen))

    def action_usual(self) -> None:
        """Its usual learning rate."""
        self._do("restore")

    def action_speed(self, direction: int) -> None:
        """Faster or slower."""
        self._do("next_speed", direction)

    def action_theme(self) -> None:
        """Dark or light."""
        self.app.theme = "tuilab-light" if self.app.current_theme.dark else "tuilab-dark"

    def action_help(self) -> None:
        """The keys of this screen."""
        keys = "  ".join(f"{key} {word}" for key, word, _ in _HINTS)
        self.notify(f"{keys}  1-5 a surface  backspace the usual rate  , one step back", title="Keys", timeout=12)

    def action_leave(self) -> None:
        """Back to the lab."""
        self.dismiss(None)


def title(model: RaceModel) -> Content:
    """All surfaces, the present one strong."""
    parts: list[tuple[str, str]] = [("Surfaces", "$primary bold")]
    for k, surface in enumerate(model.surfaces, 1):
        here = surface is model.surface
        parts += [(f"   {k} ", "$accent bold"), (surface.title, "$foreground bold" if here else "$foreground 55%")]
    return Content.assemble(*parts)


def race(model: RaceModel, key: Key) -> Path:
    """Work out one path."""
    from tuilab.lab.races import run

    surface = next(s for s in model.surfaces if s.name == key[0])
    return run(surface, key[1], key[2], model.steps)
