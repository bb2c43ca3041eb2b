"""What all schedules share: when they act, what they remember, and how they are drawn."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.engine.errors import class_name
from autograd_core.support import states

from ..optimizer import Optimizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd_core.support.types import Array, Settings, State, StateDict

    from ..options import Options


class LRScheduler:
    """Base of all schedules: a subclass gives ``get_lr``.

    optimizer  : its groups' ``lr`` are set, at once and at every ``step()``
    last_epoch : −1 to begin; n to go on after epoch n with an optimizer whose state was loaded

    ``base_lrs`` are the rates that the groups began with, kept in each group as ``initial_lr``.
    Raises TypeError for what is not an optimizer, ValueError where a schedule should go on and a group has no
    ``initial_lr``.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        self.optimizer = self._checked(optimizer)
        groups = optimizer.param_groups
        states.whole(f"{self._name}: last_epoch", last_epoch, -1)
        if last_epoch >= 0 and not all("initial_lr" in group for group in groups):
            raise ValueError(
                f"{self._name}: last_epoch={last_epoch} goes on where another schedule stopped, but the optimizer's "
                "groups have no 'initial_lr'. Fix: load the optimizer's state_dict first, or last_epoch=-1."
            )
        self.last_epoch = last_epoch
        self.check(vars(self))
        for group in groups:
            group.setdefault("initial_lr", group["lr"])
        self.base_lrs = [group["initial_lr"] for group in groups]
        self._begin()

    def get_lr(self) -> list[float]:
        """The rates at ``last_epoch``, one a group; chainable schedules compute them from the groups' present ones."""
        raise NotImplementedError(f"{self._name}: a schedule needs get_lr(self), which returns one rate a group.")

    def closed_form(self) -> list[float]:
        """The rates at ``last_epoch``, whatever they were before."""
        return self.get_lr()

    def get_last_lr(self) -> list[float]:
        """The rates that this schedule set last, one a group."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go on by one epoch (or batch: whatever the schedule counts); with ``epoch``, jump there by closed form."""
        self._step_count += 1
        if epoch is None:
            self.last_epoch += 1
            self._set(self.get_lr())
        else:
            self.last_epoch = epoch
            self._set(self.closed_form())

    def state_dict(self) -> StateDict:
        """Everything but the optimizer, with PyTorch's keys; functions are not saved, the state of objects is."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: State) -> None:
        """Continue from a ``state_dict``. ValueError, and nothing changed, for one of another schedule."""
        vars(self).update(self._checked_state(state_dict))

    def _checked_state(self, state_dict: State) -> StateDict:
        """The attributes that ``state_dict`` gives; ValueError where they are not such as this schedule's are."""
        what, own = f"{self._name}.load_state_dict", self.state_dict()
        given = states.mapping(what, state_dict)
        missing = {key for key in own if not key.startswith("_")} - set(given)
        if missing:
            raise ValueError(f"{what}: no {sorted(missing)}; is this another schedule's state?")
        new = {key: value for key, value in given.items() if key in own}
        for key, value in new.items():
            states.alike(f"{what}: {key}", own[key], value)
        self.check(vars(self) | new)
        return new

    def check(self, own: Options) -> None:
        """Raise ValueError for attributes (a new schedule's, or from a state_dict) that make no sense."""
        count = len(self.optimizer.param_groups)
        for key in ("base_lrs", "_last_lr"):
            rates = own.get(key, [0.0] * count)
            if not isinstance(rates, (list, tuple)) or len(rates) != count:
                raise ValueError(f"{self._name}: {len(rates)} {key} for {count} groups.")
            for rate in rates:
                states.real(f"{self._name}: {key}", rate)
        for key, least in (("last_epoch", -math.inf), ("_step_count", 0)):
            states.real(f"{self._name}: {key}", own.get(key, 0), least)

    def preview(self, steps: int) -> Array:
        """The rates of the present and the following epochs, of shape (steps, groups); nothing is changed.

        >>> import autograd_core as ag, optim
        >>> optimizer = optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
        >>> optim.lr_scheduler.ExponentialLR(optimizer, 0.5).preview(3)
        array([[1.  ],
               [0.5 ],
               [0.25]])
        """
        twin = self._twin()
        rates = [twin.get_last_lr()]
        for _ in range(steps - 1):
            twin.step()
            rates.append(twin.get_last_lr())
        return np.array(rates[:steps], float)

    def plot(self, steps: int, ax: Axes | None = None, **style: object) -> Axes:
        """Draw the rates of the next ``steps`` epochs, a line for each group that differs, and return the axes.

        ax : the matplotlib axes to draw on (the current ones where none are given); ``style`` goes to ``ax.plot``
        The schedule and its optimizer stay as they are. ImportError where matplotlib is missing.
        """
        return _plot(self, self.preview(steps), ax, style)

    @property
    def _name(self) -> str:
        return class_name(self)

    def _checked(self, optimizer: Any) -> Optimizer:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{self._name}: {class_name(optimizer)} is no Optimizer. Fix: pass the optimizer itself.")
        return optimizer

    def _begin(self) -> None:
        """The first step of all, which sets the rates of epoch 0 (or those to go on with)."""
        self._step_count = 0
        self._is_initial = True
        self.step()
        self._is_initial = False

    def _unbegin(self) -> None:
        """Forget the first step: a sequence will begin this schedule later."""
        self.last_epoch -= 1

    def _set(self, rates: list[float]) -> None:
        if len(rates) != len(self.optimizer.param_groups):
            groups = len(self.optimizer.param_groups)
            raise ValueError(f"{self._name}: {len(rates)} rates for {groups} parameter groups.")
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            group["lr"] = rate
        self._last_lr = rates

    def _each(self, name: str, value: object) -> list[float]:
        """An option given once, or once for each group, as a list for the groups."""
        return each_group(self._name, name, value, self.optimizer)

    def _twin(self) -> LRScheduler:
        """A copy that drives option dicts of its own instead of the optimizer."""
        stand_in = object.__new__(type(self.optimizer))
        stand_in.defaults = self.optimizer.defaults
        stand_in.param_groups = [
            {k: copy.copy(v) for k, v in group.items() if k != "params"} for group in self.optimizer.param_groups
        ]
        return copy.deepcopy(self, {id(self.optimizer): stand_in})


