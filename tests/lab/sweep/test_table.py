"""The table of a sweep holds whole rows, each run once, wherever the writing was cut off."""

from __future__ import annotations

import csv
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuilab.lab.errors import RunError
from tuilab.lab.sweep.parquet import write_parquet
from tuilab.lab.sweep.table import Table, decoded, encoded

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=3),
)  # fmt: skip
ROWS = st.lists(st.tuples(VALUES, st.text(max_size=8), VALUES), min_size=1, max_size=6)


def row(number: int, lr: Any = 0.1, dataset: str = "xor", loss: Any = 0.5) -> dict[str, Any]:
    return {"run_id": f"{number:016x}", "lr": lr, "seed": number, "dataset": dataset, "loss": loss}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@settings(max_examples=60)
@given(ROWS, st.data())
def test_a_table_cut_at_any_byte_has_its_first_rows_and_goes_on(rows: list[Any], data: st.DataObject) -> None:
    made = [row(number, *cells) for number, cells in enumerate(rows)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        with Table(path, ["lr"]) as table:
            for one in made:
                table.append(one)
            written = {**table.rows}
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        with Table(path, ["lr"]) as table:
            kept = list(table.rows)
            assert kept == list(written)[: max(0, whole[:cut].count(b"\n") - 1)]
            for one in made:
                table.append(one)
        assert path.read_bytes() == whole
        with Table(path, ["lr"]) as table:
            assert [(r["lr"], r["loss"]) for r in table.rows.values()] == [(r["lr"], r["loss"]) for r in made]


@given(VALUES)
def test_a_cell_is_read_back(value: Any) -> None:
    cell = encoded(value)
    assert "\n" not in cell and decoded("lr", cell) == value


@given(st.text())
def test_any_text_is_one_line(text: str) -> None:
    assert len(encoded(text).splitlines()) <= 1


def test_what_a_power_cut_leaves_at_the_end_is_cut_off_and_damage_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with Table(path, ["lr"]) as table:
        for number in range(3):
            table.append(row(number))
    good = path.read_bytes()
    path.write_bytes(good + b"\0" * 20 + b"\n" + b"\0\0")
    with Table(path, ["lr"]) as table:
        assert len(table.rows) == 3
    assert path.read_bytes() == good
    path.write_bytes(good.replace(b"xor,0.5\n", b"xor\n", 1))
    with pytest.raises(RunError, match=r"line 2: not a row of 5 cells"):
        Table(path, ["lr"])


def test_a_run_is_in_it_once(tmp_path: Path) -> None:
    with Table(tmp_path / "t.csv", ["lr"]) as table:
        table.append(row(1, loss=0.5))
        table.append(row(1, loss=0.7))
    assert [r["loss"] for r in rows_of(tmp_path / "t.csv")] == ["0.5"]


def test_only_one_process_may_have_it(tmp_path: Path) -> None:
    with Table(tmp_path / "t.csv", ["lr"]), pytest.raises(RunError, match="in use by another sweep"):
        Table(tmp_path / "t.csv", ["lr"])
    Table(tmp_path / "t.csv", ["lr"]).close()


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "run_id,dropout,seed,loss\n", "hello"])
def test_another_file_is_refused_and_left_as_it_is(content: str, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    with pytest.raises(RunError) as caught:
        Table(path, ["lr"])
    assert str(path) in str(caught.value) and path.read_text() == content


def test_a_row_that_the_disk_does_not_take_is_written_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    real = os.pwrite

    def full(handle: int, data: bytes, offset: int) -> int:
        if len(data) < 20:
            raise OSError(28, "No space left on device")
        return real(handle, data[:20], offset)

    with Table(path, ["lr"]) as table:
        table.append(row(0))
        before = path.read_bytes()
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(RunError, match="No space left"):
            table.append(row(1))
        assert path.read_bytes() == before and table.waiting
        monkeypatch.setattr(os, "pwrite", real)
        table.append(row(2))
        assert not table.waiting
    assert [r["seed"] for r in rows_of(path)] == ["0", "1", "2"]


def test_parquet_has_types(tmp_path: Path) -> None:
    from pyarrow.parquet import read_table

    rows = [
        {"run_id": "1", "lr": 1, "activation": "relu", "norms": [0.5, None], "events": [{"step": 3, "lr": 1}], "n": 1},
        {"run_id": "2", "lr": 0.5, "activation": ["relu", "tanh"], "norms": [1], "events": [], "n": None},
    ]
    write_parquet(tmp_path / "t.parquet", rows)
    found = read_table(tmp_path / "t.parquet")
    assert [str(kind) for kind in found.schema.types] == [
        "string", "double", "string", "list<element: double>", "string", "int64",
    ]  # fmt: skip
    assert found.column("lr").to_pylist() == [1.0, 0.5] and found.column("n").to_pylist() == [1, None]
    assert found.column("activation").to_pylist() == ["relu", '["relu", "tanh"]']
    assert found.column("norms").to_pylist() == [[0.5, None], [1.0]]
