"""The lab in a browser: who may connect, and that every tab has a process of its own, which ends with it."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.served import labs, served, until
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


async def painted(socket_: aiohttp.ClientWebSocketResponse) -> None:
    """Waits for the lab to draw itself."""
    seen = b""
    while b"tuilab" not in seen:
        message = await asyncio.wait_for(socket_.receive(), 40)
        assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT), message
        seen += message.data if isinstance(message.data, bytes) else b""


async def test_every_tab_is_a_process_that_ends_with_it(tmp_path: Path) -> None:
    with served(tmp_path) as (server, port):

        async def tab(session: aiohttp.ClientSession, name: str) -> aiohttp.ClientWebSocketResponse:
            """What a browser does that was told to go to this name: it loads the page, then what the page names."""
            origin = f"http://{name}:{port}"
            async with session.get(origin) as page:
                place = re.search(r"ws://[^\"']+", await page.text())
            assert place is not None
            return await session.ws_connect(f"{place[0]}?width=100&height=30", headers={"Origin": origin})

        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"http://127.0.0.1:{port}/ws", headers={"Origin": "http://evil.example"})
            first = await tab(session, "127.0.0.1")
            await painted(first)
            one = labs(server.pid)
            second = await tab(session, "localhost")
            await painted(second)
            both = labs(server.pid)
            assert len(one) == 1 and len(both) == 2 and one < both
            await first.close()
            until(lambda: labs(server.pid) == both - one)
            server.send_signal(signal.SIGINT)  # with a tab open
            until(lambda: server.poll() is not None)
            assert server.returncode == 0
            until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in both))


async def test_the_page_names_no_other_place_and_lies_in_no_other_page(tmp_path: Path) -> None:
    with served(tmp_path) as (_, port):
        origin = f"http://localhost:{port}"
        async with aiohttp.ClientSession() as session, session.get(origin) as page:
            text, policy = await page.text(), page.headers["Content-Security-Policy"]
    named = {place for place in re.findall(r"\b\w+://[^\s\"'/]+", text) if "www.w3.org" not in place}
    assert named == {origin, origin.replace("http", "ws")}
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy
