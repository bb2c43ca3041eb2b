"""Adam and AdamW: steps scaled by running moments of the gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .optimizer import Optimizer
from .storage import Clock

if TYPE_CHECKING:
    from autograd_core.support.types import Array

    from .options import Group, Options, Params


def update_moments(g: Array, m: Array, v: Array, betas: tuple[float, float], a: Array) -> None:
    """m ← β₁m + (1 − β₁)g and v ← β₂v + (1 − β₂)g², with ``a`` to compute in.

    betas : (β₁, β₂)
    """
    beta1, beta2 = betas
    m *= beta1
    m += np.multiply(g, 1 - beta1, out=a)
    v *= beta2
    np.multiply(g, g, out=a)
    a *= 1 - beta2
    v += a


class Adam(Optimizer):
    """Adam (Kingma & Ba 2015, algorithm 1), as in PyTorch:

        g ← ∇J + λp
        m ← β₁m + (1 − β₁)g          m̂ = m / (1 − β₁ᵗ)
        v ← β₂v + (1 − β₂)g²         v̂ = v / (1 − β₂ᵗ)
        p ← p − η·m̂ / (√v̂ + ε)

    params, maximize : those of ``Optimizer``
    lr, betas, eps, weight_decay : η, (β₁, β₂), ε, λ
    amsgrad : whether the largest v so far counts
    decoupled_weight_decay : whether λ shrinks p as in ``AdamW``

    ε stands outside the root of the corrected v̂ (the paper's algorithm 1; the shorter form at the end of its section
    2, which TensorFlow follows, has another ε). lr η, betas (β₁, β₂). weight_decay λ is added to the gradient and so
    divided by √v̂ as well; with ``decoupled_weight_decay`` it is AdamW's. amsgrad: v̂ is made from the largest v so
    far (Reddi, Kale & Kumar 2018, algorithm 2, but with the correction of v).

    Raises ValueError for negative options and betas outside [0, 1).

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([0.9], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        decoupled_weight_decay: bool = False,
    ) -> None:
        options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad}
        super().__init__(params, {**options, "maximize": maximize, "decoupled_weight_decay": decoupled_weight_decay})

    def arrays(self, options: Options) -> dict[str, float]:
        return {"exp_avg": 0.0, "exp_avg_sq": 0.0} | ({"max_exp_avg_sq": 0.0} if options["amsgrad"] else {})

    def update(
        self,
        p: Array,
        g: Array,
        m: Array,
        v: Array,
        largest: Array | None = None,
        *,
        clock: Clock,
        options: Group,
    ) -> None:
        t, (beta1, beta2) = clock[0], options["betas"]
        a, b = self.scratch(p)
        update_moments(g, m, v, options["betas"], a)
        if largest is not None:
            v = np.maximum(largest, v, out=largest)
        correction = (1 - beta2**t) ** 0.5  # √v̂ + ε = (√v + ε·correction) / correction saves a pass
        root = np.sqrt(v, out=a)
        root += options["eps"] * correction
        np.divide(m, root, out=b)
        b *= options["lr"] * correction / (1 - beta1**t)
        p -= b


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2), as in PyTorch:

        p ← (1 − ηλ)p, then Adam's step with g = ∇J

    params, lr, betas, eps, weight_decay, amsgrad, maximize : those of ``Adam``

    The decay is multiplied by lr η (their schedule multiplier), and never divided by √v̂: a large gradient does not
    weaken it. ε as in `Adam`, outside the root.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w                                      # 0.95 · 1 − 0.1
    Tensor([0.85], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize, decoupled_weight_decay=True)
