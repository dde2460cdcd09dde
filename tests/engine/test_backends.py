"""Which backend a wish leads to, and what a failing GPU is told as: one line, with what to do about it."""

from __future__ import annotations

import pytest

from engine import Architecture, Recipe, SpecError, Trainer
from engine import backends as b

SMALL, LARGE = Architecture((4, 8, 2)), Architecture((784, 2048, 2048, 10))
NONE = b.Gpu(False, "", "no CUDA driver: libcuda.so was not found")
REAL, SIMULATED = b.Gpu(True, "a GPU"), b.Gpu(True, "a simulator", simulated=True)


@pytest.mark.parametrize(
    ("wish", "net", "gpu", "chosen"),
    [
        ("cpu", LARGE, REAL, "cpu"), ("auto", SMALL, REAL, "cpu"), ("auto", LARGE, REAL, "cuda"),
        ("auto", LARGE, NONE, "cpu"), ("auto", LARGE, SIMULATED, "cpu"), ("cuda", SMALL, REAL, "cuda"),
        ("cuda", SMALL, SIMULATED, "cuda"),
    ],
)  # fmt: skip
def test_a_wish_leads_to_a_backend(
    wish: str, net: Architecture, gpu: b.Gpu, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(b, "find_gpu", lambda: gpu)
    assert b.choose(wish, net, 128) == chosen


def test_a_gpu_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(b, "find_gpu", lambda: NONE)
    with pytest.raises(SpecError) as caught:
        Trainer(Architecture((1, 2)), Recipe(), [[0.0]], [0], backend="cuda")
    assert str(caught.value) == f"backend: found 'cuda', but {NONE.why} (allowed here: auto, cpu)"


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(b, "find_spec", lambda name: None)
    assert "pip install 'tuilab[cuda13]'" in b.find_gpu.__wrapped__().why


def test_the_simulator_is_known_by_its_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(b, "find_spec", lambda name: object())
    monkeypatch.setenv("NUMBA_ENABLE_CUDASIM", "1")
    assert b.find_gpu.__wrapped__().simulated


def test_without_the_driver_s_library_numba_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    def asked() -> b.Gpu:
        raise AssertionError("asked numba")

    monkeypatch.setattr(b, "find_spec", lambda name: object())
    monkeypatch.setattr(b, "_first_device", asked)
    monkeypatch.delenv("NUMBA_ENABLE_CUDASIM", raising=False)
    monkeypatch.setattr(b.ctypes, "CDLL", missing)
    assert b.find_gpu.__wrapped__() == b.Gpu(False, "", "no CUDA driver: its library is not on this machine")
    monkeypatch.setattr(b.ctypes, "CDLL", lambda name: object())
    monkeypatch.setattr(b, "_first_device", lambda: REAL)
    assert b.find_gpu.__wrapped__() == REAL


def test_this_machine_has_a_gpu_or_a_reason() -> None:
    gpu = b.find_gpu()
    assert gpu.usable == (gpu.why == "") and "\n" not in gpu.why


def _driver_error(text: str) -> Exception:
    kind = type("CudaAPIError", (Exception,), {"__module__": "numba.cuda.cudadrv.driver"})
    return kind(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[2] Call to cuMemAlloc results in CUDA_ERROR_OUT_OF_MEMORY", "no memory left"),
        ("[719] Call to cuCtxSynchronize results in\nCUDA_ERROR_LAUNCH_FAILED", "does not answer any more"),
    ],
)
def test_what_a_driver_throws_is_one_line(text: str, told: str) -> None:
    def fail() -> None:
        raise _driver_error(text)

    with pytest.raises(b.DeviceError, match=told) as caught:
        b.guarded(fail)
    assert "\n" not in str(caught.value)


def test_other_errors_pass_unchanged() -> None:
    with pytest.raises(ZeroDivisionError):
        b.guarded(lambda: 1 // 0)
    assert b.guarded(lambda: 3) == 3


@pytest.mark.parametrize("wish", ["auto", "cpu"])
def test_a_small_net_does_not_look_for_a_gpu(wish: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def looked() -> b.Gpu:
        raise AssertionError("looked for a GPU")

    monkeypatch.setattr(b, "find_gpu", looked)
    assert b.choose(wish, SMALL, 32) == "cpu"
