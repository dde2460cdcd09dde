"""The oracle against torch.nn and torch.optim themselves: a wrong oracle would prove nothing."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from torch import nn

from engine import Architecture, Recipe
from tests.engine import oracle
from tests.engine.oracle import Oracle

MODULES = {
    "linear": nn.Identity, "sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU, "prelu": nn.PReLU, "selu": nn.SELU,
}  # fmt: skip


def fill(net: Oracle, seed: int) -> None:
    """Random values in every tensor, so that no two roles can be mixed up unnoticed."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in net.params.values():
            tensor.copy_(torch.randn(tensor.shape, generator=generator, dtype=torch.float64) * 0.5 + 0.1)


def twin(net: Oracle, activation: str, batch_norm: bool, dropout: nn.Module) -> nn.Sequential:
    """The same net from torch.nn modules, sharing no tensor with `net`."""
    modules: list[nn.Module] = []
    widths = net.architecture.widths
    for i, (n, m) in enumerate(itertools.pairwise(widths)):
        linear = nn.Linear(n, m).double()
        linear.weight.data = net.params[f"{i}.weight"].detach().T.clone()
        linear.bias.data = net.params[f"{i}.bias"].detach().clone()
        modules.append(linear)
        if i == len(widths) - 2:
            break
        if batch_norm:
            norm = nn.BatchNorm1d(m).double()
            norm.weight.data = net.params[f"{i}.gamma"].detach().clone()
            norm.bias.data = net.params[f"{i}.beta"].detach().clone()
            modules.append(norm)
        module = MODULES[activation]()
        if isinstance(module, nn.PReLU):
            module.weight.data = net.params[f"{i}.slope"].detach().clone()
        modules += [module, dropout]
    return nn.Sequential(*modules)


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("activation", MODULES)
def test_net_and_gradients_are_torch_modules(activation: str, batch_norm: bool) -> None:
    net = Oracle(Architecture((5, 7, 6, 3)), Recipe(activation=activation, batch_norm=batch_norm))
    fill(net, 1)
    reference = twin(net, activation, batch_norm, nn.Identity())
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(9, 5)), rng.integers(0, 3, 9)
    for _ in range(3):  # three times, for the running statistics
        loss, _ = net.backward(x, y, update=True)
        reference.zero_grad()
        expected = nn.CrossEntropyLoss()(reference(torch.as_tensor(x)), torch.as_tensor(y))
        expected.backward()
        assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    gradients = net.gradients(x, y)
    for i, linear in enumerate(m for m in reference if isinstance(m, nn.Linear)):
        np.testing.assert_allclose(gradients[f"{i}.weight"], linear.weight.grad.numpy().T, rtol=1e-9, atol=1e-14)
        # under batch norm torch leaves rounding noise in a hidden bias, the oracle the exact zero
        np.testing.assert_allclose(gradients[f"{i}.bias"], linear.bias.grad.numpy(), rtol=1e-9, atol=1e-14)
    for i, norm in enumerate(m for m in reference if isinstance(m, nn.BatchNorm1d)):
        np.testing.assert_allclose(gradients[f"{i}.gamma"], norm.weight.grad.numpy(), rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(gradients[f"{i}.beta"], norm.bias.grad.numpy(), rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(net.buffers[f"{i}.running_mean"].numpy(), norm.running_mean.numpy(), rtol=1e-12)
        np.testing.assert_allclose(net.buffers[f"{i}.running_var"].numpy(), norm.running_var.numpy(), rtol=1e-12)
    for i, prelu in enumerate(m for m in reference if isinstance(m, nn.PReLU)):
        np.testing.assert_allclose(gradients[f"{i}.slope"], prelu.weight.grad.numpy(), rtol=1e-9, atol=1e-14)
    reference.eval()
    expected_p = torch.softmax(reference(torch.as_tensor(x)), 1).detach().numpy()
    np.testing.assert_allclose(net.predict(x), expected_p, rtol=1e-12)


@pytest.mark.parametrize("alpha", [False, True])
def test_dropout_by_mask_is_torch_dropout(alpha: bool) -> None:
    x = torch.linspace(-3, 3, 4000, dtype=torch.float64).reshape(40, 100)
    module = nn.AlphaDropout(0.3) if alpha else nn.Dropout(0.3)
    torch.manual_seed(4)
    expected = module(x).numpy()
    dropped = np.isclose(expected, expected.min() if alpha else 0.0, atol=1e-12) & (x.numpy() != 0.0)
    if alpha:  # dropped entries all take one value, the most frequent one
        values, counts = np.unique(expected.round(9), return_counts=True)
        dropped = np.isclose(expected, values[counts.argmax()], atol=1e-8)
    assert 0.25 < dropped.mean() < 0.35
    multiplier = np.where(dropped, 0.0, 1 / 0.7)
    np.testing.assert_allclose(oracle.drop(x, multiplier, 0.3, alpha).numpy(), expected, atol=1e-9)


def test_serlu_keeps_zero_mean_and_unit_variance() -> None:
    z = torch.linspace(-12, 12, 400_001, dtype=torch.float64)
    weight = torch.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    values = oracle.serlu(z)
    mean, second = float((values * weight).sum()), float((values**2 * weight).sum())
    assert abs(mean) < 1e-5
    assert second == pytest.approx(1.0, abs=1e-5)
    extreme = torch.tensor([-1e4, 1e4], dtype=torch.float64, requires_grad=True)
    oracle.serlu(extreme).sum().backward()
    assert torch.isfinite(extreme.grad).all()


def test_schedules_are_torch_schedulers() -> None:
    schedulers = torch.optim.lr_scheduler
    cases = {
        "step": lambda o: schedulers.StepLR(o, 7, 0.5),
        "exponential": lambda o: schedulers.ExponentialLR(o, 0.5 ** (1 / 7)),
        "cosine": lambda o: schedulers.CosineAnnealingLR(o, 7),
        "constant": lambda o: schedulers.ConstantLR(o, 1.0),
    }
    for name, build in cases.items():
        optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
        scheduler = build(optimizer)
        recipe = Recipe(schedule=name, lr=0.3, decay_steps=7, decay_rate=0.5)
        for t in range(8 if name == "cosine" else 30):  # past its end torch's cosine climbs again; ours stays at 0
            assert 0.3 * oracle.schedule_factor(recipe, t) == pytest.approx(optimizer.param_groups[0]["lr"], abs=1e-12)
            optimizer.step()
            scheduler.step()
    assert [oracle.schedule_factor(Recipe(warmup_steps=4), t) for t in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]
    assert oracle.schedule_factor(Recipe(schedule="cosine", decay_steps=7), 99) == 0.0


def test_max_norm_is_torch_renorm() -> None:
    net = Oracle(Architecture((5, 4, 3)), Recipe(optimizer="sgd", lr=0.0, max_norm=0.9))
    fill(net, 3)
    expected = [torch.renorm(net.params[f"{i}.weight"].detach(), 2, 1, 0.9) for i in range(2)]
    net.step(np.ones((2, 5)), np.array([0, 1]), None, 0)
    for i in range(2):
        np.testing.assert_allclose(net.params[f"{i}.weight"].detach().numpy(), expected[i].numpy(), rtol=1e-6)


def test_inactive_parameters_neither_move_nor_count() -> None:
    recipe = Recipe(activation=("relu", "prelu"), optimizer="adamw", weight_decay=0.1, l1=0.1)
    net = Oracle(Architecture((4, 5, 6, 2)), recipe)
    fill(net, 2)
    before = net.arrays()
    assert "0.slope" not in net.active() and "1.slope" in net.active() and "0.gamma" not in net.active()
    net.step(np.ones((3, 4)), np.array([0, 1, 1]), None, 0)
    after = net.arrays()
    moved = {name for name in before if (before[name] != after[name]).any()}
    assert moved == net.active()


def test_l1_is_the_gradient_of_the_absolute_sum() -> None:
    net = Oracle(Architecture((4, 5, 2)), Recipe(optimizer="sgd", lr=0.1, l1=0.01))
    fill(net, 5)
    x, y = np.random.default_rng(1).normal(size=(6, 4)), np.array([0, 1, 0, 1, 1, 0])
    names = net.active()
    loss = net.loss_of(net.forward(x), y) + 0.01 * sum(net.params[n].abs().sum() for n in names)
    gradients = torch.autograd.grad(loss, [net.params[n] for n in sorted(names)])
    expected = {n: net.params[n].detach() - 0.1 * g for n, g in zip(sorted(names), gradients, strict=True)}
    net.step(x, y, None, 0)
    for name, value in expected.items():
        np.testing.assert_allclose(net.params[name].detach().numpy(), value.numpy(), rtol=1e-12)
