"""Adam: steps scaled by running moments of the gradient."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from .optimizer import Optimizer


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1), as in PyTorch:

        g ← ∇J + λp
        m ← β₁m + (1 − β₁)g          m̂ = m / (1 − β₁ᵗ)
        v ← β₂v + (1 − β₂)g²         v̂ = v / (1 − β₂ᵗ)
        p ← p − η·m̂ / (√v̂ + ε)

    ε stands outside the root. lr η, betas (β₁, β₂), weight_decay λ (added to the gradient).
    Raises ValueError for negative options and betas outside [0, 1).

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([0.9], dtype=float32, requires_grad=True)
    """

    state_names = ("exp_avg", "exp_avg_sq")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize}
        super().__init__(params, options)

    def update(self, p: Any, g: Any, m: Any, v: Any, *, step: int, group: dict[str, Any]) -> None:  # type: ignore[override]
        beta1, beta2 = group["betas"]
        if group["maximize"]:
            g *= -1
        if group["weight_decay"]:
            g += group["weight_decay"] * p
        a, b = self.scratch(p)
        m *= beta1
        m += np.multiply(g, 1 - beta1, out=a)
        v *= beta2
        v += np.multiply(np.multiply(g, g, out=a), 1 - beta2, out=a)
        correction = math.sqrt(1 - beta2**step)  # √v̂ + ε = (√v + ε·correction) / correction saves a pass
        root = np.sqrt(v, out=a)
        root += group["eps"] * correction
        p -= np.multiply(np.divide(m, root, out=b), group["lr"] * correction / (1 - beta1**step), out=b)
