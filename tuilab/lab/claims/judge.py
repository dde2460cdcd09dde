"""A claim put to the test: its arms over its seeds, the effect with its interval, and the verdict."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine.spec import nearest
from tuilab.lab import shelf
from tuilab.lab.arms import Claim
from tuilab.lab.building import DATA_KEYS, load_data
from tuilab.lab.claims import statistics
from tuilab.lab.claims.statistics import Estimate
from tuilab.lab.errors import LabError, PresetError
from tuilab.lab.preset import Preset, load_preset

if TYPE_CHECKING:
    from tuilab.datasets import Split
    from tuilab.lab.claims.curves import Trace

    Measured = tuple[float, Trace | None]  # a run's number, and the curve it was read from

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out. `values` has one row a seed with one value an arm; `holds` is None where it was not measured."""

    name: str
    claim: Claim
    values: tuple[tuple[float, ...], ...]
    effect: Estimate
    holds: bool | None
    seconds: float
    note: str = ""
    traces: tuple[tuple[Trace | None, ...], ...] = ()  # as `values`: the curve of each run, where it has one

    def as_row(self) -> dict[str, Any]:
        """The JSON object; a number that is not finite is null."""
        said = asdict(self.claim)
        effect = {key: _plain(value) for key, value in asdict(self.effect).items()}
        return {
            "name": self.name, **said, "values": [[_plain(v) for v in row] for row in self.values], "effect": effect,
            "holds": self.holds, "seconds": round(self.seconds, 3), "note": self.note,
        }  # fmt: skip


def _plain(value: float) -> float | None:
    return value if math.isfinite(value) else None


def chosen(names: list[str], full: bool = False) -> list[tuple[str, Preset]]:
    """The presets with a claim that `names` mean: a preset's name, a claim's number, a file; none: all that ship.

    With `full`, a number, the name of a quick form and no name at all mean the full forms. Raises PresetError for one
    that is not there or makes no claim.
    """
    known = shelf.full_names() if full else shelf.claim_names()
    every = (*shelf.claim_names(), *shelf.full_names())
    refs: list[str] = [] if names else list(known)
    for name in names:
        number = name.lstrip("0") if name.isdecimal() else None
        found = [k for k in known if k.split("-")[0].lstrip("0") == number or (full and k.startswith(f"{name}-"))]
        found = found or [k for k in every if k == name and (k in known or not full)]
        if not found and not name.lower().endswith(".toml"):
            kind = "claim with a full form" if full else "claim"
            close = nearest(name, known if full else every)
            raise PresetError(f"{name}: no such {kind}, allowed: a number, a TOML file, {', '.join(known)}{close}")
        refs += found or [name]
    presets = [(ref, load_preset(ref)) for ref in dict.fromkeys(refs)]
    for ref, preset in presets:
        if preset.claim is None:
            raise PresetError(f"{ref}: found no [claim], expected a preset with one")
    return [(preset.name, preset) for _, preset in presets]


def judge(name: str, preset: Preset, tell: Tell | None = None) -> Verdict:
    """Runs the claim of `preset`; `tell` hears how far it is. Raises PresetError."""
    from tuilab.lab.claims.studies import NotMeasured

    claim = preset.claim
    if claim is None:
        raise PresetError(f"{name}: found no [claim], expected a preset with one")
    begun = time.perf_counter()
    rows: list[list[Measured]] = []
    try:
        for seed in range(preset.seed, preset.seed + claim.seeds):
            part = _part(tell, f"seed {len(rows) + 1} of {claim.seeds}")
            rows.append(_measured(preset.with_(seed=seed), claim, part))
    except NotMeasured as error:
        return Verdict(name, claim, (), statistics.UNKNOWN, None, time.perf_counter() - begun, str(error))
    except LabError as error:
        raise PresetError(f"{name}: {error}") from None
    values = tuple(tuple(value for value, _ in row) for row in rows)
    traces = tuple(tuple(trace for _, trace in row) for row in rows)
    effect = effect_of(values, claim)
    seconds = time.perf_counter() - begun
    return Verdict(
        name, claim, values, effect, effect.is_beyond(claim.bound, claim.direction), seconds,
        _note(values, claim, seconds), traces,
    )  # fmt: skip


def _part(tell: Tell | None, where: str) -> Tell | None:
    """Tells `where`, and gives what tells it together with a place in there."""
    if tell is None:
        return None
    tell(where)
    return lambda place: tell(f"{where}, {place}")


def effect_of(rows: Sequence[tuple[float, ...]], claim: Claim) -> Estimate:
    """The effect over the seeds; rows[seed][arm]."""
    columns = list(zip(*rows, strict=True))
    if claim.compare == "value":
        return statistics.estimate(columns[0])
    combine = statistics.ratio if claim.compare == "ratio" else statistics.difference
    return combine(columns[0], columns[1])


def _note(rows: Sequence[tuple[float, ...]], claim: Claim, seconds: float) -> str:
    """What should be known beside the verdict."""
    lost = sum(not all(math.isfinite(v) for v in row) for row in rows)
    notes = [f"{lost} of {len(rows)} seeds gave no number"] if lost else []
    if seconds > claim.budget_s:
        notes.append(f"took {seconds:.0f} s of a budget of {claim.budget_s:g} s")
    return "; ".join(notes)


def _measured(preset: Preset, claim: Claim, tell: Tell | None = None) -> list[Measured]:
    """What each arm gave at the seed of `preset`."""
    if claim.is_study:
        from tuilab.lab.claims.studies import BY_NAME

        return [(value, None) for value in BY_NAME[claim.metric](preset, load_data(preset))]
    loaded: dict[tuple[Any, ...], Split] = {}
    found = []
    for name in claim.arms:
        arm = preset.arm(name)
        key = tuple(arm.get(part) for part in DATA_KEYS)
        if key not in loaded:
            loaded[key] = load_data(arm)
        found.append(_arm(arm, claim, loaded[key], tell))
    return found


def _arm(arm: Preset, claim: Claim, data: Split, tell: Tell | None) -> Measured:
    """The metric of one arm: of its run, or of its runs at every one of the claim's learning rates."""
    from tuilab.lab.claims.curves import trace
    from tuilab.lab.claims.metrics import measure
    from tuilab.lab.claims.record import run

    runs = [arm.with_(lr=rate) for rate in claim.rates] or [arm]
    records = (run(one, claim, data, tell) for one in runs)
    found = [(measure(record, claim), trace(record, claim)) for record in records]
    if len(found) == 1:
        return found[0]
    if claim.over_rates == "spread":
        return statistics.deviation([value for value, _ in found]), None
    return min((one for one in found if math.isfinite(one[0])), key=lambda one: one[0], default=(math.nan, None))
