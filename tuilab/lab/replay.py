"""Running once more what was run before, and saying whether the same came out.

A run folder says itself what it reached; a preset saved from a run carries a record of it. Both are replayed up to the
step of that record. A preset without one has nothing to compare with: it is run to its end and its hash reported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuilab.lab.drive import Stop, drive
from tuilab.lab.errors import LabError
from tuilab.lab.machine import differences, facts
from tuilab.lab.preset import Preset, load_preset
from tuilab.lab.run_folder import RunRecord, is_run, read_run
from tuilab.lab.session import Session

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Target:
    """What is replayed, and what is known of how it ended (`step` None: nothing)."""

    preset: Preset
    step: int | None = None
    params_sha256: str | None = None
    threads: int | None = None
    record: RunRecord | None = None


def target(ref: str | Path) -> Target:
    """What `ref` (preset or run folder) has to say; raises PresetError or RunError."""
    if not is_run(ref):
        preset = load_preset(ref)
        if preset.recorded is None:
            return Target(preset)
        return Target(preset, preset.recorded.step, preset.recorded.params_sha256, preset.recorded.threads)
    record = read_run(ref)
    threads = record.machine.get("threads")
    threads = threads if isinstance(threads, int) else None
    if record.result is not None:
        step, sha = record.result["steps"], record.result["params_sha256"]
        if isinstance(step, int) and isinstance(sha, str):
            return Target(record.preset, step, sha, threads, record)
    state = record.state()  # the run was killed: its last snapshot is what it reached
    if state is None:
        return Target(record.preset, record=record)
    return Target(record.preset, state.step, state.params_sha256, threads, record)


def replay(
    ref: str | Path,
    *,
    backend: str = "auto",
    threads: int | None = None,
    stop: Stop | None = None,
    report: Callable[[Session, float], None] | None = None,
) -> dict[str, Any]:
    """Runs `ref` again, saving nothing. The result of the run, and with it:

    match (None: nothing to compare with, or stopped before), expected_params_sha256, max_abs_difference (of any
    parameter, where the weights were kept and differ) and machine_differences, in words.
    """
    what = target(ref)
    session = Session(what.preset, backend=backend, threads=threads or what.threads, until=what.step or None)
    stop = stop or Stop()
    drive(session, stop, report)
    result = session.finish()
    whole = not stop.asked and what.params_sha256 is not None
    match = result["params_sha256"] == what.params_sha256 if whole else None
    return {
        **result,
        "out": str(what.record.path) if what.record else None,
        "run_id": what.record.run_id if what.record else None,
        "match": match,
        "expected_params_sha256": what.params_sha256,
        "max_abs_difference": _distance(session, what.record) if match is False else 0.0 if match else None,
        "machine_differences": _elsewhere(session, what.record),
    }


def _distance(session: Session, record: RunRecord | None) -> float | None:
    """The largest difference to the weights the run has left; None if there are none of this shape."""
    import numpy as np

    try:
        then = record.weights() if record is not None else None
    except LabError:
        then = None
    now: Mapping[str, np.ndarray] = session.trainer.tensors()
    if then is None or any(name not in then or then[name].shape != now[name].shape for name in now):
        return None
    largest = max(float(np.max(np.abs(now[name].astype(np.float64) - then[name]))) for name in now)
    return largest if np.isfinite(largest) else None


def _elsewhere(session: Session, record: RunRecord | None) -> list[str]:
    """What is not as it was when the run was recorded."""
    if record is None or not record.machine:
        return []
    return differences(record.machine, {**facts(), "threads": session.threads, "backend": session.backend})


def told(outcome: Mapping[str, Any]) -> str:
    """What the comparison says, in a line or two."""
    if outcome["expected_params_sha256"] is None:
        return f"nothing recorded to compare with; params sha256 {outcome['params_sha256']}"
    if outcome["match"] is None:
        return "stopped before the recorded step, so nothing was compared"
    if outcome["match"]:
        return f"the same parameters, bit for bit, after {outcome['steps']:,} steps: {outcome['params_sha256']}"
    distance = outcome["max_abs_difference"]
    lines = [
        f"not the same after {outcome['steps']:,} steps: found {outcome['params_sha256']},"
        f" recorded {outcome['expected_params_sha256']}",
        "no weights were kept to measure the distance by" if distance is None
        else f"the largest difference of a parameter is {distance:.3g}",
    ]  # fmt: skip
    here = outcome["machine_differences"]
    return "\n".join([*lines, f"not as it was then: {'; '.join(here)}"] if here else lines)
