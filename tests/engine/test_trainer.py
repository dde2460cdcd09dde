"""The trainer's contract: reproducible however it is driven, restorable bit for bit, clear about what it refuses."""

from __future__ import annotations

import itertools
import json
import threading
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import DIALS, Architecture, Recipe, Snapshot, SpecError, Trainer
from tests.engine.cases import build, problem

WIDTHS = (5, 9, 7, 3)
BUSY = Recipe(
    activation=("prelu", "elu"), optimizer="radam", lr=0.01, dropout=0.3, input_dropout=0.1, batch_norm=True,
    weight_decay=0.01, l1=1e-4, clip_norm=0.5, max_norm=2.0, label_smoothing=0.1, schedule="cosine", decay_steps=50,
    warmup_steps=5,
)  # fmt: skip
STEPS = 40


def state(trainer: Trainer) -> tuple[bytes, ...]:
    """Everything that could differ: parameters, slots, statistics, clock, dials."""
    snapshot = trainer.snapshot()
    arrays = tuple(snapshot.arrays[name].tobytes() for name in sorted(snapshot.arrays))
    return (*arrays, json.dumps(snapshot.meta, sort_keys=True).encode())


# ---- reproducible


@pytest.fixture(scope="module")
def whole() -> tuple[tuple[bytes, ...], np.ndarray]:
    """State and losses of STEPS steps in one go."""
    trainer, _, _ = build(WIDTHS, BUSY)
    metrics = trainer.advance(STEPS)
    return state(trainer), metrics.loss


@given(cuts=st.lists(st.integers(0, STEPS), max_size=8))
@settings(max_examples=40)
def test_chunks_change_nothing(whole: tuple[tuple[bytes, ...], np.ndarray], cuts: list[int]) -> None:
    trainer, x, y = build(WIDTHS, BUSY)
    losses = []
    edges = [0, *sorted(cuts), STEPS]
    for start, end in itertools.pairwise(edges):
        losses.append(trainer.advance(end - start).loss)
        trainer.evaluate(x, y)
    assert state(trainer) == whole[0]
    np.testing.assert_array_equal(np.concatenate(losses), whole[1])


def test_same_seed_same_run_other_seed_other_run() -> None:
    x, y = problem(50, 5, 3, "classification")
    runs = []
    for seed in (0, 0, 1, 2**63 - 1):
        trainer = Trainer(Architecture(WIDTHS), BUSY, x, y, seed=seed)
        trainer.advance(10)
        runs.append(trainer.params_sha256())
    assert runs[0] == runs[1]
    assert len(set(runs)) == 3


def test_two_trainers_at_once_do_not_disturb_each_other() -> None:
    alone, _, _ = build(WIDTHS, BUSY)
    alone.advance(20)
    first, _, _ = build(WIDTHS, BUSY)
    second, _, _ = build((5, 30, 3), Recipe(activation="tanh", optimizer="sgd"))
    for _ in range(20):
        first.advance(1)
        second.advance(2)
    assert first.params_sha256() == alone.params_sha256()


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_are_reproducible_and_close(threads: int) -> None:
    """The number of parts is part of the result: the same bits each time, the same numbers up to rounding."""
    x, y = problem(200, 20, 4, "classification")
    recipe = BUSY.changed(activation="tanh", optimizer="sgd", lr=0.05)

    def run(parts: int) -> Trainer:
        trainer = Trainer(Architecture((20, 40, 30, 4)), recipe, x, y, batch_size=64, threads=parts)
        trainer.advance(15)
        return trainer

    one, many, again = run(1), run(threads), run(threads)
    assert many.threads == threads
    assert many.params_sha256() == again.params_sha256()
    np.testing.assert_allclose(many.params, one.params, rtol=1e-3, atol=1e-5)


def test_more_threads_than_rows() -> None:
    x, y = problem(5, 4, 2, "classification")
    trainer = Trainer(Architecture((4, 3, 2)), BUSY.changed(activation="relu"), x, y, batch_size=2, threads=8)
    assert np.isfinite(trainer.advance(9).loss).all()


