"""Numbers as the screen writes them: short, and of steady width while they change."""

from __future__ import annotations

import math


def short(value: float | None) -> str:
    """At most seven characters: 0.0123, 12.35, 1.2e-5; '–' when there is no value, nan and inf as such."""
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")
    size = abs(value)
    if size == 0:
        return "0"
    if size < 1e-3 or size >= 1e5:
        return _power(f"{value:.1e}")
    digits = 4 if size < 1 else 3 if size < 10 else 2 if size < 100 else 1 if size < 1000 else 0
    return f"{value:.{digits}f}"


def exact(value: object) -> str:
    """A dial's value in the fewest characters that still tell it apart: 0.5, 0.001, 2e-5, on, relu."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        text = f"{value:.6g}"
        if "e" in text:
            return _power(text)
        return f"{value:.1f}" if value == int(value) and abs(value) < 1e6 else text
    if isinstance(value, tuple):
        return "mixed" if len(set(value)) > 1 else str(value[0])
    return "auto" if value is None else str(value)


def grouped(value: int) -> str:
    """12 345: thousands set apart by a thin gap that every terminal font has."""
    return f"{value:,}".replace(",", " ")


def rate(value: float) -> str:
    """Steps in a second: 950, 12.3k, 1.2M."""
    if not math.isfinite(value) or value <= 0:
        return "0"
    if value < 10:
        return f"{value:.1f}"
    for unit, suffix in ((1e6, "M"), (1e3, "k")):
        if value >= unit * 10:
            return f"{value / unit:.1f}{suffix}"
    return f"{value:.0f}"


def percent(value: float) -> str:
    """97.2 %; '–' when not known."""
    return f"{100 * value:.1f} %" if math.isfinite(value) else "–"


def _power(text: str) -> str:
    mantissa, _, power = text.partition("e")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}e{int(power)}"
