"""`tuilab bench`: the engine's speed, alone or against its peers; `tuilab bench ui`: the screen's."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any


def bench(args: argparse.Namespace) -> int:
    """Prints a table (or one JSON object): microseconds a step, and each peer's time over the engine's."""
    if args.what == "ui":
        return _screen(args)
    if args.backend == "cuda":
        return _gpu(args)
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


def _gpu(args: argparse.Namespace) -> int:
    """The same on the GPU, with the share of the roofline reached; says so where there is none."""
    from engine.backends import find_gpu
    from tuilab.bench.cases import GPU_CASES
    from tuilab.bench.gpu import GPU_PEERS, measured_peaks
    from tuilab.bench.match import play

    cases = [c for c in GPU_CASES if args.case in (None, c.name)]
    if not cases:
        print(f"tuilab: --case: found {args.case!r}, allowed: {', '.join(c.name for c in GPU_CASES)}", file=sys.stderr)
        return 2
    gpu = find_gpu()
    if not gpu.usable or gpu.simulated:
        why = gpu.why or gpu.name
        report: dict[str, Any] = {"backend": "cuda", "measured": False, "why": why, "cases": [c.name for c in cases]}
        print(json.dumps(report) if args.json else f"not measured: no GPU ({why})")
        return 0
    peers = GPU_PEERS if args.peers else ()
    peaks = measured_peaks() if args.peers else None
    rows: list[dict[str, Any]] = []
    for case in cases:
        result = play(case, peers, 1, engine="engine-cuda")
        rows.append(result.as_row())
        if peaks is not None:
            rows[-1]["ratios"]["roofline"] = float(f"{peaks.floor_us(case) / result.engine_us:.3g}")
        _say(args, rows[-1])
    if args.json:
        print(json.dumps({"backend": "cuda", "measured": True, "device": gpu.name, "peers": peers, "cases": rows}))
    return 0


def _say(args: argparse.Namespace, row: dict[str, Any]) -> None:
    ratios = "  ".join(f"{name} {ratio:g}×" for name, ratio in row["ratios"].items())
    print(
        f"{row['case']:<14}{row['engine_us']:>10g} µs a step   {ratios}", file=sys.stderr if args.json else sys.stdout
    )
    sys.stdout.flush()


def _screen(args: argparse.Namespace) -> int:
    """Prints what the screen costs, each figure with what it should be."""
    from engine.threads import cores
    from tuilab.bench.ui import measure

    found = measure(min(2, cores()))
    if args.json:
        print(json.dumps(found.as_row()))
        return 0
    rows = (
        ("key to picture, 95 of 100", f"{found.key_ms_p95:.1f} ms", found.key_ms_p95 <= 50, "at most 50 ms"),
        ("  half of them, the slowest", f"{found.key_ms_median:.1f} ms, {found.key_ms_worst:.1f} ms", True, ""),
        ("new steps shown", f"{found.figures_per_s:.1f} a second", found.figures_per_s >= 10, "at least 10"),
        ("pictures painted", f"{found.pictures_per_s:.1f} a second", True, ""),
        ("training rate, watched", f"{found.rate_share:.1%}", found.rate_share >= 0.95, "at least 95 %"),
        ("  steps a second", f"{found.screen_steps_per_s:.0f} of {found.headless_steps_per_s:.0f}", True, ""),
        ("first picture", f"{found.first_paint_s:.2f} s", found.first_paint_s <= 0.5, "at most 0.5 s"),
        ("  the whole lab", f"{found.whole_lab_s:.2f} s", True, ""),
        ("  of both Python itself", f"{found.interpreter_s:.2f} s", True, ""),
    )
    print(f"the lab on {found.size[0]}×{found.size[1]}, training 784-512-512-10 on {found.threads} threads")
    for name, value, good, wanted in rows:
        print(f"{name:<30}{value:<22}{wanted}{'' if good else '  (missed)'}".rstrip())
    return 0