def test_the_data_is_not_touched_and_need_not_be_float32() -> None:
    x, y = problem(50, 5, 3, "classification")
    kept_x, kept_y = x.copy(), y.copy()
    trainer = Trainer(Architecture(WIDTHS), BUSY, x, y, batch_size=16)
    trainer.advance(STEPS)
    np.testing.assert_array_equal(x, kept_x)
    np.testing.assert_array_equal(y, kept_y)
    for other_x, other_y in (
        (x.astype(np.float64), y.astype(np.int32)),
        (np.asfortranarray(x), y.astype(np.uint8)),
        (x.tolist(), y.tolist()),
        (np.repeat(x, 2, axis=0)[::2], np.repeat(y, 2)[::2]),
    ):
        other = Trainer(Architecture(WIDTHS), BUSY, other_x, other_y, batch_size=16)
        other.advance(STEPS)
        assert other.params_sha256() == trainer.params_sha256()


def test_training_leaves_the_interpreter_to_others() -> None:
    """Another Python thread runs on while a long `advance` does: the screen stays alive."""
    x, y = problem(500, 40, 4, "classification")
    trainer = Trainer(Architecture((40, 200, 200, 4)), Recipe(), x, y, batch_size=100, threads=1)
    trainer.advance(1)
    worker = threading.Thread(target=trainer.advance, args=(1500,))
    worker.start()
    turns = 0
    while worker.is_alive():
        time.sleep(0.001)
        turns += 1
    worker.join()
    assert trainer.step == 1501
    assert turns > 20, "with the interpreter locked there is one turn, or none"


# ---- batches and epochs


@pytest.mark.parametrize(("n", "batch"), [(1, 1), (2, 1), (3, 2), (5, 5), (7, 100), (10, 3), (1797, 256)], ids=str)
def test_every_epoch_shows_each_row_once(n: int, batch: int) -> None:
    x, y = problem(n, 2, 2, "classification")
    trainer = Trainer(Architecture((2, 2)), Recipe(), x, y, batch_size=batch)
    for epoch in range(3):
        seen: list[int] = []
        while len(seen) < n:
            rows = trainer.batch_indices()
            assert len(rows) == min(batch, n - len(seen))
            seen.extend(rows)
            trainer.advance(1)
            assert trainer.epoch == pytest.approx(epoch + len(seen) / n)
        assert sorted(seen) == list(range(n))


def test_batch_size_changes_within_an_epoch() -> None:
    """The rest of the epoch comes in batches of the new size: still each row once."""
    trainer, _, _ = build(WIDTHS, Recipe(), n=50, batch_size=8)
    seen: list[int] = []
    for size in (8, 3, 38, 1):
        trainer.change(batch_size=size)
        assert trainer.batch_size == size
        rows = trainer.batch_indices()
        seen.extend(rows)
        trainer.advance(1)
    assert len(seen) == 50 and sorted(seen) == list(range(50))
    assert trainer.epoch == 1.0


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    trainer, x, y = build(WIDTHS, Recipe(optimizer="sgd"), n=20, batch_size=1000)
    metrics = trainer.advance(1)
    assert trainer.epoch == 1.0
    assert float(metrics.loss[0]) == pytest.approx(build(WIDTHS, Recipe(), n=20)[0].evaluate(x, y).loss, rel=1e-5)


@pytest.mark.parametrize("task", ["classification", "regression"])
@pytest.mark.parametrize("widths", [(1, 1), (1, 1, 1), (3, 1, 1, 2), (1, 64, 1)], ids=str)
def test_the_smallest_nets_and_data(widths: tuple[int, ...], task: str) -> None:
    for n in (1, 2):
        for batch_norm in (False, True):
            recipe = Recipe(activation="tanh", batch_norm=batch_norm, dropout=0.5)
            trainer, x, _ = build(widths, recipe, task=task, n=n, batch_size=4)
            metrics = trainer.advance(25)
            assert len(metrics) == 25
            assert np.isfinite(metrics.loss).all() and np.isfinite(metrics.grad_norm).all()
            assert trainer.predict(x).shape == (n, widths[-1])


