"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .optimizer import Optimizer


class SGD(Optimizer):
    """Gradient descent with momentum, as in PyTorch:

        g ← ∇J + λp
        b ← g  at the first step, then  b ← μb + (1 − dampening)·g
        p ← p − η·(g + μb  with Nesterov, b with momentum, g without)

    lr η, momentum μ, weight_decay λ (added to the gradient). Polyak 1964; Nesterov in the form of Sutskever et al.
    2013. Raises ValueError for negative options, and for Nesterov without momentum or with dampening.

    >>> from autograd_core import Tensor
    >>> w = Tensor([1.0], requires_grad=True)
    >>> opt = SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w
    Tensor([0.8], dtype=float32, requires_grad=True)
    """

    state_names = ("momentum_buffer",)

    def __init__(
        self,
        params: Iterable[Any],
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

    def check(self, options: Any) -> None:
        super().check(options)
        if options["nesterov"] and (options["momentum"] <= 0 or options["dampening"] != 0):
            raise ValueError(
                f"SGD: nesterov needs momentum > 0 and dampening = 0, not momentum={options['momentum']!r}, "
                f"dampening={options['dampening']!r}."
            )

    def update(self, p: Any, g: Any, b: Any, *, step: int, group: dict[str, Any]) -> None:  # type: ignore[override]
        mu = group["momentum"]
        if group["maximize"]:
            g *= -1
        if group["weight_decay"]:
            g += group["weight_decay"] * p
        if mu:
            if step == 1:
                b[...] = g
            else:
                b *= mu
                b += (1 - group["dampening"]) * g
            g = g + mu * b if group["nesterov"] else b
        p -= group["lr"] * g
