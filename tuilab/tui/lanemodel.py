"""What the screen asks of the lanes and of the moments kept: requests to the worker, and what shows at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tuilab.tui.keys import shown
from tuilab.tui.lanes import LETTERS, seen_from

if TYPE_CHECKING:
    from tuilab.lab.frame import Frame, LaneFrame
    from tuilab.lab.preset import Preset
    from tuilab.lab.trail import Place
    from tuilab.lab.worker import Worker


class LaneModel:
    """The part of `LabModel` about lanes and time. A lane that was chosen shows before the engine knows of it."""

    preset: Preset
    frame: Frame | None
    _pending: dict[str, Any]
    _chosen: str | None = None  # a lane, until a frame shows it as the active one

    if TYPE_CHECKING:

        def ask(self, request: Callable[[Worker], object]) -> None:
            """Do `request` with the worker, now or once there is one."""

    @property
    def lanes(self) -> tuple[LaneFrame, ...]:
        """All lanes, if there are several."""
        return self.frame.lanes if self.frame is not None else ()

    @property
    def lane(self) -> LaneFrame | None:
        """The one with the dials, if there are several."""
        return next((lane for lane in self.lanes if lane.active), None)

    @property
    def places(self) -> tuple[Place, ...]:
        """The moments kept, the earliest first."""
        return self.frame.places if self.frame is not None else ()

    def chosen(self, frame: Frame) -> Frame:
        """`frame` as it is once the engine has heard which lane was chosen."""
        if self._chosen is None:
            return frame
        seen = seen_from(frame, self._chosen)
        if seen is frame:
            self._chosen = None
        return seen

    @property
    def lane_preset(self) -> Preset:
        """The preset under the name of the lane with the dials: `digits-b`."""
        if self.lane is None or self.lane.name == LETTERS[0]:
            return self.preset
        return self.preset.with_(name=f"{self.preset.name[:62]}-{self.lane.name.lower()}")

    # ---- lanes

    def fork(self, key: int | None = None, name: str | None = None, value: Any = None) -> None:
        """A new lane from here (or from the moment `key`), with a dial turned at once if one is named.

        Raises ValueError if there is no room for one.
        """
        if len(self.lanes) >= len(LETTERS):
            raise ValueError(f"there are {len(LETTERS)} lanes, as many as can be; {shown('drop')} drops this one")
        changes = None if name is None else {name: value}
        self._chosen = None
        self.ask(lambda worker: worker.lane("fork", key, changes))

    def select(self, name: str) -> None:
        """The dials act on this lane from now on; raises ValueError if there is none."""
        if name not in [lane.name for lane in self.lanes]:
            raise ValueError(f"there is no lane {name}; {shown('fork')} makes one")
        self._pending.clear()
        self._chosen = name
        if self.frame is not None:
            self.frame = seen_from(self.frame, name)
        self.ask(lambda worker: worker.lane("select", name))

    def drop(self) -> LaneFrame:
        """Close the lane with the dials; gives it. Raises ValueError if it is the only one."""
        lane = self.lane
        if lane is None:
            raise ValueError(f"this is the only lane; {shown('fork')} makes another")
        self._pending.clear()
        self._chosen = None
        self.ask(lambda worker: worker.lane("drop"))
        return lane

    def promote(self) -> LaneFrame:
        """The lane with the dials becomes the one that others are compared with; gives it. Raises ValueError."""
        lane = self.lane
        if lane is None:
            raise ValueError(f"this is the only lane; {shown('fork')} makes another")
        self.ask(lambda worker: worker.lane("promote"))
        return lane

    # ---- time

    def bookmark(self) -> None:
        """Keep the present moment."""
        self.ask(lambda worker: worker.lane("bookmark"))

    def back(self) -> Place:
        """To the last moment kept before the present one; gives it. Raises ValueError if there is none."""
        step = self.frame.step if self.frame is not None else 0
        before = [place for place in self.places if place.step < step]
        if not before:
            raise ValueError(f"this is the first moment there is; {shown('run')} goes on, {shown('fork')} forks")
        self.go_back(before[-1].key)
        return before[-1]

    def go_back(self, key: int) -> None:
        """To a moment kept, paused; what came later is no part of this lane any more."""
        self._pending.clear()
        self.ask(lambda worker: worker.lane("go_back", key))

    def seek(self, text: str) -> int:
        """To a step as it was typed (1200, 50 %); gives it. Raises ValueError."""
        total = self.frame.total_steps if self.frame is not None else 0
        step = step_of(text, total)
        self._pending.clear()
        self.ask(lambda worker: worker.seek(step))
        return step

    def take_over(self) -> int:
        """Drop what is planned: from here on the dials are turned by hand alone. Gives how much it was.

        Raises ValueError if nothing is planned.
        """
        planned = self.frame.planned if self.frame is not None else 0
        if not planned:
            raise ValueError("nothing is planned: the dials are yours already")
        self.ask(lambda worker: worker.lane("take_over"))
        return planned

    def rename(self, key: int, name: str) -> None:
        """Another name for a moment kept, which makes it a bookmark."""
        self.ask(lambda worker: worker.lane("rename", key, name))

    def forget(self, key: int) -> None:
        """Keep a moment no longer."""
        self.ask(lambda worker: worker.lane("forget", key))


def step_of(text: str, total: int) -> int:
    """A step as people type it: 1200, 1,200, 1 200, or 50 % of `total`; raises ValueError."""
    plain = text.replace(",", "").replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    number, share = plain.removesuffix("%"), plain.endswith("%")
    if not (number.isascii() and number.isdigit() and len(number) < 16) or (share and int(number) > 100):
        raise ValueError(f"found {text[:20]!r}, expected a step such as 1200, or 50 % of the way")
    return total * int(number) // 100 if share else min(int(number), total or int(number))
