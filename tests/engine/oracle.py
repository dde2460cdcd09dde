"""The independent check: the network, its training step and every dial once more, in PyTorch.

Written from the definitions (docs and PyTorch's own functions), not from the engine's code. An `Oracle` holds
the engine's tensors under the engine's names, takes the batch rows and dropout masks from the engine (randomness
is the one thing that cannot be written twice), and does everything else with torch.autograd and torch.optim in
float64 (the truth) or float32 (how far rounding alone carries an exact implementation).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from engine import Architecture, Recipe

torch.set_num_threads(1)  # the nets are tiny: a second thread costs more than it does

SERLU_LAMBDA, SERLU_ALPHA = 1.07862, 2.90427
#: What alpha dropout puts in place of a dropped unit: SELU's limit at minus infinity, -lambda * alpha.
ALPHA_PRIME = -1.0507009873554804934 * 1.6732632423543772848

Masks = Sequence[np.ndarray | None]
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class StepResult:
    """What one training step reports: batch loss and per-layer gradient norms (before clipping), and the rate used."""

    loss: float
    grad_norm: np.ndarray
    lr: float
    accuracy: float


def activate(name: str, z: torch.Tensor, recipe: Recipe, slope: torch.Tensor) -> torch.Tensor:
    """The activation `name` of `z`; torch's own function wherever torch has it."""
    functions: dict[str, Callable[[], torch.Tensor]] = {
        "linear": lambda: z,
        "sigmoid": lambda: torch.sigmoid(z),
        "tanh": lambda: torch.tanh(z),
        "relu": lambda: F.relu(z),
        "leaky_relu": lambda: F.leaky_relu(z, recipe.negative_slope),
        "elu": lambda: F.elu(z, recipe.elu_alpha),
        "prelu": lambda: F.prelu(z, slope.reshape(1)),
        "selu": lambda: F.selu(z),
        "serlu": lambda: serlu(z),
    }
    return functions[name]()


def serlu(z: torch.Tensor) -> torch.Tensor:
    """Zhang & Li 2018: lambda*z for z >= 0, lambda*alpha*z*exp(z) below."""
    below = torch.clamp(z, max=0.0)
    return SERLU_LAMBDA * torch.where(z >= 0, z, SERLU_ALPHA * below * torch.exp(below))


def drop(h: torch.Tensor, multiplier: np.ndarray | None, rate: float, alpha: bool) -> torch.Tensor:
    """Dropout by a given mask of multipliers (0 where dropped); alpha dropout as in Klambauer 2017, section 3."""
    if multiplier is None:
        return h
    if not alpha:
        return h * torch.as_tensor(multiplier, dtype=h.dtype)
    keep = 1.0 - rate
    a = (keep + ALPHA_PRIME**2 * keep * (1.0 - keep)) ** -0.5
    b = -a * (1.0 - keep) * ALPHA_PRIME
    mask = torch.as_tensor(multiplier != 0, dtype=h.dtype)
    return a * (h * mask + ALPHA_PRIME * (1.0 - mask)) + b


def schedule_factor(recipe: Recipe, t: int) -> float:
    """What the learning rate is multiplied by at step index t (from 0)."""
    warm = min(1.0, (t + 1) / recipe.warmup_steps) if recipe.warmup_steps > 0 else 1.0
    progress = t / recipe.decay_steps
    factor = {
        "constant": 1.0,
        "step": recipe.decay_rate ** math.floor(progress),
        "exponential": recipe.decay_rate**progress,
        "cosine": 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress))),
    }[recipe.schedule]
    return warm * factor