class FactorLR(LRScheduler):
    """Base of the chainable schedules ηₜ = η₀·f(t): a subclass gives ``multiplier``, which is f.

    optimizer, last_epoch : those of ``LRScheduler``

    A step multiplies the present rate by f(t)/f(t − 1), so that schedules of one optimizer multiply, whatever their
    number. With a floor ``eta_min`` only what is above it is scaled.
    """

    eta_min = 0.0

    def multiplier(self, t: int) -> float:
        """f(t)."""
        raise NotImplementedError(f"{self._name}: give multiplier(self, t), what the first rate is multiplied by.")

    def get_lr(self) -> list[float]:
        present = [group["lr"] for group in self.optimizer.param_groups]
        t, floor = self.last_epoch, self.eta_min
        if self._is_initial and t > 0:  # going on: the rate was loaded with the optimizer
            return present
        now, before = self.multiplier(t), 1.0 if t == 0 else self.multiplier(t - 1)
        if now == before:
            return present
        if before == 0:  # nothing is left to be multiplied
            return [lr + (base - floor) * now for lr, base in zip(present, self.base_lrs, strict=True)]
        return [floor + (lr - floor) * (now / before) for lr in present]

    def closed_form(self) -> list[float]:
        now = self.multiplier(self.last_epoch)
        return [self.eta_min + (base - self.eta_min) * now for base in self.base_lrs]


def each_group(schedule: str, name: str, value: object, optimizer: Optimizer) -> list[Any]:
    """``value`` for each group; ValueError for a list of another length."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [value] * groups
    if len(value) != groups:
        raise ValueError(f"{schedule}: {len(value)} values of {name} for {groups} parameter groups.")
    return list(value)


def numbers_of_groups(schedule: str, name: str, value: object, optimizer: Optimizer) -> list[float]:
    """``each_group`` of finite numbers."""
    found = each_group(schedule, name, value, optimizer)
    for number in found:
        numbers(schedule, **{name: number})
    return found


def at_least(schedule: str, lowest: float, **options: object) -> None:
    """ValueError for an option below ``lowest`` (or no number)."""
    for name, value in options.items():
        if not (isinstance(value, (int, float, np.number)) and value >= lowest):
            raise ValueError(f"{schedule}: {name}={value!r} must be a number of at least {lowest}.")


def numbers(schedule: str, **options: object) -> None:
    """ValueError for an option that is not one finite number."""
    for name, value in options.items():
        states.real(f"{schedule}: {name}", value)


def one_of(schedule: str, name: str, value: str, choices: tuple[str, ...]) -> None:
    """ValueError for a value that is not among the choices."""
    if value not in choices:
        raise ValueError(f"{schedule}: {name}={value!r} is none of {', '.join(map(repr, choices))}.")


def _plot(schedule: Any, rates: Any, ax: Any, style: Settings) -> Axes:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("plot needs matplotlib. Fix: pip install autograd-core[viz]") from error
    ax = plt.gca() if ax is None else ax
    first = getattr(schedule, "last_epoch", 0)
    label = style.pop("label", class_name(schedule))
    different = {tuple(column): k for k, column in reversed(list(enumerate(rates.T)))}
    for column, k in sorted(different.items(), key=lambda pair: pair[1]):
        name = label if len(different) == 1 else f"{label}, group {k}"
        ax.plot(range(first, first + len(column)), column, label=name, **style)
    ax.set(xlabel="step of the schedule", ylabel="learning rate")
    ax.legend()
    return ax
