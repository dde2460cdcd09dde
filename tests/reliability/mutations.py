"""What is fed to the readers: good files, and what becomes of them under a seeded pair of clumsy, then malicious hands.

Everything drawn depends on the generator that is passed in. A folder's file may also be a link: content that begins
with LINK stands for a symbolic link to what follows.
"""

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import re
import struct
import zipfile
from collections.abc import Callable
from functools import cache

import numpy as np

LINK = b"\0link "
OUTSIDE = ("../outside", "../../outside", "/etc/passwd", "/etc", "../outside.toml", "..", ".", "/dev/zero", "~/.ssh/id")
NUMBERS = (
    "0", "-1", "1", "2", "1e6", "1e308", "1e999", "-1e999", "nan", "inf", "-inf", "NaN", "Infinity", "4294967295",
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "1000000000000000", "9" * 400, "9" * 5000,
    "1_000", "0x7fffffff", "-0.0", "5e-324", "null", "true", "[]", "{}", '""', "[[[[]]]]",
)  # fmt: skip
WORDS = (
    *OUTSIDE, "", "a\\u0000b", "\u202e", "é" * 40, "x" * 9000, "__import__('os').system('true')", "%s%n", "sgd",
    "digits", "\x1b[2J", "'; DROP", "${HOME}", "$(true)", "../" * 60 + "etc/passwd", "\ud7ff", "auto", "steps", "none",
)  # fmt: skip
JOINTS = (
    b"\0",
    b"\n",
    b"\r",
    b"\r\n",
    b",",
    b'"',
    b"'",
    b"[",
    b"]",
    b"{",
    b"=",
    b"[[",
    b"#",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
)
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?(?:e-?\d+)?")
_STRING = re.compile(rb'"[^"\n]*"')
_LARGE = 2**20  # bytes of an input that is repeated, at most


class Evil:
    """What runs if anybody unpickles it."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        import os

        return os.system, ("true",)


def mutated(rng: random.Random, data: bytes) -> bytes:
    """`data` after one to six changes of bytes, tokens or lines."""
    for _ in range(rng.choice((1, 1, 2, 3, 6))):
        data = rng.choice(_HANDS)(rng, data)
    return data[: 2 * _LARGE]


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randint(0, len(data))]


def _flip(rng: random.Random, data: bytes) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


def _joint(rng: random.Random, data: bytes) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(JOINTS) + data[at + rng.choice((0, 1)) :]


def _whole(rng: random.Random, data: bytes) -> bytes:
    """A binary number where one may lie: sizes, offsets, lengths."""
    value = rng.choice((0, 1, 2**7, 2**8 - 1, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63, 2**64 - 1))
    kind = rng.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
    put = struct.pack(kind, value % 2 ** (8 * struct.calcsize(kind)))
    at = rng.randint(0, min(len(data), rng.choice((16, 10**9))))
    return data[:at] + put + data[at + len(put) :]


def _piece(rng: random.Random, data: bytes) -> bytes:
    """A piece taken out, said twice, or said very often."""
    start = rng.randint(0, len(data))
    piece = data[start : start + rng.choice((1, 4, 30, 400))]
    times = rng.choice((0, 2, 2, 50, 5000))
    return data[:start] + (piece * times)[:_LARGE] + data[start + len(piece) :]


def _token(rng: random.Random, data: bytes) -> bytes:
    """A number or a string exchanged for another."""
    pattern, words = rng.choice(((_NUMBER, NUMBERS), (_STRING, WORDS), (_STRING, NUMBERS)))
    found = list(pattern.finditer(data))
    if not found:
        return data
    token, word = rng.choice(found), rng.choice(words).encode()
    new = b'"' + word + b'"' if words is WORDS else word
    return data[: token.start()] + new + data[token.end() :]


def _lines(rng: random.Random, data: bytes) -> bytes:
    """Lines in another order, one of them twice, or one that is very long or deep."""
    lines = data.split(b"\n")
    at = rng.randrange(len(lines))
    odd = rng.choice((b"a" * 200_000, b"[" * 3000, b"," * 100_000, b"a." * 3000 + b"b = 1", b'{"a":' * 3000, lines[at]))
    return b"\n".join([*lines[:at], odd, *lines[at + rng.choice((0, 1)) :]])


def _encoding(rng: random.Random, data: bytes) -> bytes:
    return data.decode("latin-1").encode(rng.choice(("utf-16", "utf-32", "utf-7", "utf-8-sig")))


_HANDS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _cut, _flip, _flip, _joint, _joint, _whole, _piece, _token, _token, _token, _lines, _encoding,
)  # fmt: skip


# ---- files made wrong from the beginning


@cache
def _zeros(start: bytes) -> bytes:
    """`start` and half a gigabyte of zeros, gzipped into half a megabyte."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as file:
        file.write(start)
        for _ in range(32):
            file.write(bytes(2**24))
    return out.getvalue()


