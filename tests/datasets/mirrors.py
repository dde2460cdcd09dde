"""Mirrors of an MNIST-format set on this machine, with every way to fail that a test asks for."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.datasets.idx_files import write_set
from tuilab.datasets import fetch


@dataclass
class Mirror:
    """Two mirrors on this machine, a and b: what they serve, how a fails for which file, and who was asked for what."""

    served: dict[str, bytes]
    faults: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, where: str, name: str) -> tuple[int, bytes, int]:
        """Status, body, and how long the body is said to be."""
        content, fault = self.served.get(name), self.faults.get(name) if where == "a" else None
        if content is None or fault == "missing":
            return 404, b"", 0
        if fault in ("busy", "slow to say no"):
            time.sleep(0.2 * (fault != "busy"))
            return 503, b"later", 5
        body = {"another": b"<html>sign in</html>", "cut": content[: len(content) // 2]}.get(fault or "", content)
        return 200, body, len(content) if fault == "cut" else len(body)


@contextmanager
def mirrored(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """Two mirrors of a made set (written to `folder`) as those of `mnist`, for as long as this lasts."""
    mirrors = Mirror(write_set(folder))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _, where, name = self.path.split("/")
            mirrors.asked.append((where, name))
            status, body, length = mirrors.answer(where, name)
            self.send_response(status)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in mirrors.served.items()}
    here = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(fetch.ORIGINS, "mnist", fetch.Origin((f"{here}/a/", f"{here}/b/"), sums))
    try:
        yield mirrors
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
