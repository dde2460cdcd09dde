"""TOML in and out: a table or one line; what is written is read back."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuilab.lab.errors import MAX_LINE, PresetError, one_line
from tuilab.lab.toml_text import MAX_BYTES, decode, dump_table, dump_value, parse, parse_value, read_text

texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.one_of(
    texts, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,12}", fullmatch=True), scalars | st.lists(scalars, max_size=4)))
def test_what_is_written_is_read_back(table: dict[str, object]) -> None:
    assert tomllib.loads(dump_table(table)) == {k: v for k, v in table.items()}


def test_a_text_of_several_lines_stays_readable() -> None:
    assert dump_value('one "two"\nthree\\') == '"""\none \\"two\\"\nthree\\\\"""'


def test_what_toml_has_no_word_for_is_refused() -> None:
    with pytest.raises(TypeError):
        dump_value(None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.5", 0.5), ("7", 7), ("1e-3", 1e-3), ("true", True), ("False", False), ("none", None), ("sgd", "sgd"),
        ('"sgd"', "sgd"), ("[32, 32]", [32, 32]), ("32,32", [32, 32]), ("relu,tanh", ["relu", "tanh"]), ("", ""),
        ("[", "["), ("1\nb = 2", "1\nb = 2"), ("a.b = 1", "a.b = 1"),
    ],
)  # fmt: skip
def test_a_value_typed_on_the_command_line(text: str, value: object) -> None:
    found = parse_value(text)
    assert (found, type(found)) == (value, type(value))


@given(texts)
def test_any_word_on_the_command_line_is_some_value(text: str) -> None:
    parse_value(text)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"a = 1\0", "binary"),
        (b"a = '\xff'", "0xff"),
        ("lr = 1".encode("utf-16"), "expected"),
        (b"x" * (MAX_BYTES + 1), "8 MiB"),
    ],
)
def test_bytes_that_are_no_text(data: bytes, words: str) -> None:
    with pytest.raises(PresetError, match=words) as caught:
        decode(data, "some.toml")
    assert str(caught.value).startswith("some.toml: ")


def test_a_byte_order_mark_and_windows_lines_are_no_mistake() -> None:
    assert decode(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n", "x") == "a = 1\nb = 2\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a = 1\na = 2", "not TOML"),
        ("a = 1\nb =", "line 2"),
        ("a = " + "[\n" * 50_000, "nested too deep"),
        ("a" + ".a" * 2000 + " = 1", "2000 dots"),
        ("a = 1" + "0" * 5000, "not TOML"),
        ("a = '" + "x" * 10_000 + "'", "characters"),
    ],
)
def test_text_that_is_no_toml(text: str, words: str) -> None:
    with pytest.raises(PresetError, match=words) as caught:
        parse(text, "some.toml")
    assert "\n" not in str(caught.value)


def test_a_folder_a_pipe_and_a_missing_file_are_told_apart(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, words in ((tmp_path, "directory"), (tmp_path / "pipe", "pipe"), (tmp_path / "none", "No such file")):
        with pytest.raises(PresetError, match=words):
            read_text(path)


def test_an_error_is_one_printable_line() -> None:
    line = one_line("found \x1b[31mred\nand more" + "x" * 10_000 + " the end")
    assert len(line) <= MAX_LINE and line.isprintable() and line.endswith("the end")
