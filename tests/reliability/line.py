"""tuilab in a pseudo-terminal for hours: what it writes is looked at and forgotten, no screen is kept."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import time
from pathlib import Path

from ptyprocess import PtyProcess

ROOT = Path(__file__).resolve().parents[2]
KEPT = 1 << 16  # bytes of what was written last


def environment(**more: str) -> dict[str, str]:
    """Of a tuilab that runs this tree's code."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "LINES")}
    return kept | {
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "PYTHONPATH": str(ROOT),
        "PYTHONFAULTHANDLER": "1",
        **more,
    }


def plain(written: bytes) -> str:
    """The last of it, without colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.decode(errors="replace"))[-3000:]


class Line:
    """`python -m tuilab ARGS` at the other end of a pseudo-terminal, started in `folder`."""

    def __init__(self, folder: Path, *args: str, size: tuple[int, int] = (140, 40), nice: int = 0):
        command = [sys.executable, "-m", "tuilab", *args]
        if nice:
            command = ["nice", "-n", str(nice), *command]
        self.process = PtyProcess.spawn(
            command, cwd=str(folder), dimensions=(size[1], size[0]),
            env=environment(TUILAB_CONFIG=str(folder / "settings.toml")),  # nobody's own
        )  # fmt: skip
        self.pid = int(self.process.pid)
        self.written = b""  # the last KEPT bytes
        self.total = 0

    def read(self, seconds: float = 0.05) -> bool:
        """Takes in what comes within `seconds`; False once the program is gone."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            if not select.select([self.process.fd], [], [], left)[0]:
                break
            try:
                data = self.process.read(65536)
            except (EOFError, OSError):
                return False
            self.total += len(data)
            self.written = (self.written + data)[-KEPT:]
            assert b"Traceback" not in self.written, plain(self.written)
        return True

    def press(self, keys: str) -> None:
        """Types."""
        self.process.write(keys.encode())

    def sees(self, *texts: bytes, seconds: float = 60.0) -> bool:
        """Forgets what was written, and waits until one of `texts` is; False if that takes too long."""
        self.written = b""
        ends = time.monotonic() + seconds
        while not any(text in self.written for text in texts):
            if not self.read(0.1) or time.monotonic() > ends:
                return False
        return True

    def see(self, *texts: bytes, seconds: float = 60.0) -> None:
        """The same, and nothing else will do."""
        assert self.sees(*texts, seconds=seconds), f"waited for {texts} in vain: {self.where()}"

    def where(self) -> str:
        """What was written last, and where each thread stands (which ends the program)."""
        seen = plain(self.written)
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGABRT)
            self.read(2.0)
        return f"{seen}\n{plain(self.written)}"

    def end(self, seconds: float = 60.0) -> int:
        """Waits for the end; the exit code (negative: the signal)."""
        ends = time.monotonic() + seconds
        while self.read(0.2):
            assert time.monotonic() < ends, f"does not end: {plain(self.written)}"
        self.process.wait()
        status, sign = self.process.exitstatus, self.process.signalstatus
        return int(status) if sign is None else -int(sign)

    def rss(self) -> int:
        """Resident memory in kB."""
        for row in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if row.startswith("VmRSS:"):
                return int(row.split()[1])
        raise AssertionError(f"process {self.pid} has no memory any more")

    def close(self) -> None:
        """Ends the program if it is still there."""
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        self.process.terminated = self.process.closed = True
        with contextlib.suppress(OSError):
            self.process.fileobj.close()  # not its number, which another terminal may have when the object goes
