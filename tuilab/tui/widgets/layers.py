"""The layers: for each its shape, activation, gradient, weights, update, dead units and a histogram of activations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from textual.content import Content
from textual.widget import Widget

from tuilab.tui.asking import Asking
from tuilab.tui.figures import short
from tuilab.tui.theme import layer_color

if TYPE_CHECKING:
    from textual.screen import Screen

    from tuilab.lab.health import Health, LayerHealth
    from tuilab.lab.history import Curves

Parts = list[tuple[str, str]]

_FAINT, _DIM = "$foreground 55%", "$foreground 65%"
_SPARKS = " ▁▂▃▄▅▆▇█"
_WIDE = 80  # cells from which on a layer has everything in one row
_EVERY = 1.0  # seconds between two looks at the layers


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


def last(series: Sequence[object]) -> tuple[float, ...]:
    """The newest mean of each curve; empty where they have no point."""
    if not series or len(series[0].x) == 0:  # type: ignore[attr-defined]
        return ()
    return tuple(float(s.mean[-1]) for s in series)  # type: ignore[attr-defined]


def sparkline(counts: Sequence[int], width: int) -> str:
    """A histogram in `width` cells (fewer where there are fewer bins); the root of a count decides the height."""
    if not counts:
        return ""
    share = max(-(-len(counts) // width), 1)
    joined = [sum(counts[i : i + share]) for i in range(0, len(counts), share)]
    most = max(joined) or 1
    return "".join(_SPARKS[math.ceil(math.sqrt(count / most) * 8)] for count in joined)


@dataclass(frozen=True)
class Facts:
    """What the panel shows, first layer first; what is not known yet is empty."""

    widths: tuple[int, ...] = ()  # from input to output
    activation: object = ""
    norms: tuple[float, ...] = ()
    ratios: tuple[float, ...] = ()
    health: tuple[LayerHealth, ...] = field(default=())

    def shape(self, k: int) -> str:
        """`64→32`."""
        return f"{self.widths[k]}→{self.widths[k + 1]}" if len(self.widths) > k + 1 else ""

    def name(self, k: int) -> str:
        """The activation of a layer; the last has none."""
        if k == len(self.norms) - 1:
            return "output"
        names = self.activation
        return str(names[k]) if isinstance(names, tuple) else str(names)

    def numbers(self, k: int) -> tuple[str, str, str, str]:
        """Gradient norm, weight norm, update-to-weight ratio and share of dead units."""
        layer = self.health[k] if k < len(self.health) else None
        dead = "–" if layer is None or math.isnan(layer.dead) else f"{100 * layer.dead:.0f} %"
        ratio = self.ratios[k] if k < len(self.ratios) else None
        return short(self.norms[k]), short(layer.weight_norm) if layer else "–", short(ratio), dead

    def counts(self, k: int) -> tuple[int, ...]:
        """The histogram of a layer's activations."""
        return self.health[k].counts if k < len(self.health) else ()

    def dying(self, k: int) -> bool:
        """Whether half of the units are dead or more."""
        return k < len(self.health) and self.health[k].dead >= 0.5

    def bar(self, k: int, room: int) -> tuple[str, str]:
        """The gradient norm on a log scale common to all layers: the filled part and the rest of `room` cells."""
        positive = [n for n in self.norms if n > 0 and math.isfinite(n)]
        high = math.log10(max(positive, default=1.0))
        low = min(math.log10(min(positive, default=1.0)), high - 2.0)
        norm = self.norms[k]
        share = (math.log10(norm) - low) / (high - low) if norm > 0 and math.isfinite(norm) else 0.0
        filled = max(round(share * room), 1 if norm > 0 else 0)
        return "━" * filled, "─" * (room - filled)


