"""The command line as it is used: its JSON, its exit codes, one line for a mistake, and a quick start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tuilab.cli import main
from tuilab.lab.preset import Preset, dumps, load_preset
from tuilab.lab.run_folder import read_run
from tuilab.lab.shelf import shipped_names

ROOT = Path(__file__).resolve().parent.parent
RESULT_KEYS = {
    "run_id", "preset", "dataset", "status", "steps", "epochs", "seed", "backend", "threads", "wall_s", "steps_per_s",
    "train_loss", "val_loss", "val_accuracy", "test_accuracy", "grad_norms", "events", "params_sha256", "out",
}  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test in a folder of its own, without a terminal."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tuilab(*words: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own, without a terminal."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "tuilab", *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, env=env,
        timeout=300,
    )  # fmt: skip


def in_here(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command run in this process."""
    try:
        code = main(words)
    except SystemExit as end:
        code = int(end.code or 0)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def one_object(text: str) -> dict[str, Any]:
    """The one JSON object that `text` is."""
    assert text.endswith("\n") and text.count("\n") == 1
    found = json.loads(text)
    assert isinstance(found, dict)
    return found


def test_a_run_with_its_timeline_replays_bit_for_bit(elsewhere: Path) -> None:
    """The story of the README: three dials turned in a digits run, then the same again from its folder."""
    words = ("--at", "200", "dropout=0.5", "--at", "400", "optimizer=sgd", "--at", "600", "batch_norm=true")
    done = tuilab("run", "digits", *words, "--steps", "800", "--out", "R", "--json")
    assert done.returncode == 0, done.stderr
    result = one_object(done.stdout)
    assert set(result) >= RESULT_KEYS and (result["status"], result["steps"], result["out"]) == ("finished", 800, "R")
    assert result["events"] == [
        {"step": 200, "dropout": 0.5}, {"step": 400, "optimizer": "sgd"}, {"step": 600, "batch_norm": True},
    ]  # fmt: skip
    again = tuilab("replay", "R", "--check")
    assert again.returncode == 0 and result["params_sha256"] in again.stdout and "bit for bit" in again.stdout
    outcome = one_object(tuilab("replay", "R", "--check", "--json").stdout)
    assert set(outcome) >= RESULT_KEYS and outcome["match"] is True
    assert outcome["params_sha256"] == result["params_sha256"]


def test_digits_as_promised(elsewhere: Path) -> None:
    done = tuilab("run", "digits", "--json")
    result = one_object(done.stdout)
    assert done.returncode == 0 and result["test_accuracy"] >= 0.96 and result["status"] == "finished"
    assert read_run(result["out"]).result == result


