"""The list of runs: what each was and how it went, names and notes of one's own, whole whatever happens."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tuilab.lab import runs
from tuilab.lab.errors import RunError
from tuilab.lab.preset import Preset
from tuilab.lab.recorded import Recorded
from tuilab.lab.run_folder import RunFolder
from tuilab.lab.runs import about, curves, entries, entry, is_in_use, run_of, write_about

RESULT = {"status": "finished", "steps": 40, "val_loss": 0.5, "val_accuracy": 0.9, "test_accuracy": 0.875}


def made(folder: Path, name: str, result: dict[str, object] | None = None, *, at: float = 1e9) -> Path:
    """A run folder as one lies there, with 40 steps in its log."""
    path = folder / name
    RunFolder.create(Preset("xor", name="xor", widths=(4,), steps=40), out=path).close()
    lines: list[dict[str, object]] = [
        {"step": s, "loss": 1.0 / s, "accuracy": 0.5, "lr": 0.01, "grad_norm": [1.0, 2.0]} for s in range(1, 41)
    ]
    lines.append({"step": 40, "val_loss": 0.7, "val_accuracy": 0.8})
    (path / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    if result is not None:
        (path / "result.json").write_text(json.dumps({**result, "params_sha256": "ab" * 32}))
    os.utime(path / "metrics.jsonl", (at, at))
    return path


def test_the_newest_run_comes_first_with_what_came_out(tmp_path: Path) -> None:
    made(tmp_path, "old", RESULT, at=1e9)
    made(tmp_path, "new", at=1.1e9)
    (tmp_path / "no-run").mkdir()
    new, old = entries(tmp_path)
    assert (new.path.name, new.status, new.steps, new.val_loss, new.test_accuracy) == ("new", "stopped", 40, 0.7, None)
    assert (old.name, old.preset, old.status, old.val_accuracy) == ("old", "xor", "finished", 0.9)
    assert (old.test_accuracy, old.when, old.layers) == (0.875, 1e9, 2)


def test_a_name_that_tells_the_time_is_shown_without_it(tmp_path: Path) -> None:
    path = made(tmp_path, "20261125-043843-xor-ffa4")
    assert entry(path).short == "xor-ffa4"
    write_about(path, "mine", "")
    assert entry(path).short == "mine"


def test_no_folder_has_no_runs(tmp_path: Path) -> None:
    assert entries(tmp_path / "none") == []


def test_a_run_that_goes_on_is_running_until_its_process_lets_go(tmp_path: Path) -> None:
    path = made(tmp_path, "run", RESULT)
    folder = RunFolder.open(path)
    try:
        assert is_in_use(path) and entry(path).status == "running"
    finally:
        folder.close()
    assert not is_in_use(path) and entry(path).status == "finished"


def test_a_damaged_folder_is_listed_with_the_reason(tmp_path: Path) -> None:
    path = made(tmp_path, "run")
    (path / "preset.toml").write_text("dataset = ")
    [found] = entries(tmp_path)
    assert found.status == "damaged" and "not TOML" in found.problem and "\n" not in found.problem


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("[" * 100_000, (40, 0.7, 0.8)),
        (f'{{"step": 41, "val_loss": {10**400}, "val_accuracy": -{10**400}}}', (41, None, None)),
        (f'{{"step": {10**400}, "val_loss": 0.5, "val_accuracy": 1}}', (None, 0.5, 1.0)),
    ],
    ids=["deep", "long figures", "long step"],
)
def test_a_log_whose_last_line_holds_anything_is_listed(line: str, shown: tuple[object, ...], tmp_path: Path) -> None:
    path = made(tmp_path, "run")
    with (path / "metrics.jsonl").open("a") as file:
        file.write(line + "\n")
    [found] = entries(tmp_path)
    assert (found.steps, found.val_loss, found.val_accuracy) == shown
    assert (found.status, found.problem) == ("stopped", "")


@pytest.mark.parametrize(
    "text", ["key = " + "[" * 4000, f'dataset = "xor"\nlr = {10**400}'], ids=["deep", "long number"]
)
def test_a_preset_too_deep_or_with_a_number_too_long_is_a_damaged_row(text: str, tmp_path: Path) -> None:
    (made(tmp_path, "run") / "preset.toml").write_text(text)
    [found] = entries(tmp_path)
    assert found.status == "damaged" and found.problem.startswith(str(tmp_path)) and found.problem.isprintable()


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, '{"a":' * 100_000, json.dumps({**RESULT, "params_sha256": "ab", "test_accuracy": 10**400})],
    ids=["lists", "tables", "long number"],
)
def test_a_result_too_deep_or_with_a_number_too_long_is_none(text: str, tmp_path: Path) -> None:
    (made(tmp_path, "run") / "result.json").write_text(text)
    [found] = entries(tmp_path)
    assert (found.status, found.steps, found.val_loss, found.test_accuracy) == ("stopped", 40, 0.7, None)


def test_neither_log_nor_lock_of_another_is_looked_at_by_a_link(tmp_path: Path) -> None:
    other, path = made(tmp_path, "other"), made(tmp_path, "run")
    folder = RunFolder.open(other)
    try:
        for name in ("metrics.jsonl", ".lock"):
            (path / name).unlink()
            (path / name).symlink_to(other / name)
        assert is_in_use(other) and not is_in_use(path)
        found = entry(path)
        assert (found.status, found.steps, found.val_loss) == ("stopped", None, None)
    finally:
        folder.close()


def test_a_name_and_a_note_are_kept_in_the_folder(tmp_path: Path) -> None:
    path = made(tmp_path, "run")
    assert about(path) == ("", "")
    write_about(path, "with “dropout” 드롭아웃", 'two\nlines\t\\ and "quotes"')
    found = entry(path)
    assert (found.name, found.note) == ("with “dropout” 드롭아웃", 'two\nlines\t\\ and "quotes"')
    assert "드롭아웃" in found.words and "xor" in found.words


@pytest.mark.parametrize(("name", "note"), [("a\nb", ""), ("x" * 81, ""), ("", "n" * 2001), ("\x1b[2J", "")])
def test_what_a_terminal_would_obey_is_refused(name: str, note: str, tmp_path: Path) -> None:
    path = made(tmp_path, "run")
    with pytest.raises(ValueError, match=r"name|note"):
        write_about(path, name, note)
    assert not (path / runs.NOTE).exists()


@pytest.mark.parametrize("text", ["name = 3", "name = ", 'name = "a\\u001b"\nnote = ""', "", "\x00"])
def test_a_note_that_cannot_be_read_is_none(text: str, tmp_path: Path) -> None:
    path = made(tmp_path, "run")
    (path / runs.NOTE).write_text(text)
    assert about(path) == ("", "") and entry(path).name == "run"


def test_a_kill_while_a_note_is_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = made(tmp_path, "run")
    write_about(path, "first", "")

    def killed(*_: object) -> None:
        raise OSError("no power")

    monkeypatch.setattr(os, "replace", killed)
    with pytest.raises(RunError, match="no power"):
        write_about(path, "second", "")
    assert about(path) == ("first", "") and [p.name for p in path.iterdir() if p.name.startswith(".note")] == []


def test_curves_are_read_with_every_spike(tmp_path: Path) -> None:
    path = made(tmp_path, "run")
    with (path / "metrics.jsonl").open("a") as file:
        for step in range(41, 9001):
            loss = 99.0 if step == 5000 else 0.1
            file.write(json.dumps({"step": step, "loss": loss, "accuracy": 1, "lr": 0.01, "grad_norm": [1, 2]}) + "\n")
    found = curves(entry(path))
    assert float(found.train.high.max()) == 99.0 and len(found.train) <= 2048
    assert len(found.grad_norm) == 2 and found.val.mean.tolist() == pytest.approx([0.7])


def test_the_run_of_a_preset_is_the_one_it_was_saved_from_else_the_newest_of_its_name(tmp_path: Path) -> None:
    made(tmp_path, "recorded", RESULT, at=1e9)
    made(tmp_path, "newer", at=1.1e9)
    known = entries(tmp_path)
    plain = Preset("xor", name="xor", widths=(4,), steps=40)
    found = run_of(plain, known)
    assert found is not None and found.path.name == "newer"
    found = run_of(plain.with_(recorded=Recorded(40, "ab" * 32)), known)
    assert found is not None and found.path.name == "recorded"
    assert run_of(plain.with_(name="other"), known) is None
