"""One contestant in a process of its own: told by a line on stdin to train once more, it prints how long it took.

    python -m tuilab.bench.process CONTESTANT CASE THREADS

Thread pools of one library disturb the next, so none shares a process; a process waits without using the cores.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

SECONDS = 1.0  # of one timing


def main() -> None:
    """Warms up (compiles), says so, then answers every line with microseconds a step."""
    name, case_name, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)
    from tuilab.bench.cases import find_case
    from tuilab.bench.contestants import CONTESTANTS

    case = find_case(case_name)
    run = CONTESTANTS[name](case, threads)
    run(max(1, case.steps // 20))  # warms up
    steps = _affordable(run, case.steps)
    print(json.dumps({"ready": name}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        done = run(steps)
        print(json.dumps({"us": (time.perf_counter() - start) / done * 1e6}), flush=True)


def _affordable(run: Callable[[int], float], steps: int) -> int:
    """As many of `steps` as take about a second, compiled beforehand where their number is part of the program."""
    start = time.perf_counter()
    few = max(1, steps // 20)
    done = run(few)
    each = (time.perf_counter() - start) / done
    chosen = max(few, min(steps, int(SECONDS / each)))
    run(chosen)
    return chosen


if __name__ == "__main__":
    main()
