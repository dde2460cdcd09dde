"""What a saved run had reached, as a preset carries it in `[recorded]`."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from engine.spec import SpecError, check_int
from tuilab.lab.timeline import MAX_STEP
from tuilab.lab.toml_text import shown

HASH = r"[0-9a-f]{64}"
MAX_THREADS = 4096


@dataclass(frozen=True, slots=True)
class Recorded:
    """`params_sha256` of the parameters after `step` steps on `threads` threads; raises SpecError."""

    step: int
    params_sha256: str
    threads: int = 1

    def __post_init__(self) -> None:
        check_int("step", self.step, 0, MAX_STEP)
        check_int("threads", self.threads, 1, MAX_THREADS)
        if not isinstance(self.params_sha256, str) or not re.fullmatch(HASH, self.params_sha256):
            raise SpecError("params_sha256", f"found {shown(self.params_sha256)}, expected 64 hex digits")


def recorded_from(table: object) -> Recorded:
    """The record of a `[recorded]` table; raises SpecError."""
    names = tuple(f.name for f in fields(Recorded))
    if not isinstance(table, dict) or not {"step", "params_sha256"} <= set(table) <= set(names):
        raise SpecError("recorded", f"expected a table of {', '.join(names)}")
    try:
        return Recorded(**table)
    except SpecError as error:
        raise SpecError("recorded", str(error)) from None
