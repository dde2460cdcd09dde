"""A run as a row of the browser, and as the facts beside its curves."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual.content import Content

from tuilab.lab.runs import RunEntry
from tuilab.tui.columns import fit
from tuilab.tui.figures import grouped, percent, short
from tuilab.tui.headline import STATES

_FAINT = "$foreground 55%"
_DAMAGED = ("✖", "damaged", "$error")
#: Title and width of the columns right of the name, the most telling first.
_COLUMNS = (("test", 8), ("when", 14), ("steps", 9), ("val loss", 10), ("preset", 16))
_ORDER = ("preset", "steps", "val loss", "test", "when")
_NAME = 18  # cells that a name is worth


def columns(width: int) -> tuple[tuple[str, int], ...]:
    """The columns that fit beside the name, in the order in which they stand."""
    left = width - 4 - _NAME
    chosen = []
    for title, size in _COLUMNS:
        if size <= left:
            chosen.append((title, size))
            left -= size
    return tuple(sorted(chosen, key=lambda column: _ORDER.index(column[0])))


def head(width: int) -> Content:
    """The titles."""
    room = width - 4 - sum(size for _, size in columns(width))
    titles = "".join(fit(title, size, right=title != "preset") for title, size in columns(width))
    return Content.styled(fit(f"    {fit('name', room)}{titles}", width), _FAINT)


def row(run: RunEntry, width: int, sign: str, now: float) -> Content:
    """One run; `sign`: of the ghost that it is, or nothing."""
    state, _, color = STATES.get(run.status, _DAMAGED)
    chosen = columns(width)
    room = width - 4 - sum(size for _, size in chosen)
    cells = {
        "preset": run.preset, "steps": grouped(run.steps) if run.steps is not None else "–",
        "val loss": short(run.val_loss), "test": _share(run.test_accuracy), "when": when(run.when, now),
    }  # fmt: skip
    parts: list[tuple[str, str]] = [
        (fit(sign, 2), "$accent bold"), (fit(state[0], 2), color), (fit(run.short, room - 1) + " ", "$foreground"),
    ]  # fmt: skip
    for title, size in chosen:
        strong = "$accuracy" if title == "test" else _FAINT
        parts.append((fit(cells[title], size, right=title != "preset"), strong))
    return Content.assemble(*parts)


def facts(run: RunEntry) -> Content:
    """What is known of a run, and what was written about it."""
    if run.problem:
        return Content.assemble((f"{run.path.name}\n", "$foreground bold"), (run.problem, "$error"))
    state, word, color = STATES.get(run.status, _DAMAGED)
    parts: list[tuple[str, str]] = [(f"{run.short}\n", "$foreground bold"), (f"{state} {word}", color)]
    parts.append((f"   {run.title or run.preset} · {run.dataset}\n", _FAINT))
    told = (("val", _share(run.val_accuracy)), ("test", _share(run.test_accuracy)), ("loss", short(run.val_loss)))
    for name, value in told:
        if value != "–":
            parts += [(f"{name} ", _FAINT), (f"{value}   ", "$foreground")]
    if run.note:
        parts.append((f"\n{run.note}", "$secondary"))
    if run.short != run.path.name:
        parts.append((f"\n{run.path.name}", "$foreground 40%"))
    return Content.assemble(*parts)


def when(at: float, now: float) -> str:
    """The moment as people tell it: 14:05 today, 24 Nov 14:05, 24 Nov 2024."""
    then, today = time.localtime(at), time.localtime(now)
    if then[:3] == today[:3]:
        return time.strftime("%H:%M", then)
    day = f"{then.tm_mday} {_MONTHS[then.tm_mon - 1]}"
    return f"{day} {time.strftime('%H:%M', then)}" if then.tm_year == today.tm_year else f"{day} {then.tm_year}"


_MONTHS: Sequence[str] = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)
