"""A run as a picture of its curves (SVG) and as a page of its own (HTML), which needs no other file and no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

from engine.spec import DIALS, Recipe
from tuilab.lab import metrics_log
from tuilab.lab.errors import RunError
from tuilab.lab.history import History, Series
from tuilab.lab.plots.draw import Line, Plot, figure, picture
from tuilab.lab.plots.style import page_css, picture_css, ramp
from tuilab.lab.preset import dumps
from tuilab.lab.run_folder import METRICS, RunRecord
from tuilab.lab.timeline import MAX_STEP, joined, to_rows

if TYPE_CHECKING:
    from tuilab.lab.preset import Preset

POINTS = 512  # of a curve, at most
_HEADLINES = (
    ("test_accuracy", "test accuracy"), ("val_accuracy", "validation accuracy"),
    ("train_accuracy", "training accuracy"), ("test_loss", "test loss"), ("val_loss", "validation loss"),
    ("train_loss", "training loss"),
)  # fmt: skip


def as_svg(run: RunRecord) -> bytes:
    """The curves of the run, one plot below the other."""
    preset = run.preset
    return picture(plots(run), preset.title or preset.name, _in_short(run)).encode()


def as_html(run: RunRecord) -> bytes:
    """Figures, curves, dials, timeline and preset of the run."""
    preset = run.preset
    heading = f"<h1>{escape(preset.title or preset.name)}</h1>\n<p class='faint'>{escape(_in_short(run))}</p>"
    sections = [heading, _headlines(run.result)]
    if preset.description:
        sections.append("".join(f"<p>{escape(line)}</p>" for line in preset.description.split("\n")))
    sections += [f"<figure>{figure(plot)}</figure>" for plot in plots(run)]
    sections += [_timeline(preset), _dials(preset), _facts(run), _source(preset)]
    return page(f"{preset.name}: {run.run_id}", sections).encode()


def page(title: str, sections: Iterable[str]) -> str:
    """A page of its own around the sections."""
    body = "\n".join(section for section in sections if section)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>
{page_css()}
{picture_css()}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def plots(run: RunRecord) -> list[Plot]:
    """Loss, accuracy (where there are classes), learning rate (where it changes) and gradient norms of the run.

    Raises RunError if no step was done.
    """
    layers = len(run.preset.widths) + 1
    history = History(layers, POINTS)
    metrics_log.fill(history, run.path / METRICS, MAX_STEP)
    curves = history.series()
    if not len(curves.train):
        raise RunError(f"{run.path / METRICS}: found no steps, expected those of a run that has begun")
    marks = tuple((row["step"], _words(row)) for row in _turned(run))
    norms = tuple(
        _line(f"layer {k + 1}", ramp(k / max(layers - 1, 1)), series) for k, series in enumerate(curves.grad_norm)
    )
    loss = (_line("training", "train", curves.train), _line("validation", "val", curves.val))
    accuracy = (_line("training", "train", curves.accuracy), _line("validation", "val", curves.val_accuracy))
    last = float(run.result["steps"]) if run.result is not None else 0.0
    made = [Plot("Loss", loss, marks, True, last_step=last)]
    if any(value == value for line in accuracy for value in line.y):
        made.append(Plot("Accuracy", accuracy, marks, last_step=last))
    made.append(Plot("Gradient norm of each layer", norms, marks, True, last_step=last))
    if len({float(f"{v:.5g}") for v in curves.lr.mean}) > 1:
        made.append(Plot("Learning rate", (_line("learning rate", "lr", curves.lr),), marks, True, last_step=last))
    return made


def _line(name: str, style: str, series: Series) -> Line:
    x, y, low, high = ([float(v) for v in side] for side in (series.x, series.mean, series.low, series.high))
    return Line(name, style, x, y, *((low, high) if low != high else ()))


def _turned(run: RunRecord) -> list[dict[str, Any]]:
    """The rows of the timeline up to where the run went."""
    last = run.result["steps"] if run.result is not None else MAX_STEP
    return [row for row in to_rows(run.preset.timeline) if row["step"] <= last]


def _words(row: Mapping[str, Any]) -> str:
    """What a row of the timeline turns: `dropout 0.5, lr 0.01`."""
    return ", ".join(f"{key} {value}" for key, value in _turns(row).items())


def _turns(row: Mapping[str, Any]) -> dict[str, Any]:
    """The dials of a row, their values to six digits: what replays to the last bit is the preset, not the page."""
    return {k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items() if k != "step"}


def _in_short(run: RunRecord) -> str:
    result = run.result
    if result is None:
        return f"run {run.run_id}, which has not ended"
    if not {"epochs", "wall_s", "backend", "threads"} <= set(result):
        return f"run {run.run_id}: {result['status']} after {result['steps']:,} steps"
    return (
        f"run {run.run_id}: {result['status']} after {result['steps']:,} steps ({result['epochs']:.1f} epochs)"
        f" in {result['wall_s']:.2f} s, {result['backend']}, {result['threads']} thread"
        f"{'s' if result['threads'] != 1 else ''}"
    )


def _headlines(result: Mapping[str, Any] | None) -> str:
    if result is None:
        return ""
    cards = "".join(
        f"<div><b>{100 * value:.2f} %</b><span>{name}</span></div>" if "accuracy" in key
        else f"<div><b>{value:.4f}</b><span>{name}</span></div>"
        for key, name in _HEADLINES
        if (value := result.get(key)) is not None
    )  # fmt: skip
    return f"<div class='figures'>{cards}</div>" if cards else ""


def _timeline(preset: Preset) -> str:
    rows = [(f"{row['step']:,}", joined(_turns(row))) for row in to_rows(preset.timeline)]
    rows += [("when", f"{when}: {joined(dict(when.changes))}") for when in preset.conditions]
    return f"<h2>Turned</h2>\n<div class='card'>{table(('step', 'dials'), rows, {0})}</div>" if rows else ""


def _dials(preset: Preset) -> str:
    """Every dial as the run began, those first that are not at their usual value."""
    usual = Recipe()
    names = sorted(DIALS, key=lambda name: preset.get(name) == getattr(usual, name))
    rows = [("network", "-".join(map(str, preset.widths)) or "no hidden layer"), ("batch_size", preset.batch_size)]
    rows += [(name, _shown(preset, name)) for name in names]
    marked = [(f"<b>{name}</b>" if preset.get(name) != getattr(usual, name, None) else name, value)
              for name, value in rows[2:]]  # fmt: skip
    body = "".join(f"<tr><td>{name}</td><td>{escape(str(v))}</td></tr>" for name, v in [*rows[:2], *marked])
    return f"<h2>Dials at the start</h2>\n<div class='card columns'><table>{body}</table></div>"


def _shown(preset: Preset, name: str) -> object:
    value = preset.get(name)
    if value is None:
        return f"{preset.recipe.learning_rate if name == 'lr' else preset.recipe.epsilon:g} (usual)"
    if isinstance(value, bool):
        return "on" if value else "off"
    return ", ".join(value) if isinstance(value, tuple) else value


def _facts(run: RunRecord) -> str:
    result = run.result or {}
    rows: list[tuple[str, object]] = [("data", run.preset.dataset), ("seed", run.preset.seed)]
    rows += [(key, value) for key, value in run.machine.items() if value is not None]
    if "params_sha256" in result:
        rows.append(("params sha256", result["params_sha256"]))
    return f"<h2>Where it was run</h2>\n<div class='card wide'>{table((), rows)}</div>"


def _source(preset: Preset) -> str:
    return (
        "<h2>The run as a preset</h2>\n<div class='card'><details><summary>tuilab replays it to the same bits</summary>"
        f"<pre>{escape(dumps(preset))}</pre></details></div>"
    )


def table(head: Iterable[str], rows: Iterable[Iterable[object]], numbers: Iterable[int] = ()) -> str:
    """A table of text, without a head if there are no words for it; the columns `numbers` are set to the right."""
    right = {k: ' class="number"' for k in numbers}
    top = "".join(f"<th{right.get(k, '')}>{escape(cell)}</th>" for k, cell in enumerate(head))
    body = "".join(
        "<tr>" + "".join(f"<td{right.get(k, '')}>{escape(str(cell))}</td>" for k, cell in enumerate(row)) + "</tr>"
        for row in rows
    )
    return f"<table>{f'<thead><tr>{top}</tr></thead>' if top else ''}<tbody>{body}</tbody></table>"
