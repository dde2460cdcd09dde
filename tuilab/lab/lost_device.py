"""A GPU that fails in the middle of a run: what is saved stays, and one line says how to go on without it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

from engine.backends import DeviceError
from tuilab.lab import building
from tuilab.lab.errors import LabError
from tuilab.lab.run_folder import SNAPSHOT

if TYPE_CHECKING:
    from tuilab.lab.session import Session

_T = TypeVar("_T")


def guarded(method: Callable[..., _T]) -> Callable[..., _T]:
    """A method of a session: if its GPU fails, the session lets go of its folder and raises LabError."""

    @wraps(method)
    def call(session: Session, *args: Any) -> _T:
        try:
            return method(session, *args)
        except DeviceError as error:
            raise LabError(f"{session.preset.name}: {error}; {_let_go(session)}") from None

    return call


def _let_go(session: Session) -> str:
    """Closes a session whose trainer is gone; gives what can be done now."""
    session.closed = True
    folder = session.folder
    if folder is None:
        return "--backend cpu trains on the processor"
    if session.good is not None and not (folder.path / SNAPSHOT).exists():
        folder.save(session.lived_preset(), building.saved_state(session.good, session.wall_s))
    session.saver.close()
    return f"the run goes on from its last save with: tuilab resume {folder.path} --backend cpu"
