"""`tuilab bench`: the engine's speed, alone or against its peers."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any


def bench(args: argparse.Namespace) -> int:
    """Prints a table (or one JSON object): microseconds a step, and each peer's time over the engine's."""
    from engine.threads import cores
    from tuilab.bench.cases import CASES, VARIATIONS
    from tuilab.bench.match import installed_peers, play, vary
    from tuilab.bench.startup import measure_startup

    peers = installed_peers() if args.peers else ()
    threads = cores()
    cases = [c for c in CASES if args.case in (None, c.name)]
    if not cases:
        print(f"tuilab: --case: found {args.case!r}, allowed: {', '.join(c.name for c in CASES)}", file=sys.stderr)
        return 2
    rows: list[dict[str, Any]] = []
    for case in cases:
        rows.append(play(case, peers, threads).as_row())
        _say(args, rows[-1])
    if args.case is None:
        for case in VARIATIONS:
            rows.append(vary(case, threads).as_row())
            _say(args, rows[-1])
    report: dict[str, Any] = {"threads": threads, "peers": list(peers), "cases": rows}
    if args.case is None:
        report["startup"] = measure_startup().as_row()
        if not args.json:
            start = report["startup"]
            print(f"first step after a cold start {start['cold_s']:.1f} s, after a warm one {start['warm_s']:.2f} s;")
            print(f"memory beyond 4 × parameters and data {start['extra_bytes'] / 2**20:.0f} MiB")
    if args.json:
        print(json.dumps(report))
    return 0


def _say(args: argparse.Namespace, row: dict[str, Any]) -> None:
    ratios = "  ".join(f"{name} {ratio:g}×" for name, ratio in row["ratios"].items())
    print(
        f"{row['case']:<14}{row['engine_us']:>10g} µs a step   {ratios}", file=sys.stderr if args.json else sys.stdout
    )
    sys.stdout.flush()
