"""Relatives of Adam: other ways to use the running moments m and v of the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .adam import update_moments
from .optimizer import Optimizer
from .storage import Clock

if TYPE_CHECKING:
    from autograd_core.support.types import Array

    from .options import Group, Options, Params


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (Dozat 2016, algorithm 2 of the workshop paper's note), as in PyTorch:

        μₜ = β₁(1 − ½·0.96^(tψ))
        m, v as in Adam               v̂ = v / (1 − β₂ᵗ)
        p ← p − η·((1 − μₜ)/(1 − Πᵢ₌₁ᵗμᵢ)·g + μₜ₊₁/(1 − Πᵢ₌₁ᵗ⁺¹μᵢ)·m) / (√v̂ + ε)

    params, maximize : those of ``Optimizer``
    lr, betas, eps, weight_decay, momentum_decay : η, (β₁, β₂), ε, λ, ψ
    decoupled_weight_decay : whether λ shrinks p as in ``AdamW``

    ε outside the root of v̂. lr η, betas (β₁, β₂), momentum_decay ψ. weight_decay is added to the gradient, or
    decoupled as in `AdamW`.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.item() < 0.9
    True
    """

    numbers = ("step", "mu_product")

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        more = {"decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize}
        super().__init__(params, {**options, "momentum_decay": momentum_decay, **more})

    def arrays(self, options: Options) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def start(self, options: Options) -> Clock:
        return (0, 1.0)

    def tick(self, clock: Clock, options: Options) -> Clock:
        t = clock[0] + 1
        return (t, clock[1] * self.mu(t, options))

    def mu(self, t: float, options: Options) -> float:
        """μₜ, the momentum of step t."""
        return options["betas"][0] * (1 - 0.5 * 0.96 ** (t * options["momentum_decay"]))

    def update(self, p: Array, g: Array, m: Array, v: Array, *, clock: Clock, options: Group) -> None:
        t, product = clock
        lr, mu, following = options["lr"], self.mu(t, options), self.mu(t + 1, options)
        a, b = self.scratch(p)
        update_moments(g, m, v, options["betas"], a)
        root = np.divide(v, 1 - options["betas"][1] ** t, out=a)
        np.sqrt(root, out=root)
        root += options["eps"]
        np.multiply(g, lr * (1 - mu) / (1 - product), out=b)
        b /= root
        p -= b
        np.multiply(m, lr * following / (1 - product * following), out=b)
        b /= root
        p -= b


class RAdam(Optimizer):
    """Rectified Adam (Liu et al. 2020, algorithm 2), as in PyTorch: Adam where the variance of the step is bounded.

    params, maximize : those of ``Optimizer``
    lr, betas, eps, weight_decay : η, (β₁, β₂), ε, λ
    decoupled_weight_decay : whether λ shrinks p as in ``AdamW``

        ρ∞ = 2/(1 − β₂) − 1           ρₜ = ρ∞ − 2tβ₂ᵗ/(1 − β₂ᵗ)
        m, v as in Adam               m̂ = m / (1 − β₁ᵗ)
        ρₜ > 5:  p ← p − η·m̂·r·√(1 − β₂ᵗ)/(√v + ε),   r² = (ρₜ − 4)(ρₜ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρₜ)
        else:    p ← p − η·m̂

    ε is added to the root of the uncorrected v (the paper has none); the threshold is 5 where the paper says 4.
    weight_decay is added to the gradient, or decoupled as in `AdamW`.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w                                      # the first steps are those of momentum
    Tensor([0.8], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay}
        super().__init__(params, {**options, "decoupled_weight_decay": decoupled_weight_decay, "maximize": maximize})

    def arrays(self, options: Options) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0}

    def update(self, p: Array, g: Array, m: Array, v: Array, *, clock: Clock, options: Group) -> None:
        t, (beta1, beta2) = clock[0], options["betas"]
        a, b = self.scratch(p)
        update_moments(g, m, v, options["betas"], a)
        rate = options["lr"] / (1 - beta1**t)
        limit = 2 / (1 - beta2) - 1
        rho = limit - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            rectified = (rho - 4) * (rho - 2) * limit / ((limit - 4) * (limit - 2) * rho)
            rate *= (rectified * (1 - beta2**t)) ** 0.5
            root = np.sqrt(v, out=a)
            root += options["eps"]
            np.divide(m, root, out=b)
            b *= rate
            p -= b
        else:
            p -= np.multiply(m, rate, out=b)


class Adamax(Optimizer):
    """Adam in the infinity norm (Kingma & Ba 2015, algorithm 2), as in PyTorch:

        g ← ∇J + λp
        m ← β₁m + (1 − β₁)g
        u ← max(β₂u, |g| + ε)
        p ← p − η/(1 − β₁ᵗ)·m / u

    params, maximize : those of ``Optimizer``
    lr, betas, eps, weight_decay : η, (β₁, β₂), ε, λ

    ε stands inside the maximum, beside |g| (the paper has none); u needs no correction. weight_decay λ.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([0.9], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, options)

    def arrays(self, options: Options) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_inf": 0.0}

    def update(self, p: Array, g: Array, m: Array, u: Array, *, clock: Clock, options: Group) -> None:
        t, (beta1, beta2) = clock[0], options["betas"]
        a, b = self.scratch(p)
        m *= beta1
        m += np.multiply(g, 1 - beta1, out=a)
        np.abs(g, out=a)
        a += options["eps"]
        u *= beta2
        np.maximum(u, a, out=u)
        np.divide(m, u, out=b)
        b *= options["lr"] / (1 - beta1**t)
        p -= b
