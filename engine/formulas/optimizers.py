"""The update rules: one parameter, its gradient and its two slots in, the new parameter and slots out.

Every rule takes (p, g, s1, s2, c0 … c5), all float32, and returns (p, s1, s2). The coefficients of a step are the
same for all parameters and are worked out once, in float64, by `coefficients`. Updates and defaults are PyTorch's.
"""

import math

from engine.dials import ALPHA, BETA1, BETA2, EPS, MOMENTUM, OPTIMIZER, RHO, WEIGHT_DECAY
from engine.formulas.fastmath import ONE, ZERO
from engine.jit import formula
from engine.spec import OPTIMIZERS

SGD, MOMENTUM_RULE, NAG, ADAGRAD, RMSPROP, ADADELTA, ADAM, RADAM, ADAMW = range(len(OPTIMIZERS))
COEFFICIENTS = 6


@formula
def penalised(p, g, clip, l1, weight_decay):
    """The gradient that a rule sees: clipped, with the gradients of the penalties λ₂/2·p² and λ₁·|p|."""
    sign = ONE if p > ZERO else (-ONE if p < ZERO else ZERO)
    return clip * g + weight_decay * p + l1 * sign


@formula
def norm_scale(norm, bound):
    """What brings a weight vector of length `norm` down to `bound` (Srivastava et al. 2014, §5.1)."""
    return bound / norm if norm > bound else ONE


@formula
def clip_factor(square, bound):
    """What scales a gradient of squared norm `square` down to `bound`; PyTorch's, with its 1e-6."""
    return min(1.0, bound / (math.sqrt(square) + 1e-6))


@formula
def decay_factor(dials, lr):
    """What AdamW multiplies parameters with before its step (Loshchilov & Hutter 2019); 1 for every other rule."""
    return 1.0 - lr * dials[WEIGHT_DECAY] if int(dials[OPTIMIZER]) == ADAMW else 1.0


@formula
def sgd(p, g, s1, s2, c0, c1, c2, c3, c4, c5):
    """p − lr·g (Robbins & Monro 1951)."""
    return p - c0 * g, s1, s2


@formula
def momentum(p, g, s1, s2, c0, c1, c2, c3, c4, c5):
    """b ← μb + g; p − lr·b (Polyak 1964)."""
    b = c1 * s1 + g
    return p - c0 * b, b, s2


@formula
def nag(p, g, s1, s2, c0, c1, c2, c3, c4, c5):
    """b ← μb + g; p − lr(g + μb) (Nesterov 1983, in the form of Sutskever et al. 2013)."""
    b = c1 * s1 + g
    return p - c0 * (g + c1 * b), b, s2


@formula
def adagrad(p, g, s1, s2, c0, c1, c2, c3, c4, c5):
    """G ← G + g²; p − lr·g / (√G + ε) (Duchi et al. 2011)."""
    total = s1 + g * g
    return p - c0 * g / (math.sqrt(total) + c1), total, s2


@formula
def rmsprop(p, g, s1, s2, c0, c1, c2, c3, c4, c5):
    """v ← αv + (1 − α)g²; p − lr·g / (√v + ε) (Tieleman & Hinton 2012)."""
    v = c2 * s1 + c3 * g * g
    return p - c0 * g / (math.sqrt(v) + c1), v, s2


@formula
def adadelta(p, g, s1, s2, c0, c1, c2, c3, c4, c5):
    """v ← ρv + (1 − ρ)g²; d = √(u + ε) / √(v + ε) · g; u ← ρu + (1 − ρ)d²; p − lr·d (Zeiler 2012)."""
    v = c2 * s1 + c3 * g * g
    d = math.sqrt((s2 + c1) / (v + c1)) * g
    return p - c0 * d, v, c2 * s2 + c3 * d * d


@formula
def adam(p, g, s1, s2, c0, c1, c2, c3, c4, c5):
    """Bias-corrected moments, denominator √v̂ + ε (Kingma & Ba 2015, Algorithm 1)."""
    m = s1 + c2 * (g - s1)
    v = c3 * s2 + c4 * g * g
    return p - c0 * m / (math.sqrt(v) * c5 + c1), m, v


@formula
def radam(p, g, s1, s2, c0, c1, c2, c3, c4, c5):
    """Adam with the variance of the adaptive step rectified (Liu et al. 2020, Algorithm 2).

    c5 is rₜ·√(1 − β₂ᵗ), or negative while ρₜ ≤ 5: then the step is lr·m̂ without the adaptive part.
    """
    m = s1 + c2 * (g - s1)
    v = c3 * s2 + c4 * g * g
    rectified = c0 * m * c5 / (math.sqrt(v) + c1)
    return p - (rectified if c5 >= ZERO else c0 * m), m, v


@formula
def coefficients(dials, t, lr, c):
    """Fills c (6,) float32 for update number `t` (from 1) at learning rate `lr`, from the float64 dials."""
    rule = int(dials[OPTIMIZER])
    c[0] = lr
    c[1] = dials[EPS]
    if rule in (MOMENTUM_RULE, NAG):
        c[1] = dials[MOMENTUM]
    elif rule == RMSPROP:
        c[2] = dials[ALPHA]
        c[3] = 1.0 - dials[ALPHA]
    elif rule == ADADELTA:
        c[2] = dials[RHO]
        c[3] = 1.0 - dials[RHO]
    elif rule in (ADAM, ADAMW, RADAM):
        beta1, beta2 = dials[BETA1], dials[BETA2]
        c[0] = lr / (1.0 - beta1**t)
        c[2] = 1.0 - beta1
        c[3] = beta2
        c[4] = 1.0 - beta2
        left = beta2**t
        if rule == RADAM:
            longest = 2.0 / (1.0 - beta2) - 1.0
            length = longest - 2.0 * t * left / (1.0 - left)
            c[5] = -1.0
            if length > 5.0:
                above = (length - 4.0) * (length - 2.0) * longest
                below = (longest - 4.0) * (longest - 2.0) * length
                c[5] = math.sqrt(above / below) * math.sqrt(1.0 - left)
        else:
            c[5] = 1.0 / math.sqrt(1.0 - left)
