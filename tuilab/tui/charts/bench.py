"""How long one redraw of a chart takes: `python -m tuilab.tui.charts.bench`."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from rich.style import Style

from tuilab.tui.charts.axis import AutoRange, Axis
from tuilab.tui.charts.draw import paint
from tuilab.tui.charts.model import Line, Plot, extent


@dataclass(frozen=True, slots=True)
class RedrawTime:
    """Milliseconds of one redraw, from the arrays to Textual strips."""

    median_ms: float
    best_ms: float
    p95_ms: float
    lines: int
    points: int
    width: int
    height: int


def measure_redraw(
    lines: int = 4, points: int = 500, width: int = 100, height: int = 30, smoothing: float = 0.02, repeats: int = 200
) -> RedrawTime:
    """Redraw noisy falling curves (with a band each) on a log axis `repeats` times."""
    rng = np.random.default_rng(0)
    x = np.linspace(0.0, 10_000.0, points)
    data = []
    for k in range(lines):
        mean = (np.exp(-x / 3000.0) + 0.05 * (k + 1)) * rng.lognormal(0.0, 0.2, points)
        data.append(Line(f"L{k + 1}", x, mean * 0.7, mean * 1.5, mean, color=k))
    x_axis = Axis(0.0, 10_000.0)
    styles = [Style(color=f"#{i * 7 % 256:02x}8080") for i in range(16 + 2 * lines)]
    scale, times = AutoRange(log=True), []
    for _ in range(repeats):
        start = time.perf_counter()
        y = scale.follow(*extent(data, x_axis, True))
        paint(Plot("Gradient", data, x_axis, y, smoothing=smoothing), width, height).strips(styles)
        times.append((time.perf_counter() - start) * 1e3)
    median, p95 = np.percentile(times, [50, 95])
    return RedrawTime(float(median), min(times), float(p95), lines, points, width, height)


def main() -> None:
    """Print the figures, smoothed (bands and curves) and raw (bands alone)."""
    for name, smoothing in (("bands and smoothed curves", 0.02), ("bands alone", 0.0)):
        t = measure_redraw(smoothing=smoothing)
        size = f"{t.lines} lines x {t.points} points, {t.width}x{t.height} cells"
        print(f"{size}, {name}: median {t.median_ms:.2f} ms, best {t.best_ms:.2f}, p95 {t.p95_ms:.2f}")


if __name__ == "__main__":
    main()