def test_it_learns() -> None:
    """A net that fits what can be fitted: the checks above would hold for a trainer that stands still too."""
    x, y = problem(60, 5, 3, "classification")
    trainer = Trainer(Architecture((5, 64, 3)), Recipe(optimizer="adam", lr=0.02), x, y, batch_size=20)
    trainer.advance(600)
    assert trainer.evaluate(x, y).accuracy == 1.0
    assert trainer.evaluate(x, y).loss < 0.05


# ---- views


def test_tensors_are_live_views() -> None:
    trainer, x, _ = build(WIDTHS, Recipe(optimizer="sgd", lr=0.1))
    tensors = trainer.tensors()
    assert list(tensors)[:5] == ["0.weight", "0.bias", "0.gamma", "0.beta", "0.slope"]
    assert tensors["0.weight"].shape == (5, 9) and tensors["2.weight"].shape == (7, 3)
    assert "2.gamma" not in tensors and "2.slope" not in tensors
    assert all(np.shares_memory(t, trainer.params) for t in tensors.values())
    assert sum(t.size for t in tensors.values()) == trainer.params.size == trainer.parameters
    before = tensors["1.weight"].copy()
    trainer.advance(3)
    assert not np.array_equal(tensors["1.weight"], before), "training shows in a view taken before"
    tensors["2.weight"][...] = 0.0
    tensors["2.bias"][...] = (0.0, 50.0, 0.0)
    np.testing.assert_allclose(trainer.predict(x)[:, 1], 1.0)


def test_the_hash_is_that_of_the_bytes() -> None:
    trainer, _, _ = build(WIDTHS, Recipe())
    first = trainer.params_sha256()
    assert len(first) == 64 and first == trainer.params_sha256()
    trainer.params[0] = np.nextafter(trainer.params[0], np.float32(np.inf))
    assert trainer.params_sha256() != first


# ---- snapshots


@pytest.mark.parametrize("steps", [0, 1, 7, 33])
def test_restored_goes_on_bit_for_bit(steps: int) -> None:
    trainer, x, y = build(WIDTHS, BUSY)
    trainer.advance(steps)
    snapshot = trainer.snapshot()
    meta = json.loads(json.dumps(snapshot.meta))
    arrays = {name: a.copy() for name, a in snapshot.arrays.items()}
    metrics = trainer.advance(20)
    trainer.change(dropout=0.1, batch_size=9, optimizer="nag")
    trainer.advance(10)
    other = Trainer.restore(Snapshot(meta, arrays), x, y)
    assert (other.step, other.seed, other.batch_size, other.recipe) == (steps, 0, 16, BUSY)
    np.testing.assert_array_equal(other.advance(20).loss, metrics.loss)
    other.change(dropout=0.1, batch_size=9, optimizer="nag")
    other.advance(10)
    assert state(other) == state(trainer)


def test_a_snapshot_is_a_copy() -> None:
    trainer, _, _ = build(WIDTHS, BUSY)
    trainer.advance(3)
    snapshot = trainer.snapshot()
    kept = {name: a.copy() for name, a in snapshot.arrays.items()}
    trainer.advance(5)
    assert all(np.array_equal(snapshot.arrays[n], kept[n]) for n in kept)


def test_a_snapshot_after_changes_in_the_middle_of_an_epoch() -> None:
    trainer, x, y = build(WIDTHS, Recipe(), n=50, batch_size=7)
    trainer.advance(5)
    trainer.change(batch_norm=True, batch_size=11, activation=("selu", "prelu"))
    trainer.advance(2)
    other = Trainer.restore(trainer.snapshot(), x, y)
    assert other.epoch == trainer.epoch
    np.testing.assert_array_equal(other.batch_indices(), trainer.batch_indices())
    trainer.advance(30)
    other.advance(30)
    assert state(other) == state(trainer)


