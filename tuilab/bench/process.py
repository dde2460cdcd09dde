"""One contestant in a process of its own: told by a line on stdin to train once more, it prints how long it took.

    python -m tuilab.bench.process CONTESTANT CASE THREADS

Thread pools of one library disturb the next, so none shares a process; a process waits without using the cores.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """Warms up (compiles), says so, then answers every line with microseconds a step."""
    name, case_name, threads = sys.argv[1], sys.argv[2], int(sys.argv[3])
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(threads)
    from tuilab.bench.cases import find_case
    from tuilab.bench.contestants import CONTESTANTS

    case = find_case(case_name)
    run = CONTESTANTS[name](case, threads)
    run(case.steps)
    print(json.dumps({"ready": name}), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        done = run(case.steps)
        print(json.dumps({"us": (time.perf_counter() - start) / done * 1e6}), flush=True)


if __name__ == "__main__":
    main()
