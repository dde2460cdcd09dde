"""Pictures of the screen with lanes, and of the list of moments."""

from __future__ import annotations

import pytest

from tests.tui.lane_frames import with_lanes
from tests.tui.test_pictures import Pictured, Snap, settled


@pytest.mark.parametrize(("size", "theme", "lanes", "active"), [
    ((80, 24), "tuilab-dark", 4, 2), ((140, 40), "tuilab-dark", 4, 1), ((200, 60), "tuilab-dark", 2, 1),
    ((140, 40), "tuilab-light", 3, 0),
], ids=lambda v: f"{v[0]}x{v[1]}" if isinstance(v, tuple) else str(v))  # fmt: skip
def test_lanes(size: tuple[int, int], theme: str, lanes: int, active: int, snap_compare: Snap) -> None:
    assert snap_compare(Pictured(with_lanes(lanes, active), theme), terminal_size=size, run_before=settled())


def test_lanes_without_colour(snap_compare: Snap, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(Pictured(with_lanes(3, 1)), terminal_size=(80, 24), run_before=settled())


@pytest.mark.parametrize("size", [(80, 24), (140, 40)], ids=lambda s: f"{s[0]}x{s[1]}")
def test_the_moments(size: tuple[int, int], snap_compare: Snap) -> None:
    assert snap_compare(Pictured(with_lanes(2, 0)), terminal_size=size, run_before=settled("comma"))
