"""The row that leads a first-time user from one step to the next; it is only there while there is a step to do."""

from __future__ import annotations

import re
from collections.abc import Mapping

from textual.content import Content
from textual.widget import Widget

from tuilab.tui.firststeps import END, STEPS, FirstSteps
from tuilab.tui.keys import active
from tuilab.tui.lessons import first_step

_NAMED = re.compile(r"{(\w+|.)}")  # the name of a command or of `facts`, or a sign to press or to look for


class HintBar(Widget):
    """How far one is, what to do next, and how to be rid of this."""

    def __init__(self) -> None:
        super().__init__(id="hints")
        self.auto_links = False  # as in the header
        self._hint: tuple[str, int, str, str] = ("", 0, "", "")  # step, steps done, language, dial

    def show(self, steps: FirstSteps, running: bool, language: str, dial: str) -> None:
        """Show the step that is next, or nothing; `dial` is the one under the cursor."""
        step = steps.current
        if step == "look" and not running:
            step = "go-on"
        if not dial and step == "turn":
            step = "to-dials"
        hint = (step, steps.done, language, dial)
        if hint != self._hint:
            self._hint = hint
            self.display = bool(step)
            self.refresh()

    def render(self) -> Content:
        """`●●○○○ what to do`, and on the right the key that ends it."""
        step, done, language, dial = self._hint
        if not step:
            return Content("")
        keys = {key.id: key.shown for key in active()}
        dots = "" if step == END else "●" * done + "○" * (len(STEPS) - done) + " "
        told = Content.assemble(" ", (dots, "$accent"), *_marked(first_step(step, language), keys, {"dial": dial}))
        leave = Content.assemble(*_marked(first_step("leave", language), keys, {}), " ")
        gap = self.size.width - told.cell_length - leave.cell_length
        return Content.assemble(told, " " * max(gap, 1), leave.stylize("dim"))


def _marked(text: str, keys: Mapping[str, str], facts: Mapping[str, str]) -> list[tuple[str, str]]:
    """The parts of a text, its keys and signs standing out."""
    parts: list[tuple[str, str]] = []
    for number, part in enumerate(_NAMED.split(text)):
        if number % 2 == 0:
            parts.append((part, "$foreground"))
        elif part in facts:
            parts.append((facts[part], "$foreground bold"))
        else:
            parts.append((keys.get(part, part), "$accent bold"))
    return parts
