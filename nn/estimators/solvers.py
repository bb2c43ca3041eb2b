"""How an estimator's network is trained: gradients of the penalised loss, steps in epochs, or L-BFGS."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

import optim
from autograd_core.support.vectors import joined, pieces
from optim.curvature.lbfgs import Progress, descend, gradient_of

from ..modules.module import Module

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from autograd_core import Tensor

    from ..modules.parameter import Parameter

if TYPE_CHECKING:
    from autograd_core.support.types import Array

NOT_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
    "preprocessed. Fix: scale the data, or a smaller learning_rate_init; ag.detect_anomaly() around fit names the "
    "operation that made the first NaN or infinity."
)

Share: TypeAlias = "float | Array"
"""What each row counts: one number for all, or one for each."""

Loss: TypeAlias = "Callable[[Tensor, Array, Share], Tensor]"
"""(outputs, targets, share of each row) ↦ the loss as a scalar tensor."""

RandomState: TypeAlias = "int | np.random.RandomState | None"
"""Where random numbers come from, as scikit-learn has it."""

Features: TypeAlias = "Array | csr_array"
"""A row of numbers for each sample: an array, or a sparse matrix of SciPy's."""


class Objective:
    """J = Σᵢ wᵢ ℓ(network(xᵢ), tᵢ)/W + α/(2W) · Σ‖weights‖², W = Σᵢ wᵢ over the rows at hand, as in scikit-learn.

    Parameters with fewer than two axes (biases, scales) are not penalised.
    """

    def __init__(self, network: Module, loss: Loss, alpha: float) -> None:
        self.network, self.loss, self.alpha = network, loss, float(alpha)
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        self.penalised = [p for p in self.parameters if p.ndim > 1] if alpha else []

    def evaluate(self, X: Features, target: Array, weights: Array | None = None) -> float:
        """J, with its gradient in the parameters; rows without any weight have none."""
        for p in self.parameters:
            p.grad = None
        total: float = len(target)
        share: Share = 1 / total
        if weights is not None:
            total = weights.sum().item()
            if not total:
                return 0.0
            share = weights / total
        loss = self.loss(self.network(X), target, share)
        loss.backward()
        value, rate = loss._data, self.alpha / total
        for p in self.penalised:
            w, g = p._data, p.grad
            penalty = w * rate
            value = value + 0.5 * np.add.reduce(penalty * w, axis=None)
            if g is not None:
                penalty += g._data
            p.grad = penalty
        return value.item()


class Steps:
    """An optimizer by scikit-learn's name, with its schedule, or by the name that it has in ``optim``.

    options : constructor arguments that a named optimizer is given beside ``lr``

    Adam's ε is divided by √(1 − β₂ᵗ) and SGD's momentum rescaled where the rate changes, which turns PyTorch's update
    rules into scikit-learn's: theirs adds ε to the uncorrected √v and keeps past rates in the velocity.
    """

    def __init__(self, estimator: Any, parameters: list[Parameter], options: Mapping[str, Any]) -> None:
        e = estimator
        self.schedule, self.power_t, self.first_rate = "constant", e.power_t, float(e.learning_rate_init)
        self.epsilon = None
        if e.optimizer is not None:
            self.rule = getattr(optim, e.optimizer)(parameters, **{"lr": self.first_rate, **options})
        elif e.solver == "adam":
            self.epsilon = float(e.epsilon)
            betas = (float(e.beta_1), float(e.beta_2))
            self.rule = optim.Adam(parameters, lr=self.first_rate, betas=betas, eps=self.epsilon)
        else:
            self.schedule = e.learning_rate
            momentum = float(e.momentum)
            nesterov = bool(e.nesterovs_momentum and momentum > 0)
            self.rule = optim.SGD(parameters, lr=self.first_rate, momentum=momentum, nesterov=nesterov)
        self.count = 0

    def prepare(self) -> None:
        """One more update is about to come."""
        self.count += 1
        if self.epsilon is not None:
            group = self.rule.param_groups[0]
            group["eps"] = self.epsilon / math.sqrt(1 - group["betas"][1] ** self.count)

    @property
    def rate(self) -> float:
        """The learning rate at present."""
        return self.rule.param_groups[0]["lr"]

    @rate.setter
    def rate(self, new: float) -> None:
        old, self.rule.param_groups[0]["lr"] = self.rate, new
        for state in self.rule.state.values():
            if "momentum_buffer" in state:
                state["momentum_buffer"] *= old / new

    def epoch_ends(self, seen: int) -> None:
        """``seen`` samples in all: the rate of the next epoch where it is "invscaling"."""
        if self.schedule == "invscaling":
            self.rate = self.first_rate / (seen + 1) ** self.power_t

    def goes_on(self) -> str | None:
        """At a plateau: what is said of the smaller rate, or None where training stops."""
        if self.schedule != "adaptive" or self.rate <= 1e-6:
            return None
        self.rate /= 5
        return f"Setting learning rate to {self.rate:f}"


TOLERANCE = 2.220446049250313e-09
"""Of the change of the loss, SciPy's default ``ftol``."""

MEMORY = 10
"""Pairs of changes kept, SciPy's default ``maxcor``."""


def lbfgs(
    objective: Objective,
    X: Features,
    target: Array,
    weights: Array | None,
    max_iter: int,
    max_fun: int,
    tol: float,
    each: Callable[[float], None],
) -> tuple[float, bool]:
    """Minimise over all rows at once: (J, whether it converged). ``each`` is called with J after every iteration.

    Raises ValueError where J or its gradient is not finite to begin with.
    """
    parameters = objective.parameters

    def write(x: Array) -> None:
        for p, part in zip(parameters, pieces(x, [p.shape for p in parameters]), strict=True):
            p._data[...] = part

    def evaluate(x: Array) -> tuple[float, Array]:
        write(x)
        value = objective.evaluate(X, target, weights)
        return value, gradient_of(parameters)

    x = joined(p._data for p in parameters)
    with np.errstate(over="ignore", invalid="ignore"):  # trial steps may go where the loss is infinite
        f, g = evaluate(x)
        if not (math.isfinite(f) and np.isfinite(g).all()):
            raise ValueError(NOT_FINITE)
        x, f, g, why = descend(
            evaluate, x, f, g, Progress(), lr=1.0, max_iter=max_iter, max_eval=max_fun, tolerance_grad=tol,
            tolerance_change=TOLERANCE, history_size=MEMORY, line_search_fn="weak_wolfe", relative=True,
            each=lambda _, f: each(f),
        )  # fmt: skip
    write(x)
    return f, why not in ("iterations", "evaluations")
