"""The house stands as docs/ARCHITECTURE.md draws it: imports point down, rooms stay small, the package is whole."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted(p for room in ("engine", "tuilab") for p in (ROOT / room).rglob("*.py"))

#: What a room must not import, anywhere in it, not even inside a function.
ABOVE = {
    "engine": ("tuilab", "textual", "rich"),
    "tuilab/datasets": ("tuilab.lab", "tuilab.tui", "tuilab.cli", "textual", "rich", "numba"),
    "tuilab/lab": ("tuilab.tui", "tuilab.cli", "textual"),
    "tuilab/bench": ("tuilab.tui", "tuilab.cli", "textual"),
    "tuilab/tui": ("tuilab.cli", "numba"),
}
#: What a room must not import when it is entered: it is slow, and wanted only later or in another room.
SLOW = {
    "tuilab": ("numba", "sklearn", "scipy", "torch", "engine.cpu", "engine.cuda", "engine.formulas"),
    "tuilab/tui": ("engine.trainer",),
    "engine": ("sklearn", "torch"),
}
#: The only rooms that know these.
HOMES = {"textual": "tuilab/tui", "numba": "engine"}


def imported(tree: ast.AST, path: Path) -> Iterator[tuple[int, str]]:
    """(line, full module name) of every import below `tree`; `from a import b` counts as a and as a.b."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, node.module or ""]).strip(".")
            yield node.lineno, base
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def on_entry(tree: ast.Module) -> ast.Module:
    """The statements that run when the module is imported: no function bodies, no `if TYPE_CHECKING`."""

    class Runs(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
            return None

        def visit_If(self, node: ast.If) -> ast.If | None:
            return None if "TYPE_CHECKING" in ast.unparse(node.test) else node

    return Runs().visit(tree)


def is_in(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def offences(rules: dict[str, tuple[str, ...]], entry_only: bool) -> list[str]:
    found = []
    for path in SOURCES:
        name = path.relative_to(ROOT).as_posix()
        banned = [module for room, modules in rules.items() if name.startswith(f"{room}/") for module in modules]
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for line, module in imported(on_entry(tree) if entry_only else tree, path):
            found += [f"{name}:{line} imports {module}" for ban in banned if is_in(module, ban)]
    return found


def test_imports_point_down() -> None:
    assert offences(ABOVE, entry_only=False) == []


def test_nothing_slow_is_imported_on_entry() -> None:
    assert offences(SLOW, entry_only=True) == []


def test_the_engine_knows_arrays_and_the_compiler_only() -> None:
    """NumPy, numba with its code generator, the limiter of BLAS threads, and where a cache belongs: no more."""
    allowed = {*sys.stdlib_module_names, "engine", "numpy", "numba", "llvmlite", "threadpoolctl", "platformdirs"}
    found = {
        f"{path.relative_to(ROOT)}:{line} {module}"
        for path in SOURCES
        if path.is_relative_to(ROOT / "engine")
        for line, module in imported(ast.parse(path.read_text(encoding="utf-8")), path)
        if module.split(".")[0] not in allowed
    }
    assert found == set()


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_known_in_its_room_only(library: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in SOURCES
        if not path.is_relative_to(ROOT / HOMES[library])
        for line, module in imported(on_entry(ast.parse(path.read_text(encoding="utf-8"))), path)
        if is_in(module, library)
    ]
    assert found == []


def test_the_rules_catch_what_they_are_for(tmp_path: Path) -> None:
    """The checks above see imports in functions, relative ones and `from x import y`, and leave type checking out."""
    text = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import numba\n"
        "def late():\n    from ..lab import session\n"
        "from engine import cpu\n"
    )
    path = ROOT / "tuilab" / "tui" / "made_up.py"
    everything = {module for _, module in imported(ast.parse(text), path)}
    assert {"numba", "tuilab.lab", "tuilab.lab.session", "engine", "engine.cpu"} <= everything
    entered = {module for _, module in imported(on_entry(ast.parse(text)), path)}
    assert "engine.cpu" in entered and not {"numba", "tuilab.lab"} & entered


def test_files_fit_a_reader() -> None:
    lines = {p.relative_to(ROOT).as_posix(): len(p.read_text(encoding="utf-8").splitlines()) for p in SOURCES}
    assert {name: count for name, count in lines.items() if count > 350} == {}


def test_the_app_is_a_frame_not_a_house() -> None:
    sizes = {
        node.name: node.end_lineno - node.lineno + 1
        for path in (ROOT / "tuilab" / "tui").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).split("[")[0] == "App" for base in node.bases)
    }
    assert sizes and max(sizes.values()) < 200, sizes


