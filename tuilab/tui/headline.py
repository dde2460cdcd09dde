"""The words at the top of the screen: what runs, in which state, how far it is. Styles are named, not mixed, here."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from tuilab.tui.columns import fit
from tuilab.tui.figures import grouped, rate

#: Sign, word and colour of each state.
STATES: dict[str, tuple[str, str, str]] = {
    "starting": ("◌", "starting", "$secondary"),
    "ready": ("○", "ready", "$primary"),
    "running": ("●", "running", "$success"),
    "paused": ("❚❚", "paused", "$warning"),
    "finished": ("■", "finished", "$primary"),
    "stopped": ("■", "stopped", "$foreground"),
    "diverged": ("✖", "diverged", "$error"),
}

_LEFT = 22  # columns that the name of the preset is worth
_FAINT = "$foreground 55%"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is; `total` steps are 0 where nobody knows."""

    status: str = "starting"
    step: int = 0
    total: int = 0
    epoch: float = 0.0
    steps_per_s: float = 0.0


def headline(width: int, title: str, network: str, at: Progress) -> list[tuple[str, str]]:
    """Title on the left, state and progress on the right; what does not fit goes, from the least important on."""
    right = _right(width, at)
    taken = sum(len(text) for text, _ in right)
    left: list[tuple[str, str]] = [(" ▞ ", "$accent bold"), ("tuilab ", "$foreground bold")]
    room = width - taken - 11
    if room >= 6:
        title = title if cell_len(title) <= room else fit(title, room)
        left += [(" " + title, "$accent")]
        if room - cell_len(title) >= len(network) + 4:
            left += [("   " + network, _FAINT)]
    gap = width - taken - sum(cell_len(text) for text, _ in left)
    return [*left, (" " * max(gap, 1), ""), *right]


def _right(width: int, at: Progress) -> list[tuple[str, str]]:
    sign, word, color = STATES.get(at.status, STATES["stopped"])
    slash, unit = (" / ", " steps/s") if width >= 100 else ("/", "/s")
    steps = f"{grouped(at.step)}{slash}{grouped(at.total)}" if at.total else grouped(at.step)
    pieces = [
        [(f"{sign} {word}", f"{color} bold")],
        [("step ", _FAINT), (steps, "$foreground bold")],
        [(f"{rate(at.steps_per_s):>5}", "$foreground"), (unit, _FAINT)] if at.steps_per_s > 0 else [],
        [("epoch ", _FAINT), (f"{at.epoch:.1f}", "$foreground")],
    ]
    right: list[tuple[str, str]] = []
    for piece in pieces:
        if piece and sum(len(text) for text, _ in [*right, *piece]) + 3 + _LEFT < width:
            right += [*piece, ("   ", "")]
    if right:
        right[-1] = (" ", "")
    return right


def network(widths: tuple[int, ...]) -> str:
    """`hidden 64-32`: the hidden layers."""
    return "hidden " + "-".join(str(w) for w in widths) if widths else "no hidden layer"
