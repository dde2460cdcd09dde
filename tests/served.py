"""`tuilab serve` as a process of its own, and the labs it has started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def served(folder: Path, preset: str = "xor") -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The server, started in `folder`, once it listens, and its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    server = subprocess.Popen(
        [sys.executable, "-m", "tuilab", "serve", preset, "--port", str(port)], cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        until(listens)
        yield server, port
    finally:
        server.terminate()
        server.wait(20)


def labs(pid: int) -> set[int]:
    """Labs among the descendants of a process, from Linux's process table."""
    made: set[int] = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
            command = (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            made |= labs(int(path.parent.name)) or ({int(path.parent.name)} if b"tuilab" in command else set())
    return made


def until(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    """Wait for what another process does."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
