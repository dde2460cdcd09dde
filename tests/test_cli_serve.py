"""The lab in a browser: who may connect, and that every tab has a process of its own, which ends with it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import aiohttp
import pytest

from tuilab.cli.serving import is_loopback, may_connect


@pytest.mark.parametrize(
    ("host", "local"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("127.8.0.1", True), ("0.0.0.0", False),
     ("::", False), ("192.168.1.2", False), ("example.org", False), ("", False)],
)  # fmt: skip
def test_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


@pytest.mark.parametrize(
    ("origin", "host", "local", "may"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True, True),
        (None, "localhost:8000", True, True),
        ("http://evil.example", "127.0.0.1:8000", True, False),
        ("http://127.0.0.1:9000", "127.0.0.1:8000", True, False),
        ("http://evil.example:8000", "evil.example:8000", True, False),
        ("http://lab.example", "lab.example", False, True),
    ],
)
def test_who_may_connect(origin: str | None, host: str, local: bool, may: bool) -> None:
    assert may_connect(origin, host, local) is may


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--host", "0.0.0.0"], "serve: --host 0.0.0.0: others may reach this address, expected 127.0.0.1"),
        (["--port", "0"], "found '0', expected a port from 1 to 65535"),
        (["nosuch"], "nosuch"),
    ],
)
def test_what_is_refused(options: list[str], line: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tuilab", "serve", *options], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2 and line in done.stderr and done.stderr.count("\n") == 1


def children(pid: int) -> set[int]:
    """Labs among the descendants of a process, from Linux's process table."""
    made: set[int] = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rsplit(")", 1)[1].split()
            command = (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            made |= children(int(path.parent.name)) or ({int(path.parent.name)} if b"tuilab" in command else set())
    return made


async def until(condition, seconds: float = 40.0) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.05)


async def painted(socket_: aiohttp.ClientWebSocketResponse) -> None:
    """Waits for the lab to draw itself."""
    seen = b""
    while b"tuilab" not in seen:
        message = await asyncio.wait_for(socket_.receive(), 40)
        assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
        seen += message.data if isinstance(message.data, bytes) else b""


async def test_every_tab_is_a_process_that_ends_with_it(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "tuilab", "serve", "xor", "--port", str(port)], cwd=tmp_path,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    async def tab(session: aiohttp.ClientSession, name: str) -> aiohttp.ClientWebSocketResponse:
        """What a browser does that was told to go to this name: it loads the page, then what the page names."""
        origin = f"http://{name}:{port}"
        async with session.get(origin) as page:
            place = re.search(r"ws://[^\"']+", await page.text())
        assert place is not None
        return await session.ws_connect(f"{place[0]}?width=100&height=30", headers={"Origin": origin})

    try:
        await until(listens)
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"http://127.0.0.1:{port}/ws", headers={"Origin": "http://evil.example"})
            first = await tab(session, "127.0.0.1")
            await painted(first)
            one = children(server.pid)
            second = await tab(session, "localhost")
            await painted(second)
            both = children(server.pid)
            assert len(one) == 1 and len(both) == 2 and one < both
            await first.close()
            await until(lambda: children(server.pid) == both - one)
            server.send_signal(signal.SIGINT)  # with a tab open
            await until(lambda: server.poll() is not None)
            assert server.returncode == 0
            await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in both))
    finally:
        server.kill()
