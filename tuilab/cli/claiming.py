"""`tuilab claims`: each claim put to the test, a line as soon as it is known."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

_WIDTHS = "{:>3}  {:<52}  {:>9}  {:>21}  {:<14}{:>6}"
_WORDS = {True: "holds", False: "does not hold", None: "not measured"}
_COUNTS = {True: "hold", False: "do not", None: "not measured"}


def claims(args: argparse.Namespace) -> int:
    """Prints the table (or one JSON object); 1 if one of them does not hold."""
    from tuilab.lab.claims.judge import chosen, judge
    from tuilab.lab.disk import check_new, write_new

    presets = [(name, _asked(preset, args)) for name, preset in chosen(args.names, args.full)]
    if args.list:
        return _listed(presets, args.json)
    report = None if args.html is None else Path(args.html)
    if report is not None:
        check_new(report)
    _bring(presets)
    if not args.json:
        print(_WIDTHS.format("no.", "claim", "effect", "95 % interval", "", "s"))
    verdicts = []
    for name, preset in presets:
        verdicts.append(judge(name, preset, partial(_tell, name)))
        _tell("", "")
        if not args.json:
            print(_row(verdicts[-1]), flush=True)
    if report is not None:
        from tuilab.lab.claims.report import html

        pairs = zip((preset for _, preset in presets), verdicts, strict=True)
        write_new(report, html(list(pairs)).encode())
    good = all(verdict.holds is not False for verdict in verdicts)
    seconds = sum(verdict.seconds for verdict in verdicts)
    if args.json:
        table = {"good": good, "seconds": round(seconds, 3), "claims": [verdict.as_row() for verdict in verdicts]}
        print(json.dumps(table, allow_nan=False, ensure_ascii=False))
    else:
        counts = [(word, sum(v.holds is state for v in verdicts)) for state, word in _COUNTS.items()]
        print(f"{', '.join(f'{count} {word}' for word, count in counts if count)}; {seconds:.0f} s")
    return int(not good)


def _asked(preset: Any, args: argparse.Namespace) -> Any:
    """`preset` with the seeds that were asked for."""
    if args.seed is not None:
        preset = preset.with_(seed=args.seed)
    return preset if args.seeds is None else preset.with_(claim=replace(preset.claim, seeds=args.seeds))


def _bring(presets: list[tuple[str, Any]]) -> None:
    """Fetches what data the claims need and are not here, before the first of them is run."""
    from tuilab.cli.progress import transfer
    from tuilab.datasets.fetch import ensure

    for dataset in dict.fromkeys(preset.dataset for _, preset in presets):
        with transfer(dataset) as report:
            ensure(dataset, report)


def _listed(presets: list[tuple[str, Any]], as_json: bool) -> int:
    rows = [{"name": name, "number": p.claim.number, "sentence": p.claim.sentence} for name, p in presets]
    if as_json:
        print(json.dumps({"claims": rows}, ensure_ascii=False))
    else:
        width = max(len(name) for name, _ in presets) + 2
        for row in rows:
            print(f"{row['name']:<{width}}{row['sentence']}")
    return 0


def _row(verdict: Any) -> str:
    """A verdict in one line, and what is to be known of it in further ones."""
    claim, effect = verdict.claim, verdict.effect
    shown = (
        ("", "") if verdict.holds is None else (_short(effect.mean), f"{_short(effect.low)} … {_short(effect.high)}")
    )
    first, *more = textwrap.wrap(claim.sentence, 52) or [""]
    lines = [_WIDTHS.format(claim.number, first, *shown, _WORDS[verdict.holds], f"{verdict.seconds:.1f}")]
    against = f"{claim.compare} of {claim.metric}" + (f", {' : '.join(claim.arms)}" if len(claim.arms) > 1 else "")
    more += textwrap.wrap(f"({against}; {claim.direction} than {claim.bound:g} over {claim.seeds} seeds)", 100)
    more += [verdict.note] if verdict.note else []
    return "\n".join([*lines, *(f"     {line}" for line in more)])


def _short(value: float) -> str:
    return f"{value:.3g}"


def _tell(name: str, where: str) -> None:
    """Who is at work and how far, on a terminal; an empty name wipes the line."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{f'{name}: {where}' if name else ''}", end="", file=sys.stderr, flush=True)
