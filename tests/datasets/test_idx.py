"""The IDX reader: every type and shape comes back, and no file that is not exactly right does."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tests.datasets.idx_files import CODES, idx_bytes
from tuilab.datasets import DataError
from tuilab.datasets.idx import read_idx

once = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80)


def save(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "some.idx"
    path.write_bytes(content)
    return path


@once
@given(data=st.data(), packed=st.booleans())
def test_arrays_come_back_bit_for_bit(tmp_path: Path, data: st.DataObject, packed: bool) -> None:
    kind = data.draw(st.sampled_from(sorted(CODES)))
    array = data.draw(arrays(kind, array_shapes(min_dims=1, max_dims=4, max_side=5)))
    raw = idx_bytes(array)
    back = read_idx(save(tmp_path, gzip.compress(raw) if packed else raw))
    assert back.dtype == array.dtype and back.shape == array.shape and back.tobytes() == array.tobytes()


@once
@given(data=st.data(), packed=st.booleans())
def test_a_cut_or_lengthened_file_is_refused(tmp_path: Path, data: st.DataObject, packed: bool) -> None:
    raw = idx_bytes(np.arange(24, dtype=np.int32).reshape(2, 3, 4))
    content = gzip.compress(raw) if packed else raw
    cut = data.draw(st.integers(0, len(content) - 1))
    for wrong in (content[:cut], gzip.compress(raw + b"\0") if packed else raw + b"\0"):
        with pytest.raises(DataError) as caught:
            read_idx(save(tmp_path, wrong))
        assert "\n" not in str(caught.value) and "some.idx" in str(caught.value)


@once
@given(
    content=st.binary(max_size=64), start=st.sampled_from([b"", b"\0\0\x08\x01", b"\0\0\x0e\x03", b"\x1f\x8b\x08\0"])
)
def test_any_bytes_are_an_array_or_one_line(tmp_path: Path, content: bytes, start: bytes) -> None:
    try:
        array = read_idx(save(tmp_path, start + content))
    except DataError as error:
        assert "\n" not in str(error)
    else:
        assert idx_bytes(array) == start + content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "begins with nothing"),
        (b"\0\0\x07\x01" + bytes(8), "begins with 00 00 07 01"),
        (b"\0\0\x08\x00", "1 to 8 dimensions"),
        (b"\0\0\x08\x02\0\0\0\1", "ends within its header"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "announces 79,228,162,458,924,105,385,300,197,375 bytes"),
        (b"\0\0\x08\x03" + bytes(4) + b"\xff" * 8, "announces 18,446,744,065,119,617,025 bytes"),
        (b"\0\0\x08\x01\x7f\xff\xff\xff" + bytes(9), "found 9 bytes of elements, expected 2,147,483,647"),
    ],
)
def test_the_line_says_what_is_wrong(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_idx(save(tmp_path, content))


def announcing(elements: int, there: int = 0) -> bytes:
    """A gzipped file whose header announces so many bytes; its size does not depend on what they are."""
    return gzip.compress(b"\0\0\x08\x01" + elements.to_bytes(4, "big") + bytes(there), compresslevel=0)


@pytest.mark.parametrize("there", [0, 2**20])
def test_a_packed_file_unpacks_to_64_mib_or_a_hundred_times_its_size(tmp_path: Path, there: int) -> None:
    packed = len(announcing(0, there))
    most = 100 * packed if there else 2**26
    with pytest.raises(DataError, match=f"found {there:,} bytes of elements, expected {most:,} "):
        read_idx(save(tmp_path, announcing(most, there)))
    with pytest.raises(DataError, match=f"unpacks to {most + 1:,} bytes, allowed up to {most:,} from {packed:,}"):
        read_idx(save(tmp_path, announcing(most + 1, there)))


def test_a_folder_and_a_missing_file_are_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match="expected an IDX file"):
            read_idx(path)
