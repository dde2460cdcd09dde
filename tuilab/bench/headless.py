"""A preset trained without a screen, in a process of its own: told by a line with seconds, it prints steps a second.

python -m tuilab.bench.headless PRESET THREADS
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tuilab.lab.drive import Stop, drive
from tuilab.lab.preset import load_preset
from tuilab.lab.session import Session


def main() -> None:
    """Says when it is ready, then trains as `tuilab run` does for as long as each line tells."""
    session = Session(load_preset(sys.argv[1]), threads=int(sys.argv[2]), runs=Path("headless"))
    rate(session, 0.5)
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps({"steps_per_s": rate(session, float(line))}), flush=True)
    session.close()


def rate(session: Session, seconds: float) -> float:
    """Trains for about `seconds`; the steps a second."""
    session.prepare()
    stop, before, begun = Stop(), session.step, time.perf_counter()

    def look(_: Session, __: float) -> None:
        stop.asked = time.perf_counter() - begun >= seconds

    drive(session, stop, look)
    return (session.step - before) / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
