"""Schedules that are a formula of the epoch: ηₜ = η₀·f(t)."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any

from autograd_core.engine.errors import class_name
from autograd_core.support import states

from ..optimizer import Optimizer
from .base import FactorLR, LRScheduler, at_least, each_group, numbers

if TYPE_CHECKING:
    from autograd_core.support.types import State, StateDict

    from ..options import Options

Rule = Callable[[int], float]


class StepLR(FactorLR):
    """The rate times γ every ``step_size`` epochs: ηₜ = η₀·γ^⌊t/step_size⌋.

    optimizer, last_epoch : those of ``LRScheduler``
    step_size : epochs from one fall to the next
    gamma : γ
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        at_least(self._name, 1, step_size=own["step_size"])
        numbers(self._name, gamma=own["gamma"])

    def multiplier(self, t: int) -> float:
        return self.gamma ** (t // self.step_size)


class MultiStepLR(FactorLR):
    """The rate times γ at every milestone (twice at one that is named twice).

    optimizer, last_epoch : those of ``LRScheduler``
    milestones : the epochs at which it falls
    gamma : γ
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if not isinstance(milestones, Iterable):
            raise TypeError(f"{self._name}: milestones={milestones!r} must be a list of epochs.")
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        numbers(self._name, gamma=own["gamma"], **{f"milestone {t}": t for t in own["milestones"]})

    def multiplier(self, t: int) -> float:
        return self.gamma ** bisect_right(sorted(self.milestones.elements()), t)

    def _checked_state(self, state_dict: State) -> StateDict:
        given = states.mapping(f"{self._name}.load_state_dict", state_dict)
        if "milestones" in given:  # JSON makes the keys strings
            milestones = states.mapping(f"{self._name}.load_state_dict: milestones", given["milestones"])
            counts = {int(str(t)): states.whole(f"{self._name}: milestones", n) for t, n in milestones.items()}
            given = {**given, "milestones": Counter(counts)}
        return super()._checked_state(given)


class ExponentialLR(FactorLR):
    """ηₜ = η₀·γᵗ; the lecture's η₀·e^(−kt) is γ = e^(−k).

    optimizer, last_epoch : those of ``LRScheduler``
    gamma : γ
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        numbers(self._name, gamma=own["gamma"])

    def multiplier(self, t: int) -> float:
        return self.gamma**t


class InverseTimeLR(FactorLR):
    """1/t decay: ηₜ = η₀ / (1 + kt). Robbins & Monro's conditions (1951) hold for it: Σηₜ = ∞, Σηₜ² < ∞.

    optimizer, last_epoch : those of ``LRScheduler``
    k : how fast it falls, ≥ 0

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=0.6)
    >>> InverseTimeLR(optimizer, k=1.0).preview(3).ravel()
    array([0.6, 0.3, 0.2])
    """

    def __init__(self, optimizer: Optimizer, k: float, last_epoch: int = -1) -> None:
        self.k = k
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        at_least(self._name, 0, k=own["k"])

    def multiplier(self, t: int) -> float:
        return 1 / (1 + self.k * t)


class PolynomialLR(FactorLR):
    """Down to zero within ``total_iters`` epochs T: ηₜ = η₀·(1 − min(t, T)/T)^power.

    optimizer, last_epoch : those of ``LRScheduler``
    total_iters, power : T and the exponent
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        at_least(self._name, 1, total_iters=own["total_iters"])
        numbers(self._name, power=own["power"])

    def multiplier(self, t: int) -> float:
        return (1 - min(t, self.total_iters) / self.total_iters) ** self.power


class ConstantLR(FactorLR):
    """η₀·factor during the first ``total_iters`` epochs, η₀ after. ValueError for a factor outside [0, 1].

    optimizer, last_epoch : those of ``LRScheduler``
    factor, total_iters : by how much, and how long
    """

    def __init__(self, optimizer: Optimizer, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        at_least(self._name, 1, total_iters=own["total_iters"])
        factor = own["factor"]
        if not 0 <= states.real("ConstantLR: factor", factor) <= 1:
            raise ValueError(f"ConstantLR: factor={factor!r} must lie in [0, 1].")

    def multiplier(self, t: int) -> float:
        return self.factor if t < self.total_iters else 1.0


class LinearLR(FactorLR):
    """From η₀·start_factor to η₀·end_factor in a straight line of ``total_iters`` epochs, and on at the latter.

    optimizer, last_epoch : those of ``LRScheduler``
    start_factor, end_factor, total_iters : from where to where, and how long

    ValueError for a start_factor outside (0, 1] or an end_factor outside [0, 1].
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        at_least(self._name, 1, total_iters=own["total_iters"])
        start, end = own["start_factor"], own["end_factor"]
        if not 0 < states.real("LinearLR: start_factor", start) <= 1:
            raise ValueError(f"LinearLR: start_factor={start!r} must lie in (0, 1].")
        if not 0 <= states.real("LinearLR: end_factor", end) <= 1:
            raise ValueError(f"LinearLR: end_factor={end!r} must lie in [0, 1].")

    def multiplier(self, t: int) -> float:
        done = min(t, self.total_iters) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * done


class WarmupLR(LinearLR):
    """Warm-up: η₀·min(1, (t + 1)/warmup_steps), η₀ from step ``warmup_steps`` − 1 on (Goyal et al. 2017, 2.2).

    optimizer, last_epoch : those of ``LRScheduler``
    warmup_steps : how long it takes

    Chain it with the schedule that follows, or put it first in a ``SequentialLR``.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> from optim.lr_scheduler import ChainedScheduler
    >>> warm = ChainedScheduler([WarmupLR(optimizer, 4), ExponentialLR(optimizer, 0.9)])
    >>> warm.preview(5).ravel()
    array([0.25  , 0.45  , 0.6075, 0.729 , 0.6561])
    """

    def __init__(self, optimizer: Optimizer, warmup_steps: int, last_epoch: int = -1) -> None:
        at_least("WarmupLR", 1, warmup_steps=warmup_steps)
        super().__init__(optimizer, 1 / warmup_steps, 1.0, max(warmup_steps - 1, 1), last_epoch)


class _RuleLR(LRScheduler):
    """A schedule by functions of the epoch, one for all groups or one for each."""

    def __init__(self, optimizer: Optimizer, lr_lambda: Rule | list[Rule], last_epoch: int = -1) -> None:
        self.lr_lambdas = each_group(class_name(self), "lr_lambda", lr_lambda, self._checked(optimizer))
        for rule in self.lr_lambdas:
            if not callable(rule):
                raise TypeError(f"{class_name(self)}: lr_lambda {rule!r} is not a function of the epoch.")
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> StateDict:
        return super().state_dict() | {"lr_lambdas": [state_of_rule(rule) for rule in self.lr_lambdas]}

    def load_state_dict(self, state_dict: State) -> None:
        new = self._checked_state(state_dict)
        what, given = f"{self._name}.load_state_dict: lr_lambdas", new.pop("lr_lambdas", None)
        given = [None] * len(self.lr_lambdas) if given is None else states.listed(what, given)
        if len(given) != len(self.lr_lambdas):
            raise ValueError(f"{what}: {len(given)} lr_lambdas for {len(self.lr_lambdas)}.")
        of_rules = [change_of_rule(what, rule, state) for rule, state in zip(self.lr_lambdas, given, strict=True)]
        states.at_once([partial(vars(self).update, new), *of_rules])


def state_of_rule(rule: Any) -> dict[str, Any] | None:
    """What is saved of a rule: the attributes of an object, nothing of a function."""
    return None if rule is None or isinstance(rule, FunctionType | BuiltinFunctionType) else dict(vars(rule))


def change_of_rule(what: str, rule: Any, state: Any) -> Callable[[], object]:
    """Giving a rule the state that ``state_of_rule`` saved."""
    if state is None or rule is None:
        return dict  # nothing
    if not all(isinstance(key, str) for key in states.mapping(what, state)):
        raise ValueError(f"{what}: the attributes of a rule have names.")
    states.alike(what, vars(rule), state)
    return partial(vars(rule).update, state)


class LambdaLR(_RuleLR):
    """ηₜ = η₀·lr_lambda(t); a list gives one function for each group.

    optimizer, last_epoch : those of ``LRScheduler``
    lr_lambda : a function of t, or one for each group

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> LambdaLR(optimizer, lambda t: 1 / (1 + t) ** 0.5).preview(4).ravel()
    array([1.        , 0.70710678, 0.57735027, 0.5       ])
    """

    def get_lr(self) -> list[float]:
        return [base * rule(self.last_epoch) for base, rule in zip(self.base_lrs, self.lr_lambdas, strict=True)]


class MultiplicativeLR(_RuleLR):
    """ηₜ = ηₜ₋₁·lr_lambda(t); a list gives one function for each group.

    optimizer, last_epoch : those of ``LRScheduler``
    lr_lambda : a function of t, or one for each group
    """

    def get_lr(self) -> list[float]:
        present = [group["lr"] for group in self.optimizer.param_groups]
        if self._is_initial:
            return present
        return [lr * rule(self.last_epoch) for lr, rule in zip(present, self.lr_lambdas, strict=True)]
