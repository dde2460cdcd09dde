"""The engine and its peers, each as a function that trains a number of steps on a case.

The work is the same for all that train: gather a shuffled batch, forward, softmax cross-entropy, backward, the L2 norm
of each layer's gradient and the loss of every step, Adam. `products` is no peer but the floor: only the matrix
products of the step, by NumPy's BLAS with all its threads.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tuilab.bench.cases import ROWS, Case
from tuilab.bench.gpu import cublas, torch_graph

Run = Callable[[int], float]  # trains about that many steps, returns how many it was


def _data(case: Case) -> tuple[Any, Any, np.random.Generator]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((ROWS, case.widths[0]), dtype=np.float32)
    return x, rng.integers(0, case.widths[-1], ROWS), rng


def engine(case: Case, threads: int, backend: str = "cpu") -> Run:
    """This project's engine, with as many parts a step as it chooses by itself."""
    from engine import Architecture, Recipe, Trainer

    x, y, _ = _data(case)
    trainer = Trainer(Architecture(case.widths), Recipe(**case.dials), x, y, case.batch_size, backend=backend)
    trainer.probe_every = case.probe_every
    return lambda steps: len(trainer.advance(steps))


def products(case: Case, threads: int) -> Run:
    """The matrix products of a step and nothing else."""
    _, _, rng = _data(case)
    values = [rng.standard_normal((case.batch_size, n), dtype=np.float32) for n in case.widths]
    weights = [rng.standard_normal(shape, dtype=np.float32) for shape in itertools.pairwise(case.widths)]
    out, gradients = [np.empty_like(v) for v in values], [np.empty_like(w) for w in weights]

    def run(steps: int) -> float:
        for _ in range(steps):
            for i, w in enumerate(weights):
                np.dot(values[i], w, out=out[i + 1])
            for i in reversed(range(len(weights))):
                np.dot(values[i].T, values[i + 1], out=gradients[i])
                if i:
                    np.dot(values[i + 1], weights[i].T, out=out[i])
        return steps

    return run


def torch(case: Case, threads: int, device: str = "cpu") -> Run:
    """PyTorch, eager, with its fused Adam and its metrics read back every step."""
    import torch as pt

    pt.set_num_threads(threads)
    x, y, _ = _data(case)
    layers: list[Any] = []
    for n, m in itertools.pairwise(case.widths):
        layers += [pt.nn.Linear(n, m), pt.nn.ReLU()]
    net, criterion = pt.nn.Sequential(*layers[:-1]).to(device), pt.nn.CrossEntropyLoss()
    parameters = list(net.parameters())
    optimizer = pt.optim.Adam(parameters, 1e-3, fused=True)
    data, labels, order = pt.from_numpy(x).to(device), pt.from_numpy(y).to(device), pt.randperm(ROWS).to(device)

    def run(steps: int) -> float:
        for step in range(steps):
            start = step * case.batch_size % (ROWS - case.batch_size)
            rows = order[start : start + case.batch_size]
            optimizer.zero_grad(set_to_none=True)
            loss = criterion(net(data[rows]), labels[rows])
            loss.backward()
            optimizer.step()
            loss.item()
            pt.stack(pt._foreach_norm([p.grad for p in parameters if p.grad is not None])).tolist()
        return steps

    return run


def jax(case: Case, threads: int) -> Run:
    """JAX: a scan over the batches of an epoch, compiled as one program."""
    import jax as jx
    import jax.numpy as jnp

    x, y, rng = _data(case)
    data, labels = jnp.asarray(x), jnp.asarray(y)
    start = [
        (jnp.asarray(0.05 * rng.standard_normal(s, dtype=np.float32)), jnp.zeros(s[1]))
        for s in itertools.pairwise(case.widths)
    ]

    def loss_of(parameters: Any, xb: Any, yb: Any) -> Any:
        for i, (w, b) in enumerate(parameters):
            xb = xb @ w + b
            if i < len(parameters) - 1:
                xb = jx.nn.relu(xb)
        return -jnp.mean(jnp.take_along_axis(jx.nn.log_softmax(xb), yb[:, None], 1))

    def step(carry: Any, rows: Any) -> Any:
        parameters, first, second, count = carry
        count = count + 1
        loss, gradient = jx.value_and_grad(loss_of)(parameters, data[rows], labels[rows])
        norms = jnp.stack([jnp.sqrt(jnp.vdot(w, w) + jnp.vdot(b, b)) for w, b in gradient])
        first = jx.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
        second = jx.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradient)
        parameters = jx.tree.map(
            lambda p, m, v: p - 1e-3 * (m / (1 - 0.9**count)) / (jnp.sqrt(v / (1 - 0.999**count)) + 1e-8),
            parameters, first, second,
        )  # fmt: skip
        return (parameters, first, second, count), (loss, norms)

    epoch = jx.jit(lambda carry, rows: jx.lax.scan(step, carry, rows))
    zeros = jx.tree.map(jnp.zeros_like, start)
    state = [(start, zeros, zeros, 0.0)]

    def run(steps: int) -> float:
        per_epoch = ROWS // case.batch_size
        for begun in range(0, steps, per_epoch):
            count = min(per_epoch, steps - begun)
            rows = rng.permutation(ROWS)[: count * case.batch_size].reshape(count, case.batch_size)
            state[0], metrics = epoch(state[0], jnp.asarray(rows))
            np.asarray(metrics[0])
        return steps

    return run


def sklearn(case: Case, threads: int) -> Run:
    """scikit-learn's MLPClassifier, whole epochs at a time, which it does not report by the step."""
    from sklearn.neural_network import MLPClassifier

    x, y, _ = _data(case)
    warnings.filterwarnings("ignore")

    def run(steps: int) -> float:
        epochs = max(1, round(steps * case.batch_size / ROWS))
        net = MLPClassifier(
            case.widths[1:-1], batch_size=case.batch_size, max_iter=epochs, n_iter_no_change=10**9, tol=0.0
        )
        net.fit(x, y)
        return epochs * ROWS / case.batch_size

    return run


CONTESTANTS: dict[str, Callable[[Case, int], Run]] = {
    "engine": engine, "products": products, "torch": torch, "jax": jax, "sklearn": sklearn,
    "engine-cuda": partial(engine, backend="cuda"), "torch-cuda": partial(torch, device="cuda"),
    "torch-graph": torch_graph, "cublas": cublas,
}  # fmt: skip
