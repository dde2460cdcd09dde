"""One run of a sweep, as a worker does it: from a preset's text to the result that `--json` prints. Saves nothing."""

from __future__ import annotations

import platform
import threading
from typing import TYPE_CHECKING, Any

from tuilab import __version__
from tuilab.lab.building import DATA_KEYS, load_data
from tuilab.lab.drive import Stop, drive
from tuilab.lab.errors import LabError
from tuilab.lab.preset import Preset, loads
from tuilab.lab.session import Session

if TYPE_CHECKING:
    from tuilab.datasets import Split


class _Shelf:
    """The data of the last run in this process: the next one wants the same as a rule."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[Any, ...] = ()
        self._data: Split | None = None

    def take(self, preset: Preset, sweep: str) -> Split:
        """The data of `preset`; a file is read again for another `sweep`, before which it may have been changed."""
        key = (sweep, *(preset.get(key) for key in DATA_KEYS))
        with self._lock:
            if self._data is None or self._key != key:
                self._data, self._key = load_data(preset), key
            return self._data


_SHELF = _Shelf()


def execute(text: str, seed: int, run_id: str, sweep: str, engine: str) -> dict[str, Any]:
    """Trains the preset `text` at `seed` on one thread; `engine` is the hash of the engine whose results are wanted.

    Raises LabError if this process has another engine, or if the run cannot be.
    """
    from engine.compiled import source_hash

    if source_hash() != engine:
        here = f"{platform.node()} has tuilab {__version__}"
        raise LabError(f"worker: {here} with another engine than the one asked for, expected the same version there")
    preset = loads(text, "sweep").with_(seed=seed)
    session = Session(preset, backend="cpu", threads=1, data=_SHELF.take(preset, sweep))
    drive(session, Stop())
    return {**session.finish(), "run_id": run_id}
