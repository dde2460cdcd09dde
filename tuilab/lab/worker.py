"""One background thread that moves a session and its lanes, so that nothing the training does makes the screen wait.

Every method but `stop` and `as_preset` returns at once; what it asks for happens between two chunks of about 30 ms.
What the thread has to tell is in `frame()`, a picture of one moment that no later step changes.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any, TypeVar

from engine.spec import SpecError
from tuilab.lab.disk import why
from tuilab.lab.errors import LabError, one_line
from tuilab.lab.frame import Frame, picture
from tuilab.lab.lanes import Lanes
from tuilab.lab.pace import CHUNK_S, Pace
from tuilab.lab.preset import Preset
from tuilab.lab.session import Session
from tuilab.lab.timeline import check_dial

_T = TypeVar("_T")
_END = float("inf")  # the goal of a run without another
PROBE_EVERY = 50  # a probed step takes about a fifth longer
_NOW = -1.0  # the goal that is reached already
_NICE = 5  # on Linux: how far the training stands back where it and the screen want the same core
_RESTING = ("rewind", "back", "go_back")


class Worker:
    """Moves `session` and the lanes forked from it, which no other thread may touch while this one lives."""

    def __init__(self, session: Session):
        self.lanes = Lanes(session)
        session.probe_every = session.probe_every or PROBE_EVERY
        self._cond = threading.Condition()
        self._requests: deque[Callable[[], None]] = deque()
        self._goal: float | None = None  # step to run up to, None: paused
        self._speed: float | None = None
        self._hurry = 0  # the step up to which the speed is not limited
        self._stopping = False
        self._pace = Pace()
        self._error: str | None = None
        self._since = time.monotonic()
        self._thread = threading.Thread(target=self._live, name="tuilab-engine", daemon=True)
        self._revision = self._seen = 0
        self._state = picture(self.lanes, False, 0.0, None)
        self._frame = self._state

    @property
    def session(self) -> Session:
        """The session of the lane that the dials act on."""
        return self.lanes.active.session

    # ---- what is asked for (any thread)

    def start(self) -> None:
        """Starts the thread, which at once loads, compiles and builds; nothing is trained before `run`."""
        self._thread.start()

    def run(self) -> None:
        """Trains until paused or at the end of the budget."""
        self._set_goal(lambda: _END)

    def advance(self, n: int) -> None:
        """Trains `n` steps, then pauses; asked for twice, it is both."""
        self._set_goal(lambda: n + (self.lanes.front if self._goal in (None, _NOW, _END) else self._goal))

    def pause(self) -> None:
        """Pauses after the chunk that is going on."""
        with self._cond:
            # Acts on what was asked before it, too: run, then pause, in one breath is a pause.
            self._requests.append(self._rest)
            self._goal = None if self._goal is None else _NOW
            self._cond.notify()

    def turn(self, field: str, value: Any) -> None:
        """Turns a dial of the active lane; raises SpecError at once if it cannot be."""
        checked = check_dial(field, value, len(self.session.preset.widths))
        self._ask(lambda: self.lanes.turn(field, checked))

    def lane(self, action: str, *args: Any) -> None:
        """Does an action of `Lanes`, by its name; what goes back in time pauses. Why it cannot be is a message."""
        what: Callable[..., object] = getattr(Lanes, action)

        def do() -> None:
            if action in _RESTING:
                self._rest()
            try:
                what(self.lanes, *args)
                self.session.lived.refused = None
            except (LabError, SpecError) as error:
                self.session.lived.refused = str(error)

        self._ask(do)

    def seek(self, step: int) -> None:
        """To `step` as fast as it goes, also backwards; then on as before, or paused if it was."""

        def do() -> None:
            playing = self._goal == _END
            self._rest()
            try:
                self.lanes.seek(step)
            except LabError as error:
                self.session.lived.refused = str(error)
                return
            self._hurry = step
            self._goal = _END if playing else step

        self._ask(do)

    def reset(self) -> None:
        """Back to the first step, paused."""
        self._ask(self._reset)

    def rewind(self) -> None:
        """Back to the last good state of a lane that diverged, paused."""
        self.lane("rewind")

    def extend(self, steps: int) -> None:
        """`steps` more than the budget."""
        self._ask(lambda: self.lanes.extend(steps))

    def set_speed(self, steps_per_s: float | None) -> None:
        """At most so many steps a second; None: as fast as it goes."""

        def set_it() -> None:
            self._speed = steps_per_s

        self._ask(set_it)  # as a request, so that a step waited for at the old speed is not waited for any longer

    def frame(self) -> Frame:
        """The newest picture; the same object while nothing has changed. The curves may be a chunk ahead of `step`."""
        with self._cond:
            state, revision = self._state, self._revision
        frame, message = self._frame, self._message()
        if (revision, message) != (self._seen, frame.message):
            self._seen = revision
            self._frame = frame = replace(state, message=message, revision=frame.revision + 1)
        return frame

    def call(self, function: Callable[[Session], _T], timeout: float | None = None) -> _T:
        """What `function` gives when the engine thread calls it with the session, between two chunks.

        Waits for it: a few milliseconds, unless kernels are being compiled. Raises TimeoutError, or what it raised.
        """
        if not self._thread.is_alive():
            return function(self.session)
        future: Future[_T] = Future()

        def answer() -> None:
            try:
                future.set_result(function(self.session))
            except BaseException as error:
                future.set_exception(error)

        self._ask(answer)
        ends = time.monotonic() + (_END if timeout is None else timeout)
        while not future.done():
            if not self._thread.is_alive():
                self._answer()  # the thread ended without another look at what was asked
            elif time.monotonic() >= ends:
                raise TimeoutError("the engine is busy")
            with contextlib.suppress(TimeoutError):
                future.exception(0.05)
        return future.result()

    def as_preset(self, name: str | None = None, title: str | None = None, timeout: float | None = None) -> Preset:
        """`Session.as_preset`, from any thread; waits for the chunk that is going on."""
        return self.call(lambda session: session.as_preset(name, title), timeout)

    def stop(self, timeout: float | None = None) -> bool:
        """Ends the thread once all is saved; False if that took longer than `timeout` seconds."""
        with self._cond:
            self._stopping = True
            self._goal = None
            self._cond.notify()
        if self._thread.ident is None:
            self.lanes.close()
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _ask(self, request: Callable[[], None]) -> None:
        with self._cond:
            self._requests.append(request)
            self._cond.notify()

    def _set_goal(self, goal: Callable[[], float]) -> None:
        def set_it() -> None:
            self._goal = goal()

        self._ask(set_it)

    # ---- the engine thread

    def _live(self) -> None:
        _stand_back()
        try:
            self.session.prepare()
            self._publish()
            while not self._stopping:
                self._answer()
                if self._goal is None:
                    self._wait(None)
                else:
                    self._train()
        except Exception as error:  # whatever it was, the screen tells it in one line and stays
            self._error = _told(error)
        self._goal = None
        try:
            self._answer()
            self.lanes.close()
        except Exception as error:
            self._error = self._error or _told(error)
        self._publish()

    def _answer(self) -> None:
        """Does what was asked for since the last chunk."""
        asked = False
        while self._requests:
            self._requests.popleft()()
            asked = True
        if asked:
            self._publish()

    def _wait(self, seconds: float | None) -> None:
        """Until something is asked for, or `seconds` have gone by."""
        with self._cond:
            self._cond.wait_for(lambda: bool(self._requests) or self._stopping, seconds)

    def _train(self) -> None:
        """One chunk of every lane, and the rest of its time where the speed is limited."""
        goal, speed = self._goal, self._speed
        left = (_END if goal is None else goal) - self.lanes.front
        if left <= 0 or self.lanes.ended:
            self._rest()
            self._publish()
            return
        if self._hurry > self.lanes.front:
            speed, left = None, min(left, self._hurry - self.lanes.front)
        chunk = self._pace.chunk if speed is None else min(self._pace.chunk, max(1, int(speed * CHUNK_S)))
        begun = time.perf_counter()
        done = self.lanes.advance(int(min(chunk, left)))
        took = time.perf_counter() - begun
        self._pace.took(done, took)
        if self.lanes.ended:
            self._rest()
        self._publish()
        if speed is not None and self._goal is not None:
            self._wait(max(0.0, done / speed - took))

    def _rest(self) -> None:
        self._goal, self._hurry = None, 0
        self._pace.rest()

    def _reset(self) -> None:
        self._rest()
        self.lanes.reset()
        self.session.prepare()

    def _publish(self) -> None:
        moving = self._goal is not None and not self.lanes.ended and self._error is None
        state = picture(self.lanes, moving, self._limited(self._pace.rate) if moving else 0.0, self._error)
        with self._cond:
            self._revision += 1
            self._state = state

    def _message(self) -> str:
        phase = self.session.phase
        return f"{phase}… {time.monotonic() - self._since:.0f} s" if phase else self.session.problem or ""

    def _limited(self, rate: float) -> float:
        return rate if self._speed is None else min(rate, self._speed)


def _stand_back() -> None:
    """This thread, and those it starts, come after the screen: a key is answered before the next step is done."""
    if sys.platform == "linux":  # elsewhere a niceness is that of the whole process
        with contextlib.suppress(OSError):
            own = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, own, os.getpriority(os.PRIO_PROCESS, own) + _NICE)


def _told(error: Exception) -> str:
    """An error in one line, with its kind unless it is one of ours, whose line says all."""
    return str(error) if isinstance(error, LabError) else one_line(f"{type(error).__name__}: {why(error)}")
