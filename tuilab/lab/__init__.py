"""The headless heart: presets, timelines, sessions, run folders. Knows neither the screen nor compiled code.

Importing this package loads nothing else; each name below comes from its module on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuilab.lab.errors import LabError, PresetError, RunError
    from tuilab.lab.history import Curves, History, Series
    from tuilab.lab.preset import KEYS, Preset, Recorded, dumps, load_preset, loads
    from tuilab.lab.run_folder import RunFolder
    from tuilab.lab.session import Session
    from tuilab.lab.shelf import shipped_names
    from tuilab.lab.timeline import TURNABLE, Change
    from tuilab.lab.worker import Frame, Worker

__all__ = [
    "KEYS", "TURNABLE", "Change", "Curves", "Frame", "History", "LabError", "Preset", "PresetError", "Recorded",
    "RunError", "RunFolder", "Series", "Session", "Worker", "dumps", "load_preset", "loads", "shipped_names",
]  # fmt: skip

_HOMES = {
    "errors": ("LabError", "PresetError", "RunError"),
    "history": ("Curves", "History", "Series"),
    "preset": ("KEYS", "Preset", "Recorded", "dumps", "load_preset", "loads"),
    "run_folder": ("RunFolder",),
    "session": ("Session",),
    "shelf": ("shipped_names",),
    "timeline": ("TURNABLE", "Change"),
    "worker": ("Frame", "Worker"),
}


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"tuilab.lab.{module}"), name)
    raise AttributeError(f"module 'tuilab.lab' has no attribute {name!r}")
