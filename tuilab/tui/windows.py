"""Windows over the lab, which open and close more slowly than keys may be typed."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from textual import events
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen

from tuilab.tui import memory

T = TypeVar("T")

PATIENCE = 2.0  # seconds that a key waits for a window at most
_GLANCE = 0.005  # seconds


class Closing(Screen[T]):
    """A screen that closes once: a second key on its way to it would otherwise close the one below."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Closes it with `result`, unless it is closed or another lies on it."""
        if not self.is_active:
            return AwaitComplete.nothing()
        memory.let_go(self)
        return super().dismiss(result)


class Window(ModalScreen[T], Closing[T]):
    """A window over the lab."""


class WindowApp(App[int]):
    """An app that may be typed at faster than its windows open."""

    async def on_event(self, event: events.Event) -> None:
        """A key waits until all of the window on top is there; what comes when all are closed is for nobody."""
        if isinstance(event, events.Key):
            await self._made()
        if self.screen_stack or not isinstance(event, events.InputEvent):
            await super().on_event(event)

    async def _made(self) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + PATIENCE
        while self.screen_stack and not self.screen.is_mounted and loop.time() < ends:
            await asyncio.sleep(_GLANCE)
