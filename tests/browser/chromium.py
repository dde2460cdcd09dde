"""A page as Chromium shows it: what it asked for, what its scripts said, what its terminal holds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZE = {"width": 1280, "height": 800}

#: The page keeps its terminal to itself: this gives whatever is called `terminal` a second name.
_TRAP = """Object.defineProperty(Object.prototype, "terminal", {configurable: true, set(made) {
  window.shown = made
  Object.defineProperty(this, "terminal", {value: made, writable: true, configurable: true, enumerable: true})
}})"""
_READ = """() => Array.from({length: window.shown?.rows ?? 0},
  (_, row) => window.shown.buffer.active.getLine(row)?.translateToString(true) ?? "").join("\\n")"""
_INKS = """() => new Set(Array.from({length: window.shown.rows}, (_, row) => {
  const line = window.shown.buffer.active.getLine(row)
  return Array.from({length: window.shown.cols}, (_, column) => line.getCell(column).getFgColor())
}).flat()).size"""


def found() -> str | None:
    """The path of a Chromium on this machine."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def browser() -> Iterator[Any]:
    """A Chromium without a window."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=found(), args=["--no-sandbox"])
        yield chromium
        chromium.close()


class Visit:
    """One page in a browser profile of its own; `asked` are the places it went to, `wrong` what went wrong in it."""

    def __init__(self, chromium: Any, place: str, **how: Any):
        self.asked: list[str] = []
        self.wrong: list[str] = []
        self.context = chromium.new_context(**{"viewport": SIZE, **how})
        self.context.add_init_script(_TRAP)
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("websocket", lambda socket: self.asked.append(socket.url))
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.wrong.append(said.text))
        self.page.goto(place)

    @property
    def text(self) -> str:
        """What the page's terminal shows."""
        return str(self.page.evaluate(_READ))

    @property
    def inks(self) -> int:
        """How many colours the letters of the terminal have."""
        return int(self.page.evaluate(_INKS))

    def until(self, seen: Callable[[str], Any], seconds: float = 40.0) -> str:
        """Wait for something in the terminal; gives what it shows then."""
        for _ in range(int(seconds * 20)):
            if seen(text := self.text):
                return text
            self.page.wait_for_timeout(50)
        raise AssertionError(f"waited in vain; it shows\n{self.text}")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)
