"""What the screen shows of the validation part, against counts made by hand and by scikit-learn."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import confusion_matrix, r2_score, root_mean_squared_error

from tuilab.datasets import load
from tuilab.lab.looks import ROWS, Classified, ask, chosen, classified, fitted, kinds, look
from tuilab.lab.preset import Preset
from tuilab.lab.session import Session


def split(**fields: Any) -> Any:
    """As much of a split as is looked at."""
    usual = {"task": "classification", "features": 4, "image_shape": None, "class_names": (), "y_mean": (),
             "y_deviation": ()}  # fmt: skip
    return SimpleNamespace(**{**usual, **fields})


def test_counts_are_those_of_scikit_learn() -> None:
    draws = np.random.default_rng(3)
    said = draws.dirichlet(np.ones(5), 400).astype(np.float32)
    data = split(x_val=np.zeros((400, 4)), y_val=draws.integers(0, 5, 400))
    seen = classified(data, np.arange(400), 7, said)
    np.testing.assert_array_equal(seen.counts, confusion_matrix(data.y_val, said.argmax(1), labels=range(5)))
    assert (seen.step, seen.rows, seen.of, seen.right) == (7, 400, 400, int(np.sum(said.argmax(1) == data.y_val)))


def test_the_surest_mistakes_come_first_with_their_pictures() -> None:
    said = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.05, 0.95], [0.7, 0.3]], np.float32)
    x = np.arange(20, dtype=np.float32).reshape(5, 4)
    data = split(x_val=x, y_val=np.array([0, 0, 0, 1, 1]), image_shape=(2, 2))
    worst = classified(data, np.arange(5), 0, said).worst
    assert [(m.row, m.true, m.predicted) for m in worst] == [(2, 0, 1), (4, 1, 0), (1, 0, 1)]
    assert [m.probability for m in worst] == pytest.approx([0.8, 0.7, 0.6])
    image = worst[0].image
    assert image is not None
    np.testing.assert_allclose(image, [[0, 1 / 3], [2 / 3, 1]])


def test_what_is_confused_most_often() -> None:
    counts = np.array([[9, 3, 0], [5, 9, 1], [0, 0, 9]])
    seen = Classified(0, 36, 36, counts, ("a", "b", "c"), ())
    assert seen.confused(2) == [(1, 0, 5), (0, 1, 3)]
    assert seen.confused(9) == [(1, 0, 5), (0, 1, 3), (1, 2, 1)]


def test_a_fit_is_measured_in_the_units_of_the_data() -> None:
    draws = np.random.default_rng(1)
    true = draws.normal(size=(200, 2)).astype(np.float32)
    said = true + draws.normal(size=(200, 2)).astype(np.float32) * 0.3
    data = split(task="regression", x_val=np.zeros((200, 4)), y_val=true, y_mean=(10.0, 0.0), y_deviation=(4.0, 1.0))
    seen = fitted(data, np.arange(200), 0, said)
    want, got = true[:, 0] * 4.0 + 10.0, said[:, 0] * 4.0 + 10.0
    assert seen.r2 == pytest.approx(r2_score(want, got)) and seen.outputs == 2
    assert seen.rmse == pytest.approx(root_mean_squared_error(want, got), rel=1e-6)
    np.testing.assert_allclose(seen.predicted, got, rtol=1e-6)


def test_many_rows_are_thinned_evenly() -> None:
    assert chosen(5).tolist() == [0, 1, 2, 3, 4]
    rows = chosen(50_000)
    assert len(rows) == ROWS and np.diff(rows).min() == np.diff(rows).max() == 25


def test_what_there_is_to_see_of_each_kind_of_data() -> None:
    assert kinds(split(image_shape=(2, 2))) == ("confusion", "mistakes")
    assert kinds(split()) == ("confusion",)
    assert kinds(split(features=2)) == ("boundary",)
    assert kinds(split(task="regression")) == ("fit",)


def test_a_real_session_is_looked_at_without_a_trace() -> None:
    session = Session(Preset("digits", name="d", widths=(16,), steps=60), threads=1, data=load("digits", seed=0))
    session.advance(40)
    before = session.trainer.params_sha256()
    rows = chosen(len(session.data.x_val))
    step, said = ask(session, rows)
    seen = look(session.data, rows, step, said)
    assert isinstance(seen, Classified) and seen.step == 40
    accuracy = session.trainer.evaluate(session.data.x_val, session.data.y_val).accuracy
    assert seen.right / seen.rows == pytest.approx(accuracy)
    assert all(m.image is not None and m.image.shape == (8, 8) for m in seen.worst)
    assert session.trainer.params_sha256() == before
