"""The readers that are fuzzed: for each format a folder of good files, how one of them goes wrong, and who reads it."""

from __future__ import annotations

import gzip
import io
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from tests.datasets.idx_files import write_set
from tests.reliability import mutations
from tests.reliability.mutations import LINK, mutated
from tuilab.datasets import load
from tuilab.lab import compare, export, runs
from tuilab.lab.errors import LabError
from tuilab.lab.preset import Preset, dumps, load_preset, loads
from tuilab.lab.replay import target
from tuilab.lab.resume import resumed
from tuilab.lab.run_folder import RunFolder, read_run
from tuilab.lab.session import Session
from tuilab.lab.shelf import claim_names, shipped_bytes, shipped_names
from tuilab.lab.tensors import unpack
from tuilab.lab.timeline import Change

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Reader:
    """`files` () gives the good folder; `odd` (rng, member) a file made wrong from the beginning; `read` (folder)."""

    files: Callable[[], Files]
    odd: Callable[[random.Random, str], bytes]
    read: Callable[[Path], object]
    inside: bool = False  # whether nothing outside the folder may be read

    def draw(self, rng: random.Random) -> tuple[str, bytes]:
        """A file of the folder and what it is to hold."""
        files = self.files()
        member = rng.choice(sorted(files))
        if rng.random() < 0.4:
            return member, self.odd(rng, member)
        data = files[member]
        if data[:2] == b"\x1f\x8b" and rng.random() < 0.7:
            return member, gzip.compress(mutated(rng, gzip.decompress(data)), mtime=0)
        return member, mutated(rng, data)


def laid(folder: Path, files: Files) -> None:
    """Writes `files` into the empty `folder`; content that begins with LINK becomes a link."""
    for name, data in files.items():
        if data.startswith(LINK):
            os.symlink(data[len(LINK) :], folder / name)
        else:
            (folder / name).write_bytes(data)


# ---- presets

_FULL = """extends = "base.toml"
name = "full"
widths = [6, 5]
activation = ["tanh", "relu"]
steps = 90

[[timeline]]
step = 10
dropout = 0.5
lr = "auto"

[[when]]
metric = "val_loss"
not_fallen_for = 5
lr = "/10"
times = 2

[recorded]
step = 90
params_sha256 = "SHA"
threads = 1
""".replace("SHA", "0" * 64)


@cache
def _presets() -> Files:
    shipped = {f"{name}.toml": shipped_bytes(name) for name in (*shipped_names(), *claim_names())}
    return {**shipped, "full.toml": _FULL.encode(), "base.toml": b'dataset = "xor"\nseed = 3\nnoise = 0.2\n'}


def _read_presets(folder: Path) -> None:
    """What loads comes back from its own text."""
    for path in sorted(folder.iterdir()):
        preset = load_preset(path)
        assert loads(dumps(preset), str(path)) == preset, "the preset is not the one that was written"


# ---- run folders


@cache
def _run() -> Files:
    """A run of thirty steps that was left at the twentieth, with everything a run folder may hold."""
    preset = Preset(
        "xor", name="left", widths=(4, 3), steps=30, timeline=(Change(5, "dropout", 0.2), Change(25, "lr", 0.1))
    )
    with TemporaryDirectory() as scratch:
        session = Session(preset, threads=1)
        session.attach(RunFolder.create(preset, out=Path(scratch) / "run"))
        session.advance(20)
        session.finish()
        runs.write_about(Path(scratch) / "run", "a name", "a note")
        return {path.name: path.read_bytes() for path in sorted((Path(scratch) / "run").iterdir())}


def _odd_run(rng: random.Random, member: str) -> bytes:
    if rng.random() < 0.3:
        return mutations.link(rng)
    return mutations.safetensors(rng) if member.endswith(".safetensors") else mutated(rng, mutated(rng, _run()[member]))


def _read_run(folder: Path) -> None:
    """All that the command line and the browser of runs ask a folder."""
    found = runs.entry(folder)
    runs.curves(found)
    refusals: list[LabError] = []
    for ask in (
        lambda: target(folder),
        lambda: compare.told(compare.compare([folder, folder])),
        *(partial(_exported, folder, kind) for kind in ("csv", "html", "tensorboard", "safetensors")),
        lambda: resumed(folder).close(),
    ):
        try:
            ask()
        except LabError as error:
            refusals.append(error)
    if refusals:
        raise refusals[0]


def _exported(folder: Path, kind: str) -> None:
    export.FORMATS[kind](read_run(folder))


# ---- data


@cache
def _idx() -> Files:
    with TemporaryDirectory() as scratch:
        plain = write_set(Path(scratch) / "plain", packed=False, n=40, n_test=10)
        packed = write_set(Path(scratch) / "packed", n=40, n_test=10)
    return {name: content for name, content in plain.items() if name.startswith("train")} | {
        name: content for name, content in packed.items() if name.startswith("t10k")
    }


def _csv() -> Files:
    rows = [f"{k * 0.37:.2f},{k % 5},{k * k},{'abc'[k % 3]}" for k in range(40)]
    return {"t.csv": "\n".join(["length,width,area,kind", *rows, ""]).encode()}


def _odd_csv(rng: random.Random, _: str) -> bytes:
    """Cells of any kind between any separators."""
    wide, separator, end = (
        rng.choice((1, 2, 3, 30_000)),
        rng.choice((",", ";", "\t", " ", "|")),
        rng.choice(("\n", "\r\n", "\r")),
    )
    cells = (*mutations.NUMBERS, *mutations.WORDS, "1.5", "2", "3", "0", "NA", '"a""b"', '"\n"', '"')
    rows = [separator.join(rng.choice(cells[-12:] if wide > 3 else cells) for _ in range(wide)) for _ in range(6)]
    head = [separator.join(f"c{k}" for k in range(wide))] * rng.randint(0, 1)
    return end.join([*head, *rows]).encode(rng.choice(("utf-8", "utf-8-sig", "utf-16")), "replace")


def _read_csv(folder: Path) -> None:
    for missing in ("mean", "median", "refuse"):
        _finite(load(str(folder / "t.csv"), missing=missing))


@cache
def _npz() -> Files:
    x, y, out = np.arange(120.0).reshape(40, 3), np.arange(40) % 3, io.BytesIO()
    np.savez_compressed(out, x_train=x, y_train=y, x_test=x[:9], y_test=y[:9])
    return {"a.npz": out.getvalue()}


def _finite(data: object) -> None:
    for part in ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"):
        assert np.isfinite(getattr(data, part)).all(), f"{part} is not finite"


READERS: Mapping[str, Reader] = {
    "preset": Reader(_presets, lambda rng, name: mutated(rng, mutated(rng, _presets()[name])), _read_presets),
    "timeline": Reader(_run, _odd_run, _read_run, inside=True),
    "idx": Reader(
        _idx,
        lambda rng, name: mutations.idx(rng, 3 if "images" in name else 1),
        lambda folder: _finite(load(str(folder))),
    ),
    "csv": Reader(_csv, _odd_csv, _read_csv),
    "npz": Reader(_npz, lambda rng, _: mutations.npz(rng), lambda folder: _finite(load(str(folder / "a.npz")))),
    "safetensors": Reader(
        lambda: {"snapshot.safetensors": _run()["snapshot.safetensors"]},
        lambda rng, _: mutations.safetensors(rng),
        lambda folder: unpack(folder / "snapshot.safetensors"),
        inside=True,
    ),
}
