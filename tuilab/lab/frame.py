"""What a screen shows of the training, at one moment: the lane with the dials, and beside it the others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from engine.spec import Recipe
from tuilab.lab.history import Curves
from tuilab.lab.timeline import Change
from tuilab.lab.trail import Place

if TYPE_CHECKING:
    from tuilab.lab.lanes import Lane, Lanes


class Drawn(Protocol):
    """What has curves: a `History`."""

    def series(self) -> Curves: ...


class _Curved:
    """A moment whose curves are read when first asked for: a screen draws them less often than it looks at the rest."""

    if TYPE_CHECKING:
        history: Drawn

    @cached_property
    def curves(self) -> Curves:
        """The curves as they were when this was first asked."""
        return self.history.series()


@dataclass(frozen=True, eq=False)
class LaneFrame(_Curved):
    """One lane of several. `name` is its letter, `difference` what it is beside the main one: `A + batch norm`."""

    name: str
    main: bool
    active: bool  # the dials act on it
    difference: str  # empty for the main one
    status: str
    step: int
    epoch: float
    total_steps: int
    recipe: Recipe
    batch_size: int
    history: Drawn
    events: tuple[Change, ...]
    train_loss: float
    val_loss: float
    val_accuracy: float
    diverged_at: int | None
    places: tuple[Place, ...]
    planned: int = 0


@dataclass(frozen=True, eq=False)
class Frame(_Curved):
    """All the screen shows, at one moment. `total_steps` is 0 until the data are loaded.

    `revision` changes whenever anything else does. `message` tells what is going on beside the training, `error`
    what ended it: one line each. `lanes` is empty as long as there is one only; the rest is that of the active one.
    """

    status: str  # ready, running, paused, finished, stopped, diverged
    step: int
    total_steps: int
    epoch: float
    steps_per_s: float
    recipe: Recipe
    batch_size: int
    seed: int
    history: Drawn
    events: tuple[Change, ...]
    train_loss: float
    val_loss: float
    val_accuracy: float
    diverged_at: int | None
    message: str
    error: str | None
    revision: int
    moving: bool = False  # whether any lane does steps
    places: tuple[Place, ...] = ()  # moments to go back to, the earliest first
    planned: int = 0  # changes of the timeline, and conditions, that are still to come
    lanes: tuple[LaneFrame, ...] = ()


def picture(lanes: Lanes, moving: bool, steps_per_s: float, error: str | None) -> Frame:
    """The present moment of all lanes, without message and revision. On the engine thread."""
    active = lanes.active
    several = lanes.lanes if len(lanes.lanes) > 1 else []
    sides = tuple(
        LaneFrame(
            **_facts(lane, moving), name=lane.name, main=lane is lanes.main, active=lane is active,
            difference=lanes.difference(lane),
        )
        for lane in several
    )  # fmt: skip
    return Frame(
        **_facts(active, moving), steps_per_s=steps_per_s, seed=active.session.preset.seed, error=error, moving=moving,
        lanes=sides, message="", revision=0,
    )  # fmt: skip


def _facts(lane: Lane, moving: bool) -> dict[str, Any]:
    """The fields that a frame and the frame of a lane have in common."""
    session = lane.session
    return {
        "status": "running" if moving and not session.ended else session.status, "step": session.step,
        "total_steps": session.total_steps, "epoch": session.epoch, "recipe": session.recipe,
        "batch_size": session.batch_size, "events": session.events, "history": session.history,
        "train_loss": session.train_loss,
        "val_loss": session.val_loss, "val_accuracy": session.val_accuracy, "diverged_at": session.diverged_at,
        "places": lane.trail.places, "planned": session.lived.planned,
    }  # fmt: skip
