"""What the documentation shows works as shown: commands, the preset, keys, links."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [
    ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/ARCHITECTURE.md", "docs/PRESETS.md")
]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


def tuilab(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs one command line of the README in `folder` (up to its comment or pipe), without a terminal."""
    words = re.split(r"\s[#|]", command)[0].split()
    assert words[0] == "tuilab"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "tuilab", *words[1:]],
        cwd=folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_the_two_commands_come_first() -> None:
    first = blocks("sh")[0].splitlines()
    assert [line.split()[:2] for line in first] == [["make", "lab"], ["make", "test"]]
    assert README.index("make lab") < 60


def test_every_headless_command_does_what_it_says(tmp_path: Path) -> None:
    commands = [line for line in blocks("sh")[2].splitlines() if line.startswith("tuilab")]
    assert len(commands) == 5
    for command in commands:
        done = tuilab(command, tmp_path)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        if "--json" in command:
            assert json.loads(done.stdout)["test_accuracy"] >= 0.95
    assert (tmp_path / "R" / "preset.toml").is_file()


def test_the_page_about_presets_shows_one_and_names_every_key() -> None:
    from engine.spec import DIALS
    from tuilab.lab import conditions
    from tuilab.lab.preset import KEYS, TABLES, Preset, loads

    page = (ROOT / "docs" / "PRESETS.md").read_text(encoding="utf-8")
    preset = loads("".join(re.findall(r"^```toml\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)))
    assert preset.claim is not None and preset.claim.published and preset.conditions and preset.timeline and preset.arms
    for key in ({*KEYS} - {*DIALS}) | {*conditions.KEYS, *conditions.METRICS, "version", "extends"}:
        assert f"`{key}`" in page or f"\n{key} = " in page, key
    assert all(f"[{name}]" in page for name in TABLES)
    (code,) = re.findall(r"^```python\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    names: dict[str, object] = {}
    exec(code, names)
    assert isinstance(names["preset"], Preset) and names["preset"].conditions


def test_the_preset_shown_is_one(tmp_path: Path) -> None:
    (text,) = blocks("toml")
    (tmp_path / "shown.toml").write_text(text, encoding="utf-8")
    done = tuilab("tuilab presets check shown.toml", tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "shown.toml").write_text(text.replace("dropout", "dropuot"), encoding="utf-8")
    done = tuilab("tuilab presets check shown.toml", tmp_path)
    lines = (done.stdout + done.stderr).strip().splitlines()
    assert done.returncode == 2 and "shown.toml" in lines[-1] and "dropout" in lines[-1]


def test_the_keys_listed_are_the_labs() -> None:
    from tuilab.tui.dials import DIALS
    from tuilab.tui.keys import KEYS

    table = README.split("| keys | |")[1].split("\n\n")[0]
    listed = set(re.findall(r"`(.+?)`", table))
    known = {key.shown for key in KEYS} | {dial.key for dial in DIALS if dial.key}
    moving = {"↑", "↓", "←", "→", "tab", "j", "k", "h", "l", "-", "+", "enter"}
    assert listed - known - moving == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_files_named_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in t]
    named = re.findall(r"`((?:engine|tuilab|tests|docs|presets)/[\w./]*)`", text)
    inside = {"tuilab/presets/"}  # where presets lie in an installed package
    missing = [t for t in targets if not (page.parent / t).exists()]
    missing += [n for n in named if n not in inside and not (ROOT / n).exists()]
    assert missing == []
