"""Names, options and their errors; what loading imports."""

import subprocess
import sys

import numpy as np
import pytest

from tuilab.datasets import DATASETS, DataError, Split, check_dataset, load, names
from tuilab.datasets.toy import POINTS

PLANE = ("circle", "xor", "gaussians", "spiral", "moons")
FAMILY = ("mnist", "fashion-mnist", "kmnist")


def test_every_name_loads_as_the_contract_says() -> None:
    assert names() == tuple(DATASETS) == ("digits", *PLANE, *FAMILY)
    assert {name for name, entry in DATASETS.items() if entry.embedded} == {"digits", *PLANE}
    for name in ("digits", *PLANE):
        data = load(name)
        assert isinstance(data, Split) and data.name == name and data.task == "classification"
        assert data.outputs == data.classes == len(data.class_names)
        for x, y in ((data.x_train, data.y_train), (data.x_val, data.y_val), (data.x_test, data.y_test)):
            assert x.dtype == np.float32 and x.flags["C_CONTIGUOUS"] and x.shape == (len(y), data.features)
            assert y.dtype == np.int64 and y.ndim == 1 and np.isfinite(x).all()
            assert set(np.unique(y)) == set(range(data.classes))


def test_digits_are_loaded_without_sklearn_and_named_without_numpy() -> None:
    code = (
        "import sys, tuilab.datasets as d\n"
        "assert 'numpy' not in sys.modules and 'sklearn' not in sys.modules\n"
        "assert d.load('digits').features == 64\n"
        "heavy = {'sklearn', 'scipy', 'numba', 'textual', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"name": "digit"}, ["dataset: found 'digit'", "moons", "did you mean 'digits'?"]),
        ({"name": 7}, ["dataset: found 7", "allowed: digits"]),
        ({"name": "digits", "noise": 0.1}, ["noise: digits takes none", "allowed: train_size"]),
        ({"name": "digits", "trainsize": 9}, ["trainsize: digits has no such option", "did you mean 'train_size'?"]),
        ({"name": "digits", "train_size": 0}, ["train_size: found 0", "[1, 1257]"]),
        ({"name": "digits", "train_size": 1258}, ["train_size: found 1258", "[1, 1257]"]),
        ({"name": "xor", "train_size": 10.0}, ["train_size: found 10.0", "[1, 700]"]),
        ({"name": "xor", "train_size": True}, ["train_size: found True"]),
        ({"name": "moons", "noise": -0.1}, ["noise: found -0.1", "[0, 100]"]),
        ({"name": "moons", "noise": float("nan")}, ["noise: found nan"]),
        ({"name": "moons", "noise": float("inf")}, ["noise: found inf"]),
        ({"name": "moons", "noise": "much"}, ["noise: found 'much'"]),
        ({"name": "moons", "label_noise": 1.5}, ["label_noise: found 1.5", "[0, 1]"]),
        ({"name": "moons", "standardise": 0}, ["standardise: found 0", "true or false"]),
        ({"name": "moons", "target": "x"}, ["target: moons has no such option"]),
        ({"name": "nowhere/x.csv"}, ["nowhere/x.csv: No such file or directory", "a table as text"]),
        ({"name": "a\nb/x\x1b[1m.csv"}, ["a\N{REPLACEMENT CHARACTER}b/x\N{REPLACEMENT CHARACTER}[1m.csv"]),
        ({"name": "moons", "seed": -1}, ["seed: found -1"]),
        ({"name": "moons", "seed": "a"}, ["seed: found 'a'"]),
    ],
)
def test_a_wrong_request_is_refused_in_one_line(arguments: dict, words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        load(**arguments)
    text = str(caught.value)
    assert "\n" not in text and text == f"{caught.value.field}: {caught.value.message}"
    for word in words:
        assert word in text


def test_noise_is_the_deviation_of_the_step_and_moves_no_class() -> None:
    clean, noisy = load("spiral", noise=0.0), load("spiral", noise=0.3)
    assert np.array_equal(clean.y_train, noisy.y_train)
    step = np.concatenate([noisy.x_train - clean.x_train, noisy.x_val - clean.x_val, noisy.x_test - clean.x_test])
    assert step.shape == (POINTS, 2)
    assert abs(step.mean()) < 0.02 and abs(step.std() - 0.3) < 0.02
    assert 0.94 < np.mean(np.abs(step) < 0.6) < 0.97  # a normal step: 95.4 % within two deviations


@pytest.mark.parametrize("name", PLANE)
def test_points_differ_by_seed_and_not_by_call(name: str) -> None:
    first, again, other = load(name, seed=3), load(name, seed=3), load(name, seed=4)
    assert np.array_equal(first.x_train, again.x_train) and np.array_equal(first.y_train, again.y_train)
    assert not np.array_equal(first.x_train, other.x_train)


def _whole(name: str) -> tuple[np.ndarray, np.ndarray]:
    data = load(name, noise=0.0)
    x = np.concatenate([data.x_train, data.x_val, data.x_test])
    return x, np.concatenate([data.y_train, data.y_val, data.y_test])


def test_the_shapes_are_what_their_names_say() -> None:
    x, y = _whole("circle")
    radius = np.hypot(*x.T)
    assert radius[y == 0].max() <= 0.5 + 1e-6 and radius[y == 1].min() >= 0.7 - 1e-6 and radius.max() <= 1 + 1e-6
    x, y = _whole("xor")
    assert np.array_equal(x[:, 0] * x[:, 1] < 0, y == 1) and 0.05 - 1e-6 <= np.abs(x).min() <= np.abs(x).max() <= 1
    x, y = _whole("gaussians")
    assert np.array_equal(np.unique(x), np.float32([-0.5, 0.5])) and np.array_equal(x[:, 0] > 0, y == 1)
    x, y = _whole("spiral")
    radius = np.hypot(*x.T)
    turn = 2 * np.pi * 1.75 * radius + np.pi * y
    assert np.allclose(x, np.column_stack([radius * np.sin(turn), radius * np.cos(turn)]), atol=1e-5)
    x, y = _whole("moons")
    plain = x * 1.5 + (0.5, 0.25)
    assert np.allclose(np.hypot(*(plain[y == 0]).T), 1, atol=1e-5) and (plain[y == 0][:, 1] >= -1e-6).all()
    assert np.allclose(np.hypot(*(plain[y == 1] - (1, 0.5)).T), 1, atol=1e-5) and (plain[y == 1][:, 1] <= 0.5).all()


def test_a_preset_can_check_a_name_without_reading_anything() -> None:
    for name in (*names(), "data/mine.csv", "mine.NPZ", "/somewhere/idx"):
        assert check_dataset(name) == name
    for name in ("", "mine", None, 3, ["digits"]):
        with pytest.raises(DataError, match="dataset: found"):
            check_dataset(name)
