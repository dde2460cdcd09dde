"""An event file read back by other code: its checksums and its messages by tensorboardX's protobuf classes."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tensorboardX.crc32c import crc32c
from tensorboardX.proto.event_pb2 import Event

from tuilab.lab.export import export
from tuilab.lab.preset import Preset, loads
from tuilab.lab.script import run
from tuilab.lab.tfevents import masked


def events(data: bytes) -> Iterator[Any]:
    """The messages of a record file, their checksums verified by other code."""
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        parts = data[at : at + 8], data[at + 12 : at + 12 + length]
        checks = struct.unpack_from("<I", data, at + 8) + struct.unpack_from("<I", data, at + 12 + length)
        for part, check in zip(parts, checks, strict=True):
            crc = crc32c(part)
            assert check == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
        yield Event.FromString(parts[1])
        at += 16 + length


def test_every_number_of_the_log_is_a_scalar_at_its_step(tiny: Preset, tmp_path: Path) -> None:
    run(tiny.with_(steps=120).at(60, dropout=0.5), out=tmp_path / "R")
    path = export(tmp_path / "R", "tensorboard", tmp_path)
    (file,) = path.iterdir()
    assert path == tmp_path / "R.tensorboard" and "tfevents" in file.name
    first, text, *rest = events(file.read_bytes())
    assert first.file_version == "brain.Event:2"
    (value,) = text.summary.value
    assert value.tag == "preset" and value.metadata.plugin_data.plugin_name == "text"
    shown = value.tensor.string_val[0].decode()
    assert loads(shown.removeprefix("```\n").removesuffix("```")).timeline[0].step == 60
    lines = [json.loads(line) for line in (tmp_path / "R" / "metrics.jsonl").read_text().splitlines()]
    assert len(rest) == len(lines)
    for event, line in zip(rest, lines, strict=True):
        found = {v.tag: v.simple_value for v in event.summary.value}
        assert event.step == line["step"] and event.wall_time == first.wall_time > 1e9
        if "loss" in line:
            assert {*found} == {"loss/train", "accuracy/train", "lr", *(f"grad_norm/layer_0{k}" for k in (1, 2, 3))}
            assert found["loss/train"] == pytest.approx(line["loss"], rel=1e-6)
            assert found["grad_norm/layer_03"] == pytest.approx(line["grad_norm"][2], rel=1e-6)
        else:
            assert found["loss/validation"] == pytest.approx(line["val_loss"], rel=1e-6)
            assert found["accuracy/validation"] == pytest.approx(line["val_accuracy"], rel=1e-6)


def test_what_is_not_finite_is_left_out_and_large_steps_are_whole(tiny: Preset, tmp_path: Path) -> None:
    run(tiny.with_(steps=5), out=tmp_path / "R")
    row = {"step": 10**12, "loss": None, "accuracy": True, "lr": 1e300, "grad_norm": [None, 2, "x"]}
    (tmp_path / "R" / "metrics.jsonl").write_text(json.dumps(row) + "\n")
    path = export(tmp_path / "R", "tensorboard", tmp_path / "other")
    *_, event = events((path / "R.tfevents").read_bytes())
    assert event.step == 10**12 and [v.tag for v in event.summary.value] == ["grad_norm/layer_02"]


def test_the_checksum_is_castagnoli() -> None:
    """The check value of CRC-32C, for "123456789", is 0xE3069283."""
    crc = 0xE3069283
    assert masked(b"123456789") == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
