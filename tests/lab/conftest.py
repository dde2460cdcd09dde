"""Small presets that train in a moment, shared by the tests of the headless heart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tuilab.lab.preset import Preset, dumps


@pytest.fixture
def tiny() -> Preset:
    """Two small hidden layers on a plane problem: 300 steps take some hundredths of a second."""
    return Preset("xor", name="tiny", widths=(8, 8), steps=300, eval_every=50)


@pytest.fixture
def tiny_file(tiny: Preset, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(dumps(tiny))
    return path
