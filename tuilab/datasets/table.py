"""The user's own table: rows of numbers with one column to predict, in a text file (CSV and its relatives).

What is found out: the separator (comma, semicolon, tab, bar or blanks), whether the first row is a header, which
column is the target (one called target, label, class or y; otherwise the last), and the task (classes, unless the
target is a column of numbers that are not all whole or have more than MAX_CLASSES values).
"""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.spec import TASKS, check_name, nearest
from tuilab.datasets.base import DataError, Source, checked, plain_size
from tuilab.datasets.registry import MISSING_VALUES

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEPARATORS = (",", ";", "\t", "|", " ")
TARGETS = ("target", "label", "class", "y")
MISSING = frozenset({"", "?", "na", "n/a", "nan", "null", "none", "-"})
MAX_CLASSES = 100
MAX_BYTES = 2**30
_SAMPLE = 50  # rows looked at to find the separator


def read_table(path: Path, *, target: str | None = None, task: str | None = None, missing: str = "refuse") -> Source:
    """The table in the file; `target` names its column, `task` overrules what the target looks like.

    Raises DataError naming row and column (both counted from 1, the header being row 1 if there is one) for a
    missing value, a word where a number is needed, or a row of another length. With `missing` "mean" or
    "median" a feature may be missing (NaN, to be filled in so); the target may not.
    """
    checked(check_name, "missing", missing, MISSING_VALUES)
    fill = "median" if missing == "median" else "mean"
    rows = _rows(path)
    header = _header(rows)
    names = rows[0][1] if header else [f"column {k}" for k in range(1, len(rows[0][1]) + 1)]
    rows = rows[1:] if header else rows
    where = _target(path, names, target)
    columns = [k for k in range(len(names)) if k != where]
    for number, cells in rows:
        for k, cell in enumerate(cells):
            if cell.lower() in MISSING and (missing == "refuse" or k == where):
                raise DataError(str(path), f"row {number}, {names[k]}: found {cell!r}, a missing value")
    x = np.array([[_number(path, number, names[k], cells[k]) for k in columns] for number, cells in rows], np.float32)
    words = [cells[where] for _, cells in rows]
    if task is not None:
        checked(check_name, "task", task, TASKS)
    if (task or _task(words)) == "regression":
        y = np.array([[_number(path, number, names[where], cells[where])] for number, cells in rows], np.float32)
        return Source(path.name, x, y, "regression", scaled=False, fill=fill)
    y_class, class_names = _classes(path, names[where], words)
    return Source(path.name, x, y_class, "classification", class_names, scaled=False, fill=fill)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """(row number, cells without blanks around them) of every row that is not empty; all of one length."""
    size = plain_size(path, "a table as text")
    if size > MAX_BYTES:
        raise DataError(str(path), f"found {size:,} bytes, allowed up to {MAX_BYTES:,}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise DataError(str(path), f"{error.strerror or error}, expected a table as text") from None
    except UnicodeDecodeError as error:
        raise DataError(str(path), f"byte {error.start + 1} is not UTF-8, expected a table as text") from None
    if "\0" in text:
        raise DataError(str(path), f"byte {text.index(chr(0)) + 1} is zero, expected a table as text")
    rows = _split(path, text, _separator(path, text))
    if not rows:
        raise DataError(str(path), "found nothing in it, expected a table")
    width = len(rows[0][1])
    if width < 2:
        raise DataError(str(path), "found one column, expected one or more features and a target")
    for number, cells in rows:
        if len(cells) != width:
            raise DataError(str(path), f"row {number}: found {len(cells)} cells, expected {width}")
    return rows


def _split(path: Path, text: str, separator: str, most: int | None = None) -> list[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    rows: list[tuple[int, list[str]]] = []
    try:
        for number, cells in enumerate(reader, 1):
            stripped = [cell.strip() for cell in cells]
            if separator == " ":
                stripped = [cell for cell in stripped if cell]
            if any(stripped):
                rows.append((number, stripped))
            if most is not None and len(rows) == most:
                break
    except csv.Error as error:
        raise DataError(str(path), f"row {len(rows) + 1}: {error}") from None
    return rows


def _separator(path: Path, text: str) -> str:
    """The separator that cuts the first rows into the most cells, every row into as many; failing that, a comma."""
    best, most = ",", 1
    for separator in SEPARATORS:
        try:
            widths = {len(cells) for _, cells in _split(path, text, separator, _SAMPLE)}
        except DataError:
            continue
        if len(widths) == 1 and max(widths) > most:
            best, most = separator, max(widths)
    if most > 1:
        return best
    first = text.lstrip().split("\n", 1)[0]  # rows of different lengths: take the separator the first one shows
    return max(SEPARATORS, key=first.count) if any(map(first.count, SEPARATORS)) else ","


def _header(rows: list[tuple[int, list[str]]]) -> bool:
    """A first row without a single number above a row that has one."""
    return len(rows) > 1 and not any(map(_is_number, rows[0][1])) and any(map(_is_number, rows[1][1]))


def _target(path: Path, names: list[str], target: str | None) -> int:
    lower = [name.lower() for name in names]
    doubles = sorted(name for name, count in Counter(names).items() if count > 1)
    if doubles:
        raise DataError(str(path), f"found {doubles[0]!r} twice in the header, expected each column once")
    if target is None:
        return next((lower.index(name) for name in TARGETS if name in lower), len(names) - 1)
    if target not in names:
        raise DataError("target", f"found {target!r}, columns of {path}: {', '.join(names)}{nearest(target, names)}")
    return names.index(target)


def _task(words: list[str]) -> str:
    if not all(map(_is_number, words)):
        return "classification"
    values = {float(word) for word in words}
    return "classification" if len(values) <= MAX_CLASSES and all(v.is_integer() for v in values) else "regression"


def _classes(path: Path, column: str, words: list[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Class numbers and names; names that are numbers are put in their order, others in the alphabet's."""
    numeric = all(map(_is_number, words))
    names = sorted(set(words), key=(lambda word: (float(word), word)) if numeric else None)
    if not 2 <= len(names) <= MAX_CLASSES:
        raise DataError(str(path), f"{column}: found {len(names)} classes, allowed 2 to {MAX_CLASSES}")
    number = {name: k for k, name in enumerate(names)}
    return np.array([number[word] for word in words], np.int64), tuple(names)


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False


def _number(path: Path, row: int, column: str, cell: str) -> float:
    if cell.lower() in MISSING:
        return math.nan
    if _is_number(cell) and abs(number := float(cell)) < 3e38:  # what float32 holds
        return number
    raise DataError(str(path), f"row {row}, {column}: found {cell!r}, expected a finite number")
