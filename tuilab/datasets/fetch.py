"""Bringing a set of the MNIST family into the data folder: from the net, or from a folder of the user's.

Either way the four files are read whole and checked before they are put in place together, so that what lies in the
data folder can be loaded.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.spec import nearest
from tuilab.datasets.base import DataError
from tuilab.datasets.mnist import CLASS_NAMES, FILES, find, read_folder
from tuilab.datasets.places import data_folder

#: (file, bytes so far, bytes in all) while a file comes in.
Report = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a set is published: addresses that end in a slash, tried in turn, and the SHA-256 of each gzipped file."""

    mirrors: tuple[str, ...]
    sha256: Mapping[str, str]


def _sums(*sums: str) -> dict[str, str]:
    return dict(zip((f"{file}.gz" for file in FILES), sums, strict=True))


ORIGINS = {
    "mnist": Origin(
        ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"),
        _sums(
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
        ),
    ),
    "fashion-mnist": Origin(
        (
            "https://fashion-mnist.s3.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        _sums(
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        ),
    ),
    "kmnist": Origin(
        ("https://codh.rois.ac.jp/kmnist/dataset/kmnist/", "http://codh.rois.ac.jp/kmnist/dataset/kmnist/"),
        _sums(
            "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        ),
    ),
}


def fetch(name: str, report: Report | None = None) -> Path:
    """The folder of the set `name`, brought from the first mirror that has each file with the right SHA-256.

    Raises DataError if `name` is not a set that can be fetched, pooch is not installed, or no mirror serves it.
    """
    _known(name)
    with _placed(name) as folder:
        for file, sha256 in ORIGINS[name].sha256.items():
            _bring(name, file, sha256, folder, report)
    return data_folder() / name


def ensure(dataset: str, report: Report | None = None) -> None:
    """Fetches `dataset` if it is a set that can be fetched and is not in the data folder; raises DataError."""
    if dataset in ORIGINS and not (data_folder() / dataset).is_dir():
        fetch(dataset, report)


def import_folder(source: str | Path, name: str) -> Path:
    """Copies the four files of `source` into the data folder as the set `name`; raises DataError if they are not it."""
    _known(name)
    if not Path(source).is_dir():
        raise DataError(str(source), "found no such folder, expected one with the four files of an MNIST-format set")
    with _placed(name) as folder:
        for file in FILES:
            if path := find(Path(source), file):
                shutil.copyfile(path, folder / f"{file}{'.gz' if path.suffix == '.gz' else ''}")
        if not any(folder.iterdir()):
            raise DataError(str(source), f"found none of the files, expected {', '.join(FILES)}")
    return data_folder() / name


def _known(name: str) -> None:
    if name not in ORIGINS:
        raise DataError("data", f"found {name!r}, allowed: {', '.join(ORIGINS)}{nearest(name, ORIGINS)}")


@contextmanager
def _placed(name: str) -> Iterator[Path]:
    """A folder to fill; once what is in it has been read as the set, it takes the set's place in the data folder."""
    home = data_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home, prefix=f".{name}-") as scratch:
            new = Path(scratch) / "new"
            new.mkdir()
            yield new
            read_folder(new, name, CLASS_NAMES[name])
            if (home / name).exists():
                os.rename(home / name, Path(scratch) / "old")
            os.rename(new, home / name)
    except OSError as error:
        raise DataError(str(error.filename or home), f"{error.strerror or error}") from None


def _bring(name: str, file: str, sha256: str, folder: Path, report: Report | None) -> None:
    try:
        import pooch
        import requests
    except ImportError:
        raise DataError(name, f"fetching needs pooch (pip install pooch); or {_by_hand(name)}") from None
    pooch.get_logger().setLevel("CRITICAL")  # it speaks of every file; errors are raised all the same
    reasons = []
    for mirror in ORIGINS[name].mirrors:
        get = pooch.HTTPDownloader(progressbar=_Bar(file, report) if report else False, timeout=30)
        try:
            pooch.retrieve(mirror + file, f"sha256:{sha256}", fname=file, path=folder, downloader=get)
            return
        except (requests.RequestException, OSError) as error:
            reasons.append(f"{mirror} {_reason(error)}")
        except ValueError:  # pooch's word for a file with another hash
            reasons.append(f"{mirror} sent another file (SHA-256 differs)")
    raise DataError(name, f"{file}: {'; '.join(reasons)}; try tuilab data fetch {name} later, or {_by_hand(name)}")


def _by_hand(name: str) -> str:
    """How the set comes here without the net."""
    return f"tuilab data import {name} DIR, or set TUILAB_DATA to a folder that holds {name}"


def _reason(error: Exception) -> str:
    response = getattr(error, "response", None)
    return f"answered {response.status_code}" if response is not None else f"failed ({type(error).__name__})"


class _Bar:
    """What pooch wants of a progress bar, passed on to a `Report`."""

    def __init__(self, file: str, report: Report):
        self.file, self.report, self.total, self.done = file, report, 0, 0

    def update(self, n: Any) -> None:
        self.done = min(self.done + int(n), self.total)  # pooch counts whole pieces, the last one too
        self.report(self.file, self.done, self.total)

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        """Nothing to close: the report is the caller's."""
