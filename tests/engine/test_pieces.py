"""Wide layers are shared in pieces: who does them changes no bit, and nothing is done twice or left undone."""

from typing import Any

import numpy as np
import pytest

from engine import Architecture, Recipe, Trainer
from engine.cpu import pieces, team
from engine.cpu.frame import call
from engine.cpu.parameters import squared_norm
from engine.cpu.state import GRADIENTS, SHARE, SHARED, STAGES, UPDATE_NOW
from engine.jit import njit
from engine.layout import BIAS, FAN_OUT, WEIGHT, Z

WIDTHS = (530, 700, 523, 3)  # two shared layers, of widths that no tile divides
THREADS = 3


#: Rows of a batch: for register tiles, and for the matrix unit of a processor that has one.
ROWS = (40, 96)


def made(threads: int = THREADS, rows: int = ROWS[0], **dials: Any) -> Trainer:
    """A trainer of shared layers on made-up rows."""
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(rows + 20, WIDTHS[0])).astype(np.float32), rng.integers(0, WIDTHS[-1], rows + 20)
    recipe = Recipe(**{"lr": 1e-3, **dials})
    return Trainer(Architecture(WIDTHS), recipe, x, y, batch_size=rows, seed=1, threads=threads)


@njit(cache=False)
def weights_by(s, share, thread, norms):
    """Gradient of the batch at hand by one thread alone, and its squared norms."""
    pieces.put_out(s, pieces.WEIGHTS)
    call(share, (s, thread))
    for layer in range(norms.size):
        norms[layer] = squared_norm(s, layer)


@njit(cache=False)
def forward_by(s, stages, thread, others):
    """Gather and first product: inputs gathered by all threads if `others`, multiplied by one thread alone."""
    pieces.put_out(s, pieces.FORWARD)
    for other in range(others):
        call(stages, (s, np.int64(other), np.int64(0), np.int64(1)))
    call(stages, (s, thread, np.int64(0), np.int64(2)))


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("dials", [{}, {"batch_norm": True, "clip_norm": 0.1, "max_norm": 1.0, "dropout": 0.2}])
def test_one_thread_that_does_it_all(
    threads: int, dials: dict[str, Any], rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a forked process: the first thread takes what the others have not begun, the bits are those of all."""
    together = made(threads, rows, **dials)
    assert together._state.plan[SHARED]
    usual = together.advance(5)
    monkeypatch.setattr(team, "_forked", True)
    alone = made(threads, rows, **dials)
    found = alone.advance(5)
    assert alone.params_sha256() == together.params_sha256()
    np.testing.assert_array_equal(found.grad_norm, usual.grad_norm)
    np.testing.assert_array_equal(alone.predict(np.eye(9, WIDTHS[0])), together.predict(np.eye(9, WIDTHS[0])))


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("thread", range(THREADS))
def test_any_thread_takes_all_weights(thread: int, rows: int) -> None:
    trainer = made(rows=rows)
    trainer.advance(1)  # leaves activations and deltas
    s = trainer._state
    s.plan[[GRADIENTS, UPDATE_NOW]] = 1, 0
    share = int(s.plan[SHARE])
    norms = np.zeros(len(WIDTHS) - 1)
    for each in range(THREADS):
        weights_by(s.address, share, each, norms)
    shared = np.concatenate([np.arange(t[WEIGHT], t[BIAS]) for t in s.table[:2]])
    wanted = s.g[shared].copy()
    s.g[:] = np.nan
    weights_by(s.address, share, thread, norms)
    np.testing.assert_array_equal(s.g[shared], wanted)
    for layer, t in enumerate(s.table[:2]):
        assert norms[layer] >= 0.999 * (s.g[t[WEIGHT] : t[BIAS]].astype(float) ** 2).sum()


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("thread", range(THREADS))
def test_pieces_wait_for_their_inputs(thread: int, rows: int) -> None:
    """No thread multiplies inputs that their owner has not gathered; those that are there, whoever is free."""
    trainer = made(rows=rows)
    trainer.advance(1)
    s = trainer._state
    t = s.table[0]
    count, m = rows, int(t[FAN_OUT])
    parts = [s.work[t[Z] : t[Z] + count * m], *s.products[: (THREADS - 1) * count * m].reshape(THREADS - 1, -1)]
    for others in (0, THREADS):
        for part in parts:
            part[:] = np.nan
        forward_by(s.address, int(s.plan[STAGES]), thread, others)
        done = [not np.isnan(part).any() for part in parts]
        assert done == [others > 0 or owner == thread for owner in range(THREADS)]


def test_small_layers_have_none() -> None:
    small = Trainer(Architecture((20, 30, 2)), Recipe(), np.eye(20, dtype=np.float32), np.arange(20) % 2, threads=2)
    assert not small._state.plan[SHARED]
    assert not made(1)._state.plan[SHARED]


@pytest.mark.parametrize("columns", [1, 63, 64, 65, 127, 128, 700])
def test_columns_are_covered_once(columns: int) -> None:
    @njit(cache=False)
    def spans(columns, out):
        count = pieces.pieces_of(True, 40, 10, 10, columns)
        for piece in range(count):
            out[piece, 0], out[piece, 1] = pieces.columns_of(piece, count, columns)
        return count

    out = np.zeros((20, 2), np.int64)
    count = spans(columns, out)
    assert out[0, 0] == 0 and out[count - 1, 1] == columns
    assert (out[1:count, 0] == out[: count - 1, 1]).all()
    assert (np.diff(out[:count])[:-1] == pieces.COLUMNS).all()
    assert out[count - 1, 1] - out[count - 1, 0] >= min(columns, pieces.COLUMNS)
