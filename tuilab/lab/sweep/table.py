"""The table of a sweep: a CSV file to which whole rows are appended, whatever happens to the process or the disk.

The first column is `run_id`, then come the settings, then the result: text as it is, numbers, lists and true or false
as in JSON, nothing where there is no value. Each row is written at once and is on the disk before the next. What a
kill may have torn, the last line, is cut off when the table is opened again.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tuilab.lab import disk
from tuilab.lab.disk import open_inside, why
from tuilab.lab.errors import RunError

RUN_ID, SEED = "run_id", "seed"
_MAX_BYTES = 2**30
#: Columns whose cells are text even if they look like a number.
_TEXT = (RUN_ID, "preset", "dataset", "status", "backend", "params_sha256", "out")


class Table:
    """The table at `path`, made if it is not there, of runs that differ in `settings` (columns) and in the seed.

    No other process may have it open. Raises RunError if it has, or if the file is not such a table.
    """

    def __init__(self, path: Path, settings: Sequence[str]):
        self.path = path
        self.rows: dict[str, dict[str, Any]] = {}  # by run_id
        self._settings = tuple(settings)
        self._waiting = b""  # what a disk has not taken yet
        try:
            self._handle = open_inside(path, os.O_RDWR | os.O_CREAT)
        except (OSError, ValueError) as error:
            raise RunError(f"{path}: cannot write here: {why(error)}") from None
        try:
            self._own()
            self._read()
        except BaseException as error:
            os.close(self._handle)
            if isinstance(error, OSError):
                raise RunError(f"{path}: {why(error)}") from None
            raise

    def _own(self) -> None:
        if disk.fcntl is None:
            return
        try:
            disk.fcntl.flock(self._handle, disk.fcntl.LOCK_EX | disk.fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"{self.path}: in use by another sweep, expected a table of its own") from None
        except OSError:
            pass  # a file system without locks: better unguarded than not at all

    def _read(self) -> None:
        """Takes in the rows that are there and cuts off a torn last line."""
        size = os.fstat(self._handle).st_size
        if size > _MAX_BYTES:
            raise RunError(f"{self.path}: larger than {_MAX_BYTES:,} bytes, expected the table of a sweep")
        data = os.pread(self._handle, size, 0)
        header, *lines = data.split(b"\n")
        self._columns: tuple[str, ...] = ()
        self._end = 0
        if not lines:  # not even the header is whole
            if header and not self._header_start().startswith(header[: len(self._header_start())]):
                raise RunError(f"{self.path}: not the table of a sweep, expected a new file or such a table")
        else:
            self._columns = self._checked(_cells(header) or [])
            self._end = len(header) + 1
            for number, line in enumerate(lines[:-1], 2):
                self._take(number, line, is_last=number == len(lines))
        os.ftruncate(self._handle, self._end)

    def _header_start(self) -> bytes:
        return _line([RUN_ID, *self._settings, SEED])[:-1]

    def _checked(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The columns of a header that fits; raises RunError."""
        if RUN_ID not in columns[:1] or SEED not in columns:
            raise RunError(f"{self.path}: not the table of a sweep, expected a new file or such a table")
        found = columns[1 : columns.index(SEED)]
        if set(found) != set(self._settings):
            said = [", ".join(names) or "seeds alone" for names in (found, self._settings)]
            raise RunError(
                f"{self.path}: found a sweep over {said[0]}, this one is over {said[1]}: choose another --out"
            )
        return tuple(columns)

    def _take(self, number: int, line: bytes, is_last: bool) -> None:
        """Takes in one line; only the last may be damaged (a power cut)."""
        cells = _cells(line)
        if cells is not None and len(cells) == len(self._columns):
            row = {name: decoded(name, cell) for name, cell in zip(self._columns, cells, strict=True)}
            self.rows[row[RUN_ID]] = row
            self._end += len(line) + 1
        elif not is_last:
            raise RunError(f"{self.path}: line {number}: not a row of {len(self._columns)} cells")

    @property
    def waiting(self) -> bool:
        """Whether there are rows that the disk has not taken."""
        return bool(self._waiting)

    def append(self, row: Mapping[str, Any]) -> None:
        """Adds a row: `run_id`, settings, `seed` and what else the first row has. A run that is there is left alone.

        Raises RunError if the disk does not take it; the row is kept and tried again with the next.
        """
        if row[RUN_ID] in self.rows:
            return
        if not self._columns:
            more = [name for name in row if name not in (RUN_ID, *self._settings, SEED)]
            self._columns = (RUN_ID, *self._settings, SEED, *more)
            self._waiting += _line(self._columns)
        self.rows[row[RUN_ID]] = {name: row.get(name) for name in self._columns}
        self._waiting += _line([encoded(row.get(name)) for name in self._columns])
        self.flush()

    def flush(self) -> None:
        """Writes what waits, all of it or nothing; raises RunError."""
        try:
            done = 0
            while done < len(self._waiting):
                done += os.pwrite(self._handle, self._waiting[done:], self._end + done)
            os.fsync(self._handle)
        except OSError as error:
            os.ftruncate(self._handle, self._end)
            raise RunError(f"{self.path}: not saved: {why(error)}") from None
        self._end += len(self._waiting)
        self._waiting = b""

    def close(self) -> None:
        """Lets the next process in."""
        os.close(self._handle)

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def encoded(value: Any) -> str:
    """A value as a cell, on one line."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value if value.isprintable() else json.dumps(value)
    return json.dumps(value, allow_nan=False)


def decoded(column: str, cell: str) -> Any:
    """The value of a cell."""
    if not cell or column in _TEXT:
        return cell or None
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _cells(line: bytes) -> list[str] | None:
    """The cells of a line, or None if it is no line of a table."""
    try:
        rows: Iterator[list[str]] = csv.reader([line.decode()], strict=True)
        return next(rows, None)
    except (ValueError, csv.Error):
        return None
