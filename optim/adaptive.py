"""Adagrad, RMSprop, Adadelta: a rate for each element from the squares of its gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .optimizer import Optimizer
from .options import Group, Options, number, require
from .storage import Clock

if TYPE_CHECKING:
    from autograd_core.support.types import Array

    from .options import Params


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan & Singer 2011, the diagonal case of figure 1), as in PyTorch:

        g ← ∇J + λp
        G ← G + g²
        p ← p − η/(1 + (t − 1)·lr_decay) · g / (√G + ε)

    params, maximize : those of ``Optimizer``
    lr, weight_decay, eps : η, λ, ε
    lr_decay : how fast η falls with the steps
    initial_accumulator_value : G to begin with

    ε stands outside the root (the paper's δ; lectures often write √(G + ε)). G begins at initial_accumulator_value.
    lr η, weight_decay λ.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0, 10.0], requires_grad=True)
    >>> opt = Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w                                      # every element has moved by lr
    Tensor([0.9, 9.9], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay}
        start = {"initial_accumulator_value": initial_accumulator_value}
        super().__init__(params, {**options, **start, "maximize": maximize})

    def arrays(self, options: Options) -> dict[str, float]:
        return {"sum": options["initial_accumulator_value"]}

    def update(self, p: Array, g: Array, total: Array, *, clock: Clock, options: Group) -> None:
        a, b = self.scratch(p)
        total += np.multiply(g, g, out=a)
        root = np.sqrt(total, out=a)
        root += options["eps"]
        np.divide(g, root, out=b)
        b *= options["lr"] / (1 + (clock[0] - 1) * options["lr_decay"])
        p -= b


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012, lecture 6e; centered: Graves 2013, eq. 38–45), as in PyTorch:

        g ← ∇J + λp
        v ← αv + (1 − α)g²
        centered:   h ← αh + (1 − α)g,  and below v − h² for v
        p ← p − η·g / (√v + ε)                             without momentum
        b ← μb + g / (√v + ε),   p ← p − ηb                with momentum μ

    params, maximize : those of ``Optimizer``
    lr, alpha, eps, weight_decay, momentum : η, α, ε, λ, μ
    centered : whether the variance takes the place of the mean square

    ε stands outside the root (Graves and TensorFlow have it inside). Where rounding makes v − h² negative it counts
    as 0 (PyTorch: NaN). lr η, weight_decay λ.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = RMSprop([w], lr=0.1, alpha=0.75)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w                                      # 1 − 0.1 / √(1 − 0.75)
    Tensor([0.8], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered}
        super().__init__(params, {**options, "weight_decay": weight_decay, "maximize": maximize})

    def arrays(self, options: Options) -> dict[str, float]:
        kept = ["square_avg"]
        kept += ["momentum_buffer"] if options["momentum"] else []
        kept += ["grad_avg"] if options["centered"] else []
        return dict.fromkeys(kept, 0.0)

    def update(self, p: Array, g: Array, v: Array, *others: Array, clock: Clock, options: Group) -> None:
        alpha, mu = options["alpha"], options["momentum"]
        a, b = self.scratch(p)
        v *= alpha
        np.multiply(g, g, out=a)
        a *= 1 - alpha
        v += a
        if options["centered"]:
            h = others[-1]
            h *= alpha
            h += np.multiply(g, 1 - alpha, out=a)
            v = np.subtract(v, np.multiply(h, h, out=a), out=a)
            np.maximum(v, 0, out=v)
        root = np.sqrt(v, out=a)
        root += options["eps"]
        np.divide(g, root, out=b)
        if mu:
            buffer = others[0]
            buffer *= mu
            buffer += b
            np.multiply(buffer, options["lr"], out=b)
        else:
            b *= options["lr"]
        p -= b


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012, algorithm 1), as in PyTorch:

        g ← ∇J + λp
        v ← ρv + (1 − ρ)g²
        d = √(u + ε) / √(v + ε) · g
        u ← ρu + (1 − ρ)d²
        p ← p − ηd

    params, maximize : those of ``Optimizer``
    lr, rho, eps, weight_decay : η, ρ, ε, λ

    ε stands inside both roots, as in the paper; it alone gives the first step its length. The paper has no lr
    (η = 1). weight_decay λ. Raises ValueError also for rho ρ outside [0, 1].

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = Adadelta([w], rho=0.75, eps=1e-4)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w                                      # about 1 − √ε / √(1 − ρ)
    Tensor([0.98], dtype=float32, requires_grad=True)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize})

    def check(self, options: Options) -> None:
        super().check(options)
        rho = options["rho"]
        require("Adadelta", "rho", rho, 0 <= number("Adadelta", "rho", rho) <= 1, "lie in [0, 1]")

    def arrays(self, options: Options) -> dict[str, float]:
        return {"square_avg": 0.0, "acc_delta": 0.0}

    def update(self, p: Array, g: Array, v: Array, u: Array, *, clock: Clock, options: Group) -> None:
        rho, eps = options["rho"], options["eps"]
        a, d = self.scratch(p)
        v *= rho
        np.multiply(g, g, out=a)
        a *= 1 - rho
        v += a
        np.divide(np.add(u, eps, out=d), np.add(v, eps, out=a), out=d)
        np.sqrt(d, out=d)
        d *= g
        u *= rho
        np.multiply(d, d, out=a)
        a *= 1 - rho
        u += a
        d *= options["lr"]
        p -= d
