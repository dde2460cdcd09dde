"""A folder with three runs in it, always the same."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

from tuilab.lab.preset import Preset
from tuilab.lab.run_folder import RunFolder

#: (folder, preset, result's status or None, test accuracy, time of the last change)
RUNS = (
    ("20010909-120000-digits-aa01", "digits", "finished", 0.959, 1_000_036_800.0),
    ("20020909-120000-digits-bb02", "digits", None, None, 1_031_572_800.0),
    ("20030909-120000-spiral-cc03", "spiral", "diverged", 0.51, 1_063_108_800.0),
)


def make_runs(folder: Path) -> Path:
    """`folder`/runs with RUNS in it; gives that folder."""
    for name, preset, status, accuracy, at in RUNS:
        path = folder / "runs" / name
        RunFolder.create(Preset("digits", name=preset, title=f"The {preset}", widths=(8,), steps=400), out=path).close()
        lines = []
        for step in range(1, 401):
            loss = 2.3 * math.exp(-step / 90) + 0.1 * (1 + math.sin(step)) + 0.05 * len(preset)
            lines.append({"step": step, "loss": loss, "accuracy": 0.5, "lr": 0.01, "grad_norm": [0.3, 0.9]})
            if step % 40 == 0:
                lines.append({"step": step, "val_loss": loss + 0.2, "val_accuracy": 0.8})
        (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        os.utime(path / "metrics.jsonl", (at, at))
        if status is not None:
            result = {"status": status, "steps": 400, "val_loss": 0.25, "val_accuracy": 0.93, "test_accuracy": accuracy}
            (path / "result.json").write_text(json.dumps({**result, "params_sha256": "ab" * 32}))
    return folder / "runs"
