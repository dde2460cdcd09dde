"""The figures of the moment: losses, their gap, accuracy, learning rate, each in a card (small screen: a word)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from textual.geometry import Region

from tuilab.tui.figures import exact, percent, short
from tuilab.tui.widgets.rows import Row, Rows

if TYPE_CHECKING:
    from tuilab.lab.history import Series
    from tuilab.lab.worker import Frame

_FAINT = "$foreground 55% on $surface"
_CARD, _BETWEEN = "on $surface", "on $background"
_SIDE = 2  # empty columns on either side of a card
Pieces = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Card:
    """A name, the same in short, and a value with what stands faint beside it."""

    label: str
    brief: str
    style: str
    value: str = "–"
    aside: str = ""

    def name(self, room: int) -> Pieces:
        """The upper row."""
        return [(self.label if len(self.label) <= room else self.brief, _FAINT)]

    def figure(self, room: int) -> Pieces:
        """The lower row; what stands beside the value only where there is room for it."""
        pieces = [(self.value, f"{self.style} bold on $surface")]
        if self.aside and len(self.value) + len(self.aside) < room:
            pieces.append((f" {self.aside}", _FAINT))
        return pieces

    def word(self, _: int) -> Pieces:
        """Both in one row."""
        return [(f"{self.brief} ", _FAINT), (self.value, f"{self.style} bold on $surface")]


class Metrics(Rows):
    """The cards side by side. What needs whole curves is found out anew after each look at the validation part."""

    def __init__(self) -> None:
        super().__init__(id="metrics")
        self.cards = {
            "train": Card("train loss", "train", "$train"),
            "val": Card("validation loss", "val", "$val"),
            "gap": Card("gap val − train", "gap", "$foreground"),
            "acc": Card("validation accuracy", "acc", "$accuracy"),
            "lr": Card("learning rate", "lr", "$foreground"),
        }
        self._looked: tuple[object, ...] = ()

    def show(self, frame: Frame) -> None:
        """Show the figures of `frame`."""
        train, val, accuracy = frame.train_loss, frame.val_loss, frame.val_accuracy
        self._put("train", short(train) if known(train) else "–")
        looked = (frame.history, val, accuracy)
        if looked != self._looked:
            self._looked = looked
            self._put("val", short(val) if known(val) else "–", best(frame.curves.val))
            self._put("gap", *gap_now(frame))
        self._put("acc", percent(accuracy) if known(accuracy) else "–")
        self._put("lr", exact(round_to(rate_now(frame))), "" if frame.recipe.lr is not None else "auto")

    def _put(self, name: str, value: str, aside: str = "") -> None:
        old = self.cards[name]
        if (value, aside) != (old.value, old.aside):
            self.cards[name] = replace(old, value=value, aside=aside)
            first, end = self._edges()[list(self.cards).index(name)]
            self.refresh(Region(first, self.outer_size.height - 1, end - first, 1))

    def _edges(self) -> list[tuple[int, int]]:
        """First column, and the one after the last, of each card."""
        room, count = self.outer_size.width, len(self.cards)
        if self.outer_size.height < 2:
            return list(pairwise(1 + (room - 2) * i // count for i in range(count + 1)))
        inner = [(room - count + 1) * i // count for i in range(count + 1)]
        return [(first + i, end + i) for i, (first, end) in enumerate(pairwise(inner))]

    def rows(self) -> list[Row]:
        """A free row, names, values; or everything in one row."""
        if self.outer_size.height < 2:
            return [self._beside(Card.word, 0, _CARD)]
        free = [(" " * self.outer_size.width, _BETWEEN)]
        return [free, self._beside(Card.name, _SIDE, _BETWEEN), self._beside(Card.figure, _SIDE, _BETWEEN)]

    def _beside(self, part: Callable[[Card, int], Pieces], side: int, between: str) -> Row:
        """That part of each card, one beside the other, with `side` empty columns around it."""
        row: Pieces = []
        at = 0
        for card, (first, end) in zip(self.cards.values(), self._edges(), strict=True):
            row += [(" " * (first - at), between), (" " * side, _CARD)]
            left = end - first - side
            for text, style in part(card, left - side):
                row.append((text[:left], style))
                left = max(left - len(text), 0)
            row.append((" " * left, _CARD))
            at = end
        return [*row, (" " * (self.outer_size.width - at), between)]


def known(value: float | None) -> bool:
    """Whether there is a value at all."""
    return value is not None and not math.isnan(value)


def rate_now(frame: Frame) -> float:
    """The learning rate of the last step, the schedule included; before any step the recipe's."""
    if frame.recipe.schedule == "constant" and frame.recipe.warmup_steps == 0:
        return float(frame.recipe.learning_rate)  # without a look at the curves, which costs most of a picture
    lr = frame.curves.lr
    return float(lr.mean[-1]) if len(lr.x) else float(frame.recipe.learning_rate)


def round_to(value: float) -> float:
    """`value` to three digits: float32 dust does not show."""
    return float(f"{value:.3g}")


def best(series: Series) -> str:
    """`best 0.083` of a curve, nothing before it has a point."""
    import numpy as np

    low = series.low[np.isfinite(series.low)]
    return f"best {short(float(low.min()))}" if len(low) else ""


def gap_now(frame: Frame) -> tuple[str, str]:
    """The gap of overfitting with an arrow for its trend, and that in a word."""
    from tuilab.lab.gap import gap

    found = gap(frame.curves)
    if found is None or math.isnan(found.value):
        return "–", ""
    arrow, word = {1: ("▲", "growing"), 0: ("→", "steady"), -1: ("▼", "closing")}[found.trend]
    return f"{'+' if found.value >= 0 else '−'}{short(abs(found.value))} {arrow}", word
