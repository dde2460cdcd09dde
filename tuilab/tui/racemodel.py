"""A race of optimizers as the screen plays it: who runs, at which rates, and how far it has come. No screen here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tuilab.tui.dials import BY_NAME

if TYPE_CHECKING:
    from tuilab.lab.races import Path, Surface

Key = tuple[str, str, float]  # surface, optimizer, rate

SPEEDS = (10, 40, 160, 640)  # steps a second
AT_FIRST = ("sgd", "momentum", "nag", "rmsprop", "adam")


class RaceModel:
    """Paths are worked out whole, elsewhere (`missing` says which), and played here step by step."""

    def __init__(self, surfaces: tuple[Surface, ...], racers: tuple[str, ...], steps: int):
        self.surfaces, self.racers, self.steps = surfaces, racers, steps
        self.at = 0  # steps shown
        self.running = False
        self.cursor = 0  # the racer that keys act on
        self.speed = SPEEDS[1]
        self.chosen = [racer for racer in racers if racer in AT_FIRST]
        self._surface = 0
        self._rates: dict[tuple[str, str], float] = {}
        self._paths: dict[Key, Path] = {}
        self._owed = 0.0  # part of a step

    @property
    def surface(self) -> Surface:
        """Where they race."""
        return self.surfaces[self._surface]

    @property
    def racer(self) -> str:
        """The one under the cursor."""
        return self.racers[self.cursor]

    def rate(self, racer: str) -> float:
        """Its learning rate on this surface."""
        return self._rates.get((self.surface.name, racer), self.surface.rates[racer])

    def usual(self, racer: str) -> bool:
        """Whether its rate is the one that suits the surface."""
        return self.rate(racer) == self.surface.rates[racer]

    def _key(self, racer: str) -> Key:
        return self.surface.name, racer, self.rate(racer)

    def path(self, racer: str) -> Path | None:
        """Its path, once it is known."""
        return self._paths.get(self._key(racer))

    @property
    def paths(self) -> list[tuple[int, Path]]:
        """(number, path) of those that race and are known."""
        found = ((k, self.path(racer)) for k, racer in enumerate(self.racers) if racer in self.chosen)
        return [(k, path) for k, path in found if path is not None]

    def missing(self) -> Iterator[Key]:
        """The paths that are still to be worked out."""
        return (self._key(racer) for racer in self.chosen if self.path(racer) is None)

    def know(self, key: Key, path: Path) -> None:
        """A path was worked out."""
        self._paths[key] = path

    # ---- what the keys do

    def show(self, number: int) -> None:
        """Another surface, counted round; the race begins anew."""
        self._surface = number % len(self.surfaces)
        self.at = 0

    def next_surface(self, direction: int) -> None:
        """The next one."""
        self.show(self._surface + direction)

    def move(self, direction: int) -> None:
        """The cursor to the racer below or above; the ends are joined."""
        self.cursor = (self.cursor + direction) % len(self.racers)

    def toggle(self) -> None:
        """The racer under the cursor joins, or leaves."""
        if self.racer in self.chosen:
            self.chosen.remove(self.racer)
        else:
            self.chosen.append(self.racer)

    def turn(self, direction: int, racers: list[str] | None = None) -> None:
        """The learning rate of the racer under the cursor (or of these) one notch up or down."""
        for racer in [self.racer] if racers is None else racers:
            rate = BY_NAME["lr"].turned(self.rate(racer), direction)
            self._rates[self.surface.name, racer] = rate

    def restore(self) -> None:
        """The usual rate for the racer under the cursor."""
        self._rates.pop((self.surface.name, self.racer), None)

    def run(self) -> None:
        """Run or pause; at the end, from the start again."""
        if self.at >= self.steps:
            self.at = 0
        self.running = not self.running

    def advance(self, steps: int) -> None:
        """That many steps, then pause."""
        self.running = False
        self.at = min(max(self.at + steps, 0), self.steps)

    def reset(self) -> None:
        """Back to the start, paused."""
        self.at, self.running = 0, False

    def next_speed(self, direction: int) -> None:
        """The next faster or slower speed, round the end."""
        self.speed = SPEEDS[(SPEEDS.index(self.speed) + direction) % len(SPEEDS)]

    def pass_time(self, seconds: float) -> bool:
        """Time goes by; gives whether the race has moved. It waits while paths are missing, and stops at the end."""
        if not self.running or any(self.missing()):
            return False
        self._owed += seconds * self.speed
        steps, self._owed = divmod(self._owed, 1.0)
        self.at = min(self.at + int(steps), self.steps)
        if self.at == self.steps:
            self.running = False
        return steps > 0
