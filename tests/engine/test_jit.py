"""The engine starts without SciPy, leaves numba able to use it, and compiles no more than is called."""

import importlib
import math
import pkgutil
import subprocess
import sys

import numba
import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import engine
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


def test_every_compiled_function_of_the_engine_has_a_name_of_its_own() -> None:
    """The linker takes functions of one name for each other where one comes from the cache, see `engine.jit.named`."""
    owners: dict[tuple[str, str], Dispatcher] = {}
    for info in pkgutil.walk_packages(engine.__path__, "engine."):
        if not info.name.startswith("engine.cuda"):
            for value in vars(importlib.import_module(info.name)).values():
                if isinstance(value, Dispatcher):
                    function = value.py_func
                    assert owners.setdefault((function.__module__, function.__qualname__), value) is value
                    assert "<locals>" not in function.__qualname__
    assert len(owners) > 100


LINKED = """
import itertools, sys
import numba, numpy as np
from numba.core.bytecode import FunctionIdentity
from engine import Architecture, Recipe, Trainer
from engine.cpu import matmul
from engine.cpu.blas import find_blas

trainer = Trainer(Architecture((40, 40, 3)), Recipe(), np.eye(40, dtype=np.float32), np.arange(40) % 3)
trainer.advance(1)  # compiled code from the cache, as a rule

def made():
    def product(a, w, z, rows, fan_in, fan_out, blas):
        matmul.forward_product(blas, a, fan_in, w, z, rows, fan_in, fan_out, fan_out)
    return numba.njit(product)

rng = np.random.default_rng(0)
FunctionIdentity._unique_ids = itertools.count(int(sys.argv[1]))
product = made()
for rows, n, m in ((1, 8, 8), (6, 16, 16), (30, 784, 100)):
    a, w = rng.random((rows, n), np.float32), rng.random((n, m), np.float32)
    z = np.zeros((rows, m), np.float32)
    product(a.ctypes.data, w.ctypes.data, z.ctypes.data, rows, n, m, find_blas().address)
    np.testing.assert_allclose(z, a @ w, rtol=1e-4)
"""


@pytest.mark.parametrize("number", [1, 8, 10, 16, 40, 70])
def test_code_of_the_cache_and_code_compiled_now_are_not_mixed_up(number: int) -> None:
    """From whatever number on the functions of this process are counted."""
    done = subprocess.run([sys.executable, "-c", LINKED, str(number)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