def new_optimizer(recipe: Recipe, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
    """torch.optim's optimizer for the recipe. Hyperparameters are set anew before each step, see `hyperparameters`."""
    kinds: dict[str, tuple[Any, dict[str, Any]]] = {
        "sgd": (torch.optim.SGD, {}),
        "momentum": (torch.optim.SGD, {"momentum": 0.9}),
        "nag": (torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
        "adagrad": (torch.optim.Adagrad, {}),
        "rmsprop": (torch.optim.RMSprop, {}),
        "adadelta": (torch.optim.Adadelta, {}),
        "adam": (torch.optim.Adam, {}),
        "radam": (torch.optim.RAdam, {}),
        "adamw": (torch.optim.AdamW, {}),
    }
    kind, options = kinds[recipe.optimizer]
    optimizer: torch.optim.Optimizer = kind(parameters, lr=1e-3, foreach=False, **options)
    return optimizer


def hyperparameters(recipe: Recipe, lr: float) -> dict[str, Any]:
    """torch's names and values for the recipe's optimizer."""
    name = recipe.optimizer
    values: dict[str, Any] = {"lr": lr, "weight_decay": recipe.weight_decay}
    if name in ("momentum", "nag"):
        values["momentum"] = recipe.momentum
    if name == "rmsprop":
        values["alpha"] = recipe.alpha
    if name == "adadelta":
        values["rho"] = recipe.rho
    if name in ("adam", "radam", "adamw"):
        values["betas"] = (recipe.beta1, recipe.beta2)
    if name not in ("sgd", "momentum", "nag"):
        values["eps"] = recipe.epsilon
    return values


class Oracle:
    """One network in torch, trained step by step on the batches and masks it is given."""

    def __init__(self, architecture: Architecture, recipe: Recipe, dtype: torch.dtype = torch.float64):
        self.architecture, self.recipe, self.dtype = architecture, recipe, dtype
        self.layers = architecture.layers
        widths = architecture.widths
        self.params: Tensors = {}
        self.buffers: Tensors = {}
        for i, (n, m) in enumerate(itertools.pairwise(widths)):
            self.params[f"{i}.weight"] = torch.zeros(n, m, dtype=dtype)
            self.params[f"{i}.bias"] = torch.zeros(m, dtype=dtype)
            if i < self.layers - 1:
                self.params[f"{i}.gamma"] = torch.ones(m, dtype=dtype)
                self.params[f"{i}.beta"] = torch.zeros(m, dtype=dtype)
                self.params[f"{i}.slope"] = torch.full((1,), 0.25, dtype=dtype)
                self.buffers[f"{i}.running_mean"] = torch.zeros(m, dtype=dtype)
                self.buffers[f"{i}.running_var"] = torch.ones(m, dtype=dtype)
        for tensor in self.params.values():
            tensor.requires_grad_(True)
        self._clear_optimizer()

    # -- exchange with the engine -------------------------------------------------------------------------------

    def load(self, tensors: Mapping[str, np.ndarray], buffers: Mapping[str, np.ndarray]) -> None:
        """Take over an engine's `tensors()` and `buffers()`; optimizer state stays as it is."""
        assert set(tensors) == set(self.params), "the engine's tensor names are not the documented ones"
        with torch.no_grad():
            for name, array in tensors.items():
                self.params[name].copy_(torch.as_tensor(np.array(array, np.float64)).reshape(self.params[name].shape))
            for name, buffer in self.buffers.items():
                buffer.copy_(torch.as_tensor(np.array(buffers[name], np.float64)).reshape(buffer.shape))

    def change(self, **dials: Any) -> None:
        """Turn dials; a new optimizer or new weights start with an empty state, everything else goes on."""
        before = self.recipe.optimizer
        self.recipe = self.recipe.changed(**dials)
        if self.recipe.optimizer != before or "initializer" in dials:
            self._clear_optimizer()

    def _clear_optimizer(self) -> None:
        self.optimizer = new_optimizer(self.recipe, list(self.params.values()))
        self.updates = 0

    def arrays(self) -> dict[str, np.ndarray]:
        """All parameters as float64 arrays under the engine's names."""
        return {name: p.detach().to(torch.float64).numpy().copy() for name, p in self.params.items()}

    def active(self) -> set[str]:
        """Names of the parameters the dials make take part."""
        names = {f"{i}.{kind}" for i in range(self.layers) for kind in ("weight", "bias")}
        for i, activation in enumerate(self.recipe.activations(self.layers - 1)):
            names |= {f"{i}.gamma", f"{i}.beta"} if self.recipe.batch_norm else set()
            names |= {f"{i}.slope"} if activation == "prelu" else set()
        return names

    # -- the network --------------------------------------------------------------------------------------------

    def forward(self, x: np.ndarray, masks: Masks | None = None, *, training: bool = True, update: bool = False) -> Any:
        """Logits or outputs (batch, outputs). `update`: move the running statistics as a training step does."""
        recipe = self.recipe
        masks = masks if masks is not None else [None] * self.layers
        # alpha dropout is made for what a SELU gives out: the input keeps to plain dropout
        h = drop(torch.as_tensor(x, dtype=self.dtype), masks[0], recipe.input_dropout, False)
        for i, activation in enumerate(recipe.activations(self.layers - 1)):
            z = h @ self.params[f"{i}.weight"] + self.params[f"{i}.bias"]
            if recipe.batch_norm:
                z = self._batch_norm(i, z, training, update)
            h = activate(activation, z, recipe, self.params[f"{i}.slope"])
            h = drop(h, masks[i + 1], recipe.dropout, recipe.alpha_dropout)
        return h @ self.params[f"{self.layers - 1}.weight"] + self.params[f"{self.layers - 1}.bias"]

    def _batch_norm(self, i: int, z: torch.Tensor, training: bool, update: bool) -> torch.Tensor:
        mean, var = self.buffers[f"{i}.running_mean"], self.buffers[f"{i}.running_var"]
        if training and not update:
            mean, var = mean.clone(), var.clone()
        gamma, beta = self.params[f"{i}.gamma"], self.params[f"{i}.beta"]
        if training and len(z) == 1:
            # Torch refuses one row. Its variance is 0 and the output beta, whatever z is; the running mean moves as
            # ever, the running variance stays, since one row says nothing of it.
            mean += self.recipe.bn_momentum * (z.detach()[0] - mean)
            return (z - z) * gamma + beta
        return F.batch_norm(z, mean, var, gamma, beta, training, self.recipe.bn_momentum, self.recipe.bn_eps)

    def loss_of(self, outputs: torch.Tensor, y: np.ndarray, *, smoothing: bool = True) -> torch.Tensor:
        """Mean cross-entropy over the batch, or mean squared error over batch and outputs."""
        if self.architecture.task == "classification":
            target = torch.as_tensor(np.asarray(y), dtype=torch.int64)
            return F.cross_entropy(outputs, target, label_smoothing=self.recipe.label_smoothing if smoothing else 0.0)
        target = torch.as_tensor(np.asarray(y), dtype=self.dtype).reshape(outputs.shape)
        return F.mse_loss(outputs, target)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Class probabilities or outputs in evaluation mode, float64."""
        with torch.no_grad():
            outputs = self.forward(x, training=False)
            if self.architecture.task == "classification":
                outputs = torch.softmax(outputs, 1)
            return outputs.to(torch.float64).numpy()

    def evaluate(self, x: np.ndarray, y: np.ndarray) -> float:
        """The loss in evaluation mode, without label smoothing."""
        with torch.no_grad():
            return float(self.loss_of(self.forward(x, training=False), y, smoothing=False))

    # -- training -----------------------------------------------------------------------------------------------

    def backward(self, x: np.ndarray, y: np.ndarray, masks: Masks | None = None, *, update: bool = False) -> Any:
        """Leave gradients in `.grad` (None where the dials make a parameter inactive); returns (loss, outputs)."""
        for p in self.params.values():
            p.grad = None
        outputs = self.forward(x, masks, update=update)
        loss = self.loss_of(outputs, y)
        loss.backward()
        active = self.active()
        for name, p in self.params.items():
            if name not in active:
                p.grad = None
            elif p.grad is None:
                p.grad = torch.zeros_like(p)
        if self.recipe.batch_norm:  # the batch mean takes a hidden bias out again: autograd leaves noise around 0
            for i in range(self.layers - 1):
                self.params[f"{i}.bias"].grad = torch.zeros_like(self.params[f"{i}.bias"])
        return loss, outputs

    def gradients(self, x: np.ndarray, y: np.ndarray, masks: Masks | None = None) -> dict[str, np.ndarray]:
        """Gradients of the batch loss (training mode) under the engine's names; zeros for inactive parameters."""
        self.backward(x, y, masks)
        grads = {n: torch.zeros_like(p) if p.grad is None else p.grad for n, p in self.params.items()}
        return {n: g.detach().to(torch.float64).numpy().copy() for n, g in grads.items()}

    def grad_norms(self) -> np.ndarray:
        """L2 norm of the gradients now in `.grad`, per layer (layers,)."""
        squares = [0.0] * self.layers
        for name, p in self.params.items():
            if p.grad is not None:
                squares[int(name.split(".")[0])] += float((p.grad**2).sum())
        return np.sqrt(np.array(squares))

    def step(self, x: np.ndarray, y: np.ndarray, masks: Masks | None, t: int) -> StepResult:
        """One training step with index t on the batch (x, y)."""
        recipe = self.recipe
        loss, outputs = self.backward(x, y, masks, update=True)
        norms = self.grad_norms()
        trained = [p for p in self.params.values() if p.grad is not None]
        if recipe.clip_norm > 0:
            torch.nn.utils.clip_grad_norm_(trained, recipe.clip_norm, foreach=False)
        with torch.no_grad():
            if recipe.l1 > 0:
                for p in trained:
                    p.grad += recipe.l1 * torch.sign(p)  # type: ignore[operator]
        lr = recipe.learning_rate * schedule_factor(recipe, t)
        for group in self.optimizer.param_groups:
            group.update(hyperparameters(recipe, lr))
        if recipe.optimizer in ("adam", "radam", "adamw"):
            self._count_as_one(trained)
        self.optimizer.step()
        self.updates += 1
        if recipe.max_norm > 0:
            self._bound_norms(recipe.max_norm)
        return StepResult(float(loss.detach()), norms, lr, accuracy(outputs, y, self.architecture.task))

    def _count_as_one(self, trained: list[torch.Tensor]) -> None:
        """Torch counts updates for each parameter by itself; the engine has one count for all, also for late comers."""
        for p in trained:
            state = self.optimizer.state[p]
            if not state:
                state.update(exp_avg=torch.zeros_like(p), exp_avg_sq=torch.zeros_like(p))
            state["step"] = torch.tensor(float(self.updates))

    def _bound_norms(self, bound: float) -> None:
        with torch.no_grad():
            for i in range(self.layers):
                weight = self.params[f"{i}.weight"]
                norm = torch.linalg.vector_norm(weight, dim=0)
                weight *= torch.where(norm > bound, bound / norm, 1.0)


def accuracy(outputs: torch.Tensor, y: np.ndarray, task: str) -> float:
    """Share of rows whose largest logit is the label; nan for regression."""
    if task != "classification":
        return math.nan
    return float((outputs.detach().argmax(1).numpy() == np.asarray(y)).mean())


def distance(found: np.ndarray, expected: np.ndarray, floor: float) -> float:
    """||found - expected|| / max(||expected||, floor), both as float64 vectors; inf where something is not finite."""
    a, b = np.asarray(found, np.float64).ravel(), np.asarray(expected, np.float64).ravel()
    assert a.shape == b.shape, (a.shape, b.shape)
    if not np.isfinite(a).all():
        return math.inf
    return float(np.linalg.norm(a - b) / max(float(np.linalg.norm(b)), floor, 1e-300))


def worst(
    found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], share: float = 1e-2, skip: Sequence[str] = ()
) -> tuple[float, str]:
    """Largest per-tensor `distance` and the tensor's name.

    The floor of each tensor's norm is `share` of the norm of all tensors together: a tensor whose values are mere
    cancellation (a bias that hovers around zero) is judged on the scale of the whole vector times `share`.
    """
    assert set(found) == set(expected), set(found) ^ set(expected)
    total = math.sqrt(sum(float(np.sum(np.square(e, dtype=np.float64))) for e in expected.values()))
    rated = [(distance(found[n], expected[n], share * total), n) for n in expected if n not in skip]
    return max(rated)