class LayersPanel(Widget):
    """The layers as a table; on a narrow place two rows each, and what does not fit is left out in the middle."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.auto_links = False  # as in the header
        self.facts = Facts()

    @property
    def wanted(self) -> bool:
        """Whether anybody can see it."""
        return bool(self.display and self.size.width > 8 and self.is_on_screen)

    def show(self, widths: Sequence[int], curves: Curves, activation: object) -> None:
        """Show the newest norms of `curves`; widths from input to output."""
        norms, ratios = last(curves.grad_norm), last(curves.update_ratio)
        self._use(Facts(tuple(widths), activation, norms, ratios, self.facts.health if norms else ()))

    def show_health(self, health: Health) -> None:
        """Show what was found out about the layers."""
        facts = self.facts
        self._use(Facts(facts.widths, facts.activation, facts.norms, facts.ratios, health.layers))

    def _use(self, facts: Facts) -> None:
        if facts != self.facts:
            grown = len(facts.norms) != len(self.facts.norms)
            self.facts = facts
            self.refresh(layout=grown)

    def render(self) -> Content:
        """A head line, the layers, and what the gradients of the first and the last say."""
        facts, count = self.facts, len(self.facts.norms)
        if not count:
            return Content.assemble(("Layers\n", "$primary bold"), ("\ngradients, weights and activations", _FAINT))
        own = self.styles.height is not None and not self.styles.height.is_auto
        rows = (self.size.height if own else int(0.6 * (self.app.size.height - 8))) - 2
        width = self.size.width
        two = width < _WIDE and 2 * count <= rows and width >= 40
        form = _wide if width >= _WIDE else _double if two else _single
        parts = form(facts, None, width, "")
        dark = self.app.current_theme.dark
        shown = (
            range(count) if two or count <= rows else [*range(rows // 2), -1, *range(count - (rows - 1) // 2, count)]
        )
        for k in shown:
            if k < 0:
                parts.append((f"{'⋮':>3}\n", _FAINT))
            else:
                parts += form(facts, k, width, layer_color(k, count, dark).hex)
        text, bad = flow(facts.norms)
        parts.append((text, "$error bold" if bad else _FAINT))
        return Content.assemble(*parts)


def _wide(facts: Facts, k: int | None, width: int, color: str) -> Parts:
    """Everything in one row; k None: the head line."""
    room = max(min(width - 78, 24), 2)
    if k is None:
        head = f"{'gradient':<{room + 1}}{'norm':>7} {'‖w‖':>8} {'Δw/‖w‖':>8} {'dead':>6}  activations"
        return [(f"{'Layers':<26}", "$primary bold"), (f"{head}\n", "$foreground 45%")]
    norm, weight, ratio, dead = facts.numbers(k)
    filled, rest = facts.bar(k, room)
    return [
        (f"L{k + 1:<3}", f"{color} bold"), (f"{facts.shape(k):<11}{facts.name(k):<11}", _DIM),
        (filled, color), (rest, "$foreground 15%"), (f" {norm:>7} {weight:>8} {ratio:>8} ", "$foreground"),
        (f"{dead:>6}", "$error bold" if facts.dying(k) else "$foreground"),
        (f"  {sparkline(facts.counts(k), 16)}\n", color),
    ]  # fmt: skip


def _double(facts: Facts, k: int | None, width: int, color: str) -> Parts:
    """What it is and its activations; below, its numbers."""
    room = width - 32
    if k is None:
        head = f"{'gradient':>8}{'‖w‖':>8}{'Δw/‖w‖':>9}{'dead':>6}"
        return [(f"{'Layers':<{room + 1}}", "$primary bold"), (f"{head}\n", "$foreground 45%")]
    norm, weight, ratio, dead = facts.numbers(k)
    filled, rest = facts.bar(k, room)
    return [
        (f"L{k + 1:<3}", f"{color} bold"), (f"{facts.shape(k):<11}{facts.name(k):<11}", _DIM),
        (f"{sparkline(facts.counts(k), 16)}\n", color),
        (filled, color), (rest, "$foreground 15%"), (f" {norm:>8}{weight:>8}{ratio:>9}", "$foreground"),
        (f"{dead:>6}\n", "$error bold" if facts.dying(k) else "$foreground"),
    ]  # fmt: skip


def _single(facts: Facts, k: int | None, width: int, color: str) -> Parts:
    """One short row: the numbers, and the histogram where there is room."""
    spark = width - 44 if width >= 52 else 8 if width >= 44 else 0
    if k is None:
        head = f"{'gradient':>8}{'‖w‖':>8}{'Δw/‖w‖':>9}{'dead':>6}"
        return [(f"{'Layers':<13}", "$primary bold"), (f"{head}\n", "$foreground 45%")]
    norm, weight, ratio, dead = facts.numbers(k)
    parts = [
        (f"L{k + 1:<3}", f"{color} bold"), (f"{facts.shape(k):<8.8} ", _DIM),
        (f"{norm:>8}{weight:>8}{ratio:>9}", "$foreground"),
        (f"{dead:>6}", "$error bold" if facts.dying(k) else "$foreground"),
    ]  # fmt: skip
    return [*parts, (f" {sparkline(facts.counts(k), max(spark, 8)) if spark else ''}\n", color)]


def watching(screen: Screen[None], panels: Sequence[LayersPanel]) -> Asking[Health]:
    """Keeps those of the panels that can be seen up to date."""

    def wanted() -> bool:
        return any(panel.wanted for panel in panels)

    def ask(engine: object) -> Health:
        from tuilab.lab.health import health

        return engine(health)  # type: ignore[operator]

    def show(found: Health) -> None:
        for panel in panels:
            if panel.wanted:
                panel.show_health(found)

    return Asking(screen, wanted, ask, show, _EVERY)