def idx(rng: random.Random, dimensions: int) -> bytes:
    """A small IDX file with, more often than not, sizes that are none; now and then a bomb."""
    sizes = [rng.choice((0, 1, 2, 3, 4, 28, 2**16, 2**31, 2**32 - 1)) for _ in range(dimensions)]
    kind = rng.choice((0x08, 0x08, 0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F))
    head = bytes([0, 0, kind, rng.choice((dimensions, dimensions, 0, 8, 255))])
    body = struct.pack(f">{dimensions}I", *sizes) + bytes(rng.randrange(256) for _ in range(rng.randrange(80)))
    if rng.random() < 0.02:
        return _zeros(b"\0\0\x08\x01" + struct.pack(">I", 2**29))
    return gzip.compress(head + body, mtime=0) if rng.random() < 0.4 else head + body


def npz(rng: random.Random) -> bytes:
    """An archive of one to four members with odd names, headers, pickles and packings."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in rng.sample(
            ("x.npy", "y.npy", "x_train.npy", "y_train.npy", "../outside.npy", "/tmp/x.npy", "x"), 4
        ):
            # The date is fixed: the same draws are the same bytes.
            archive.writestr(zipfile.ZipInfo(name), _member(rng), compress_type=rng.choice((0, 8, 8, 12, 14)))
    return out.getvalue()


def _member(rng: random.Random) -> bytes:
    kind = rng.random()
    if kind < 0.3:
        out = io.BytesIO()
        np.save(out, np.arange(12.0).reshape(4, 3) if rng.random() < 0.5 else np.arange(4) % 2)
        return mutated(rng, out.getvalue()) if kind < 0.15 else out.getvalue()
    if kind < 0.4:
        return pickle.dumps(Evil())
    if kind < 0.401:
        return _header("|u1", "(67108864, 2)") + bytes(2**27)
    descr = rng.choice(
        ("<f4", "<f8", "|O", "|u1", "<i8", ">i2", "<U9", "|V0", "<U0", "|S0", "<c16", "<M8[s]", "f,f", "?")
    )
    shape = rng.choice(
        ("()", "(4,)", "(4, 3)", "(4, 0)", "(0, 3)", "(-1, 3)", "(1073741824, 8)", "(2147483648,)", "(10**9, 9)",
         "(1, " * 500, "(True, 2)", "(4.0, 3)", "(9223372036854775807, 9)", "(4, 3L)",
         "__import__('os').system('true')")
    )  # fmt: skip
    body = pickle.dumps([Evil()] * 4) if descr == "|O" else bytes(rng.choice((0, 12, 48, 96, 4096)))
    return _header(descr, shape, rng) + body


def _header(descr: str, shape: str, rng: random.Random | None = None) -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    version = rng.choice((b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\4\0")) if rng else b"\1\0"
    if rng and rng.random() < 0.2:
        text = mutated(rng, text)[:60_000]
    size = struct.pack("<H" if version == b"\1\0" else "<I", len(text) + 1)
    return b"\x93NUMPY" + version + size + text + b"\n"


def safetensors(rng: random.Random) -> bytes:
    """A header of one's own over some bytes: sizes, offsets and types that do not fit each other."""
    body = bytes(rng.choice((0, 4, 16, 64)))
    tensors: dict[str, object] = {
        "__metadata__": rng.choice(({}, {"tuilab": rng.choice(NUMBERS)}, {"tuilab": 3}, None, 7))
    }
    for name in rng.sample(("params", "slot1", "slot2", "../outside", "", "a\0b", "mean"), rng.randint(1, 4)):
        start, end = sorted(rng.choice((0, 1, 4, 8, 16, 64, 2**40, 2**63)) for _ in range(2))
        tensors[name] = {
            "dtype": rng.choice(("F32", "F32", "F64", "BF16", "F8_E4M3", "I64", "BOOL", "F4", "C64", "O", 3)),
            "shape": rng.choice(([], [1], [4], [2, 2], [2**40], [2**32, 2**32], [2**60, 0], [-1], ["a"], [0])),
            "data_offsets": rng.choice(([start, end], [0, 4], [0, len(body)], [end, start], [0], "ab")),
        }
    head = json.dumps(tensors).encode()
    size = rng.choice((len(head), len(head), len(head), 0, 2**27, 2**63, len(head) + 1))
    return struct.pack("<Q", size) + head + body


def link(rng: random.Random) -> bytes:
    """A link out of the folder, to itself, or to nothing."""
    return LINK + rng.choice(("../outside.toml", "../outside.csv", "/dev/zero", "/etc/passwd", "..", "none")).encode()
