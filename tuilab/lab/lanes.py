"""Lanes: up to four runs side by side, forked from one another, trained in turns on the same batches.

Random numbers are keyed by seed and step, so lanes at one step draw the same batch and the same masks: what differs
between them is what was turned. A lane's timeline is that of its parent up to the fork and its own from there on, so
that it is a run like any other: saved, it is a preset that replays bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from tuilab.lab.errors import LabError
from tuilab.lab.moment import Moment
from tuilab.lab.session import Session
from tuilab.lab.trail import Place, Trail

LETTERS = "ABCD"
_MOVED = "turned otherwise before"  # of two lanes whose dials stand alike


@dataclass(eq=False)
class Lane:
    """One run and the moments it can go back to. `since` is the step at which it was forked."""

    name: str
    session: Session
    since: int = 0
    trail: Trail = field(default_factory=Trail)

    def __post_init__(self) -> None:
        self.session.on_look = self.trail.pass_by


class Lanes:
    """At least one lane. The dials act on the active one; the main one is what the others are compared with.

    All but reading `active` is for the engine thread.
    """

    def __init__(self, session: Session):
        self._base = session.preset.name
        self.lanes: list[Lane] = [Lane(LETTERS[0], session)]
        self.active = self.main = self.lanes[0]

    # ---- training

    @property
    def front(self) -> int:
        """The step at which the lane is that has the most to do: the others wait for it."""
        steps = [lane.session.step for lane in self.lanes if not lane.session.ended]
        return min(steps, default=self.active.session.step)

    @property
    def ended(self) -> bool:
        """Whether no lane has anything more to train."""
        return all(lane.session.ended for lane in self.lanes)

    def advance(self, n: int) -> int:
        """Brings every lane `n` steps on from the front, one after the other; gives the steps done by that in front."""
        first = self.front
        for lane in self.lanes:
            session = lane.session
            if not session.ended and session.step < first + n:
                session.advance(first + n - session.step)
        return max(max(min(lane.session.step, first + n) for lane in self.lanes) - first, 0)

    def turn(self, field: str, value: Any) -> None:
        """Turns a dial of the active lane."""
        self.active.session.turn(field, value)
        self.active.session.apply_turns()

    def extend(self, steps: int) -> None:
        """`steps` more for all, to one common end."""
        end = max(max(lane.session.total_steps, lane.session.step) for lane in self.lanes) + steps
        for lane in self.lanes:
            lane.session.extend(end - max(lane.session.total_steps, lane.session.step))

    # ---- lanes

    def fork(self, key: int | None = None, changes: dict[str, Any] | None = None) -> Lane:
        """A new lane that goes on from where the active one is (or from its moment `key`), with `changes` at once.

        It becomes the active one. Raises LabError if there is no room, SpecError for a change that cannot be.
        """
        taken = {lane.name for lane in self.lanes}
        free = [letter for letter in LETTERS if letter not in taken]
        if not free:
            raise LabError(f"lanes: there are {len(LETTERS)} already, which is as many as can be; drop one first")
        parent = self.active
        moment = parent.session.moment() if key is None else parent.trail.moment(key)
        session = forked(parent.session, moment, f"{self._base[:62]}-{free[0].lower()}")
        for name, value in (changes or {}).items():
            session.turn(name, value)
        session.apply_turns()
        lane = Lane(free[0], session, moment.step, parent.trail.until(moment.step))
        self.lanes = sorted([*self.lanes, lane], key=lambda one: one.name)
        self.active = lane
        return lane

    def select(self, name: str) -> None:
        """From now on the dials act on this lane; raises LabError if there is none."""
        self.active = self._find(name)

    def promote(self) -> None:
        """The active lane becomes the main one."""
        self.main = self.active

    def drop(self) -> None:
        """Closes the active lane, which keeps its run folder; raises LabError for the last one."""
        if len(self.lanes) == 1:
            raise LabError("lanes: this is the only one, so it cannot be dropped")
        gone = self.active
        self.lanes = [lane for lane in self.lanes if lane is not gone]
        self.main = self.lanes[0] if self.main is gone else self.main
        self.active = self.main
        gone.session.close()

    def reset(self) -> None:
        """One lane at its first step, with the preset's dials; the others are closed."""
        for lane in self.lanes:
            if lane is not self.main:
                lane.session.close()
        session = self.main.session
        session.reset()
        session.preset = replace(session.preset, name=self._base)
        self.lanes = [Lane(LETTERS[0], session)]
        self.active = self.main = self.lanes[0]

    def close(self) -> None:
        """Saves and closes all, the last even if the first cannot be."""
        problems: list[Exception] = []
        for lane in self.lanes:
            try:
                lane.session.close()
            except Exception as error:  # told below, once the others are safe
                problems.append(error)
        if problems:
            raise problems[0]

    def _find(self, name: str) -> Lane:
        for lane in self.lanes:
            if lane.name == name:
                return lane
        raise LabError(f"lanes: found {name}, there are {', '.join(lane.name for lane in self.lanes)}")

    # ---- time, of the active lane

    def bookmark(self, name: str = "") -> Place:
        """Keeps the present moment; raises LabError if too many are kept."""
        return self.active.trail.bookmark(self.active.session, name)

    def rename(self, key: int, name: str) -> None:
        """Another name for a moment kept, which makes it a bookmark; raises LabError."""
        self.active.trail.rename(key, name)

    def forget(self, key: int) -> None:
        """Keeps a moment no longer; raises LabError if it is gone."""
        self.active.trail.forget(key)

    def go_back(self, key: int) -> None:
        """To a moment kept, to go on from there with other dials; raises LabError if it is gone."""
        lane = self.active
        lane.session.return_to(lane.trail.moment(key))
        lane.trail.forget_after(lane.session.step)

    def back(self) -> bool:
        """To the last moment kept before the present one; False if there is none."""
        lane = self.active
        before = [p for p in lane.trail.places if p.step < lane.session.step]
        if before:
            self.go_back(before[-1].key)
        return bool(before)

    def seek(self, step: int) -> None:
        """Readies the active lane for its way to `step`; raises LabError if that lies before all moments kept.

        Where the step lies behind, the lane goes back to the last moment before it, and what was turned since is done
        again: seeking back and forth changes nothing.
        """
        lane = self.active
        session = lane.session
        if step >= session.step:
            return
        before = [place for place in lane.trail.places if place.step <= step]
        if not before:
            raise LabError(f"seek: no moment is kept of step {step:,} or before; starting anew leads there")
        session.return_to(session.lived.replan(lane.trail.moment(before[-1].key), session.step))
        lane.trail.forget_after(session.step)

    def take_over(self) -> None:
        """Drops what is planned for the active lane: from here on its dials are turned by hand alone."""
        self.active.session.lived.take_over()

    def rewind(self) -> None:
        """To the last good state of a lane that diverged."""
        self.active.session.rewind()
        self.active.trail.forget_after(self.active.session.step)

    def difference(self, lane: Lane) -> str:
        """What `lane` is beside the main one: `A + batch norm`; empty for the main one itself."""
        if lane is self.main:
            return ""
        ours, theirs = self.main.session, lane.session
        less, more = _differences(ours, theirs)
        text = self.main.name + "".join(f" − {name}" for name in less) + (f" + {', '.join(more)}" if more else "")
        same = not less and not more
        return f"{text}, {_MOVED}" if same and ours.events[: len(theirs.events)] != theirs.events else text