def test_nothing_is_left_undone() -> None:
    words = re.compile("TO" + "DO|FIX" + "ME|NotImplemented" + r"Error|(pytest|mark)\." + "skip")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if words.search(line)
    ]
    assert found == []


def run(code: str, *, cwd: Path = ROOT, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=cwd, env=env)


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("engine", "numba scipy textual tuilab"),
        ("tuilab.datasets", "numpy numba sklearn textual"),
        ("tuilab.lab", "numba sklearn scipy textual"),
        ("tuilab.cli", "numba sklearn scipy textual"),
    ],
)
def test_importing_a_room_stays_light(module: str, unwanted: str) -> None:
    done = run(f"import sys, {module}; print(*sorted(set({unwanted.split()!r}) & set(sys.modules)))")
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_help_needs_neither_compiler_nor_screen() -> None:
    code = (
        "import runpy, sys\n"
        "sys.argv = ['tuilab', '--help']\n"
        "try:\n    runpy.run_module('tuilab', run_name='__main__', alter_sys=True)\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "print('LOADED', *sorted({'numba', 'textual', 'sklearn'} & set(sys.modules)))\n"
    )
    done = run(code)
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout.lower() and done.stdout.splitlines()[-1] == "LOADED"


def test_every_picture_kept_is_of_a_test() -> None:
    """Where the tests are dealt out to several processes, their plugin does not see which pictures are left over."""
    code = (
        "import pytest\n"
        "class Names:\n"
        "    def pytest_collection_finish(self, session):\n"
        "        for item in session.items:\n"
        "            if 'snap_compare' in item.fixturenames:\n"
        "                print(item.path.stem, item.name, sep='/')\n"
        "pytest.main(['-qs', '--collect-only', 'tests/tui'], plugins=[Names()])\n"
    )
    kept = {f"{path.parent.name}/{path.stem}" for path in (ROOT / "tests").rglob("__snapshots__/*/*.svg")}
    assert kept and kept - {*run(code).stdout.splitlines()} == set()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as it would be shipped, unpacked (a wheel of pure Python is installed by unpacking)."""
    folder = tmp_path_factory.mktemp("wheel")
    code = (
        "from hatchling.builders.wheel import WheelBuilder\n"
        f"print(*WheelBuilder({str(ROOT)!r}).build(directory={str(folder)!r}, versions=['standard']))\n"
    )
    done = run(code)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(done.stdout.strip()) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_has_everything_the_tree_has(wheel: Path) -> None:
    kept = {p.relative_to(ROOT).as_posix() for p in SOURCES}
    kept |= {p.relative_to(ROOT).as_posix() for kind in ("tcss", "html") for p in (ROOT / "tuilab").rglob(f"*.{kind}")}
    presets = {f"tuilab/{p.relative_to(ROOT).as_posix()}" for p in (ROOT / "presets").rglob("*.toml")}
    assert presets
    packed = {p.relative_to(wheel).as_posix() for p in wheel.rglob("*") if p.is_file()}
    missing = (kept | presets) - packed
    assert missing == set()
    assert {p.split("/")[0] for p in packed if ".dist-info" not in p} == {"engine", "tuilab"}


def test_presets_are_found_in_an_installed_wheel(wheel: Path, tmp_path: Path) -> None:
    code = (
        "import tuilab, engine, sys\n"
        f"assert all(m.__file__.startswith({str(wheel)!r}) for m in (tuilab, engine)), (tuilab, engine)\n"
        "from tuilab.lab.preset import load_preset\n"
        "print(load_preset('digits').dataset)\n"
    )
    done = run(code, cwd=tmp_path, path=wheel)
    assert (done.returncode, done.stdout.strip()) == (0, "digits"), done.stderr


def test_every_dependency_is_pinned_to_a_version_it_allows() -> None:
    from packaging.requirements import Requirement

    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.lower().replace("_", "-").split("==") for line in lines)
    assert lines == sorted(lines, key=str.lower) or len(lines) == len(pins)
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *(r for extra in project["optional-dependencies"].values() for r in extra)]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pins[requirement.name.lower().replace("_", "-")]), requirement
