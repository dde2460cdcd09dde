"""200 seeded random combinations of everything, dials turned in the middle, 50 steps each, against PyTorch.

The bar is 1e-3 relative between the engine (float32) and the float64 oracle, in every tensor, after all 50 steps, and
for loss and gradient norms of every step. A few combinations amplify rounding itself beyond that: a unit that
crosses ReLU's kink in one arithmetic and not in the other, an adaptive optimizer dividing a gradient that is mere
cancellation by its own size. Such a case is told from a bug by the float32 oracle: PyTorch's own float32 runs of the
same steps stray from float64 as well. How far is a matter of luck, where errors grow tenfold in a few steps, and of
the processor, whose vectors decide on the order of sums; so several runs are asked, alike but for the last bit of what
they start from. The tolerance of a case is max(1e-3, 5 x the farthest float32 oracle's distance), for its losses step
by step, and at most two cases in ten may need the second half of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch

from engine import Architecture, Recipe, Trainer
from engine.spec import ACTIVATIONS, INITIALIZERS, OPTIMIZERS, SCHEDULES
from tests.engine.cases import problem
from tests.engine.oracle import Oracle, worst

BAR = 1e-3
CASES, GROUP, STEPS = 200, 10, 50
#: Rates at which 50 steps move the weights well and do not blow up.
RATES = {
    "sgd": (3e-3, 5e-2), "momentum": (1e-3, 1e-2), "nag": (1e-3, 1e-2), "adagrad": (1e-3, 2e-2),
    "rmsprop": (1e-4, 2e-3), "adadelta": (0.1, 1.0), "adam": (1e-4, 4e-3), "radam": (1e-4, 4e-3), "adamw": (1e-4, 4e-3),
}  # fmt: skip


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def some(rng: np.random.Generator, chance: float, value: float) -> float:
    """`value` with that chance, else 0."""
    return value if rng.random() < chance else 0.0


def draw_dials(rng: np.random.Generator, hidden: int) -> dict[str, Any]:
    """A value for every dial."""
    optimizer = str(rng.choice(OPTIMIZERS))
    one_each = hidden > 0 and rng.random() < 0.4
    return {
        "activation": tuple(map(str, rng.choice(ACTIVATIONS, hidden))) if one_each else str(rng.choice(ACTIVATIONS)),
        "initializer": str(rng.choice(INITIALIZERS)),
        "optimizer": optimizer,
        "lr": log_uniform(rng, *RATES[optimizer]),
        "momentum": float(rng.uniform(0.3, 0.95)),
        "beta1": float(rng.uniform(0.5, 0.95)),
        "beta2": float(rng.uniform(0.9, 0.9995)),
        "alpha": float(rng.uniform(0.8, 0.99)),
        "rho": float(rng.uniform(0.7, 0.95)),
        "eps": None if rng.random() < 0.5 else log_uniform(rng, 1e-8, 1e-4),
        "weight_decay": some(rng, 0.4, log_uniform(rng, 1e-4, 3e-2)),
        "l1": some(rng, 0.3, log_uniform(rng, 1e-5, 1e-3)),
        "max_norm": some(rng, 0.3, log_uniform(rng, 0.5, 4.0)),
        "clip_norm": some(rng, 0.3, log_uniform(rng, 0.1, 5.0)),
        "dropout": some(rng, 0.5, float(rng.uniform(0.05, 0.6))),
        "input_dropout": some(rng, 0.3, float(rng.uniform(0.05, 0.3))),
        "alpha_dropout": bool(rng.random() < 0.25),
        "batch_norm": bool(rng.random() < 0.4),
        "bn_momentum": float(rng.uniform(0.05, 0.5)),
        "bn_eps": log_uniform(rng, 1e-5, 1e-2),
        "negative_slope": float(rng.uniform(0.0, 0.3)),
        "elu_alpha": float(rng.uniform(0.5, 2.0)),
        "label_smoothing": some(rng, 0.3, float(rng.uniform(0.01, 0.2))),
        "schedule": str(rng.choice(SCHEDULES)),
        "warmup_steps": int(some(rng, 0.4, int(rng.integers(1, 30)))),
        "decay_steps": int(rng.integers(5, 80)),
        "decay_rate": float(rng.uniform(0.3, 1.0)),
    }


@dataclass
class Case:
    """One combination: what to build and what to turn before which step."""

    widths: tuple[int, ...]
    task: str
    n: int
    batch_size: int
    dials: dict[str, Any]
    turns: dict[int, dict[str, Any]] = field(default_factory=dict)


def draw(seed: int) -> Case:
    """Combination number `seed`."""
    rng = np.random.default_rng([2024, seed])
    task = "classification" if rng.random() < 0.7 else "regression"
    depth = 1 + seed % 6
    hidden = [int(log_uniform(rng, 1, 64.99)) for _ in range(depth - 1)]
    widths = (int(rng.integers(1, 24)), *hidden, int(rng.integers(1, 11 if task == "classification" else 4)))
    dials = draw_dials(rng, depth - 1)
    case = Case(widths, task, int(rng.integers(2, 90)), int(rng.integers(1, 41)), dials)
    for _ in range(int(rng.integers(1, 4))):
        fresh = draw_dials(rng, depth - 1)
        names = rng.choice([n for n in fresh if n != "lr"], int(rng.integers(1, 5)), replace=False)
        turn = {str(n): fresh[n] for n in names}
        if "optimizer" in turn:
            turn["lr"] = fresh["lr"]
        if rng.random() < 0.4:
            turn["batch_size"] = int(rng.integers(1, 41))
        case.turns[int(rng.integers(1, STEPS))] = turn
    return case


#: Turning one of these rewrites parameters or statistics: the engine's values are copied across again.
REWRITES = {"batch_norm", "initializer"}


#: Float32 runs of the oracle, at most, that tell how far rounding alone leads: as it is, and from starts moved by a
#: last bit.
ROUNDINGS = 16
#: Relative distance of the losses at which a run in float32 goes a way of its own.
ASTRAY = 0.01


@dataclass
class Tape:
    """What the oracle in another precision needs to go the same way."""

    copies: dict[int, tuple[dict[str, np.ndarray], dict[str, np.ndarray]]] = field(default_factory=dict)
    batches: list[tuple[np.ndarray, list[np.ndarray | None]]] = field(default_factory=list)


def copied(trainer: Trainer) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Copies of tensors and buffers."""
    return (
        {n: a.copy() for n, a in trainer.tensors().items()},
        {n: a.copy() for n, a in trainer.buffers().items()},
    )


