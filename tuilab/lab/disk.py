"""Writing so that whatever happens (a kill, a full disk, a folder gone) every file is the old one or the new one."""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tuilab.lab.errors import RunError

try:
    import fcntl
except ImportError:  # a platform without POSIX locks
    fcntl = None  # type: ignore[assignment]

# What an ordinary new file gets; a temporary one is made for its owner alone. Read once: asking sets it for a moment.
os.umask(_mask := os.umask(0o022))
_MODE = 0o666 & ~_mask


def why(error: BaseException) -> str:
    """An error in a few words: 'No space left on device'."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).splitlines()[0]


def write_atomic(path: Path, data: bytes) -> None:
    """Replaces `path` by `data` in one move, once the bytes are on the disk; raises OSError and leaves the old file.

    A link of that name is replaced, never followed.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), _MODE)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def open_inside(path: Path, flags: int) -> int:
    """A file descriptor for `path`, which must be a plain file and no link (nothing outside its folder is touched)."""
    handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o666)
    if not os.path.isfile(path):
        os.close(handle)
        raise OSError(None, "not a plain file")
    return handle


def read_inside(path: Path, limit: int) -> bytes:
    """The bytes of a plain file of at most `limit` bytes; raises OSError."""
    with os.fdopen(open_inside(path, os.O_RDONLY), "rb") as file:
        # A read makes room for all it is asked for, so it is asked for no more than the file has.
        data = file.read(min(limit, os.fstat(file.fileno()).st_size) + 1)
    if len(data) > limit:
        raise OSError(None, f"larger than {limit:,} bytes")
    return data


def finite_json(data: bytes | str) -> Any:
    """What JSON says, as this lab writes it: raises ValueError at a number that is not finite, in float64, either."""
    return json.loads(data, parse_float=_finite, parse_constant=_finite)


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"found {text}, expected a finite number")
    return value


class FolderLock:
    """Keeps a second process out of a run folder; the system lets go of it when this process ends, however it does."""

    def __init__(self, folder: Path):
        self.path = folder / ".lock"
        self._file = os.fdopen(open_inside(self.path, os.O_RDWR | os.O_CREAT), "r+b")
        try:
            if fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = self._file.read(20).decode("ascii", "replace").strip()
            self._file.close()
            raise RunError(
                f"{folder}: in use by another process{f' ({owner})' if owner else ''}, expected a folder of its own"
            ) from None
        except OSError:
            pass  # a file system without locks: better unguarded than not at all
        with contextlib.suppress(OSError):
            self._file.truncate(0)
            self._file.write(str(os.getpid()).encode())
            self._file.flush()

    def release(self) -> None:
        """Lets the next process in."""
        with contextlib.suppress(OSError):
            self._file.close()


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Waits until no other process or thread is in here with the lock file `path`; without locks it does not wait."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(path.open("wb"))
            if fcntl is not None:
                fcntl.flock(file, fcntl.LOCK_EX)
        yield


class Writer:
    """One background thread that writes, so that neither the training nor the screen waits for a disk.

    Of several jobs of one key that wait, only the last is done. An error lands in `problem`, one line; a later
    success of the same key clears it.
    """

    def __init__(self) -> None:
        self._jobs: dict[str, Callable[[], None]] = {}
        self._problems: dict[str, str] = {}
        self._cond = threading.Condition()
        self._busy = False
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="tuilab-disk", daemon=True)
        self._thread.start()

    @property
    def problem(self) -> str | None:
        """What last went wrong and was not made good since."""
        return next(iter(list(self._problems.values())), None)

    def submit(self, key: str, job: Callable[[], None]) -> None:
        """Queues `job` as the last one; a waiting one of the same key is not done."""
        with self._cond:
            self._jobs.pop(key, None)
            self._jobs[key] = job
            self._cond.notify_all()

    def drain(self, timeout: float | None = None) -> bool:
        """Waits until all queued jobs are done."""
        with self._cond:
            return self._cond.wait_for(lambda: not self._jobs and not self._busy, timeout)

    def close(self) -> None:
        """Does what is queued and ends the thread."""
        with self._cond:
            self._closing = True
            self._cond.notify_all()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._cond:
                self._busy = False
                self._cond.notify_all()
                self._cond.wait_for(lambda: self._jobs or self._closing)
                if not self._jobs:
                    return
                key = next(iter(self._jobs))
                job = self._jobs.pop(key)
                self._busy = True
            try:
                job()
                self._problems.pop(key, None)
            except Exception as error:  # a disk can fail in any way; the training goes on
                self._problems[key] = why(error)


def check_new(path: Path) -> None:
    """Raises RunError if a new file cannot be made at `path`; for telling so before the work begins."""
    try:
        if path.exists():
            raise RunError(f"{path}: is there already, expected the name of a new file")
        if not path.parent.is_dir():
            raise RunError(f"{path}: its folder is not there")
    except (OSError, ValueError) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{path}: {why(error)}") from None


def write_new(path: Path, data: bytes) -> None:
    """Writes a file that is not there yet; raises RunError in one line."""
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise RunError(f"{path}: is there already, expected the name of a new file") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: {why(error)}") from None
