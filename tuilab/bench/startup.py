"""What a start costs: from an empty cache, from a full one, and how much memory a run takes. Each in a new process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass

_PROGRAM = """
import time
begun = time.perf_counter()
import resource, sys
from engine import Architecture, Recipe, Trainer
import numpy as np
x = np.zeros((256, 64), np.float32); y = np.zeros(256, np.int64)
trainer = Trainer(Architecture((64, 32, 32, 10)), Recipe(), x, y)
trainer.advance(1)
first = time.perf_counter() - begun
unit = 1 if sys.platform == "darwin" else 1024
bare = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
x = np.zeros((4096, 784), np.float32); y = np.zeros(4096, np.int64)
trainer = Trainer(Architecture((784, 1024, 1024, 10)), Recipe(), x, y, 128)
trainer.advance(3)
full = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
import json
own = 4 * 4 * trainer.parameters + x.nbytes + y.nbytes
print(json.dumps({"first_step_s": first, "extra": full - bare - own}))
"""


@dataclass(frozen=True, slots=True)
class Startup:
    """Seconds from the start of the program to the end of the first step; bytes above the bare engine."""

    cold_s: float
    warm_s: float
    extra_bytes: int  # memory of a 784-1024-1024-10 run beyond 4 × parameters and data

    def as_row(self) -> dict[str, float]:
        """The same as JSON values."""
        return asdict(self)


def measure_startup(warm_runs: int = 5) -> Startup:
    """One cold start in an empty cache folder and the fastest of `warm_runs` warm ones."""
    with tempfile.TemporaryDirectory() as cache:
        cold = _start(cache)
        warm = [_start(cache) for _ in range(warm_runs)]
    last = warm[-1]
    return Startup(cold["first_step_s"], min(w["first_step_s"] for w in warm), int(last["extra"]))


def _start(cache: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env={**os.environ, "TUILAB_CACHE": cache}, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"bench: a start ended with code {done.returncode}: {done.stderr.strip()[-200:]}")
    return dict(json.loads(done.stdout))