def test_a_snapshot_that_does_not_fit_is_refused_in_one_line() -> None:
    trainer, x, y = build(WIDTHS, BUSY)
    snapshot = trainer.snapshot()
    short = {name: a[:-1] for name, a in snapshot.arrays.items()}
    bad = [
        (Snapshot({**snapshot.meta, "format": 99}, snapshot.arrays), x, y),
        (Snapshot(snapshot.meta, {"params": snapshot.arrays["params"]}), x, y),
        (Snapshot(snapshot.meta, short), x, y),
        (snapshot, x[:-1], y[:-1]),
        (snapshot, x[:, :-1], y),
    ]
    for broken, x_other, y_other in bad:
        one_line(lambda b=broken, xo=x_other, yo=y_other: Trainer.restore(b, xo, yo))


# ---- changes


def one_line(action: Any) -> str:
    """Assert that `action` raises ValueError with one readable line; returns it."""
    with pytest.raises(ValueError) as caught:
        action()
    text = str(caught.value)
    assert text and "\n" not in text and len(text) < 400
    return text


BAD_CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"dropuot": 0.5}, "did you mean 'dropout'"),
    ({"dropout": 1.0}, "dropout"),
    ({"dropout": float("nan")}, "dropout"),
    ({"dropout": "0.5"}, "dropout"),
    ({"lr": -1.0}, "lr"),
    ({"lr": float("inf")}, "lr"),
    ({"momentum": True}, "momentum"),
    ({"activation": "rleu"}, "did you mean 'relu'"),
    ({"activation": ("relu",)}, "activation"),
    ({"activation": ()}, "activation"),
    ({"activation": 3}, "activation"),
    ({"optimizer": "adm"}, "did you mean 'adam'"),
    ({"initializer": None}, "initializer"),
    ({"batch_norm": 1}, "batch_norm"),
    ({"batch_size": 0}, "batch_size"),
    ({"batch_size": 2.5}, "batch_size"),
    ({"batch_size": True}, "batch_size"),
    ({"decay_steps": 0}, "decay_steps"),
    ({"widths": (3, 4)}, "widths"),
    ({"batch_norm": False, "optimizer": "sgd", "batch_size": 3, "lr": "fast"}, "lr"),
    ({"initializer": "zeros", "nonsense": 1}, "nonsense"),
    ({"batch_size": 3, "activation": ("relu",)}, "activation"),
]


@pytest.mark.parametrize(("changes", "mentions"), BAD_CHANGES, ids=lambda v: str(v)[:40])
def test_a_bad_change_changes_nothing(changes: dict[str, Any], mentions: str) -> None:
    trainer, _, _ = build(WIDTHS, BUSY)
    trainer.advance(5)
    before = state(trainer)
    with pytest.raises(SpecError) as caught:
        trainer.change(**changes)
    assert mentions in str(caught.value) and "\n" not in str(caught.value)
    assert caught.value.field in changes
    assert state(trainer) == before
    untouched, _, _ = build(WIDTHS, BUSY)
    untouched.advance(5)
    trainer.advance(5)
    untouched.advance(5)
    assert trainer.params_sha256() == untouched.params_sha256()


@pytest.mark.parametrize("dial", [*DIALS, "batch_size"])
def test_every_dial_can_be_turned_and_acts_at_once_or_not_at_all(dial: str) -> None:
    """Each dial, away from its default, survives a snapshot and leaves the net finite."""
    values = {
        "activation": ("prelu", "serlu"), "initializer": "orthogonal", "optimizer": "nag", "schedule": "exponential",
        "alpha_dropout": True, "batch_norm": True, "warmup_steps": 50, "decay_steps": 7, "batch_size": 3, "eps": 1e-4,
        "lr": 0.02, "max_norm": 0.5, "clip_norm": 0.01, "elu_alpha": 2.0, "decay_rate": 0.1,
    }  # fmt: skip
    trainer, x, y = build(WIDTHS, Recipe())
    trainer.advance(5)
    trainer.change(**{dial: values.get(dial, 0.3)})
    found = trainer.batch_size if dial == "batch_size" else getattr(trainer.recipe, dial)
    assert found == values.get(dial, 0.3)
    other = Trainer.restore(trainer.snapshot(), x, y)
    first, second = trainer.advance(20), other.advance(20)
    assert np.isfinite(first.loss).all()
    np.testing.assert_array_equal(first.loss, second.loss)


