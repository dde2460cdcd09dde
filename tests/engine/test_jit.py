"""The engine starts without SciPy, and leaves numba able to use it."""

import subprocess
import sys

CODE = """
import sys
import numpy as np
from engine import Architecture, Recipe, Trainer
trainer = Trainer(Architecture((2, 2)), Recipe(), np.zeros((4, 2)), np.zeros(4, int))
trainer.advance(1)
print("scipy.linalg" in sys.modules)
import numba
print(numba.njit(lambda a: np.dot(a, a))(np.eye(3)).trace())
"""


def test_no_scipy_at_the_start_and_numba_unharmed() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "3.0"], done.stderr[-500:]
