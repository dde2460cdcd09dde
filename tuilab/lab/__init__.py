"""The headless heart: presets, timelines, sessions, run folders. Knows neither the screen nor compiled code.

Whole runs from a program (`script.run` tells of its options):

    from tuilab.lab import load_preset, run

    preset = load_preset("digits").with_(lr=0.01, epochs=10).at(200, dropout=0.5)
    preset = preset.when("val_loss not fallen for 5 epochs", lr="/10")
    result = run(preset, out="R")                       # {"test_accuracy": …, "params_sha256": …, …}

Or step by step; whatever moves it, the session can tell what was done as a preset that replays to the same bits:

    from tuilab.lab import Session, dumps

    session = Session(preset)
    session.advance(100)                                # steps
    if session.val_loss > 1.0:
        session.turn("lr", 1e-4)
    print(dumps(session.as_preset("mine")), session.finish())

Importing this package loads nothing else; each name below comes from its module on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuilab.lab.conditions import When, condition
    from tuilab.lab.errors import LabError, PresetError, RunError
    from tuilab.lab.history import Curves, History, Series
    from tuilab.lab.preset import KEYS, Preset, Recorded, dumps, load_preset, loads
    from tuilab.lab.run_folder import RunFolder
    from tuilab.lab.script import run
    from tuilab.lab.session import Session
    from tuilab.lab.shelf import shipped_names
    from tuilab.lab.timeline import TURNABLE, Change
    from tuilab.lab.worker import Frame, Worker

__all__ = [
    "KEYS", "TURNABLE", "Change", "Curves", "Frame", "History", "LabError", "Preset", "PresetError", "Recorded",
    "RunError", "RunFolder", "Series", "Session", "When", "Worker", "condition", "dumps", "load_preset", "loads", "run",
    "shipped_names",
]  # fmt: skip

_HOMES = {
    "conditions": ("When", "condition"),
    "errors": ("LabError", "PresetError", "RunError"),
    "history": ("Curves", "History", "Series"),
    "preset": ("KEYS", "Preset", "Recorded", "dumps", "load_preset", "loads"),
    "run_folder": ("RunFolder",),
    "script": ("run",),
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
