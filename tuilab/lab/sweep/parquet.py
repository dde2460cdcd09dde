"""A sweep's table as Parquet, for which pyarrow has to be there: columns with types, lists as lists."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tuilab.lab.disk import why, write_atomic
from tuilab.lab.errors import RunError


def check_pyarrow(path: Path) -> None:
    """Raises RunError if `path` could not be written."""
    if find_spec("pyarrow") is None:
        raise RunError(f"{path}: Parquet needs pyarrow, expected it installed: pip install pyarrow")


def write_parquet(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Replaces `path` by the table of `rows`, all of the same columns; raises RunError."""
    import pyarrow as pa
    from pyarrow.parquet import write_table

    rows = list(rows)
    columns = {name: _column([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    made = io.BytesIO()
    write_table(pa.table({name: pa.array(values, kind) for name, (values, kind) in columns.items()}), made)
    try:
        write_atomic(path, made.getvalue())
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: not saved: {why(error)}") from None


def _column(values: Sequence[Any]) -> tuple[list[Any], Any]:
    """The values and the type that holds them all; what no simple type holds becomes JSON text."""
    import pyarrow as pa

    some = [value for value in values if value is not None]
    if some and all(isinstance(value, bool) for value in some):
        return list(values), pa.bool_()
    if all(_is_number(value) for value in some):
        whole = some and all(isinstance(value, int) and abs(value) < 2**63 for value in some)
        return (list(values), pa.int64()) if whole else ([_float(value) for value in values], pa.float64())
    if any(some) and all(isinstance(v, list) and all(x is None or _is_number(x) for x in v) for v in some):
        return [value and [_float(x) for x in value] for value in values], pa.list_(pa.float64())
    return [v if v is None or isinstance(v, str) else json.dumps(v) for v in values], pa.string()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
