"""The engine starts without SciPy, leaves numba able to use it, and compiles no more than is called."""

import math
import subprocess
import sys

import numba
import numpy as np
import pytest

from engine.jit import inner, inner_sum

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


@pytest.mark.parametrize("kind", [inner, inner_sum])
def test_what_only_compiled_code_calls_has_no_machine_code_of_its_own(kind: object) -> None:
    @kind  # type: ignore[operator,misc,untyped-decorator]
    def root(x):  # type: ignore[no-untyped-def]
        return math.sqrt(x)

    @kind  # type: ignore[operator,misc,untyped-decorator]
    def total(values):  # type: ignore[no-untyped-def]
        found = 0.0
        for v in values:
            found += root(v)
        return found

    @numba.njit(error_model="numpy")
    def outer(values):  # type: ignore[no-untyped-def]
        return total(values) + root(4.0)

    assert outer(np.array([1.0, 9.0])) == 6.0
    for dispatcher in (root, total):
        (compiled,) = dispatcher.overloads.values()
        assert compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name) == 0
    (compiled,) = outer.overloads.values()
    assert compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name) != 0


OTHER = """
import numba.core.codegen
del numba.core.codegen.JITCodeLibrary
from engine.jit import inner
import numba
root = inner(lambda x: x ** 0.5)
print(numba.njit(lambda x: root(x))(9.0))
"""


def test_with_another_numba_functions_are_compiled_as_it_does() -> None:
    done = subprocess.run([sys.executable, "-c", OTHER], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["3.0"], done.stderr[-500:]
