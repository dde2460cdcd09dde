"""The commands that only look: presets, data, doctor."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any


def presets_list(args: argparse.Namespace) -> int:
    """The shipped presets, one a line."""
    from tuilab.lab.preset import load_preset, summary
    from tuilab.lab.shelf import shipped_names

    presets = {name: load_preset(name) for name in shipped_names()}
    if args.json:
        rows = [{"name": n, "title": p.title, "dataset": p.dataset, **summary(p)} for n, p in presets.items()]
        return _json({"presets": rows})
    _table([(n, p.title, p.dataset, *summary(p).values()) for n, p in presets.items()])
    return 0


def presets_show(args: argparse.Namespace) -> int:
    """Title, description and the TOML of a preset."""
    from tuilab.lab.preset import dumps
    from tuilab.lab.script import preset_of

    print(dumps(preset_of(args.ref)), end="")
    return 0


def presets_schema(_: argparse.Namespace) -> int:
    """The format of presets as JSON Schema."""
    from tuilab.lab.schema import schema

    print(json.dumps(schema(), indent=2, ensure_ascii=False))
    return 0


def presets_check(args: argparse.Namespace) -> int:
    """One line for each preset; 2 if one of them cannot be run."""
    from tuilab.lab.building import load_data
    from tuilab.lab.errors import LabError
    from tuilab.lab.script import preset_of

    code = 0
    for ref in args.refs:
        try:
            load_data(preset_of(ref))
            print(f"{ref}: good")
        except LabError as error:
            print(f"tuilab: {error}", file=sys.stderr)
            code = 2
    return code


def presets_copy(args: argparse.Namespace) -> int:
    """Writes a preset into a file that is not there yet."""
    from tuilab.lab.shelf import copy

    print(copy(args.ref, None if args.path is None else Path(args.path)))
    return 0


def data_list(args: argparse.Namespace) -> int:
    """The data sets there are, one a line."""
    from tuilab.datasets import DATASETS
    from tuilab.datasets.places import data_folder

    here = {name for name, entry in DATASETS.items() if entry.embedded or (data_folder() / name).is_dir()}
    rows = [(name, entry.title, "here" if name in here else "to be fetched") for name, entry in DATASETS.items()]
    if args.json:
        return _json({"data": [dict(zip(("name", "title", "state"), row, strict=True)) for row in rows]})
    _table(rows)
    return 0


def data_fetch(args: argparse.Namespace) -> int:
    """Brings a data set from the net."""
    from tuilab.cli.progress import transfer
    from tuilab.datasets.fetch import fetch

    with transfer(args.name) as report:
        folder = fetch(args.name, report)
    print(folder)
    return 0


def data_import(args: argparse.Namespace) -> int:
    """Takes a data set from a folder."""
    from tuilab.datasets.fetch import import_folder

    print(import_folder(args.folder, args.name))
    return 0


def doctor(args: argparse.Namespace) -> int:
    """What this machine has and lacks; 1 if the lab cannot work."""
    from tuilab.lab.doctor import examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if not args.json:
            advice = f"  → {finding.advice}" if finding.advice else ""
            print(f"{finding.state:5}{finding.what:12}{finding.found}{advice}", flush=True)
    good = all(finding.state != "fail" for finding in findings)
    if args.json:
        _json({"good": good, "findings": [asdict(finding) for finding in findings]})
    return int(not good)


def _json(table: dict[str, Any]) -> int:
    print(json.dumps(table, allow_nan=False, ensure_ascii=False))
    return 0


def _table(rows: Iterable[Sequence[str]]) -> None:
    """Columns as wide as their longest cell."""
    rows = list(rows)
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))] if rows else []
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
