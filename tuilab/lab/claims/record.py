"""What one run leaves for the metrics: every step's norms, and each look at the validation part with its probes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tuilab.lab.arms import Claim
from tuilab.lab.preset import Preset
from tuilab.lab.session import Session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.metrics import Probe
    from tuilab.datasets import Split

STEPPED = ("step_decades",)  # metrics that need the length of every update
PROBED = ("input_drift", "variance_decades", "dead_share")  # and those that need the layers' statistics at each look


@dataclass(frozen=True, eq=False)
class Look:
    """One look at the validation part; `probes` has one entry for each hidden layer, the first one first."""

    step: int
    accuracy: float
    probes: tuple[Probe, ...] = ()
    loss: float = math.nan


@dataclass(frozen=True, eq=False)
class Record:
    """A finished run. `loss` is (steps,), the norms are (steps, layers), `effective_step` NaN unless asked for."""

    loss: NDArray[np.float32]
    grad_norm: NDArray[np.float32]
    effective_step: NDArray[np.float32]
    looks: tuple[Look, ...]
    result: dict[str, Any]  # as outcome.result gives it


class Watched(Session):
    """A session that keeps what the metrics read."""

    def __init__(self, preset: Preset, data: Split | None, probed: bool, tell: Callable[[str], None] | None = None):
        self.probed, self.tell = probed and bool(preset.widths), tell
        self.rows: list[Any] = []
        self.looks: list[Look] = []
        super().__init__(preset, threads=1, data=data)

    def _note(self, metrics: Any) -> None:
        super()._note(metrics)
        self.rows.append(metrics)

    def _look(self) -> None:
        super()._look()
        probes = self.trainer.probe(self.data.x_val) if self.probed else []
        self.looks.append(Look(self.step, self.val_accuracy, tuple(probes), self.val_loss))
        if self.tell is not None:
            self.tell(f"{self.preset.name} at {self.preset.recipe.learning_rate:g}: {self.step:,}/{self.total_steps:,}")


def run(preset: Preset, claim: Claim, data: Split | None = None, tell: Callable[[str], None] | None = None) -> Record:
    """Trains `preset` as far as the metric of `claim` needs: to its end, or to the target that is waited for.

    `tell` hears at each look which step of which arm it is.
    """
    session = Watched(preset, data, claim.metric in PROBED, tell)
    session.prepare()
    session.trainer.probe_every = session.probe_every = int(claim.metric in STEPPED)
    waiting = claim.metric == "steps_to_target"
    while not session.ended:
        session.advance(session.eval_every if waiting else session.total_steps)
        if waiting and session.looks[-1].accuracy >= claim.target:
            break
    rows = session.rows
    return Record(
        np.concatenate([m.loss for m in rows]),
        np.concatenate([m.grad_norm for m in rows]),
        np.concatenate([m.effective_step for m in rows]),
        tuple(session.looks),
        session.finish(),
    )
