"""What a claim measures that is not one number of one run: two numbers for one seed, in the order of the arms.

Each has its name in `names.STUDIES`. A study that needs what this machine has not raises NotMeasured.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.spec import Recipe
from tuilab.lab.claims import surfaces
from tuilab.lab.claims.names import STUDIES
from tuilab.lab.errors import LabError
from tuilab.lab.preset import Preset
from tuilab.lab.session import Session

if TYPE_CHECKING:
    from engine import Trainer
    from tuilab.datasets import Split

Pair = tuple[float, float]
NETWORKS = 50  # thinned networks in an average


class NotMeasured(Exception):
    """What a claim is about is not to be had here; the message says what is missing."""


def thinned_error(preset: Preset, split: Split) -> Pair:
    """Mean test error of NETWORKS thinned networks, and that of the average of their predictions, in per cent.

    A thinned network is the trained one with one dropout mask for every example: a dropped unit's outgoing weights
    are 0 and a kept one's are scaled, which is what a step of the training with that mask computes.
    """
    session = _trained(preset, split)
    guesses = np.array([_thinned(session.trainer, split.x_test, draw) for draw in range(NETWORKS)])
    singles = [_error(guess, split.y_test) for guess in guesses]
    return float(np.mean(singles)), _error(guesses.mean(0), split.y_test)


def _thinned(trainer: Trainer, x: Any, draw: int) -> Any:
    """Class probabilities of the network that mask number `draw` leaves."""
    kept = trainer.params.copy()
    # Steps the training did not reach, so no mask that the network has been trained with is among them.
    for layer, mask in enumerate(trainer.dropout_masks(trainer.step + 1 + draw, 1)):
        if mask is not None:
            trainer.tensors()[f"{layer}.weight"][:] *= mask[0][:, None]
    try:
        return trainer.predict(x)
    finally:
        trainer.params[:] = kept


def escape_share(preset: Preset, split: Split) -> Pair:
    """Per cent of the starts in the shallow minimum from which momentum, and plain descent, end in the deep one."""
    seed, recipe = preset.seed, preset.recipe
    steps = preset.steps or 1
    return (
        100.0 * surfaces.escaped(replace(recipe, optimizer="momentum"), steps, seed),
        100.0 * surfaces.escaped(replace(recipe, optimizer="sgd"), steps, seed),
    )


def overshoot(preset: Preset, split: Split) -> Pair:
    """How far NAG, and momentum, go past the bottom of a valley, as shares of the way they began with."""
    seed, steps = preset.seed, preset.steps or 1
    return (
        surfaces.overshot(replace(preset.recipe, optimizer="nag"), steps, seed),
        surfaces.overshot(replace(preset.recipe, optimizer="momentum"), steps, seed),
    )


def adaptive_spread(preset: Preset, split: Split) -> Pair:
    """Interquartile range of RAdam's, and of Adam's, adaptive factor over the first updates."""
    steps = preset.steps or 1
    return tuple(surfaces.factor_spread(Recipe(optimizer=name), steps, preset.seed) for name in ("radam", "adam"))  # type: ignore[return-value]


def svm_error(preset: Preset, split: Split) -> Pair:
    """Test error of an SVC as scikit-learn ships it (RBF kernel), and of the network, in per cent."""
    from sklearn.svm import SVC

    return _fitted(SVC(), split), _network(preset, split)


def forest_error(preset: Preset, split: Split) -> Pair:
    """Test error of a random forest as scikit-learn ships it (100 trees), and of the network, in per cent."""
    return _forest(preset, split), _network(preset, split)


def tree_error(preset: Preset, split: Split) -> Pair:
    """Test error of that forest, and of one decision tree grown to the end, in per cent."""
    from sklearn.tree import DecisionTreeClassifier

    return _forest(preset, split), _fitted(DecisionTreeClassifier(random_state=_sklearn_seed(preset)), split)


def _forest(preset: Preset, split: Split) -> float:
    from sklearn.ensemble import RandomForestClassifier

    return _fitted(RandomForestClassifier(random_state=_sklearn_seed(preset)), split)


def _sklearn_seed(preset: Preset) -> int:
    return preset.seed % 2**32  # all that scikit-learn takes


def _fitted(model: Any, split: Split) -> float:
    """Test error of a scikit-learn classifier fitted on the training part, in per cent."""
    model.fit(split.x_train, split.y_train)
    return 100.0 * float(np.mean(model.predict(split.x_test) != split.y_test))


def _network(preset: Preset, split: Split) -> float:
    return 100.0 * (1.0 - _trained(preset, split).trainer.evaluate(split.x_test, split.y_test).accuracy)


def samples_per_second(preset: Preset, split: Split) -> Pair:
    """Training examples a second on the graphics processor, and on this one."""
    from engine.backends import find_gpu

    gpu = find_gpu()
    if not gpu.usable or gpu.simulated:
        raise NotMeasured(f"not measured: no GPU ({gpu.why or gpu.name})")
    try:
        fast = _speed(preset, split, "cuda")
    except LabError as error:
        raise NotMeasured(f"not measured: no GPU ({error})") from None
    return fast, _speed(preset, split, "cpu")


def _speed(preset: Preset, split: Split, backend: str) -> float:
    session = Session(preset, backend=backend, data=split)
    session.advance(min(20, preset.steps or 20))
    begun, first = time.perf_counter(), session.step
    session.advance(session.total_steps)
    taken = time.perf_counter() - begun
    return (session.step - first) * preset.batch_size / taken if session.step > first else math.nan


def _trained(preset: Preset, split: Split) -> Session:
    session = Session(preset, threads=1, data=split)
    session.prepare()
    session.advance(session.total_steps)
    return session


def _error(probabilities: Any, labels: Any) -> float:
    """Per cent of the rows whose likeliest class is not theirs."""
    return 100.0 * float(np.mean(probabilities.argmax(1) != labels))


BY_NAME: dict[str, Callable[[Preset, Split], Pair]] = {name: globals()[name] for name in STUDIES}
