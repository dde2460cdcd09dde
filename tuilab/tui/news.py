"""What the lab says about a frame: bad news for the banner, other news for the status line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuilab.tui.figures import grouped
from tuilab.tui.keys import shown
from tuilab.tui.turns import Turn

if TYPE_CHECKING:
    from tuilab.lab.worker import Frame

_FAINT = "$foreground 65%"


def waiting() -> str:
    """Before the engine is there."""
    return f"dials can be turned already; {shown('run')} runs it as soon as it is ready"


def bad_news(frame: Frame) -> str:
    """What went wrong and what to do about it; empty if nothing did."""
    if frame.error:
        ways = f"{shown('reset')} start anew  ·  {shown('open')} open another preset  ·  {shown('quit')} quit"
        return f"✖ {frame.error}  ·  {ways}"
    if frame.status == "diverged":
        where = grouped(frame.diverged_at or frame.step)
        lower = f"{shown('lr-down')} lower the learning rate"
        ways = f"{shown('rewind')} back to the last good step  ·  {lower}  ·  {shown('reset')} start anew"
        return f"✖ diverged at step {where}  ·  {ways}"
    return ""


def news(frame: Frame, turns: Sequence[Turn]) -> tuple[str, str]:
    """The newest thing to say, and its colour."""
    if frame.error:
        return f"why is told above; {shown('reset')} tries it again, {shown('open')} opens another preset", _FAINT
    if frame.message:
        return (frame.message, "$secondary") if frame.step else (waiting(), _FAINT)
    if frame.status == "finished":
        ways = f"{shown('save')} saves it, {shown('reset')} starts anew, {shown('run')} goes on"
        return f"finished  ·  {ways}, {shown('open')} opens another preset", "$success"
    ways = f"{frame.planned} to come  ·  {shown('take-over')} takes over, {shown('seek')} goes to a step"
    if turns:
        return f"{turns[-1].line}  ·  {ways}" if frame.planned else turns[-1].line, "$accent"
    if frame.planned:
        return f"turns by itself: {ways}", _FAINT
    if frame.status == "ready":
        return f"{shown('run')} runs it; turn any dial, before or while it trains", _FAINT
    return "turn any dial with ← → and see what it does", _FAINT