def test_dials_without_a_part_to_play_change_nothing() -> None:
    """Adam's betas mean nothing to SGD, the slope of Leaky ReLU nothing to ReLU, and so on."""
    idle = {
        "beta1": 0.1, "beta2": 0.1, "alpha": 0.1, "rho": 0.1, "momentum": 0.1, "eps": 0.1, "negative_slope": 0.5,
        "elu_alpha": 3.0, "bn_momentum": 0.9, "bn_eps": 0.5, "decay_rate": 0.1, "decay_steps": 3, "alpha_dropout": True,
    }  # fmt: skip
    plain, _, _ = build(WIDTHS, Recipe(optimizer="sgd"))
    turned, _, _ = build(WIDTHS, Recipe(optimizer="sgd"))
    turned.change(**idle)
    plain.advance(10)
    turned.advance(10)
    assert plain.params_sha256() == turned.params_sha256()


def test_a_dial_turned_back_before_a_step_leaves_no_trace() -> None:
    plain, _, _ = build(WIDTHS, Recipe(activation="tanh", dropout=0.2))
    turned, _, _ = build(WIDTHS, Recipe(activation="tanh", dropout=0.2))
    for trainer in (plain, turned):
        trainer.advance(5)
    turned.change(lr=1.0, dropout=0.9, activation="prelu", weight_decay=1.0, batch_size=1)
    turned.change(lr=None, dropout=0.2, activation="tanh", weight_decay=0.0, batch_size=16)
    for trainer in (plain, turned):
        trainer.advance(5)
    assert plain.params_sha256() == turned.params_sha256()


def test_the_learned_slope_is_kept_while_another_activation_is_on() -> None:
    trainer, _, _ = build(WIDTHS, Recipe(activation="prelu", lr=0.01), shake=False)
    trainer.advance(30)
    slopes = [float(trainer.tensors()[f"{i}.slope"][0]) for i in range(2)]
    assert all(abs(s - 0.25) > 1e-3 for s in slopes)
    trainer.change(activation="relu")
    trainer.advance(10)
    trainer.change(activation="prelu")
    assert [float(trainer.tensors()[f"{i}.slope"][0]) for i in range(2)] == slopes


# ---- bad input


def refused(**options: Any) -> str:
    """The one line with which a trainer of the usual kind and these options is refused."""
    x, y = problem(20, 5, 3, "classification")
    arguments: dict[str, Any] = {"architecture": Architecture(WIDTHS), "recipe": Recipe(), "x": x, "y": y, **options}
    return one_line(lambda: Trainer(**arguments))


def with_value(value: float) -> np.ndarray:
    """Good data but for row 7, column 2."""
    x, _ = problem(20, 5, 3, "classification")
    x[7, 2] = value
    return x


BAD_INPUT: list[tuple[dict[str, Any], str]] = [
    ({"x": np.zeros((20, 4))}, "(rows, 5)"),
    ({"x": np.zeros(20)}, "x"),
    ({"x": np.zeros((0, 5)), "y": np.zeros(0, int)}, "x"),
    ({"x": np.zeros((19, 5))}, "y"),
    ({"x": with_value(np.nan)}, "row 7"),
    ({"x": with_value(np.inf)}, "row 7"),
    ({"x": with_value(-np.inf)}, "column 2"),
    ({"x": [["a"] * 5] * 20}, "x"),
    ({"x": None}, "x"),
    ({"x": [[1, 2], [3]]}, "x"),
    ({"y": np.full(20, 3)}, "0 to 2"),
    ({"y": np.full(20, -1)}, "0 to 2"),
    ({"y": np.zeros(20)}, "whole numbers"),
    ({"y": np.zeros((20, 1), int)}, "y"),
    ({"y": ["a"] * 20}, "y"),
    ({"y": None}, "y"),
    ({"batch_size": 0}, "batch_size"),
    ({"batch_size": -5}, "batch_size"),
    ({"batch_size": 1.5}, "batch_size"),
    ({"batch_size": True}, "batch_size"),
    ({"seed": -1}, "seed"),
    ({"seed": 2**63}, "seed"),
    ({"seed": 0.5}, "seed"),
    ({"threads": 0}, "threads"),
    ({"threads": -1}, "threads"),
    ({"backend": "gpu"}, "backend"),
    ({"recipe": Recipe(activation=("relu", "relu", "relu"))}, "activation"),
]


