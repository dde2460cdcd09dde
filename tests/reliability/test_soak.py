"""A soak of some seconds: the long one is `python -m tests.reliability.soak --minutes 60`."""

from __future__ import annotations

import random
from pathlib import Path

from tests.reliability import moves
from tests.reliability.soak import Soak, soak


def test_random_keys_for_some_seconds_leave_a_lab_that_answers_and_a_run_that_comes_again(tmp_path: Path) -> None:
    out = soak(tmp_path, 10.0, seed=3, replays=0.0, tour=False)
    assert out.moves > 20 and out.runs >= 1 and out.steps > 0
    assert out.replays == {"last.toml": True} and out.holds


def test_a_seed_makes_the_same_moves_and_none_that_ends_the_lab() -> None:
    def drawn() -> list[tuple[str, moves.Move]]:
        rng = random.Random(7)
        return [moves.draw(rng) for _ in range(5000)]

    assert drawn() == drawn()
    assert {name for name, _ in drawn()} == {kind.name for kind in moves.KINDS}
    assert not any("q" in keys or "\x03" in keys for _, keys in drawn())


def test_growth_counts_from_the_first_rest_and_fails_the_soak() -> None:
    out = Soak(1, replays={"last.toml": True})
    assert out.growth is None and out.holds
    out.rests = [100_000, 103_000, 104_000]
    assert out.growth is not None and abs(out.growth - 0.04) < 1e-9 and out.holds
    out.rests.append(106_000)
    assert not out.holds