def run_engine(case: Case, trainer: Trainer) -> tuple[Tape, np.ndarray, np.ndarray]:
    """All steps; returns the tape, losses (STEPS,) and gradient norms (STEPS, layers)."""
    tape = Tape(copies={0: copied(trainer)})
    losses, norms = [], []
    for t in range(STEPS):
        if t in case.turns:
            trainer.change(**case.turns[t])
            if REWRITES & set(case.turns[t]):
                tape.copies[t] = copied(trainer)
        rows = np.array(trainer.batch_indices(t))
        tape.batches.append((rows, list(trainer.dropout_masks(t, len(rows)))))
        metrics = trainer.advance(1)
        losses.append(float(metrics.loss[0]))
        norms.append(np.array(metrics.grad_norm[0], np.float64))
    return tape, np.array(losses), np.array(norms)


def run_oracle(
    case: Case, tape: Tape, x: np.ndarray, y: np.ndarray, dtype: torch.dtype
) -> tuple[Oracle, np.ndarray, np.ndarray]:
    """The same steps in torch."""
    net = Oracle(Architecture(case.widths, task=case.task), Recipe(**case.dials), dtype)
    losses, norms = [], []
    for t, (rows, masks) in enumerate(tape.batches):
        if t in case.turns:
            net.change(**{k: v for k, v in case.turns[t].items() if k != "batch_size"})
        if t in tape.copies:
            net.load(*tape.copies[t])
        report = net.step(x[rows], y[rows], masks, t)
        losses.append(report.loss)
        norms.append(report.grad_norm)
    return net, np.array(losses), np.array(norms)


def disturbed(tape: Tape, x: np.ndarray, which: int) -> tuple[Tape, np.ndarray]:
    """Tape and data, weights and inputs moved by up to a unit in the last float32 place; `which` 0: as they are."""
    if which == 0:
        return tape, x
    rng = np.random.default_rng(which)

    def moved(array: np.ndarray) -> np.ndarray:
        return np.asarray(array * (1.0 + rng.uniform(-1.0, 1.0, array.shape) * 2.0**-23), np.float32)

    copies = {t: ({n: moved(a) for n, a in tensors.items()}, buffers) for t, (tensors, buffers) in tape.copies.items()}
    return Tape(copies, tape.batches), moved(x)


def outside(
    engine: dict[str, float], stray: np.ndarray, rounding: dict[str, float], lost: np.ndarray
) -> tuple[bool, np.ndarray]:
    """Whether the engine ends beyond its tolerance, and the steps at which it strays before float32 torch does."""
    # Where float32 strays by more than the values themselves, no two roundings agree: then only when it strays counts,
    # and from there on nothing.
    far = max(rounding.values())
    beyond = far < 1.0 and max(engine.values()) > max(BAR, 5 * far)
    return beyond, np.flatnonzero((stray > np.maximum(BAR, 5 * lost)) & (lost < ASTRAY))


