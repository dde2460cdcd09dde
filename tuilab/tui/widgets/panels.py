"""The panels on the right of a wide screen: layers with their gradients, and the log of what was turned."""

from __future__ import annotations

import math
from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from tuilab.tui.dials import Dial
from tuilab.tui.figures import exact, grouped, short
from tuilab.tui.theme import layer_color
from tuilab.tui.turns import Turn


def flow(norms: Sequence[float]) -> tuple[str, bool]:
    """What the gradients of first and last layer say together, and whether it is bad news."""
    if len(norms) < 2 or not all(math.isfinite(n) for n in norms) or norms[-1] <= 0:
        return "", False
    ratio = norms[0] / norms[-1]
    text = f"first/last {short(ratio)}"
    if ratio < 1e-2:
        return f"{text} · vanishing", True
    if ratio > 1e2:
        return f"{text} · exploding", True
    return text, False


class LayersPanel(Widget):
    """One line a layer: its shape, and its gradient norm as a bar on a log scale common to all."""

    def __init__(self) -> None:
        super().__init__(id="layers")
        self._widths: tuple[int, ...] = ()
        self._norms: tuple[float, ...] = ()
        self._activation: object = ""

    def show(self, widths: Sequence[int], norms: Sequence[float], activation: object) -> None:
        """Show these norms, first layer first; widths from input to output."""
        facts = (tuple(widths), tuple(norms), activation)
        if facts != (self._widths, self._norms, self._activation):
            grown = len(norms) != len(self._norms)
            self._widths, self._norms, self._activation = facts
            self.refresh(layout=grown)

    def render(self) -> Content:
        """A head line, the layers, and what their ratio says."""
        if not self._norms:
            return Content.assemble(("Layers\n", "$primary bold"), ("\ngradient norm of each layer", "$foreground 55%"))
        positive = [n for n in self._norms if n > 0 and math.isfinite(n)]
        high = math.log10(max(positive, default=1.0))
        low = min(math.log10(min(positive, default=1.0)), high - 2.0)
        room = max(self.size.width - 3 - 12 - 8, 4)
        dark = self.app.current_theme.dark
        parts: list[tuple[str, str]] = [
            (f"{'Layers':<15}", "$primary bold"),
            (f"{'gradient':<{room}}{'norm':>8}\n", "$foreground 45%"),
        ]
        for k, norm in enumerate(self._norms):
            color = layer_color(k, len(self._norms), dark).hex
            share = (math.log10(norm) - low) / (high - low) if norm > 0 and math.isfinite(norm) else 0.0
            filled = max(round(share * room), 1 if norm > 0 else 0)
            shape = f"{self._widths[k]}→{self._widths[k + 1]}" if len(self._widths) > k + 1 else ""
            parts += [
                (f"L{k + 1:<2}", f"{color} bold"), (f"{shape:<11} ", "$foreground 65%"),
                ("━" * filled, color), ("─" * (room - filled), "$foreground 15%"),
                (f"{short(norm):>8}\n", "$foreground"),
            ]  # fmt: skip
        text, bad = flow(self._norms)
        parts.append((text, "$error bold" if bad else "$foreground 55%"))
        return Content.assemble(*parts)


class TurnsPanel(Widget):
    """The newest turns, the last on top."""

    def __init__(self) -> None:
        super().__init__(id="turns")
        self._turns: tuple[Turn, ...] = ()

    def show(self, turns: Sequence[Turn]) -> None:
        """Show these turns (oldest first)."""
        if tuple(turns) != self._turns:
            self._turns = tuple(turns)
            self.refresh()

    def render(self) -> Content:
        """Step, dial, value; or what a timeline is."""
        if not self._turns:
            text = "turn a dial while it trains:\nit is written here, and saved with s"
            return Content.assemble(("Timeline\n", "$primary bold"), (text, "$foreground 55%"))
        parts: list[tuple[str, str]] = [("Timeline\n", "$primary bold")]
        for turn in self._turns[: -max(self.size.height - 1, 1) - 1 : -1]:
            parts += [
                (f"{grouped(turn.step):>9}  ", "$foreground 55%"), (f"{turn.field} ", "$foreground"),
                (f"{exact(turn.before)} → ", "$foreground 55%"), (f"{exact(turn.after)}\n", "$accent bold"),
            ]  # fmt: skip
        return Content.assemble(*parts)


class DialCard(Widget):
    """What the dial under the cursor is, where there is room to say so."""

    def __init__(self) -> None:
        super().__init__(id="card")
        self._dial: Dial | None = None

    def show(self, dial: Dial) -> None:
        """Tell about this dial."""
        if dial is not self._dial:
            self._dial = dial
            self.refresh()

    def render(self) -> Content:
        """Name, what it is, how far it goes, when it matters."""
        dial = self._dial
        if dial is None:
            return Content("")
        way = f"{exact(dial.values[0])} … {exact(dial.values[-1])}"
        way = ", ".join(exact(value) for value in dial.values) if dial.cyclic else way
        parts = [(f"{dial.label}\n", "$primary bold"), (f"{dial.about}\n", "$foreground"), (way, "$foreground 55%")]
        if dial.needs:
            parts.append((f"\nhas an effect with {dial.needs}", "$foreground 55%"))
        return Content.assemble(*parts)
