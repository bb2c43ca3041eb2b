"""Stochastic gradient descent, with momentum and averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .optimizer import Optimizer
from .options import Group, Options, number, require
from .storage import Clock

if TYPE_CHECKING:
    from autograd_core.support.types import Array

    from .options import Params


class SGD(Optimizer):
    """Gradient descent with momentum (Polyak 1964), as in PyTorch:

        g ← ∇J + λp
        b ← g  at the first step, then  b ← μb + (1 − τ)g
        p ← p − η·(g + μb  with Nesterov, b with momentum, g without)

    params, maximize : those of ``Optimizer``
    lr, momentum, dampening, weight_decay : η, μ, τ, λ; all 0 or more
    nesterov : whether the gradient looks ahead; wants a momentum and no dampening

    lr η, momentum μ, dampening τ, weight_decay λ, maximize: g ← −∇J + λp. The rate η stands outside b (Sutskever et
    al. 2013, eq. 1 has it inside: the same paths for a constant η). Nesterov: their eq. 3–4 in the variable p + μb,
    so that the gradient is taken at p.

    Raises ValueError for negative options, and for Nesterov without momentum or with dampening.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([0.8], dtype=float32, requires_grad=True)
    """

    numbers = ()  # the state_dict knows no step: a parameter is at its first one as long as it has no buffer

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay}
        super().__init__(params, {**options, "nesterov": nesterov, "maximize": maximize})

    def check(self, options: Options) -> None:
        super().check(options)
        number("SGD", "dampening", options["dampening"])
        if options["nesterov"] and (options["momentum"] <= 0 or options["dampening"] != 0):
            raise ValueError(
                f"SGD: nesterov needs momentum > 0 and dampening = 0, not momentum={options['momentum']!r}, "
                f"dampening={options['dampening']!r}."
            )

    def arrays(self, options: Options) -> dict[str, float]:
        return {"momentum_buffer": 0.0} if options["momentum"] else {}

    def start(self, options: Options) -> Clock:
        return (0,)

    def tick(self, clock: Clock, options: Options) -> Clock:
        return (min(clock[0] + 1, 2),)  # the first step or a later one

    def resume(self, numbers: Clock, options: Options) -> Clock:
        return (2,)

    def update(self, p: Array, g: Array, b: Array | None = None, *, clock: Clock, options: Group) -> None:
        a, _ = self.scratch(p)
        if b is not None:
            if clock[0] == 1:
                b[...] = g
            else:
                b *= options["momentum"]
                b += g if options["dampening"] == 0 else np.multiply(g, 1 - options["dampening"], out=a)
            g = np.add(g, np.multiply(b, options["momentum"], out=a), out=a) if options["nesterov"] else b
        p -= np.multiply(g, options["lr"], out=a)


class ASGD(Optimizer):
    """Averaged gradient descent (Polyak & Juditsky 1992; rates as in Bottou 2012, "SGD tricks", 4.2), as in PyTorch:

        g ← ∇J + λ'p
        p ← (1 − λη)p − ηg
        a ← a + μ(p − a)
        η ← lr / (1 + λ·lr·t)^α          μ ← 1 / max(1, t − t0)

    params, maximize : those of ``Optimizer``
    lr, lambd, alpha, weight_decay : lr, λ, α, λ'
    t0 : the step after which the average begins

    lambd λ, alpha α, t0, weight_decay λ'; η begins at lr, μ at 1. The average a is the state ``"ax"``: the parameter
    itself until step t0 + 2, from there on the mean of all that follow. No ε.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = ASGD([w], lr=0.1, lambd=0.0, t0=0)
    >>> for _ in range(3):
    ...     opt.zero_grad()
    ...     (w * w).sum().backward()
    ...     opt.step()
    >>> w, opt.state[w]["ax"]                  # 0.8³, and the mean of 0.8² and 0.8³
    (Tensor([0.512], dtype=float32, requires_grad=True), array([0.576], dtype=float32))
    """

    numbers = ("step", "eta", "mu")

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        options = {"lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay}
        super().__init__(params, {**options, "maximize": maximize})

    def check(self, options: Options) -> None:
        super().check(options)
        require("ASGD", "lambd", options["lambd"], number("ASGD", "lambd", options["lambd"]) >= 0, "not be negative")
        number("ASGD", "t0", options["t0"])

    def arrays(self, options: Options) -> dict[str, float]:
        return {"ax": 0.0}

    def start(self, options: Options) -> Clock:
        return (0, options["lr"], 1.0)

    def tick(self, clock: Clock, options: Options) -> Clock:
        t, lr = clock[0] + 1, options["lr"]
        eta = lr / (1 + options["lambd"] * lr * t) ** options["alpha"]
        return (t, eta, 1 / max(1, t - options["t0"]), clock[1], clock[2])  # the last two are those of this step

    def update(self, p: Array, g: Array, ax: Array, *, clock: Clock, options: Group) -> None:
        *_, eta, mu = clock
        a, _ = self.scratch(p)
        p *= 1 - options["lambd"] * eta
        p -= np.multiply(g, eta, out=a)
        if mu == 1:
            ax[...] = p
        else:
            np.subtract(p, ax, out=a)
            a *= mu
            ax += a
