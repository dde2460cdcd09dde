"""Checks of the GPU's backend in numba's CUDA simulator: `python -m tests.engine.cuda.simulated [NAME…]`.

The simulator has to be chosen before numba is imported, hence a program of its own. It runs each check on both
backends and prints one JSON object a line: the check's name, how far apart they are, or what went wrong.
"""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import Any

if __name__ == "__main__":
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    sys.setswitchinterval(1e-5)  # the simulator's threads wait for each other all the time
    warnings.simplefilter("ignore")  # float32 overflows are told by NumPy there, not on a device

import numpy as np

from engine.spec import ACTIVATIONS, OPTIMIZERS, SCHEDULES

METRICS = ("loss", "accuracy", "lr", "grad_norm", "update_norm", "weight_norm")


@dataclass(frozen=True, slots=True)
class Case:
    """One combination for both backends."""

    dials: dict[str, Any]
    widths: tuple[int, ...] = (3, 4, 2, 3, 3)
    task: str = "classification"
    batch_size: int = 4
    steps: int = 2


def pairs() -> list[Case]:
    """27 combinations in which every two of activation, optimizer, batch norm and dropout occur with each other.

    Three hidden layers have three activations; the other dials are spread over the cases.
    """
    drops: tuple[dict[str, Any], ...] = (
        {}, {"dropout": 0.4, "input_dropout": 0.25}, {"dropout": 0.3, "alpha_dropout": True},
    )  # fmt: skip
    rest: tuple[dict[str, Any], ...] = (
        {"weight_decay": 0.02, "schedule": "cosine", "decay_steps": 5},
        {"l1": 1e-3, "clip_norm": 0.3, "warmup_steps": 4},
        {"max_norm": 0.7, "label_smoothing": 0.1, "schedule": "exponential"},
        {"elu_alpha": 1.7, "negative_slope": 0.2, "schedule": "step", "decay_steps": 1},
    )
    found = []
    for number, (optimizer, group) in enumerate(product(OPTIMIZERS, range(3))):
        place = OPTIMIZERS.index(optimizer)
        dials = {
            "optimizer": optimizer, "activation": ACTIVATIONS[3 * group : 3 * group + 3],
            "batch_norm": bool((place + group) % 2), **drops[(place + place // 3 + group) % 3], **rest[number % 4],
        }  # fmt: skip
        found.append(Case(dials, task="regression" if number % 5 == 4 else "classification"))
    return found


def problem(case: Case, rows: int = 10) -> tuple[Any, Any]:
    """Rows that are no multiple of the batch size, so that the last batch of an epoch is smaller."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(rows, case.widths[0])).astype(np.float32)
    if case.task == "regression":
        return x, rng.normal(size=(rows, case.widths[-1])).astype(np.float32)
    return x, rng.integers(0, case.widths[-1], rows)


def both(case: Case, rows: int = 10) -> tuple[Any, Any, Any, Any]:
    """The same network on the CPU and on the device, no tensor at a trivial value, with its data."""
    from engine import Architecture, Recipe, Trainer

    x, y = problem(case, rows)
    pair = [
        Trainer(Architecture(case.widths, case.task), Recipe(**case.dials), x, y, case.batch_size, 3, backend, 1)
        for backend in ("cpu", "cuda")
    ]
    noise = np.random.default_rng(5).normal(size=pair[0].parameters).astype(np.float32)
    for trainer in pair:
        trainer.params[:] += 0.1 * noise
        trainer.probe_every = 2
    return pair[0], pair[1], x, y


def apart(here: Any, there: Any) -> float:
    """Largest difference, relative to the largest number where that is above 1."""
    a, b = np.asarray(here, np.float64), np.asarray(there, np.float64)
    if a.shape != b.shape or not np.array_equal(np.isnan(a), np.isnan(b)):
        return float("inf")
    a, b = np.nan_to_num(a), np.nan_to_num(b)
    return float(np.max(np.abs(a - b), initial=0.0) / max(1.0, np.max(np.abs(a), initial=0.0)))


def vectors_apart(cpu: Any, gpu: Any) -> float:
    """Over all that a snapshot holds; clocks must be equal."""
    one, two = cpu.snapshot(), gpu.snapshot()
    if one.meta["clock"] != two.meta["clock"]:
        return float("inf")
    return max(apart(one.arrays[name], two.arrays[name]) for name in one.arrays)


def step_apart(cpu: Any, gpu: Any, steps: int) -> float:
    """After `steps` more steps: metrics, parameters, slots and statistics."""
    a, b = cpu.advance(steps), gpu.advance(steps)
    return max(vectors_apart(cpu, gpu), *(apart(getattr(a, name), getattr(b, name)) for name in METRICS))


def pair(case: Case) -> float:
    """A combination of `pairs`."""
    cpu, gpu, _, _ = both(case)
    return step_apart(cpu, gpu, case.steps)


def turned() -> float:
    """Every dial turned in the middle of a run, and the batch size to more than the work area held."""
    cpu, gpu, _, _ = both(Case({"activation": "tanh"}, (3, 4, 3)))
    turns: tuple[dict[str, Any], ...] = (
        {"batch_norm": True, "bn_momentum": 0.3, "bn_eps": 1e-3}, {"activation": "prelu", "dropout": 0.5},
        {"batch_size": 7, "optimizer": "nag", "lr": 0.05, "momentum": 0.5}, {"batch_norm": False, "clip_norm": 0.1},
        {"initializer": "orthogonal", "optimizer": "adamw", "weight_decay": 0.1, "beta1": 0.5, "beta2": 0.9},
        {"max_norm": 0.5, "label_smoothing": 0.2, "alpha_dropout": True, "input_dropout": 0.2, "dropout": 0.0},
    )  # fmt: skip
    worst = step_apart(cpu, gpu, 1)
    for turn in turns:
        cpu.change(**turn)
        gpu.change(**turn)
        worst = max(worst, step_apart(cpu, gpu, 1))
    return worst


def looks() -> float:
    """Predictions, evaluations, gradients (with dropout, and of more rows than a batch), probes, masks, batches."""
    worst = 0.0
    for dials, task in (
        ({"batch_norm": True, "dropout": 0.3}, "classification"),
        ({"activation": "prelu"}, "regression"),
    ):
        cpu, gpu, x, y = both(Case(dials, (3, 4, 2), task))
        step_apart(cpu, gpu, 1)
        a, b = cpu.evaluate(x, y), gpu.evaluate(x, y)
        worst = max(worst, apart(cpu.predict(x), gpu.predict(x)), apart(a.loss, b.loss), apart(a.accuracy, b.accuracy))
        for rows, step in ((x[:3], None), (x, 5)):
            one, two = cpu.gradients(rows, y[: len(rows)], step), gpu.gradients(rows, y[: len(rows)], step)
            worst = max(worst, *(apart(one[name], two[name]) for name in one))
        for p, q in zip(cpu.probe(x), gpu.probe(x), strict=True):
            worst = max(worst, apart(p.mean, q.mean), apart(p.input_var, q.input_var))
        worst = max(worst, apart(cpu.batch_indices(), gpu.batch_indices()), step_apart(cpu, gpu, 1))
    return worst


def large_tiles() -> float:
    """Layers in which products take tiles of every size, whole ones and what is left at the edges."""
    from engine.cuda.program import TILES, best_tile

    middle, large = TILES[1].across + 1, TILES[2].across + 1
    batch = TILES[2].down + 1
    cpu, gpu, _, _ = both(Case({"activation": "elu"}, (middle, large, large - 1, 2), batch_size=batch), rows=batch + 2)
    gpu._device.blocks = 1
    assert {best_tile(batch, width, 1) for width in (2, middle, large)} == set(range(len(TILES)))
    return step_apart(cpu, gpu, 2)


def many_blocks() -> float:
    """Every operation launched by itself on three blocks: what blocks share is complete whenever they meet."""
    worst = 0.0
    for dials in ({"batch_norm": True, "dropout": 0.3, "clip_norm": 0.1}, {"activation": "prelu", "max_norm": 0.5}):
        cpu, gpu, _, _ = both(Case(dials, (3, 5, 4, 2), batch_size=5))
        gpu._device.piecewise, gpu._device.blocks = True, 3
        worst = max(worst, step_apart(cpu, gpu, 2))
    return worst


def same_bits() -> float:
    """Cut into calls, on more blocks or after a look: the same numbers to the last bit, and every schedule."""
    hashes = set()
    for way in range(3):
        _, gpu, x, y = both(Case({"dropout": 0.2, "batch_norm": True, "schedule": SCHEDULES[3]}, (3, 4, 2)))
        if way == 1:
            gpu._device.piecewise, gpu._device.blocks = True, 2
        for steps in (3,) if way < 2 else (1, 2):
            gpu.advance(steps)
            if way == 2:
                gpu.evaluate(x, y)
        hashes.add(gpu.params_sha256())
    return float(len(hashes) - 1)


def long_chunk() -> float:
    """More steps in one call than a launch has room for."""
    from engine.cuda.memory import CHUNK

    cpu, gpu, _, _ = both(Case({}, (1, 1, 2), batch_size=2))
    return step_apart(cpu, gpu, CHUNK + 2)


def diverged() -> float:
    """A run that blows up stops at the same step, and what it reports of that step is not finite."""
    cpu, gpu, _, _ = both(Case({"optimizer": "sgd", "lr": 1e6, "activation": "linear"}, (3, 4, 2), "regression"))
    a, b = cpu.advance(12), gpu.advance(12)
    assert cpu.diverged_at is not None and not np.isfinite([b.loss[-1], *b.grad_norm[-1]]).all()
    return abs(cpu.diverged_at - (gpu.diverged_at or 0)) + abs(len(a) - len(b)) + abs(cpu.step - gpu.step)


def across() -> float:
    """A snapshot of either backend goes on in the other."""
    from engine import Trainer

    cpu, gpu, x, y = both(Case({"batch_norm": True, "optimizer": "adam", "dropout": 0.3}, (3, 4, 2)))
    step_apart(cpu, gpu, 1)
    there = Trainer.restore(cpu.snapshot(), x, y, backend="cuda")
    here = Trainer.restore(gpu.snapshot(), x, y, backend="cpu")
    same = Trainer.restore(gpu.snapshot(), x, y)
    assert (there.backend, here.backend, same.backend) == ("cuda", "cpu", "cuda")
    worst = max(step_apart(here, there, 2), step_apart(cpu, gpu, 2))
    same.advance(2)
    return max(worst, vectors_apart(here, gpu), 0.0 if same.params_sha256() == gpu.params_sha256() else 1.0)


CHECKS: dict[str, Callable[[], float]] = {
    **{f"pair {number}": (lambda case=case: pair(case)) for number, case in enumerate(pairs())},
    **{
        check.__name__: check
        for check in (turned, looks, large_tiles, many_blocks, same_bits, long_chunk, diverged, across)
    },
}


def main(names: list[str]) -> None:
    """Runs the checks named, or all."""
    for name in names or CHECKS:
        begun = time.process_time()
        try:
            outcome: dict[str, Any] = {"apart": CHECKS[name]()}
        except Exception as error:
            outcome = {"problem": f"{type(error).__name__}: {error}"}
        print(json.dumps({"name": name, **outcome, "cpu_s": round(time.process_time() - begun, 2)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
