"""The curves of a run as a TensorBoard event file, written without TensorFlow, TensorBoard or protobuf.

The format is small: records (length, checksum of the length, payload, checksum of the payload) that hold `Event`
messages. The packages that write it bring from 10 to 500 MB for these hundred lines.
Sources: tensorflow/core/lib/io/record_writer.h, core/util/event.proto, core/framework/summary.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tuilab.lab import metrics_log
from tuilab.lab.errors import RunError
from tuilab.lab.preset import dumps
from tuilab.lab.run_folder import METRICS, RunRecord

_VARINT, _DOUBLE, _BYTES, _FLOAT = 0, 1, 2, 5  # protobuf's wire types
_STRING = 7  # TensorFlow's DT_STRING
_SCALARS = {
    "loss": "loss/train", "accuracy": "accuracy/train", "lr": "lr",
    "val_loss": "loss/validation", "val_accuracy": "accuracy/validation",
}  # fmt: skip


def as_tfevents(run: RunRecord) -> bytes:
    """Every row of the log as an event at its step, and the preset as a text.

    The log keeps no times: all events carry the one at which it was written last, so steps are the axis to look at.
    Raises RunError if there are none.
    """
    path = run.path / METRICS
    lines = list(metrics_log.read_lines(path))
    if not lines:
        raise RunError(f"{path}: found no rows, expected those of a run that has begun")
    when = path.stat().st_mtime
    first = _double(1, when) + _bytes(3, b"brain.Event:2")
    text = _event(when, 0, _text("preset", f"```\n{dumps(run.preset)}```"))
    rows = (_event(when, line["step"], b"".join(_scalar(tag, value) for tag, value in _values(line))) for line in lines)
    return b"".join(map(_record, (first, text, *rows)))


def _values(line: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """The tags and numbers of a row of the log."""
    for key, tag in _SCALARS.items():
        if _is_number(line.get(key)):
            yield tag, line[key]
    norms = line.get("grad_norm")
    for layer, value in enumerate(norms if isinstance(norms, list) else [], 1):
        if _is_number(value):
            yield f"grad_norm/layer_{layer:02}", value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 3e38


# ---- messages


def _event(when: float, step: int, values: bytes) -> bytes:
    return _double(1, when) + _key(2, _VARINT) + _varint(step) + _bytes(5, values)


def _scalar(tag: str, value: float) -> bytes:
    return _bytes(1, _bytes(1, tag.encode()) + _key(2, _FLOAT) + struct.pack("<f", value))


def _text(tag: str, text: str) -> bytes:
    """A string tensor that TensorBoard's text plugin shows."""
    shape = _bytes(2, _bytes(2, _key(1, _VARINT) + _varint(1)))
    tensor = _key(1, _VARINT) + _varint(_STRING) + shape + _bytes(8, text.encode())
    plugin = _bytes(1, _bytes(1, b"text"))
    return _bytes(1, _bytes(1, tag.encode()) + _bytes(8, tensor) + _bytes(9, plugin))


def _key(number: int, kind: int) -> bytes:
    return _varint(number << 3 | kind)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _double(number: int, value: float) -> bytes:
    return _key(number, _DOUBLE) + struct.pack("<d", value)


def _bytes(number: int, data: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(data)) + data


# ---- records


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def masked(data: bytes) -> int:
    """CRC-32C of `data`, masked as in record files: a checksum of data that hold checksums would be weak."""
    crc = 0xFFFFFFFF
    table = _crc_table()
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _crc_table() -> tuple[int, ...]:
    """CRC-32C of each byte: the Castagnoli polynomial, lowest bit first."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return tuple(table)