def forked(session: Session, moment: Moment, name: str) -> Session:
    """A session of its own called `name` that goes on from `moment` of `session`: same data, same batches."""
    child = Session(
        replace(session.preset, name=name, recorded=None), backend=session.backend, threads=session.threads,
        runs=session.saver.runs, data=session.data, until=session.until,
    )  # fmt: skip
    child.total_steps, child.eval_every, child.wall_s = session.total_steps, session.eval_every, session.wall_s
    child.probe_every = session.probe_every
    child.history = session.history.copy()
    child.return_to(moment)
    return child


def _differences(ours: Session, theirs: Session) -> tuple[list[str], list[str]]:
    """What the other has switched off, and what stands otherwise: `batch norm`, `dropout 0.5`."""
    less: list[str] = []
    more: list[str] = []
    names = [f.name for f in fields(ours.recipe)]
    pairs = [(name, getattr(ours.recipe, name), getattr(theirs.recipe, name)) for name in names]
    for name, here, there in [*pairs, ("batch_size", ours.batch_size, theirs.batch_size)]:
        if here == there:
            continue
        word = name.replace("_", " ")
        if isinstance(there, bool):
            (more if there else less).append(word)
        else:
            shown = "auto" if there is None else f"{there:g}" if isinstance(there, float) else str(there)
            more.append(shown if name in ("optimizer", "activation") and isinstance(there, str) else f"{word} {shown}")
    return less, more
