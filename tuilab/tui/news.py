"""What the lab says about a frame: bad news for the banner, other news for the status line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuilab.tui.figures import grouped
from tuilab.tui.turns import Turn

if TYPE_CHECKING:
    from tuilab.lab.worker import Frame

WAITING = "dials can be turned already; space runs it as soon as it is ready"
_FAINT = "$foreground 65%"


def bad_news(frame: Frame) -> str:
    """What went wrong and what to do about it; empty if nothing did."""
    if frame.error:
        return f"✖ {frame.error}  ·  r start anew  ·  p open another preset  ·  q quit"
    if frame.status == "diverged":
        where = grouped(frame.diverged_at or frame.step)
        what_to_do = "R back to the last good step  ·  [ lower the learning rate  ·  r start anew"
        return f"✖ diverged at step {where}  ·  {what_to_do}"
    return ""


def news(frame: Frame, turns: Sequence[Turn]) -> tuple[str, str]:
    """The newest thing to say, and its colour."""
    if frame.message:
        return (frame.message, "$secondary") if frame.step else (WAITING, _FAINT)
    if frame.status == "finished":
        return "finished  ·  s saves it, r starts anew, space goes on, p opens another preset", "$success"
    if turns:
        return turns[-1].line, "$accent"
    if frame.status == "ready":
        return "space runs it; turn any dial, before or while it trains", _FAINT
    return "turn any dial with ← → and see what it does", _FAINT
