"""A numba-compiled MLP trainer whose dials turn between two steps. Public face: the names in `__all__`.

Importing this package loads neither NumPy-heavy nor compiled parts: `Trainer` and `Metrics` come on first use.
"""

from typing import TYPE_CHECKING, Any

from engine.spec import ACTIVATIONS, DIALS, INITIALIZERS, OPTIMIZERS, SCHEDULES, Architecture, Recipe, SpecError

if TYPE_CHECKING:
    from engine.metrics import Evaluation, Metrics, Probe
    from engine.snapshot import Snapshot
    from engine.trainer import Trainer

__all__ = [
    "ACTIVATIONS", "DIALS", "INITIALIZERS", "OPTIMIZERS", "SCHEDULES", "Architecture", "Evaluation", "Metrics",
    "Probe", "Recipe", "Snapshot", "SpecError", "Trainer",
]  # fmt: skip

_HOMES = {
    "Trainer": "engine.trainer",
    "Snapshot": "engine.snapshot",
    "Metrics": "engine.metrics",
    "Evaluation": "engine.metrics",
    "Probe": "engine.metrics",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'engine' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
