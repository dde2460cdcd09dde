"""`tuilab serve`: the lab in a browser, each tab a process of its own."""

from __future__ import annotations

import argparse
import ipaddress
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tuilab.lab.errors import RunError

#: What a page may do: load and reach what this server gives and nothing else, and lie in no page of another site.
POLICY = "; ".join((
    "default-src 'self'", "script-src 'self' 'unsafe-inline'", "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
))  # fmt: skip


def serve(args: argparse.Namespace) -> int:
    """Serves until interrupted. Raises RunError for an address others reach, unless that is asked for."""
    local = is_loopback(args.host)
    if not local and not args.public:
        raise RunError(
            f"serve: --host {args.host}: others may reach this address, expected 127.0.0.1, localhost or ::1; "
            "--public allows it"
        )
    if find_spec("textual_serve") is None:
        raise RunError("serve: needs textual-serve, expected the extra of that name: pip install 'tuilab[serve]'")
    if args.ref is not None:
        from tuilab.lab.preset import load_preset

        load_preset(args.ref)
    if not local:
        where = f"{args.host}:{args.port}"
        print(
            f"tuilab: serve: whoever reaches {where} can use the lab as you: no password, no encryption",
            file=sys.stderr,
        )
    command = [sys.executable, "-m", "tuilab", *([args.ref] if args.ref else [])]
    _server(shlex.join(command), args.host, args.port, local).serve()
    return 0


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def may_connect(origin: str | None, host: str, local: bool) -> bool:
    """Whether a page from `origin` may talk to the server that it calls `host`.

    A page of another site must not, though it runs in a browser on this machine; nor may a name that was made to point
    here, where only loopback is served.
    """
    if local and not is_loopback(urlsplit(f"//{host}").hostname or ""):
        return False
    return origin is None or urlsplit(origin).netloc == host


def _server(command: str, host: str, port: int, local: bool) -> Any:
    """A server of textual-serve that looks at who connects, and whose tabs end with it."""
    from aiohttp import web
    from textual_serve.server import Server

    tabs: set[web.WebSocketResponse] = set()

    class LabServer(Server):  # type: ignore[misc, unused-ignore]
        async def handle_index(self, request: web.Request) -> Any:
            # By whatever name the browser came, its page asks for the rest by the same one.
            self.public_url = f"{request.scheme}://{request.host}"
            page = await super().handle_index(request)
            page.headers["Content-Security-Policy"] = POLICY
            return page

        async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
            if not may_connect(request.headers.get("Origin"), request.host, local):
                raise web.HTTPForbidden(text="this page may not use the lab")
            return await super().handle_websocket(request)  # type: ignore[no-any-return, unused-ignore]

        async def _process_messages(self, websocket: web.WebSocketResponse, app_service: Any) -> None:
            tabs.add(websocket)
            try:
                await super()._process_messages(websocket, app_service)
            finally:
                tabs.discard(websocket)

        async def on_shutdown(self, app: web.Application) -> None:
            # The server waits for its tabs, which would not end by themselves.
            for websocket in tuple(tabs):
                await websocket.close()

    # The page is ours: that of textual-serve asks a server far away for its letters, though it has them itself.
    page = Path(__file__).parent / "page"
    return LabServer(command, host=host, port=port, title="tuilab", templates_path=page)
