"""metrics.jsonl: every step is in it, a torn line costs itself only, a full disk leaves no half line."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.made_metrics import rows
from tuilab.lab import metrics_log
from tuilab.lab.history import History
from tuilab.lab.metrics_log import MetricsLog, as_row, fill, keep_until, read_lines, steps_per_row


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "metrics.jsonl"
    path.touch()
    return path


def test_a_short_run_has_a_line_for_each_step(path: Path) -> None:
    log = MetricsLog(path, total_steps=100)
    log.add(rows(0, [3.0, 2.5]))
    log.add_eval(2, 2.75, 0.25)
    log.add(rows(2, [2.0]))
    log.write()
    lines = list(read_lines(path))
    assert [line["step"] for line in lines] == [1, 2, 2, 3]
    assert lines[0] == {"step": 1, "loss": 3.0, "accuracy": 1.0, "lr": 0.1, "grad_norm": [1.0, 2.0]}
    assert lines[2] == {"step": 2, "val_loss": 2.75, "val_accuracy": 0.25}


@pytest.mark.parametrize(("total", "width"), [(1, 1), (4096, 1), (4097, 2), (20_000, 8), (10**7, 4096)])
def test_a_long_run_writes_about_as_many_rows(total: int, width: int) -> None:
    assert steps_per_row(total) == width and total / width <= 4096


def test_a_row_of_many_steps_has_mean_low_and_high(path: Path) -> None:
    log = MetricsLog(path, total_steps=4 * 4096)
    log.add(rows(0, [4.0, 1.0, 1.0, 2.0, 7.0]))
    log.write()
    first, second = read_lines(path)
    assert (first["step"], first["n"], first["loss"], first["loss_low"], first["loss_high"]) == (4, 4, 2.0, 1.0, 4.0)
    assert first["grad_norm"] == [2.5, 5.0] and first["grad_low"] == [1.0, 2.0] and first["grad_high"] == [4.0, 8.0]
    assert (second["step"], second["n"], second["loss"]) == (5, 1, 7.0)


@given(st.lists(st.integers(1, 40), max_size=10), st.integers(1, 10), st.data())
def test_every_step_is_in_exactly_one_row(chunks: list[int], scale: int, data: st.DataObject) -> None:
    path = Path(data.draw(st.just(os.devnull)))
    log = MetricsLog(path, total_steps=scale * 4096)
    text, step = "", 0
    for n in chunks:
        log.add(rows(step, np.ones(n)))
        step += n
        if data.draw(st.booleans()):
            text += "".join(metrics_log.as_text(log._rows, log.width))
            log._rows.clear()
    text += "".join(metrics_log.as_text(log._rows, log.width))
    found = [as_row(json.loads(line), 2) for line in text.splitlines()]
    covered = [s for row in found if row for s in range(row.first, row.last + 1)]
    assert None not in found and covered == list(range(1, step + 1))


def test_a_row_ends_where_a_snapshot_was_made(path: Path) -> None:
    log = MetricsLog(path, total_steps=8 * 4096)
    log.add(rows(0, np.ones(5)))
    log.cut()
    log.add(rows(5, np.ones(11)))
    log.write()
    assert [(line["step"], line["n"]) for line in read_lines(path)] == [(5, 5), (8, 3), (16, 8)]


def test_what_is_not_finite_is_null(path: Path) -> None:
    for total, losses in ((10, [np.nan]), (4 * 4096, [np.inf, np.nan])):
        log = MetricsLog(path, total)
        log.add(rows(0, losses))
        log.add_eval(1, float("nan"), float("inf"))
        log.write()
    assert "NaN" not in path.read_text() and "Infinity" not in path.read_text()
    assert [line.get("loss", line.get("val_loss")) for line in read_lines(path)] == [None] * 4


def test_torn_and_foreign_lines_are_left_out(path: Path) -> None:
    path.write_bytes(b'{"step": 1, "loss": 1}\n\xff\xfe\n[1]\n{"step": true}\n{"step": -1}\n{}\n{"step": 2}\n{"st')
    assert [line["step"] for line in read_lines(path)] == [1, 2]
    assert list(read_lines(path.with_name("none"))) == []


@pytest.mark.parametrize("figure", ["1e308", "-1e39", "1e999", "10" * 30, "true", '"x"', "null"])
def test_what_a_curve_cannot_hold_is_a_gap_in_it(figure: str, path: Path) -> None:
    path.write_text(
        f'{{"step": 1, "loss": {figure}, "accuracy": {figure}, "lr": 0.1, "grad_norm": [{figure}, 1.0, 2.0]}}\n'
        f'{{"step": 1, "val_loss": {figure}, "val_accuracy": {figure}}}\n'
        '{"step": 2, "loss": 2.5, "accuracy": 1, "lr": 0.1, "grad_norm": [3.0, 1.0, 2.0]}\n'
    )
    history = History(3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fill(history, path, 2)
        curves = history.series()
    for curve in (curves.train, curves.accuracy, curves.grad_norm[0]):
        assert np.isnan([curve.low[0], curve.mean[0], curve.high[0]]).all() and curve.mean[1] > 0
    assert np.isnan(curves.val.mean).all()


@given(st.binary(max_size=200))
def test_any_bytes_can_be_read(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "metrics.jsonl"
        path.write_bytes(data + b'\n{"step": 5, "loss": 1e999, "grad_norm": [1, null], "lr": [], "accuracy": "x"}\n')
        history = History(2)
        fill(history, path, until=10)
        assert len(history.series().train) == 1


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("keep me\n")
    path.unlink()
    path.symlink_to(outside)
    log = MetricsLog(path, 10)
    log.add(rows(0, [1.0]))
    with pytest.raises(OSError):
        log.write()
    assert outside.read_text() == "keep me\n" and list(read_lines(path)) == []


def test_going_on_drops_the_rows_after(path: Path) -> None:
    path.write_bytes(b'{"step": 1}\n{"step": 2, "val_loss": 1}\n{"step": 3}\n{"st')
    keep_until(path, 2)
    assert path.read_bytes() == b'{"step": 1}\n{"step": 2, "val_loss": 1}\n'


def test_a_full_disk_leaves_whole_lines_and_loses_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MetricsLog(path, 100)
    log.add(rows(0, [1.0]))
    log.write()
    before = path.read_bytes()
    write = os.write

    def full(handle: int, data: bytes) -> int:
        if len(data) > 10:
            return write(handle, data[:10])
        raise OSError(28, "No space left on device")

    log.add(rows(1, [2.0]))
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        # Ten bytes at a time until less than ten are left: then the disk is full.
        log.write()
    assert path.read_bytes() == before
    monkeypatch.undo()
    log.add(rows(2, [3.0]))
    log.write()
    assert [line["loss"] for line in read_lines(path)] == [1.0, 2.0, 3.0]


def test_a_file_that_is_gone_is_not_made_again(path: Path) -> None:
    log = MetricsLog(path, 100)
    path.unlink()
    log.add(rows(0, [1.0]))
    with pytest.raises(FileNotFoundError):
        log.write()
    assert not path.exists()


def test_what_waits_for_a_dead_disk_is_bounded(path: Path) -> None:
    log = MetricsLog(path, 10**9)
    for i in range(3000):
        log.add(rows(1000 * i, np.ones(1000)))
    assert log._held <= 4 * 2**20


@pytest.mark.parametrize("steps", [50, 3_000])
def test_a_log_made_of_curves_gives_the_same_curves(steps: int, path: Path) -> None:
    rng = np.random.default_rng(3)
    history = History(2, capacity=64)
    for first in range(0, steps, 10):
        history.add_eval(first, 1.0 / (first + 1), first / steps)
        history.add(rows(first, rng.lognormal(size=10)))
    path.write_bytes(metrics_log.lines(history, steps))
    again = History(2, capacity=64)
    fill(again, path, steps)
    one, other = history.series(), again.series()
    np.testing.assert_array_equal(one.train.x, other.train.x)
    for side in ("low", "mean", "high"):
        np.testing.assert_allclose(getattr(one.train, side), getattr(other.train, side), rtol=1e-6)
        np.testing.assert_allclose(getattr(one.grad_norm[1], side), getattr(other.grad_norm[1], side), rtol=1e-6)
    np.testing.assert_allclose(one.val.mean, other.val.mean, rtol=1e-6)
    half = metrics_log.lines(history, steps // 2)
    assert max(json.loads(line)["step"] for line in half.splitlines()) == steps // 2
    history.forget_after(steps // 2)
    assert metrics_log.lines(history, steps // 2) == half
