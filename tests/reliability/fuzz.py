"""Damaged and malicious files for every reader: each loads, or is refused in one line, and nothing else happens.

    python -m tests.reliability.fuzz --format npz --minutes 10 --seed 1
    python -m tests.reliability.fuzz --file npz-1-4711-a.npz        once more what failed

A process of its own reads; an audit hook in it sees what is opened, started or unpickled. Nothing else happens means:
no other exception, no more than 1 GB asked for, no code run, nothing unpickled, nothing written outside the folder and
(for a run folder) nothing read there, no warning, and an end within LIMIT seconds. An input that fails is kept in a
file. Input N of a seed is always the same bytes. Exit code 0 if nothing failed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import tomllib
import warnings
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from engine.spec import SpecError
from tests.reliability.readers import READERS, Files, laid
from tuilab.datasets import DataError
from tuilab.lab.errors import LabError, one_line

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 30.0  # seconds for one input, on a busy machine
MEMORY = 2**30
STARTS = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "socket.", "pickle.", "ctypes.dlopen")
CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.truncate")


class Watch:
    """Notes what a reader does that it must not."""

    def __init__(self, folder: Path, inside: bool):
        self.folder, self.inside = os.path.realpath(folder), inside
        self.own = tuple(os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, ROOT, "/proc", "/sys", "/dev/null"))
        self.named: tuple[str, ...] = ()  # what the preset of a run names as its data
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event.startswith(STARTS):
            self.seen.append(f"{event} {args!r}")
        elif event == "open" and isinstance(args[0], str | bytes):
            path, flags = os.fsdecode(args[0]), args[2] or 0
            self._opened(path, bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)), bool(flags & os.O_NOFOLLOW))
        elif event in CHANGES and not self._is_in(os.fsdecode(args[0]), (self.folder,), True):
            self.seen.append(f"{event} {args[0]!r}")

    def _opened(self, path: str, writes: bool, keeps: bool) -> None:
        allowed = (self.folder,) if writes else (self.folder, *self.own, *self.named)
        if (writes or self.inside) and not self._is_in(path, allowed, keeps):
            self.seen.append(f"{'wrote to' if writes else 'read'} {path}")

    @staticmethod
    def _is_in(path: str, folders: tuple[str, ...], keeps: bool) -> bool:
        """Whether `path` lies in one of `folders`; `keeps`: a link is not followed."""
        real = (
            os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
            if keeps
            else os.path.realpath(path)
        )
        return any(real == folder or real.startswith(folder + os.sep) for folder in folders)


def _named(folder: Path) -> tuple[str, ...]:
    """Where the data of the run in `folder` lie, by its preset: a person may keep them anywhere."""
    path = folder / "preset.toml"
    if path.is_symlink() or not path.is_file():
        return ()
    try:
        dataset = tomllib.loads(path.read_text())["dataset"]
        return (os.path.realpath(folder / os.path.expanduser(dataset)),)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ()


def verdict(read: Any, folder: Path, watch: Watch) -> str:
    """What came of reading `folder`: "loads", "refused", or what is wrong."""
    watch.seen, watch.named, watch.on = [], _named(folder) if watch.inside else (), True
    try:
        read(folder)
        found = "loads"
    except (LabError, DataError, SpecError) as error:
        found = "refused"
        if len(one_line(error)) < 3 or _asked_too_much(error):
            found = f"asked for too much memory: {one_line(error)}"
    except BaseException as error:
        found = f"{type(error).__name__}: {one_line(error)}"
    finally:
        watch.on = False
    return ("; ".join(watch.seen) or found).replace(str(folder), "FOLDER")


def _asked_too_much(error: BaseException | None) -> bool:
    """Whether a refusal began as a lack of memory."""
    return error is not None and (isinstance(error, MemoryError) or _asked_too_much(error.__context__))


def _work(name: str, line: Connection, scratch: str) -> None:
    """The process that reads, in a folder of its own: inputs come in by `line`, verdicts go out."""
    os.nice(19 - os.nice(0))
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    warnings.simplefilter("error")
    reader = READERS[name]
    (Path(scratch) / "outside.toml").write_text('dataset = "moons"\n')
    (Path(scratch) / "outside.csv").write_text("1,2,0\n3,4,1\n" * 9)
    folder = Path(scratch) / "folder"
    folder.mkdir()
    laid(folder, reader.files())
    os.chdir(folder)
    reader.read(folder)  # whatever is loaded late is loaded now
    watch = Watch(folder, reader.inside)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
    line.send("ready")
    while (files := line.recv()) is not None:
        for path in folder.iterdir():
            path.unlink()
        laid(folder, files)
        line.send(verdict(reader.read, folder, watch))


class Worker:
    """One such process, started again when it died or hung."""

    def __init__(self, name: str):
        self.name = name
        self._start()

    def _start(self) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="tuilab-fuzz-")
        self._line, other = multiprocessing.get_context("spawn").Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_work, args=(self.name, other, self._scratch.name), daemon=True
        )
        self._process.start()
        other.close()
        assert self._line.recv() == "ready"

    def read(self, files: Files) -> str:
        """The verdict on a folder that holds `files`."""
        self._line.send(files)
        try:
            found = self._line.recv() if self._line.poll(LIMIT) else f"no end within {LIMIT:.0f} s"
        except EOFError:
            found = "the process died"
        if found not in ("loads", "refused"):
            self.close()
            self._start()
        return str(found)

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.join()
        self._scratch.cleanup()  # who is killed leaves it


@dataclass
class Fuzzed:
    """What came out for one format."""

    name: str
    seed: int
    loads: int = 0
    refused: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def told(self) -> str:
        """The figures, for people."""
        inputs = self.loads + self.refused + self.wrong.total()
        line = (
            f"{self.name:12} seed {self.seed}: {inputs:,} inputs in {self.seconds:.0f} s, {self.loads:,} load,"
            f" {self.refused:,} refused in one line, {self.wrong.total()} wrong"
        )
        return "\n".join([line, *(f"  {count} × {text}" for text, count in self.wrong.most_common())])


def files_for(name: str, member: str, content: bytes) -> Files:
    """The folder in which `member` holds `content`, all else being well; of presets only its base is beside it."""
    good = READERS[name].files()
    kept = {"base.toml": good["base.toml"]} if name == "preset" else good
    return {**kept, member: content}


def campaign(
    name: str, seed: int, *, inputs: int = sys.maxsize, seconds: float = 1e9, keep: Path | None = None
) -> Fuzzed:
    """Inputs 0, 1, 2, … of a seed, until so many or so long; those that fail are kept in the folder `keep`."""
    out, worker, begun = Fuzzed(name, seed), Worker(name), time.monotonic()
    try:
        for number in range(inputs):
            if time.monotonic() - begun > seconds:
                break
            member, content = READERS[name].draw(random.Random(f"{seed}/{name}/{number}"))
            found = worker.read(files_for(name, member, content))
            if found == "loads":
                out.loads += 1
            elif found == "refused":
                out.refused += 1
            else:
                out.wrong[found] += 1
                if keep is not None and out.wrong[found] == 1:
                    (keep / f"{name}-{seed}-{number}-{member}").write_bytes(content)
    finally:
        worker.close()
    out.seconds = time.monotonic() - begun
    return out


def again(path: Path) -> str:
    """The verdict on a file that was kept; its name says format and member."""
    name, _, _, member = path.name.split("-", 3)
    worker = Worker(name)
    try:
        return worker.read(files_for(name, member, path.read_bytes()))
    finally:
        worker.close()


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Feed damaged and malicious files to the readers.")
    parser.add_argument("--format", choices=(*READERS, "all"), default="all")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each format")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="folder for inputs that fail")
    parser.add_argument("--file", type=Path, help="an input that was kept: read it once more")
    args = parser.parse_args()
    if args.file is not None:
        print(found := again(args.file))
        return int(found not in ("loads", "refused"))
    args.keep.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in READERS if args.format == "all" else (args.format,):
        out = campaign(name, args.seed, seconds=60 * args.minutes, keep=args.keep)
        print(out.told(), flush=True)
        failed |= bool(out.wrong)
    if not any(args.keep.iterdir()):
        shutil.rmtree(args.keep)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