def test_every_option_of_run_reaches_the_preset(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = in_here(
        capsys, "run", "xor", "--set", "widths=6,5", "--set", "dropout=0.1", "--seed", "7", "--epochs", "2",
        "--threads", "2", "--backend", "cpu", "--out", "there", "--json",
    )  # fmt: skip
    result = one_object(out)
    assert code == 0 and (result["seed"], result["epochs"], result["threads"], result["backend"]) == (7, 2.0, 2, "cpu")
    preset = load_preset("there")
    assert preset.widths == (6, 5) and preset.recipe.dropout == 0.1 and preset.epochs == 2


def test_without_json_the_result_is_for_people(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = in_here(capsys, "run", "circle", "--steps", "50")
    assert (code, err) == (0, "")
    assert "accuracy" in out and "saved in  runs/" in out
    assert len(list((elsewhere / "runs").iterdir())) == 1


@pytest.mark.parametrize("words", [(), ("circle",), ("--threads", "1")])
def test_without_a_terminal_the_lab_runs_the_preset(words: tuple[str, ...], elsewhere: Path) -> None:
    done = tuilab(*words)
    assert done.returncode == 0 and "no terminal" in done.stderr and "finished" in done.stdout
    assert ("circle" if "circle" in words else "digits") + ":" in done.stdout


def test_a_diverged_run_is_1_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    wild = ("--set", "lr=1e6", "--set", "optimizer=sgd", "--set", "activation=linear", "--set", "widths=8")
    code, out, _ = in_here(capsys, "run", "moons", *wild, "--out", "R", "--json")
    result = one_object(out)
    assert code == 1 and result["status"] == "diverged" and result["diverged_at"] == result["steps"]
    code, out, _ = in_here(capsys, "resume", "R")
    assert code == 1 and "diverged" in out
    assert in_here(capsys, "replay", "R", "--check")[0] == 0


def test_a_replay_that_differs_is_1(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert in_here(capsys, "run", "xor", "--steps", "60", "--out", "R")[0] == 0
    path = elsewhere / "R" / "preset.toml"
    path.write_text(path.read_text().replace("seed = 0", "seed = 1"))
    code, out, err = in_here(capsys, "replay", "R", "--check", "--json")
    assert code == 1 and one_object(out)["match"] is False and "not the same" in err
    assert in_here(capsys, "replay", "R", "--headless")[0] == 0


def test_a_preset_without_a_record_has_nothing_to_check(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = in_here(capsys, "replay", "gaussians", "--check", "--json")
    assert code == 0 and one_object(out)["match"] is None and "nothing recorded" in err


def test_resume_goes_on_and_a_finished_run_stays(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = one_object(in_here(capsys, "run", "xor", "--steps", "400", "--out", "whole", "--json")[1])
    code, out, err = in_here(capsys, "resume", "whole", "--json")
    assert code == 0 and one_object(out) == whole and "ended already" in err
    for name in ("result.json", "weights.safetensors", "snapshot.safetensors"):
        (elsewhere / "whole" / name).unlink()
    code, out, _ = in_here(capsys, "resume", "whole", "--json")
    assert code == 0 and one_object(out)["params_sha256"] == whole["params_sha256"]


def bad_files(folder: Path) -> dict[str, str]:
    """Inputs nobody meant to give, by what is wrong with them."""
    files: dict[str, bytes] = {
        "unknown-key": b"dataset = 'xor'\ndropuot = 0.1",
        "wrong-type": b"dataset = 'xor'\nlr = 'fast'",
        "unknown-dataset": b"dataset = 'digitz'",
        "negative-rate": b"dataset = 'xor'\nlr = -0.1",
        "nan": b"dataset = 'xor'\nlr = nan",
        "empty": b"",
        "binary": bytes(range(256)),
        "huge-layer": b"dataset = 'xor'\nwidths = [1000000000]",
        "huge-network": b"dataset = 'xor'\nwidths = [65536, 65536]",
        "not-utf-8": b"dataset = 'xor'\ntitle = '\xff\xfe'",
        "giant": b"# " + b"x" * (9 * 2**20),
        "deep": b"a = " + b"[\n" * 100_000,
        "not-toml": b"dataset == xor",
        "new-network": b"dataset = 'xor'\n[[timeline]]\nstep = 3\nwidths = [4]",
        "much-noise": b"dataset = 'digits'\nnoise = 0.1",
        "many-rows": b"dataset = 'digits'\ntrain_size = 1000000",
    }
    for name, data in files.items():
        (folder / f"{name}.toml").write_bytes(data)
    (folder / "folder.toml").mkdir()
    return {path.stem: str(path) for path in sorted(folder.glob("*.toml"))}


@pytest.mark.parametrize("command", ["run", "replay", "presets check"])
def test_a_bad_file_is_2_and_one_line(command: str, elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for what, path in bad_files(elsewhere).items():
        code, out, err = in_here(capsys, *command.split(), path)
        assert (code, out) == (2, ""), what
        assert err.startswith("tuilab: ") and err.count("\n") == 1 and len(err) < 1000, what
        assert Path(path).stem in err, (what, err)
    assert not (elsewhere / "runs").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "digit"), "did you mean 'digits'"),
        (("run",), "PRESET"),
        (("run", "digits", "--steps", "x"), "--steps"),
        (("run", "digits", "--steps", "1", "--epochs", "1"), "--epochs"),
        (("run", "digits", "--stpes", "1"), "--stpes"),
        (("run", "digits", "--at", "200"), "--at"),
        (("run", "digits", "--at", "200", "widths=3"), "needs a new network"),
        (("run", "digits", "--set", "lr"), "found no '='"),
        (("run", "digits", "--threads", "0"), "threads"),
        (("run", "digits", "--backend", "gpu"), "gpu"),
        (("run", "digits", "--out", "/proc/none"), "cannot make a run folder"),
        (("replay", "nowhere"), "nowhere"),
        (("replay", "digits", "--speed", "-1"), "--speed"),
        (("resume", "nowhere"), "expected a run folder"),
        (("resume", "."), "expected a run folder"),
        (("presets", "shwo"), "show"),
        (("presets", "show", "none"), "none"),
        (("data", "fetch", "nist"), "allowed: mnist"),
        (("runn", "digits"), "did you mean 'run'"),
        (("repaly",), "did you mean 'replay'"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_a_mistyped_command_is_2_and_one_line(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = in_here(capsys, *words)
    assert (code, out) == (2, "") and err.startswith("tuilab") and err.count("\n") == 1 and said in err, err


def test_a_run_folder_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    assert in_here(capsys, "run", "xor", "--steps", "5", "--out", "R")[0] == 0
    before = Path("R/result.json").read_bytes()
    code, _, err = in_here(capsys, "run", "xor", "--steps", "5", "--out", "R")
    assert code == 2 and "tuilab resume R" in err and Path("R/result.json").read_bytes() == before


def test_a_disk_that_fails_at_the_end_is_1(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    from tuilab.lab.session import Session

    attach = Session.attach

    def attached(session: Session, folder: Any) -> None:
        attach(session, folder)
        monkeypatch.setattr(os, "fsync", full)

    monkeypatch.setattr(Session, "attach", attached)
    code, out, err = in_here(capsys, "run", "xor", "--steps", "50", "--out", "R", "--json")
    result = one_object(out)
    assert (code, result["status"], result["saved"]) == (1, "finished", False)
    assert err.count("\n") == 1 and "R: not saved: No space left on device" in err


def test_something_unforeseen_is_one_line_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("not foreseen\nat all")

    monkeypatch.setattr("tuilab.lab.script.preset_of", broken)
    code, _, err = in_here(capsys, "presets", "show", "digits")
    assert code == 1 and err.count("\n") == 1 and "RuntimeError: not foreseen" in err
    monkeypatch.setenv("TUILAB_DEBUG", "1")
    with pytest.raises(RuntimeError):
        main(("presets", "show", "digits"))


def test_presets_are_listed_shown_checked_and_copied(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = in_here(capsys, "presets")
    assert code == 0 and [line.split()[0] for line in out.splitlines()] == list(shipped_names())
    assert in_here(capsys, "presets", "list")[1] == out
    rows = one_object(in_here(capsys, "presets", "list", "--json")[1])["presets"]
    assert [row["name"] for row in rows] == list(shipped_names())
    code, out, _ = in_here(capsys, "presets", "show", "digits")
    (elsewhere / "shown.toml").write_text(out)
    assert code == 0 and load_preset("shown.toml") == load_preset("digits")
    code, out, _ = in_here(capsys, "presets", "check", *shipped_names())
    assert code == 0 and out.count(": good\n") == len(shipped_names())
    code, out, _ = in_here(capsys, "presets", "copy", "spiral", "mine.toml")
    assert code == 0 and out == "mine.toml\n" and load_preset("mine.toml").dataset == "spiral"
    assert in_here(capsys, "presets", "copy", "spiral", "mine.toml")[0] == 2


def test_data_sets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = in_here(capsys, "data", "list")
    assert code == 0 and out.startswith("digits") and "spiral" in out
    rows = one_object(in_here(capsys, "data", "--json")[1])["data"]
    assert rows[0]["name"] == "digits" and rows[0]["state"] == "here"


def test_the_doctor_reports(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = in_here(capsys, "doctor", "--json")
    report = one_object(out)
    assert code == 0 and report["good"] and {"python", "engine"} <= {f["what"] for f in report["findings"]}
    assert in_here(capsys, "doctor")[1].startswith("ok   python")


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["run", "--help"], ["presets", "list"], ["data", "list"], ["run", "digit"]]
)
def test_what_trains_nothing_loads_neither_compiler_nor_screen(words: list[str]) -> None:
    code = (
        f"import sys\nfrom tuilab.cli import main\ntry:\n    main({words!r})\nexcept SystemExit:\n    pass\n"
        "print(*sorted({'numba', 'numpy', 'scipy', 'sklearn', 'textual', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.stderr.splitlines()[-1] == "", done.stderr


def test_a_reader_that_leaves_early_is_no_traceback() -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "tuilab", "presets", "show", "digits"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=env,
    )  # fmt: skip
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(60) in (0, 1)


def test_a_file_of_ones_own_is_run_and_named_by_itself(elsewhere: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (elsewhere / "mine.toml").write_text(dumps(Preset("moons", name="mine", widths=(4,), steps=20)))
    code, out, _ = in_here(capsys, "run", "mine.toml", "--json")
    result = one_object(out)
    assert code == 0 and result["preset"] == "mine" and "-mine-" in result["run_id"]
