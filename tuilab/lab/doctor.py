"""What this machine has and lacks for the lab, each finding with what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tuilab.lab import machine
from tuilab.lab.disk import why
from tuilab.lab.errors import LabError, one_line


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `state` is ok, warn (the lab works, but…) or fail."""

    what: str
    state: str
    found: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """The findings one by one, quick ones first; a check that breaks is itself a finding."""
    checks: tuple[Callable[[], Finding], ...] = (
        _python, _packages, _processor, _blas, _gpu, _terminal, _settings, _folder, _presets, _engine,
    )  # fmt: skip
    for check in checks:
        try:
            yield check()
        except Exception as error:  # the report must reach its end on a broken machine most of all
            yield Finding(check.__name__.strip("_"), "fail", one_line(f"{type(error).__name__}: {why(error)}"))


def _python() -> Finding:
    found = f"{sys.version.split()[0]} at {sys.executable}"
    good = sys.version_info >= (3, 11)
    return Finding("python", "ok" if good else "fail", found, "" if good else "the lab needs Python 3.11 or newer")


def _packages() -> Finding:
    names = ("tuilab", "numpy", "numba", "scipy", "scikit-learn", "textual", "rich", "safetensors")
    versions = {name: machine.package_version(name) for name in names}
    missing = [name for name, version in versions.items() if version is None and name != "tuilab"]
    found = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
    if missing:
        return Finding("packages", "fail", found, f"missing: pip install {' '.join(missing)}")
    return Finding("packages", "ok", found)


def _processor() -> Finding:
    unit = machine.matrix_unit()
    found = f"{machine.cpu_name()}, {machine.cores()} cores to use"
    return Finding("processor", "ok", f"{found}, large products on its matrix unit ({unit})" if unit else found)


def _blas() -> Finding:
    return Finding("blas", "ok", machine.blas())


def _gpu() -> Finding:
    from engine.backends import find_gpu

    gpu = find_gpu()
    if gpu.usable:
        return Finding("gpu", "ok", gpu.name)
    return Finding("gpu", "ok", f"none to train on: {gpu.why}")


def _terminal() -> Finding:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return Finding("terminal", "warn", "none here", "the lab opens in a terminal; without one, `tuilab run`")
    size = shutil.get_terminal_size()
    encoding = (sys.stdout.encoding or "").lower()
    colours = "no colour (NO_COLOR)" if os.environ.get("NO_COLOR") else os.environ.get("COLORTERM") or "256 colours"
    found = f"{size.columns}×{size.lines}, {encoding}, {os.environ.get('TERM', 'TERM unset')}, {colours}"
    if "utf" not in encoding:
        return Finding("terminal", "warn", found, "the charts need UTF-8: export LANG=C.UTF-8")
    if size.columns < 80 or size.lines < 24:
        return Finding("terminal", "warn", found, "the lab is laid out for 80×24 and more")
    return Finding("terminal", "ok", found)


def _settings() -> Finding:
    from tuilab.lab.settings import load, place

    path = place()
    try:
        load(path)
    except LabError as error:
        return Finding("settings", "fail", str(error), "the lab does not open before this is put right")
    return Finding("settings", "ok", f"{path}{'' if path.exists() else ' (none there: the usual ones)'}")


def _folder() -> Finding:
    from tuilab.lab.run_folder import RUNS

    here = RUNS if RUNS.is_dir() else Path(".")
    try:
        with tempfile.TemporaryFile(dir=here):
            free = shutil.disk_usage(here).free / 2**30
    except OSError as error:
        return Finding("run folder", "warn", f"{here.resolve()}: {why(error)}", "runs are not saved: cd elsewhere")
    return Finding("run folder", "ok", f"{(Path('.') / RUNS).resolve()}, {free:.1f} GiB free")


def _presets() -> Finding:
    from tuilab.lab.preset import load_preset
    from tuilab.lab.shelf import shipped_names

    names = shipped_names()
    for name in names:
        try:
            load_preset(name)
        except LabError as error:
            return Finding("presets", "fail", str(error), "install tuilab anew")
    if not names:
        return Finding("presets", "fail", "found none", "install tuilab anew")
    return Finding("presets", "ok", f"{len(names)}: {', '.join(names)}")


def _engine() -> Finding:
    """Trains a small network twice, and compares bit for bit."""
    from engine.compiled import cache_folder
    from tuilab.lab.preset import Preset
    from tuilab.lab.session import Session

    begun = time.perf_counter()
    Session(Preset("xor", widths=(4,), steps=1)).prepare()
    ready = time.perf_counter() - begun
    hashes, rate = set(), 0.0
    for _ in range(2):
        session = Session(Preset("xor", widths=(16, 16), steps=2000))
        session.advance(2000)
        result = session.result()
        hashes.add(result["params_sha256"])
        rate = max(rate, result["steps_per_s"])
    found = f"ready in {ready:.1f} s, {rate:,.0f} steps/s on 2-16-16-2, compiled code in {cache_folder()}"
    if len(hashes) > 1:
        return Finding("engine", "fail", found, "two equal runs ended differently: please report it")
    return Finding("engine", "ok", found)
