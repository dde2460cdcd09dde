"""The commands about runs that are there: compare, export."""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def compare(args: argparse.Namespace) -> int:
    """What differs in the dials and in the result of some runs."""
    from tuilab.lab.compare import compare as compared
    from tuilab.lab.compare import told

    table = compared(args.refs)
    print(json.dumps(table, allow_nan=False, ensure_ascii=False) if args.json else told(table))
    return 0


def export(args: argparse.Namespace) -> int:
    """Writes a run in another format and names the file."""
    from tuilab.lab.export import export as exported

    print(exported(args.ref, args.to, None if args.out is None else Path(args.out)))
    return 0
