"""However threads are started, and however many there are: a run has the bits of the number of its parts."""

import os
import subprocess
import sys

import pytest

from engine.openmp import openmp

RUN = """
import sys
{before}
import numpy as np
from engine import Architecture, Recipe, Trainer

rng = np.random.default_rng(0)
x, y = rng.normal(size=(60, 400)).astype(np.float32), rng.integers(0, 3, 60)

def made():
    return Trainer(Architecture((400, 100, 20, 3)), Recipe(batch_norm=True), x, y, batch_size=32, threads=5)

trainer = made()
trainer.advance(4)
{after}
print(trainer.params_sha256())
"""

#: The child goes on in a copy of the process, in which the threads of its parent are not.
FORK = """
import os
sys.stdout.flush()
child = os.fork()
trainer.change(batch_norm=False)
trainer.change(batch_norm=True)
trainer.advance(3)
if child and os.waitpid(child, 0)[1]:
    sys.exit("the child failed")
"""


def bits(before: str = "", after: str = "", **environment: str) -> set[str]:
    """What a process, and those it forks, print about the parameters of one run."""
    code = RUN.format(before=before, after=after)
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-800:]
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def usual() -> set[str]:
    """The run as it is on this machine."""
    return bits()


@pytest.mark.parametrize("cores", ["1", "2", "7"])
def test_the_number_of_cores_changes_nothing(cores: str, usual: set[str]) -> None:
    assert bits(NUMBA_NUM_THREADS=cores) == usual


def test_without_libgomp_numba_starts_the_threads(usual: set[str]) -> None:
    assert bits("import engine.openmp; engine.openmp.openmp = lambda: (0, 0, 0, 0)") == usual


def test_openmp_limits_the_team(usual: set[str]) -> None:
    assert bits(OMP_THREAD_LIMIT="1") == usual
    assert bits(OMP_THREAD_LIMIT="3", NUMBA_NUM_THREADS="5") == usual


@pytest.mark.parametrize("before", ["", "import os; os.environ['NUMBA_NUM_THREADS'] = '2'"])
def test_a_forked_process_goes_on_alone(before: str) -> None:
    both = bits(before, FORK)
    assert len(both) == 1


def test_libgomp_is_found_whole_or_not_at_all() -> None:
    assert len({address != 0 for address in openmp()}) == 1
