"""The moments of a run to which it can go back: bookmarks, and a ring of automatic ones that get sparser with age.

However long a run is, no more than MAX_MOMENTS and MAX_BYTES are kept of the one, MAX_BOOKMARKS and MAX_BYTES of the
other. When there are too many automatic ones, that goes whose neighbours are closest together, measured by its age: so
the distance between two grows with the time that has passed since. The first one stays as long as there are others.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count
from typing import TYPE_CHECKING

from tuilab.lab.errors import LabError
from tuilab.lab.timeline import Change

if TYPE_CHECKING:
    from tuilab.lab.moment import Moment
    from tuilab.lab.session import Session

MAX_MOMENTS = 24
MAX_BOOKMARKS = 16
MAX_BYTES = 128 * 2**20
MAX_NAME = 40
_SMALL = 2**20  # bytes of a moment that can be kept at every look at the validation part
_LOOKS = 4  # looks from one moment to the next, if it is larger

_keys = count(1)


@dataclass(frozen=True, slots=True)
class Place:
    """A moment as it is listed. `name`: of a bookmark; empty for an automatic one."""

    key: int
    name: str
    step: int
    train_loss: float
    val_loss: float
    val_accuracy: float
    events: tuple[Change, ...]


class Trail:
    """The moments of one lane. For the engine thread; `places` is for any."""

    def __init__(self, kept: Iterable[tuple[Place, Moment]] = ()):
        self._kept = {place.key: (place, moment) for place, moment in kept}
        self.places: tuple[Place, ...] = ()
        self._list()

    @property
    def marks(self) -> list[Place]:
        """The bookmarks, the earliest first."""
        return [place for place in self.places if place.name]

    def pass_by(self, session: Session) -> None:
        """Keeps the present moment if it is time for one; called at each look at the validation part."""
        if not math.isfinite(session.val_loss):
            return
        good = session.good
        size = 0 if good is None else good.nbytes
        if good is not None and good.step == session.step:
            self._keep(good)
        elif size <= _SMALL or (session.step // max(session.eval_every, 1)) % _LOOKS == 0:
            self._keep(session.moment())

    def _keep(self, moment: Moment) -> None:
        self.forget_after(moment.step - 1)
        self._add("", moment)
        while True:  # drop automatic moments until there are few enough
            kept = [place for place in self.places if not place.name]
            if len(kept) <= MAX_MOMENTS and self._size(kept) <= MAX_BYTES:
                return
            self.forget(_least_missed(kept).key)

    def _size(self, places: Iterable[Place]) -> int:
        return sum(self._kept[place.key][1].nbytes for place in places)

    def bookmark(self, session: Session, name: str = "") -> Place:
        """Keeps the present moment under `name` (empty: mark 1, 2, …); raises LabError if there are too many."""
        moment = session.moment(curves=True)
        self._check_room(moment.nbytes)
        taken = {place.name for place in self.marks}
        free = next(f"mark {k}" for k in count(1) if f"mark {k}" not in taken)
        return self._add(name.strip()[:MAX_NAME] or free, moment)

    def _check_room(self, size: int) -> None:
        if size > MAX_BYTES:
            raise LabError(f"bookmark: a moment of this network takes {size >> 20} MB, more than {MAX_BYTES >> 20}")
        if len(self.marks) >= MAX_BOOKMARKS or self._size(self.marks) + size > MAX_BYTES:
            raise LabError(f"bookmark: {len(self.marks)} are kept and there is no room for more; forget one first")

    def rename(self, key: int, name: str) -> None:
        """Another name for a bookmark; an automatic moment becomes one. Raises LabError."""
        place, moment = self._find(key)
        if not name.strip():
            raise LabError("bookmark: found an empty name, expected one such as before dropout")
        if not place.name:
            self._check_room(moment.nbytes)
        self._kept[key] = replace(place, name=name.strip()[:MAX_NAME]), moment
        self._list()

    def forget(self, key: int) -> None:
        """Drops a moment; raises LabError if it is gone already."""
        self._find(key)
        del self._kept[key]
        self._list()

    def moment(self, key: int) -> Moment:
        """The moment; raises LabError if it is gone."""
        return self._find(key)[1]

    def _find(self, key: int) -> tuple[Place, Moment]:
        if key not in self._kept:
            raise LabError("this moment is kept no longer; the run went on meanwhile")
        return self._kept[key]

    def forget_after(self, step: int) -> None:
        """Drops the automatic moments after `step`, for a run that goes on from there in another way."""
        self._kept = {key: (place, m) for key, (place, m) in self._kept.items() if place.name or place.step <= step}
        self._list()

    def until(self, step: int) -> Trail:
        """Another with the moments up to `step`, for a lane that begins there; they are shared, not copied."""
        return Trail(kept for kept in self._kept.values() if kept[0].step <= step)

    def _add(self, name: str, moment: Moment) -> Place:
        place = Place(
            next(_keys), name, moment.step, moment.train_loss, moment.val_loss, moment.val_accuracy, moment.events
        )  # fmt: skip
        self._kept[place.key] = place, moment
        self._list()
        return place

    def _list(self) -> None:
        self.places = tuple(sorted((place for place, _ in self._kept.values()), key=lambda p: (p.step, p.key)))


def _least_missed(kept: list[Place]) -> Place:
    """The one of these (by step) whose neighbours are closest together for its age; never the newest of several."""
    if len(kept) <= 2:
        return kept[0]
    newest = kept[-1].step
    gaps = [
        ((after.step - before.step) / (newest - here.step), here)
        for before, here, after in zip(kept, kept[1:], kept[2:], strict=False)
    ]
    return min(gaps, key=lambda gap: gap[0])[1]
