"""Print how far the engine is from the float64 oracle, part by part: `python -m tests.engine.tolerances`.

The tests assert bounds; this shows the distances themselves, which documents may quote.
"""

from __future__ import annotations

import itertools

import numpy as np

from engine import Recipe
from engine.spec import ACTIVATIONS, OPTIMIZERS
from tests.engine import test_combinations, test_gradients, test_optimizers
from tests.engine.cases import build, walk
from tests.engine.oracle import worst


def gradients() -> list[float]:
    """Largest relative error of a gradient tensor, one for each combination of test_every_activation."""
    errors = []
    for activation, batch_norm, dropout, task in itertools.product(
        ACTIVATIONS, (False, True), (0.0, 0.3), ("classification", "regression")
    ):
        recipe = Recipe(activation=activation, batch_norm=batch_norm, dropout=dropout, input_dropout=dropout / 2)
        trainer, x, y = build(test_gradients.WIDTHS, recipe, task=task)
        errors.append(test_gradients.check(trainer, x, y, 5))
    return errors


def optimizer(name: str) -> tuple[float, float]:
    """Largest relative error of a parameter tensor after 20 and after 50 steps."""
    recipe = Recipe(activation="tanh", optimizer=name, lr=test_optimizers.rate(name), weight_decay=0.02)
    trainer, net, x, y = test_optimizers.start(recipe)
    walk(trainer, net, x, y, 20)
    early = worst(trainer.tensors(), net.arrays())[0]
    walk(trainer, net, x, y, 30)
    return early, worst(trainer.tensors(), net.arrays())[0]


def main() -> None:
    """Print all of it."""
    errors = gradients()
    print(f"gradients, {len(errors)} nets: largest relative error {max(errors):.1e}, median {np.median(errors):.1e}")
    for name in OPTIMIZERS:
        early, late = optimizer(name)
        print(f"{name:9s} parameters after 20 steps {early:.1e}, after 50 steps {late:.1e}")
    cases = [test_combinations.check(seed) for seed in range(test_combinations.CASES)]
    plain = np.array([error for error, excused in cases if not excused])
    print(
        f"{len(cases)} random combinations, 50 steps: median {np.median(plain):.1e}, 90 % below "
        f"{np.quantile(plain, 0.9):.1e}; {len(cases) - len(plain)} amplify rounding beyond 1e-3 in PyTorch too"
    )


if __name__ == "__main__":
    main()
