"""Everything a trainer needs to go on bit for bit: a few numbers and five vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
ARRAYS = ("params", "slot1", "slot2", "running_mean", "running_var")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`meta` holds only JSON values (recipe, architecture, clock, threads); `arrays` the vectors named in ARRAYS."""

    meta: dict[str, Any]
    arrays: dict[str, NDArray[np.float32]]

    def check(self) -> None:
        """Raises ValueError, one line, if this is not a snapshot this version can read."""
        if self.meta.get("format") != FORMAT:
            raise ValueError(f"snapshot: found format {self.meta.get('format')!r}, this version reads {FORMAT}")
        missing = [name for name in ARRAYS if name not in self.arrays]
        if missing:
            raise ValueError(f"snapshot: missing {', '.join(missing)}")
