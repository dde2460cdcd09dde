"""Reference lines are what scikit-learn gives on the same split, from a process that ends."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.svm import SVC, SVR

from tuilab.datasets import Split, load
from tuilab.lab import references
from tuilab.lab.references import MISSING, NAMES, ROWS, VALIDATION_ROWS, Fitting, arrays, fit


@pytest.fixture(scope="module")
def moons() -> Split:
    return load("moons", seed=4)


def line(rows: int = 300) -> Split:
    """A regression with one target."""
    x = np.random.default_rng(0).normal(size=(rows, 3)).astype(np.float32)
    y = np.float32(x[:, :1] ** 2 + x[:, 1:2])
    part = slice(0, rows // 2), slice(rows // 2, None)
    return Split("line", "regression", x[part[0]], y[part[0]], x[part[1]], y[part[1]], x, y, 0, 3)


def test_they_are_those_of_a_direct_fit(moons: Split) -> None:
    fitting = Fitting(moons, 11)
    fitting.start()
    assert fitting.wait(60.0) and fitting.problem is None
    svm, forest = SVC(), RandomForestClassifier(random_state=11)
    want = [float(np.mean(m.fit(moons.x_train, moons.y_train).predict(moons.x_val) == moons.y_val))
            for m in (svm, forest)]  # fmt: skip
    assert [found.name for found in fitting.found] == list(NAMES)
    assert [found.value for found in fitting.found] == want
    assert {found.rows for found in fitting.found} == {len(moons.x_train)}


def test_for_regression_it_is_the_mean_squared_error() -> None:
    data = line()
    y = data.y_train[:, 0]
    want = np.mean((SVR().fit(data.x_train, y).predict(data.x_val) - data.y_val[:, 0]) ** 2)
    assert fit("SVM", arrays(data), 0).value == pytest.approx(want)
    assert fit("Forest", arrays(data), 0).value < np.var(data.y_val)


def test_many_rows_are_thinned_class_by_class(moons: Split) -> None:
    y = np.repeat([0, 1, 1, 1], 2 * ROWS)
    many = replace(moons, x_train=np.zeros((len(y), 2), np.float32), y_train=y, x_val=np.zeros((len(y), 2)), y_val=y)
    part = arrays(many)
    assert (len(part.x), len(part.x_val)) == (ROWS, VALIDATION_ROWS) and np.mean(part.y == 0) == 0.25
    assert len(arrays(line(3 * ROWS)).y) == ROWS


def test_without_scikit_learn_one_line_says_how_to_get_it(moons: Split, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "find_spec", lambda name: None)
    fitting = Fitting(moons, 0)
    fitting.start()
    assert fitting.wait(5.0) and fitting.problem == MISSING and "pip install scikit-learn" in MISSING
    assert fitting.found == ()


def test_what_goes_wrong_is_told_in_one_line(moons: Split) -> None:
    broken = replace(moons, x_train=np.full_like(moons.x_train, np.nan))
    fitting = Fitting(broken, 0)
    fitting.start()
    assert fitting.wait(60.0)
    assert fitting.problem is not None and "NaN" in fitting.problem and "\n" not in fitting.problem


def test_stopped_it_leaves_no_process(moons: Split) -> None:
    fitting = Fitting(moons, 0)
    fitting.start()
    end = time.monotonic() + 20
    while fitting._process is None and time.monotonic() < end:
        time.sleep(0.005)
    assert fitting._process is not None
    fitting.stop()
    assert fitting.wait(10.0) and fitting.problem is None
    with pytest.raises(ProcessLookupError):
        os.kill(fitting._process.pid, 0)
