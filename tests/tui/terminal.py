"""A real pseudo-terminal with the lab in it, and a screen that shows what a person would see."""

from __future__ import annotations

import os
import re
import select
import sys
import termios
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte
from ptyprocess import PtyProcess

ROOT = Path(__file__).resolve().parents[2]
LAB = (sys.executable, "-m", "tuilab")


class Terminal:
    """`python -m tuilab ARGS`, or another `program`, in a terminal of `size` (columns, rows), started in `folder`."""

    def __init__(
        self, folder: Path, *args: str, size: tuple[int, int] = (140, 40), program: Sequence[str] = LAB, **env: str
    ):  # fmt: skip
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT), **env}
        columns, rows = size
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.process = PtyProcess.spawn([*program, *args], cwd=str(folder), env=environment, dimensions=(rows, columns))
        self.modes_before = termios.tcgetattr(self.process.fd)

    @property
    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self.screen.display)

    @property
    def steps(self) -> int:
        """Steps done, as the top of the lab says."""
        found = re.search(r"step ([\d ]*\d)", self.screen.display[0])
        return int(found[1].replace(" ", "")) if found else 0

    def read(self, seconds: float = 0.05) -> bool:
        """Take in what was written within `seconds`; False at the end."""
        if select.select([self.process.fd], [], [], seconds)[0]:
            try:
                data = self.process.read(65536)
            except EOFError:
                return False
            self.raw += data
            self._stream.feed(data)
        return True

    def wait(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        """Go on until `condition` holds."""
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"waited in vain; the screen:\n{self.text}"
            assert self.read(), f"ended; the screen:\n{self.text}"

    def see(self, text: str, seconds: float = 60.0) -> None:
        """Go on until `text` is on the screen."""
        self.wait(lambda: text in self.text, seconds)

    def press(self, keys: str) -> None:
        """Type."""
        self.process.write(keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Make the window larger or smaller."""
        self.screen.resize(rows, columns)
        self.process.setwinsize(rows, columns)

    def end(self, seconds: float = 30.0) -> int:
        """Wait for the end; the exit code (negative: the signal)."""
        limit = time.monotonic() + seconds
        while self.read():
            assert time.monotonic() < limit, f"does not end; the screen:\n{self.text}"
            if not self.process.isalive():
                break
        while self.read(0.2) and select.select([self.process.fd], [], [], 0.1)[0]:
            pass
        self.process.wait()
        status, sign = self.process.exitstatus, self.process.signalstatus
        return status if sign is None else -sign

    def close(self) -> None:
        """End the process if a failed test left it."""
        self.process.close(force=True)
