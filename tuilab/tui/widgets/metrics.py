"""The figures of the moment: losses, their gap, accuracy, learning rate, each in a card (small screen: a word)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget

from tuilab.tui.figures import exact, percent, short

if TYPE_CHECKING:
    from tuilab.lab.history import Series
    from tuilab.lab.worker import Frame


class Card(Widget):
    """A name and a value; two rows, or one where there is no room."""

    def __init__(self, label: str, brief: str, style: str, id: str):
        super().__init__(id=id)
        self._label, self._brief, self._style = label, brief, style
        self._value, self._aside = "–", ""
        self.auto_links = False  # to look for links in each new figure takes longer than to write it

    def show(self, value: str, aside: str = "") -> None:
        """Show `value`, and `aside` faint beside it."""
        if (value, aside) != (self._value, self._aside):
            self._value, self._aside = value, aside
            self.refresh()

    def render(self) -> Content:
        """Name over value, or name before value."""
        value = (self._value, f"{self._style} bold")
        if self.size.height > 1:
            label = self._label if len(self._label) <= self.size.width else self._brief
            if len(self._value) + len(self._aside) >= self.size.width:
                return Content.assemble((label, "$foreground 55%"), "\n", value)
            return Content.assemble((label, "$foreground 55%"), "\n", value, (f" {self._aside}", "$foreground 55%"))
        return Content.assemble((f"{self._brief} ", "$foreground 55%"), value)


class Metrics(Horizontal):
    """The row of cards. What needs whole curves is found out anew after each look at the validation part."""

    _looked: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield Card("train loss", "train", "$train", "card-train")
        yield Card("validation loss", "val", "$val", "card-val")
        yield Card("gap val − train", "gap", "$foreground", "card-gap")
        yield Card("validation accuracy", "acc", "$accuracy", "card-acc")
        yield Card("learning rate", "lr", "$foreground", "card-lr")

    def show(self, frame: Frame) -> None:
        """Show the figures of `frame`."""
        train, val = frame.train_loss, frame.val_loss
        card = self.query_one
        card("#card-train", Card).show(short(train) if known(train) else "–")
        accuracy = frame.val_accuracy
        looked = (frame.history, val, accuracy)
        if looked != self._looked:
            self._looked = looked
            card("#card-val", Card).show(short(val) if known(val) else "–", best(frame.curves.val))
            card("#card-gap", Card).show(*gap_now(frame))
        card("#card-acc", Card).show(percent(accuracy) if known(accuracy) else "–")
        card("#card-lr", Card).show(exact(round_to(rate_now(frame))), "" if frame.recipe.lr is not None else "auto")


def known(value: float | None) -> bool:
    """Whether there is a value at all."""
    return value is not None and not math.isnan(value)


def rate_now(frame: Frame) -> float:
    """The learning rate of the last step, the schedule included; before any step the recipe's."""
    lr = frame.curves.lr
    constant = frame.recipe.schedule == "constant" and frame.recipe.warmup_steps == 0
    return float(frame.recipe.learning_rate) if constant or len(lr.x) == 0 else float(lr.mean[-1])


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
