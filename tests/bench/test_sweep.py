"""What a sweep's efficiency is."""

from __future__ import annotations

import pytest

from tuilab.bench.sweep import efficiency


def test_efficiency_is_the_runs_own_time_over_all_that_the_cores_had() -> None:
    found = efficiency([{"wall_s": "1.5"}, {"wall_s": "2.5"}, {"wall_s": "2.0"}], cores=2, wall_s=4.0)
    assert (found.runs, found.run_s, found.waste_s) == (3, 2.0, 1.0)
    assert found.share == pytest.approx(0.75)
