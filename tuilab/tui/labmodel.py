"""What the screen shows and may do, without any screen: the newest frame, and turns that are on their way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuilab.tui.dials import BY_NAME, current
from tuilab.tui.lanemodel import LaneModel
from tuilab.tui.turns import Turn, TurnLog

if TYPE_CHECKING:
    from engine.spec import Recipe
    from tuilab.lab.preset import Preset
    from tuilab.lab.worker import Frame, Worker
    from tuilab.tui.ghosts import Ghost

SAVE_SECONDS = 3.0  # to wait for the chunk that is going on
#: Speeds to choose from, in steps a second; None: as fast as it goes.
SPEEDS: tuple[float | None, ...] = (None, 1000.0, 100.0, 10.0, 1.0)
WATCH_SECONDS = 12.0  # what a run should last at least, so that a person can see it and turn dials


def watchable(total_steps: int) -> float | None:
    """The greatest of the speeds at which so many steps take at least WATCH_SECONDS."""
    return next((s for s in SPEEDS if s is not None and total_steps / s >= WATCH_SECONDS), 10.0)


class LabModel(LaneModel):
    """The preset, the worker once there is one, and its last frame.

    Until a worker is attached (the engine is still being loaded) everything asked of it is kept and done then.
    """

    def __init__(self, preset: Preset):
        self.preset = preset
        self.make_worker: Callable[[Preset], Worker] | None = None  # None: as the app makes them
        self.worker: Worker | None = None
        self.ghosts: Sequence[Ghost] = ()  # runs to compare with
        self.frame: Frame | None = None
        self.speed: float | None = None
        self.auto_speed = True  # choose one once it is known how long the run is
        self._pending: dict[str, Any] = {}
        self._waiting: list[Callable[[Worker], object]] = []
        self._cores: int | None = None  # not counted yet
        self._log = TurnLog(preset.recipe, preset.batch_size)
        self.saved_events: tuple[Any, ...] = ()

    def attach(self, worker: Worker) -> None:
        """Use `worker` from now on and do what was asked for while there was none."""
        self.worker = worker
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            request(worker)

    def ask(self, request: Callable[[Worker], object]) -> None:
        """Do `request` with the worker, now or once there is one."""
        if self.worker is None:
            self._waiting.append(request)
        else:
            request(self.worker)

    def poll(self) -> Frame | None:
        """The newest frame if anything changed since the last call, else None."""
        if self.worker is None:
            return None
        frame = self.worker.frame()
        if self.frame is not None and frame.revision == self.frame.revision:
            return None
        self.frame = frame = self.chosen(frame)
        if self.auto_speed and frame.total_steps:
            self.set_speed(watchable(frame.total_steps))
        self._settle(frame)
        return frame

    def _settle(self, frame: Frame) -> None:
        """Forget the turns that the frame shows to be done."""
        for name in [n for n, v in self._pending.items() if current(n, frame.recipe, frame.batch_size) == v]:
            del self._pending[name]
        self._log.follow(frame.events)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Everything turned so far, oldest first."""
        return self._log.turns

    @property
    def running(self) -> bool:
        """Whether steps are being done."""
        return self.frame is not None and (self.frame.status == "running" or self.frame.moving)

    @property
    def crowded(self) -> bool:
        """Whether steps are being done on every core there is: then the screen has what it needs from them."""
        if not self.running or self.worker is None:
            return False
        if self._cores is None:
            from tuilab.lab.machine import cores

            self._cores = cores()
        threads = self.worker.session.threads  # None: not chosen yet
        return threads is None or threads >= self._cores

    @property
    def step(self) -> int:
        """Steps done."""
        return self.frame.step if self.frame is not None else 0

    @property
    def unsaved(self) -> bool:
        """Whether the run holds turns that no saved preset has."""
        return self.frame is not None and tuple(self.frame.events) != self.saved_events and bool(self.turns)

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of all layers, inputs and outputs included once the data are there."""
        session = self.worker.session if self.worker is not None else None
        if session is None or not session.is_prepared:
            return self.preset.widths
        return tuple(session.trainer.architecture.widths)

    @property
    def plane(self) -> bool:
        """Whether there is a decision boundary to show: two features, and classes."""
        from tuilab.tui.widgets.boundary import has_plane

        return self.worker is not None and has_plane(self.worker.session)

    def save(self, path: Path, overwrite: bool) -> Path:
        """Write the run as a preset; raises FileExistsError, or ValueError with one line."""
        from tuilab.tui.saving import write_preset

        preset: Preset = self.preset
        events: tuple[Any, ...] = ()
        if self.worker is not None:
            events = self.worker.frame().events
            try:
                preset = self.worker.as_preset(timeout=SAVE_SECONDS)
            except TimeoutError:
                raise ValueError("the engine is busy; try again in a moment") from None
        written = write_preset(preset, path, overwrite)
        self.saved_events = tuple(events)
        return written

    def value(self, name: str) -> Any:
        """What the dial shows: the last value it was turned to, applied or not."""
        if name in self._pending:
            return self._pending[name]
        if self.frame is not None:
            return current(name, self.frame.recipe, self.frame.batch_size)
        return current(name, self.preset.recipe, self.preset.batch_size)

    def start_value(self, name: str) -> Any:
        """What the dial stood at in the preset."""
        return current(name, self.preset.recipe, self.preset.batch_size)

    @property
    def recipe(self) -> Recipe:
        """The recipe with every turn that is on its way."""
        recipe = self.frame.recipe if self.frame is not None else self.preset.recipe
        pending = {name: value for name, value in self._pending.items() if name != "batch_size"}
        return recipe.changed(**pending) if pending else recipe

    def has_effect(self, name: str) -> bool:
        """Whether the dial does anything as the others stand now."""
        return BY_NAME[name].effect(self.recipe)

    def turn(self, name: str, direction: int) -> Turn | None:
        """Turn a dial one notch. What was done, or None at the end of its way. Raises SpecError."""
        return self.set(name, BY_NAME[name].turned(self.value(name), direction))

    def set(self, name: str, value: Any) -> Turn | None:
        """Turn a dial to `value` (None for the optimizer's usual lr or eps). Raises SpecError if it cannot be."""
        before = self.value(name)
        after = value if name == "batch_size" else current(name, self.recipe.changed(**{name: value}), 0)
        if after == before:
            return None
        self.ask(lambda worker: worker.turn(name, value))
        self._pending[name] = after
        return Turn(self.step, name, before, after)

    def toggle(self) -> None:
        """Run, or pause; at the end of the budget go on for as long again."""

        def change(worker: Worker) -> None:
            frame = worker.frame()
            if frame.status == "running" or frame.moving:
                worker.pause()
                return
            if frame.status == "finished" and all(lane.status in ("finished", "diverged") for lane in frame.lanes):
                worker.extend(frame.total_steps)
            worker.run()

        self.ask(change)

    def advance(self, steps: int) -> None:
        """That many steps, then pause."""
        self.ask(lambda worker: worker.advance(steps))

    def reset(self) -> None:
        """Back to step 0 and the preset's dials."""
        self._pending.clear()
        self.ask(lambda worker: worker.reset())

    def rewind(self) -> None:
        """Back to the last state in which all numbers were finite."""
        self._pending.clear()
        self.ask(lambda worker: worker.rewind())

    def set_speed(self, speed: float | None) -> None:
        """At most so many steps a second; None: no limit."""
        self.speed, self.auto_speed = speed, False
        self.ask(lambda worker: worker.set_speed(speed))

    def next_speed(self, direction: int) -> float | None:
        """Change to the next slower (1) or faster (-1) speed of the list, round its end."""
        at = SPEEDS.index(self.speed) if self.speed in SPEEDS else 0
        self.set_speed(SPEEDS[(at + direction) % len(SPEEDS)])
        return self.speed