def strayed(losses: np.ndarray, true_losses: np.ndarray) -> np.ndarray:
    """How far the losses had strayed by each step (STEPS,), relative; a loss near 0 on the scale of the whole run."""
    scale = np.maximum(np.abs(true_losses), 0.05 * np.abs(true_losses).max() + 1e-6)
    return np.maximum.accumulate(np.abs(losses - true_losses) / scale)


def apart(found: tuple[Any, ...], truth: tuple[Any, ...]) -> dict[str, float]:
    """Distances between two runs (tensors, losses, norms), relative as the bar means them."""
    tensors, losses, norms = found
    true_tensors, true_losses, true_norms = truth
    distance, name = worst(tensors, true_tensors)
    # the norm of a layer that hardly has a gradient is judged on the scale of the whole net's
    norm_scale = np.maximum(true_norms, 0.01 * np.linalg.norm(true_norms, axis=1, keepdims=True) + 1e-6)
    return {
        name: distance,
        "loss": float(strayed(losses, true_losses)[-1]),
        "grad_norm": float(np.max(np.abs(norms - true_norms) / norm_scale)),
    }


def check(seed: int) -> tuple[float, bool]:
    """Assert one case; returns its distance from float64 and whether the float32 oracle had to excuse it."""
    case = draw(seed)
    x, y = problem(case.n, case.widths[0], case.widths[-1], case.task, seed)
    architecture = Architecture(case.widths, task=case.task)
    trainer = Trainer(architecture, Recipe(**case.dials), x, y, batch_size=case.batch_size, seed=seed)
    tape, losses, norms = run_engine(case, trainer)
    net, true_losses, true_norms = run_oracle(case, tape, x, y, torch.float64)
    truth = net.arrays(), true_losses, true_norms
    engine = apart((trainer.tensors(), losses, norms), truth)
    if max(engine.values()) <= BAR:
        return max(engine.values()), False
    rounding, lost, stray = {"": 0.0}, np.zeros(STEPS), strayed(losses, true_losses)
    for which in range(ROUNDINGS):
        net, single_losses, single_norms = run_oracle(case, *disturbed(tape, x, which), y, torch.float32)
        distance = apart((net.arrays(), single_losses, single_norms), truth)
        rounding = max(rounding, distance, key=lambda d: max(d.values()))
        lost = np.maximum(lost, strayed(single_losses, true_losses))
        beyond, early = outside(engine, stray, rounding, lost)
        if not beyond and not early.size:
            return max(engine.values()), True
    assert not beyond, f"seed {seed}: engine {engine}, torch float32 {rounding}, {case}"
    raise AssertionError(f"seed {seed}: the engine leaves float64 at step {early[0]}, before torch does, {case}")


@pytest.mark.parametrize("first", range(0, CASES, GROUP))
def test_random_combinations(first: int) -> None:
    excused = [seed for seed in range(first, first + GROUP) if check(seed)[1]]
    assert len(excused) <= GROUP // 5, f"too many cases rest on the float32 oracle: {excused}"


def test_the_combinations_cover_everything() -> None:
    """The draw is random, what it must reach is not."""
    cases = [draw(seed) for seed in range(CASES)]
    assert {len(c.widths) - 1 for c in cases} == set(range(1, 7))
    widths = {w for c in cases for w in c.widths[1:-1]}
    assert min(widths) == 1 and max(widths) >= 60
    values: dict[str, set] = {}
    for case in cases:
        for dials in (case.dials, *case.turns.values()):
            for name, value in dials.items():
                values.setdefault(name, set()).update(value if isinstance(value, tuple) else (value,))
    assert values["activation"] == set(ACTIVATIONS)
    assert values["optimizer"] == set(OPTIMIZERS)
    assert values["initializer"] == set(INITIALIZERS)
    assert values["schedule"] == set(SCHEDULES)
    turned = {name for case in cases for turn in case.turns.values() for name in turn}
    assert turned == set(Recipe.__dataclass_fields__) | {"batch_size"}
    toggles = [
        case.dials["batch_norm"] != turn["batch_norm"]
        for case in cases
        for turn in case.turns.values()
        if "batch_norm" in turn
    ]
    assert sum(toggles) >= 5
    assert any(case.n % case.batch_size for case in cases) and any(case.n < case.batch_size for case in cases)
