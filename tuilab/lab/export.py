"""A run in the formats of others: curves as CSV, SVG, HTML or TensorBoard events, parameters, the network as ONNX."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.spec import Recipe, SpecError
from tuilab.lab import metrics_log
from tuilab.lab.disk import why, write_new
from tuilab.lab.errors import RunError
from tuilab.lab.onnx_graph import to_onnx
from tuilab.lab.preset import dumps
from tuilab.lab.run_folder import METRICS, SNAPSHOT, RunRecord, read_run
from tuilab.lab.run_report import as_html, as_svg
from tuilab.lab.tensors import pack
from tuilab.lab.tfevents import as_tfevents

if TYPE_CHECKING:
    import numpy as np

_ROW = ("step", "n", "loss", "loss_low", "loss_high", "accuracy", "lr")
_EVAL = ("val_loss", "val_accuracy")


def export(ref: str | Path, kind: str, out: Path | None = None) -> Path:
    """Writes the run in folder `ref` as `kind` (a key of FORMATS) into `out`, a new file, and gives its path.

    Default: the run's name here. TensorBoard takes each folder for a run, so its file is put into a new one. Raises
    RunError if there is nothing to be written or no place for it.
    """
    run = read_run(ref)
    name = f"{run.run_id}.{kind}"
    path = Path(name) if out is None else out / name if out.is_dir() else out
    data = FORMATS[kind](run)
    if kind != "tensorboard":
        write_new(path, data)
        return path
    try:
        path.mkdir()
    except FileExistsError:
        raise RunError(f"{path}: is there already, expected the name of a new folder") from None
    except (OSError, ValueError) as error:
        raise RunError(f"{path}: {why(error)}") from None
    write_new(path / f"{run.run_id}.tfevents", data)
    return path


def as_csv(run: RunRecord) -> bytes:
    """The log, a row a line: steps (with `n` > 1 a summary of that many) and looks at the validation part.

    grad_norm_0, grad_norm_1, … are the layers', the first one first; a cell is empty where there is no number.
    """
    lines = list(metrics_log.read_lines(run.path / METRICS))
    if not lines:
        raise RunError(f"{run.path / METRICS}: found no rows, expected those of a run that has begun")
    layers = len(run.preset.widths) + 1
    norms = [f"grad_norm_{i}" for i in range(layers)]
    text = io.StringIO()
    writer = csv.DictWriter(text, [*_ROW, *norms, *_EVAL], lineterminator="\n")
    writer.writeheader()
    for line in lines:
        writer.writerow(_cells(line, layers))
    return text.getvalue().encode()


def _cells(line: dict[str, Any], layers: int) -> dict[str, Any]:
    cells = {key: line[key] for key in (*_ROW, *_EVAL) if _is_number(line.get(key))}
    found = line.get("grad_norm")
    if isinstance(found, list) and len(found) == layers:
        cells |= {f"grad_norm_{i}": value for i, value in enumerate(found) if _is_number(value)}
    return cells


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def as_safetensors(run: RunRecord) -> bytes:
    """Parameters and running statistics at the end, by the engine's names; the header also holds the preset."""
    return pack(_weights(run), {"preset": dumps(run.preset), "result": run.result or {}})


def as_onnx(run: RunRecord) -> bytes:
    """The network at the end, as it answers in evaluation mode; the metadata also hold the preset."""
    weights, state = _weights(run), run.state()
    if state is None:
        raise RunError(f"{run.path / SNAPSHOT}: not there, expected the state that the run ended in")
    try:
        recipe, task = Recipe(**state.trainer["recipe"]), str(state.trainer["task"])
    except (KeyError, TypeError, SpecError):
        raise RunError(f"{run.path / SNAPSHOT}: its header is not one of this lab") from None
    return to_onnx(weights, recipe, task, dumps(run.preset))


def _weights(run: RunRecord) -> dict[str, np.ndarray]:
    weights = run.weights()
    if weights is None:
        raise RunError(f"{run.path}: this run has not ended; go on with it: tuilab resume {run.path}")
    return weights


FORMATS = {
    "csv": as_csv, "safetensors": as_safetensors, "onnx": as_onnx, "tensorboard": as_tfevents, "html": as_html,
    "svg": as_svg,
}  # fmt: skip
