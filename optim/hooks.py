"""What happens to gradients before a step, or to parameters after it, whatever the rule.

A hook is added to an optimizer, and taken off with the handle's ``remove()``; hooks run in the order in which they
were added:

>>> from autograd_core import Tensor
>>> from optim import SGD
>>> w = Tensor([3.0, 4.0], requires_grad=True)
>>> opt = SGD([w], lr=1.0)
>>> handle = ClipGradNorm(1.0).add_to(opt)
>>> (0.5 * w * w).sum().backward()
>>> opt.step()
>>> np.round(w.numpy(), 4)                         # (3, 4) − (3, 4)/5
array([2.4, 3.2], dtype=float32)

``params`` restricts a hook to some of the optimizer's parameters; without it a hook serves all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from autograd_core import Tensor, default_generator
from autograd_core.engine.errors import class_name
from autograd_core.support.arrays import brought
from autograd_core.support.handles import RemovableHandle

from .optimizer import Optimizer
from .options import Group, number, plain, require

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Array

__all__ = ["GradientHook", "WeightDecay", "ClipGradNorm", "ClipGradValue", "GradientNoise", "NonFinite", "Lasso"]


class GradientHook:
    """Base of the hooks that change gradients: when they have been computed and nothing has moved.

    params : the parameters that it serves; None: all of the optimizer's

    >>> class Negate(GradientHook):
    ...     def __call__(self, optimizer):
    ...         for p, g, group in self.gradients(optimizer):
    ...             p.grad = -g
    """

    def __init__(self, params: Iterable[Tensor] | None = None) -> None:
        self._chosen = None if params is None else {id(p): p for p in params}

    def add_to(self, optimizer: Optimizer) -> RemovableHandle:
        """Run at every step of ``optimizer`` from now on."""
        return optimizer.register_gradient_hook(self)

    def __call__(self, optimizer: Optimizer) -> None:
        raise NotImplementedError

    def chosen(self, optimizer: Optimizer) -> Iterator[tuple[Tensor, Group]]:
        """(parameter, its group) for the parameters that this hook serves."""
        for group in optimizer.param_groups:
            for p in group["params"]:
                if self._chosen is None or id(p) in self._chosen:
                    yield p, group

    def gradients(self, optimizer: Optimizer) -> Iterator[tuple[Tensor, Array, Group]]:
        """(parameter, its gradient's array, its group) for those that have a gradient."""
        for p, group in self.chosen(optimizer):
            if p.grad is not None:
                yield p, p.grad._data, group


def not_negative(hook: GradientHook, **options: object) -> None:
    """ValueError for an option that is negative, or no number."""
    for name, value in options.items():
        rule = class_name(hook)
        require(rule, name, value, number(rule, name, value) >= 0, "not be negative")


class WeightDecay(GradientHook):
    """g ← g + λp: the gradient of ½λ‖p‖² (Krogh & Hertz 1991). The same as an optimizer's coupled ``weight_decay``.

    params : those of ``GradientHook``
    rate : λ ≥ 0
    """

    def __init__(self, rate: float, params: Iterable[Tensor] | None = None) -> None:
        super().__init__(params)
        self.rate = rate
        not_negative(self, rate=rate)

    def __call__(self, optimizer: Optimizer) -> None:
        for p, g, _ in self.gradients(optimizer):
            p.grad = g + float(self.rate) * p._data


class ClipGradNorm(GradientHook):
    """g ← g·min(1, c/(‖g‖ + 10⁻⁶)), ‖g‖ over all gradients together (Pascanu, Mikolov & Bengio 2013, algorithm 1).

    The 10⁻⁶ stands beside the norm as in ``torch.nn.utils.clip_grad_norm_``.

    params : those of ``GradientHook``
    max_norm : c ≥ 0;  norm_type : the order of the norm, > 0 (``inf``: the largest component)
    """

    def __init__(self, max_norm: float, norm_type: float = 2.0, params: Iterable[Tensor] | None = None) -> None:
        super().__init__(params)
        self.max_norm, self.norm_type = max_norm, norm_type
        not_negative(self, max_norm=max_norm)
        order = number("ClipGradNorm", "norm_type", norm_type)
        require("ClipGradNorm", "norm_type", norm_type, order > 0, "be positive")

    def __call__(self, optimizer: Optimizer) -> None:
        found = list(self.gradients(optimizer))
        norms = [np.linalg.norm(g.reshape(-1), self.norm_type) for _, g, _ in found if g.size]
        if norms:
            norm = np.linalg.norm(np.stack(norms).astype(np.float64), self.norm_type)
            factor = np.minimum(self.max_norm / (norm + 1e-6), 1.0)  # of NaN, NaN throughout, as in PyTorch
            for p, g, _ in found:
                p.grad = g * factor.astype(g.dtype)


class ClipGradValue(GradientHook):
    """g ← min(max(g, −c), c), each component for itself.

    params : those of ``GradientHook``
    clip_value : c ≥ 0
    """

    def __init__(self, clip_value: float, params: Iterable[Tensor] | None = None) -> None:
        super().__init__(params)
        self.clip_value = clip_value
        not_negative(self, clip_value=clip_value)

    def __call__(self, optimizer: Optimizer) -> None:
        for p, g, _ in self.gradients(optimizer):
            p.grad = np.clip(g, -float(self.clip_value), float(self.clip_value))


class GradientNoise(GradientHook):
    """g ← g + N(0, η/(1 + t)^γ), t = 0, 1, … (Neelakantan et al. 2015, eq. 1).

    params : those of ``GradientHook``
    eta : η ≥ 0, their best in {0.01, 0.3, 1};  gamma : γ;  generator : a ``numpy.random.Generator``, or None for the
    one that ``ag.manual_seed`` sets
    """

    def __init__(
        self,
        eta: float,
        gamma: float = 0.55,
        generator: np.random.Generator | None = None,
        params: Iterable[Tensor] | None = None,
    ) -> None:
        super().__init__(params)
        self.eta, self.gamma, self.generator, self.step = eta, gamma, generator, 0
        not_negative(self, eta=eta)
        number("GradientNoise", "gamma", gamma)

    def __call__(self, optimizer: Optimizer) -> None:
        generator = default_generator() if self.generator is None else self.generator
        deviation = (self.eta / (1 + self.step) ** self.gamma) ** 0.5
        self.step += 1
        for p, g, _ in self.gradients(optimizer):
            p.grad = g + brought((deviation * generator.standard_normal(g.shape)).astype(g.dtype), g)


class NonFinite(GradientHook):
    """What to do at a step whose gradients hold NaN or infinity.

    params : those of ``GradientHook``
    action : "raise" a FloatingPointError that names the parameter, or "skip" the step: no parameter and no state
        changes, the gradients are forgotten. Either way ``skipped`` counts. (Without this hook they go into the
        parameters, as in PyTorch.)
    """

    def __init__(self, action: str = "raise", params: Iterable[Tensor] | None = None) -> None:
        super().__init__(params)
        require("NonFinite", "action", action, action in ("raise", "skip"), 'be "raise" or "skip"')
        self.action, self.skipped = action, 0

    def __call__(self, optimizer: Optimizer) -> None:
        for p, g, group in self.gradients(optimizer):
            if not np.isfinite(g).all():
                self.skipped += 1
                if self.action == "skip":
                    optimizer.zero_grad()
                    return
                i = next(i for i, q in enumerate(group["params"]) if q is p)
                name = f" {group['param_names'][i]!r}" if "param_names" in group else f" {i}"
                where = f"{class_name(optimizer)}: the gradient of parameter{name} ({g.dtype} {g.shape})"
                raise FloatingPointError(f"{where} holds NaN or infinity; nothing has moved.")


class Lasso(GradientHook):
    """p ← sign(p)·max(|p| − ηλ, 0) after each step: the proximal step for λ‖p‖₁ (Tibshirani 1996; ISTA of Daubechies,
    Defrise & De Mol 2004), which makes zeros exactly zero. η is the group's lr.

    params : those of ``GradientHook``
    rate : λ ≥ 0

    >>> from optim import SGD
    >>> w = Tensor([1.0, 0.1], requires_grad=True)
    >>> opt = SGD([w], lr=0.5)
    >>> handle = Lasso(0.4).add_to(opt)
    >>> w.grad = np.zeros(2, np.float32)
    >>> opt.step()
    >>> w
    Tensor([0.8, 0. ], dtype=float32, requires_grad=True)
    """

    def __init__(self, rate: float, params: Iterable[Tensor] | None = None) -> None:
        super().__init__(params)
        self.rate = rate
        not_negative(self, rate=rate)

    def add_to(self, optimizer: Optimizer) -> RemovableHandle:
        """Run after every step of ``optimizer`` from now on."""
        return optimizer.register_step_post_hook(self)

    def __call__(self, optimizer: Optimizer, *_: object) -> None:
        for p, _gradient, group in self.gradients(optimizer):  # what has no gradient has not moved
            p._data[...] = soft_threshold(p._data, plain(group)["lr"] * float(self.rate))


def soft_threshold(x: Array, threshold: float) -> AnyArray:
    """sign(x)·max(|x| − threshold, 0)."""
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)
