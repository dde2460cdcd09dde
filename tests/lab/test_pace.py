"""Chunks settle at their time whatever a step costs, and recover from a slow one."""

from __future__ import annotations

import pytest

from tuilab.lab.pace import CHUNK_S, Pace


@pytest.mark.parametrize("step_s", [1e-6, 5e-6, 1e-3, 0.1])
def test_chunks_settle_at_their_time(step_s: float) -> None:
    pace = Pace()
    longest = 0.0
    for _ in range(60):
        seconds = pace.chunk * step_s
        longest = max(longest, seconds)
        pace.took(pace.chunk, seconds)
    assert longest <= max(CHUNK_S * 1.01, step_s)
    assert pace.chunk == 1 or pace.chunk * step_s >= 0.5 * CHUNK_S
    assert pace.rate == pytest.approx(1 / step_s, rel=0.01)


def test_a_slow_moment_is_forgotten() -> None:
    pace = Pace()
    for _ in range(30):
        pace.took(pace.chunk, pace.chunk * 1e-5)
    usual = pace.chunk
    pace.took(pace.chunk, 1.0)
    assert pace.chunk < usual / 10
    for _ in range(200):
        pace.took(pace.chunk, pace.chunk * 1e-5)
    assert pace.chunk > usual / 2
