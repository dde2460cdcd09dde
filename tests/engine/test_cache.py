"""A cache that was left half filled (ctrl+c at the first start) is filled up and can be used ever after."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from engine.compiled import cache_folder

ROOT = Path(__file__).resolve().parents[2]
CODE = """
from engine import Architecture, Recipe, Trainer
t = Trainer(Architecture((1, 1, 1)), Recipe(), [[0.0]], [0], threads=2)
t.advance(3)
print(t.params_sha256(), t.evaluate([[0.0]], [0]).loss)
"""


def trained(cache: Path) -> str:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=env, timeout=600)
    assert done.returncode == 0, done.stderr[:2000]
    return done.stdout


def test_a_half_filled_cache_is_filled_up(tmp_path: Path) -> None:
    """The loop over steps compiled anew while all it calls comes from the cache, then loaded by later processes."""
    cache = tmp_path / "cache"
    full = Path(os.environ.get("NUMBA_CACHE_DIR", cache_folder()))
    if full.is_dir():
        shutil.copytree(full, cache, ignore=shutil.ignore_patterns("*.tmp.*"))  # what others are writing
    whole = trained(cache)
    assert list(cache.rglob("step.advance*.nbc"))
    for path in cache.rglob("step.advance*"):
        path.unlink()
    assert trained(cache) == whole
    assert trained(cache) == whole
