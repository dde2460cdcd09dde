"""A pseudo-terminal with a program in it, which types and reads as a person would, and notes when things appear."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[()][A-Z0-9]|\x1b[=>]")
_ASKS, _ANSWER = b"\x1b[?2026$p", b"\x1b[?2026;2$y"  # "can you hold back a picture until it is whole?" "yes"
_PAINTED = b"\x1b[?2026l"  # the end of a picture
_SIZE = ("COLUMNS", "LINES")  # of another terminal, and believed before what the own one says
_KEPT = 200_000  # bytes of the past at most


def _take_terminal() -> None:
    """In the program's process: a terminal that goes away, with whoever reads it, then hangs up on the program."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """`command` in a terminal of `size` (columns, rows); `begun` is the moment before its process was made."""

    def __init__(self, command: Sequence[str], folder: Path, size: tuple[int, int], env: Mapping[str, str]):
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        outside = {name: value for name, value in os.environ.items() if name not in _SIZE}
        self.begun = time.perf_counter()
        self._process = subprocess.Popen(
            command, cwd=folder, env={**outside, **env}, stdin=theirs, stdout=theirs, stderr=theirs,
            start_new_session=True, preexec_fn=_take_terminal,
        )  # fmt: skip
        os.close(theirs)
        self._bytes = b""
        self.pictures = 0  # painted so far

    @property
    def text(self) -> str:
        """What came since the last `forget`, without colours and movements."""
        return _CODES.sub("", self._bytes.decode("utf-8", "replace"))

    def forget(self, keep: int = 0) -> None:
        """Look only at what comes from now on, and at the last `keep` bytes, which may be half of something."""
        self._bytes = self._bytes[len(self._bytes) - keep :] if keep else b""

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._ours, keys.encode())

    def read(self, seconds: float) -> bool:
        """Take in what comes within `seconds`: as soon as something does; whether it did. Raises RuntimeError at the
        program's end."""
        if not select.select([self._ours], [], [], max(seconds, 0.0))[0]:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:  # how Linux tells that the other side is closed
            data = b""
        if not data:
            told = " ".join(self.text.split())[-200:]
            raise RuntimeError(f"bench: the lab ended with code {self._process.wait()}: {told}")
        if _ASKS in data:
            os.write(self._ours, _ANSWER)
        self.pictures += data.count(_PAINTED)
        self._bytes = (self._bytes + data)[-_KEPT:]
        return True

    def wait(self, found: Callable[[str], object], seconds: float) -> float:
        """Read until `found(text)`; the moment at which it was. Raises RuntimeError after `seconds`."""
        ends = time.perf_counter() + seconds
        while True:
            if self.read(min(ends - time.perf_counter(), 0.5)) and found(self.text):
                return time.perf_counter()
            if time.perf_counter() >= ends:
                raise RuntimeError(f"bench: waited {seconds:g} s in vain for the lab to paint")

    def see(self, text: str, seconds: float = 60.0) -> float:
        """The moment at which `text` came."""
        return self.wait(lambda shown: text in shown, seconds)

    def close(self) -> None:
        """End the program, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError):
            os.close(self._ours)