@pytest.mark.parametrize(("options", "mentions"), BAD_INPUT, ids=lambda v: str(v).replace("\n", "")[:30])
def test_bad_input_is_refused_in_one_line(options: dict[str, Any], mentions: str) -> None:
    assert mentions in refused(**options)


def test_bad_regression_targets() -> None:
    x, y = problem(20, 5, 3, "regression")
    for bad in (y[:, :2], y[:10], np.full((20, 3), np.nan), np.full((20, 3), np.inf), y.ravel(), "targets"):
        one_line(lambda b=bad: Trainer(Architecture(WIDTHS, task="regression"), Recipe(), x, b))


def test_bad_batches_and_steps() -> None:
    trainer, x, y = build(WIDTHS, Recipe())
    before = state(trainer)
    for action in (
        lambda: trainer.gradients(x, None),
        lambda: trainer.evaluate(x, None),
        lambda: trainer.gradients(x[:, :3], y),
        lambda: trainer.gradients(x, y[:-1]),
        lambda: trainer.gradients(x[:0], y[:0]),
        lambda: trainer.evaluate(x, y + 5),
        lambda: trainer.predict(x[0]),
        lambda: trainer.predict(with_value(np.nan)),
        lambda: trainer.advance(-1),
        lambda: trainer.advance(1.5),
        lambda: trainer.batch_indices(7),
    ):
        one_line(action)
    assert state(trainer) == before


def test_one_output_takes_a_flat_target() -> None:
    x, y = problem(20, 5, 1, "regression")
    runs = []
    for target in (y, y.ravel()):
        trainer = Trainer(Architecture((5, 4, 1), task="regression"), Recipe(), x, target)
        trainer.advance(5)
        runs.append(trainer.params_sha256())
    assert runs[0] == runs[1]


# ---- divergence


def test_divergence_is_noticed_at_its_step() -> None:
    """SGD at an absurd rate: the run stops at the first step whose loss or gradient is not finite, however cut."""
    found = set()
    for chunk in (1, 3, 1000):
        trainer, _, _ = build(WIDTHS, Recipe(activation="linear", optimizer="sgd", lr=1e6), task="regression")
        rows = []
        while trainer.diverged_at is None and trainer.step < 1000:
            metrics = trainer.advance(chunk)
            rows.append(np.column_stack([metrics.loss, metrics.grad_norm]))
        finite = np.isfinite(np.concatenate(rows)).all(1)
        assert finite[:-1].all() and not finite[-1]
        assert trainer.step == len(finite) == trainer.diverged_at
        found.add(trainer.diverged_at)
    assert len(found) == 1 and 1 < found.pop() < 100


def test_weights_that_are_not_finite_are_noticed_in_the_next_step() -> None:
    for value in (np.nan, np.inf):
        trainer, _, _ = build(WIDTHS, Recipe(activation="tanh"))
        trainer.advance(4)
        trainer.tensors()["2.weight"][0, 0] = value
        assert len(trainer.advance(10)) == 1
        assert trainer.diverged_at == 5


def test_a_sound_run_has_not_diverged() -> None:
    trainer, _, _ = build(WIDTHS, BUSY)
    trainer.advance(50)
    assert trainer.diverged_at is None


def test_huge_inputs_do_not_diverge_by_themselves() -> None:
    """Logits of 1e30: the maximum is subtracted, so the loss is large and finite."""
    x, y = problem(20, 5, 3, "classification")
    trainer = Trainer(Architecture((5, 3)), Recipe(optimizer="sgd", lr=0.0), x * np.float32(1e18), y)
    metrics = trainer.advance(3)
    assert np.isfinite(metrics.loss).all() and trainer.diverged_at is None
