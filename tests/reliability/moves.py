"""What a person without a plan may do at the lab: moves, each a few keys that begin and end on the lab screen.

The moves are drawn from a seed, so that a crash comes again. What would end the lab is left out (q, ctrl+c, "quit" in
the palette), and so is what would leave its folder: a name typed for a file holds no slash.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tuilab.tui.dials import DIALS

ESC = "\x1b"
SLOW = (ESC, "\r", "?", ":", "s", "p", ",", "S")  # keys that open or close a window, which takes a moment
Move = tuple[str, ...]  # keys, one after the other

_ARROWS = ("\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D")
_QUICK = "".join(dial.key + dial.key.upper() for dial in DIALS if dial.key)
_VALUES = ("0", "0.5", "1e6", "-1", "0.003", "7", "nan", "", "auto", "on", "9" * 30, "ü")


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of move, and how often it comes among the others."""

    name: str
    weight: float
    draw: Callable[[random.Random], Move]


def _one_of(keys: str | tuple[str, ...]) -> Callable[[random.Random], Move]:
    return lambda rng: (rng.choice(keys),)


def _wheel(rng: random.Random) -> Move:
    """A turn of the mouse's wheel, or a click, over the charts (never on the footer, where one key is quit)."""
    button, x, y = rng.choice((0, 64, 65)), rng.randint(50, 75), rng.randint(6, 18)
    return (f"\x1b[<{button};{x};{y}M\x1b[<{button};{x};{y}m",)


KINDS: tuple[Kind, ...] = (
    Kind("turn a dial", 40.0, _one_of(_QUICK)),
    Kind("turn the learning rate", 10.0, _one_of("[[[]]")),
    Kind("turn the dial under the cursor", 12.0, _one_of(("-", "+", "h", "l", *_ARROWS[2:], "\x7f"))),
    Kind("move the cursor", 10.0, _one_of(("j", "k", "\t", *_ARROWS[:2]))),
    Kind("run or pause", 2.0, _one_of(" ")),
    Kind("some steps, then on", 8.0, lambda rng: (rng.choice(".>"), " ")),
    Kind("look otherwise", 12.0, _one_of(("v", "g", "y", "e", "t", "c", "{", "}", "0", "x"))),
    Kind("back to the dials", 3.0, lambda rng: (ESC,)),
    Kind("back to the last good step", 4.0, lambda rng: ("R", "[", " ")),
    Kind("slower and faster", 1.0, lambda rng: ("f", "F")),
    Kind("mouse", 2.0, _wheel),
    Kind("type a value", 2.0, lambda rng: ("\r", rng.choice(_VALUES), "\r", ESC, ESC)),
    Kind("help", 0.5, lambda rng: ("?", rng.choice(_ARROWS), ESC)),
    Kind("palette", 0.5, lambda rng: (":", rng.choice(("dropout", "lr", "zzz", "charts")), ESC, ESC)),
    Kind("save", 0.3, lambda rng: ("s", rng.choice("abc"), "\r", "\r", ESC)),
    Kind("another lane, and which one the dials act on", 2.0, _one_of(("n", "1", "2", "3", "X", "X", "P"))),
    Kind("keep a moment, and back to it", 0.6, _one_of(("K", "K", "<"))),
    Kind("moments", 0.2, lambda rng: (",", "j", ESC, ESC)),
    Kind("surfaces", 0.1, lambda rng: ("S", " ", ESC, ESC)),
    Kind("begin anew", 0.05, lambda rng: (ESC, "r", "\r", " ")),
    Kind("another preset", 0.05, lambda rng: (ESC, "p", *("j",) * rng.randrange(6), "\r")),
)
#: The preset with the most parameters, among which the moves choose.
LARGEST = "noisy-labels"
#: Another lane, with all the bookmarks that it may keep.
FULL_LANE: Move = ("n", *("K",) * 17)
#: Every window once, so that what is loaded when first used is loaded before memory is measured.
TOUR: tuple[Move, ...] = (
    ("?", ESC), (":", "dropout", ESC, ESC), ("\r", ESC), ("j", "j", "j", "\r", ESC), ("s", ESC), ("p", "j", "j", ESC),
    ("v",), ("v",), ("v",), ("g",), ("g",), ("g",), ("t",), ("t",), ("y",), ("y",), ("c",), (ESC,), ("\x1b[24~",),
    ("n",), ("1",), ("K",), (",", ESC), ("S", ESC), ("x",), ("x",),
)  # fmt: skip


def draw(rng: random.Random) -> tuple[str, Move]:
    """The next move: what sort it is, and its keys."""
    [kind] = rng.choices(KINDS, [kind.weight for kind in KINDS])
    return kind.name, kind.draw(rng)
