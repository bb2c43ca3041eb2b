"""Rprop and Lion: steps that see the sign of the gradient only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .optimizer import Optimizer
from .options import Group, Options, number, require
from .storage import Clock

if TYPE_CHECKING:
    from autograd_core.support.types import Array

    from .options import Params


class Rprop(Optimizer):
    """Resilient backpropagation (Riedmiller & Braun 1993; without backtracking: iRprop− of Igel & Hüsken 2000), as in
    PyTorch. For each element, with g' its gradient one step ago:

        g·g' > 0:  Δ ← min(Δ·η₊, Δmax)
        g·g' < 0:  Δ ← max(Δ·η₋, Δmin),  g ← 0
        p ← p − Δ·sign g

    params, maximize : those of ``Optimizer``
    lr : Δ to begin with
    etas, step_sizes : (η₋, η₊) and (Δmin, Δmax)

    Δ begins at lr; etas (η₋, η₊), step_sizes (Δmin, Δmax). For full-batch gradients. No ε.

    Raises ValueError unless 0 < η₋ < 1 < η₊ and 0 ≤ Δmin ≤ Δmax.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = Rprop([w], lr=0.25, etas=(0.5, 2.0))
    >>> for _ in range(2):
    ...     opt.zero_grad()
    ...     (w * w).sum().backward()
    ...     opt.step()
    >>> w                                      # 1 − 0.25 − 0.5
    Tensor([0.25], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "etas": etas, "step_sizes": step_sizes, "maximize": maximize})

    def check(self, options: Options) -> None:
        super().check(options)
        etas, sizes = options["etas"], options["step_sizes"]
        for name, pair in (("etas", etas), ("step_sizes", sizes)):
            require("Rprop", name, pair, isinstance(pair, (tuple, list)) and len(pair) == 2, "be a pair")
            for value in pair:
                number("Rprop", name, value)
        require("Rprop", "etas", etas, 0 < etas[0] < 1 < etas[1], "be (η₋, η₊) with 0 < η₋ < 1 < η₊")
        require("Rprop", "step_sizes", sizes, 0 <= sizes[0] <= sizes[1], "be (smallest, largest)")

    def arrays(self, options: Options) -> dict[str, float]:
        return {"prev": 0.0, "step_size": options["lr"]}

    def update(self, p: Array, g: Array, previous: Array, size: Array, *, clock: Clock, options: Group) -> None:
        (shrink, grow), (smallest, largest) = options["etas"], options["step_sizes"]
        a, b = self.scratch(p)
        turned = np.multiply(g, previous, out=a)
        np.copyto(previous, g)
        np.copyto(previous, 0, where=turned < 0)
        b[...] = 1
        np.copyto(b, grow, where=turned > 0)
        np.copyto(b, shrink, where=turned < 0)
        size *= b
        np.clip(size, smallest, largest, out=size)
        np.sign(previous, out=b)
        b *= size
        p -= b


class Lion(Optimizer):
    """Lion (Chen et al. 2023, algorithm 2: "evolved sign momentum"):

        p ← (1 − ηλ)p
        p ← p − η·sign(β₁m + (1 − β₁)∇J)
        m ← β₂m + (1 − β₂)∇J

    params, maximize : those of ``Optimizer``
    lr, betas, weight_decay : η, (β₁, β₂), λ

    Every element moves by lr η: take it three to ten times smaller than Adam's, and weight_decay λ larger. The decay
    is decoupled. No ε. PyTorch has no Lion; the state is named ``exp_avg`` as in the authors' code.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0, -10.0], requires_grad=True)
    >>> opt = Lion([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([ 0.75, -9.75], dtype=float32, requires_grad=True)
    """

    numbers = ()
    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay, "maximize": maximize})

    def arrays(self, options: Options) -> dict[str, float]:
        return {"exp_avg": 0.0}

    def update(self, p: Array, g: Array, m: Array, *, clock: Clock, options: Group) -> None:
        beta1, beta2 = options["betas"]
        a, b = self.scratch(p)
        np.multiply(m, beta1, out=a)
        a += np.multiply(g, 1 - beta1, out=b)
        np.sign(a, out=a)
        a *= options["lr"]
        p -= a
        m *= beta2
        m += np.multiply(g, 1 - beta2, out=b)
