"""Schedules that go up and down again, with the momentum the other way: CyclicLR and OneCycleLR (L. Smith)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from autograd_core.engine.errors import class_name
from autograd_core.support import states

from ..optimizer import Optimizer
from .annealing import half_cosine
from .base import LRScheduler, at_least, numbers, numbers_of_groups, one_of
from .factors import change_of_rule, state_of_rule

if TYPE_CHECKING:
    from autograd_core.support.types import State, StateDict

    from ..options import Group, Options


class _MomentumLR(LRScheduler):
    """A schedule that also moves each group's momentum: ``momentum``, or the first of ``betas``."""

    cycle_momentum: bool
    use_beta1: bool

    def _find_momentum(self, optimizer: Optimizer, cycle_momentum: bool) -> None:
        defaults = optimizer.defaults
        if cycle_momentum and not ("momentum" in defaults or "betas" in defaults):
            raise ValueError(
                f"{self._name}: {class_name(optimizer)} has neither momentum nor betas. Fix: cycle_momentum=False."
            )
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:  # else the state has no such key, as PyTorch's
            self.use_beta1 = "betas" in defaults

    def _set_momentum(self, group: Group, momentum: float) -> None:
        if self.use_beta1:
            group["betas"] = (momentum, *group["betas"][1:])
        else:
            group["momentum"] = momentum


class CyclicLR(_MomentumLR):
    """A triangle wave between base_lr and max_lr (Smith 2017).

    optimizer, last_epoch : those of ``LRScheduler``
    base_lr, max_lr : the bounds of the rate
    step_size_up, step_size_down : the steps up and the steps down; the same by default
    mode, gamma : "triangular", "triangular2" or "exp_range", and γ of the latter
    scale_fn, scale_mode : a function of one's own in place of mode, and what it is a function of
    cycle_momentum, base_momentum, max_momentum : whether the momentum moves as well, and between which bounds

    With c = ⌊1 + t/(up + down)⌋ the cycle and h ∈ [0, 1] the height in it, ηₜ = base + (max − base)·h·scale, where
    the scale is 1 ("triangular"), 2^(1 − c) ("triangular2"), γᵗ ("exp_range"), or ``scale_fn`` of c or of t as
    ``scale_mode`` says ("cycle", "iterations"). The momentum goes from max_momentum down to base_momentum and back.
    The four bounds are numbers, or lists of one a group.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        self._checked(optimizer)
        down = step_size_up if step_size_down is None else step_size_down
        at_least("CyclicLR", 0, step_size_up=step_size_up, step_size_down=down)
        at_least("CyclicLR", 1, total_size=step_size_up + down)
        if not (scale_fn is None or callable(scale_fn)):
            raise TypeError(f"CyclicLR: scale_fn={scale_fn!r} must be a function of one number.")
        if scale_fn is None:
            scale_mode = "iterations" if mode == "exp_range" else "cycle"
        lows = numbers_of_groups("CyclicLR", "base_lr", base_lr, optimizer)
        self.max_lrs = numbers_of_groups("CyclicLR", "max_lr", max_lr, optimizer)
        self.total_size = step_size_up + down
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma, self.scale_mode = mode, gamma, scale_mode
        self._scale_fn_custom = scale_fn
        self._find_momentum(optimizer, cycle_momentum)
        if cycle_momentum:
            self.base_momentums = numbers_of_groups("CyclicLR", "base_momentum", base_momentum, optimizer)
            self.max_momentums = numbers_of_groups("CyclicLR", "max_momentum", max_momentum, optimizer)
        self.optimizer = optimizer
        self.check(vars(self))
        if last_epoch == -1:
            for group, low in zip(optimizer.param_groups, lows, strict=True):
                group["lr"] = low
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lows

    def scale_fn(self, x: float) -> float:
        """The height of a cycle, as a function of its number or of the step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return {"triangular": lambda: 1.0, "triangular2": lambda: 2.0 ** (1 - x), "exp_range": lambda: self.gamma**x}[
            self.mode
        ]()

    def get_lr(self) -> list[float]:
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio and self.step_ratio else (1 - x) / (1 - self.step_ratio)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            bounds = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in bounds:
                self._set_momentum(group, high - (high - low) * height)
        return [low + (high - low) * height for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> StateDict:
        return super().state_dict() | {"_scale_fn_custom": state_of_rule(self._scale_fn_custom)}

    def load_state_dict(self, state_dict: State) -> None:
        new = self._checked_state(state_dict)
        what = f"{self._name}.load_state_dict: _scale_fn_custom"
        of_rule = change_of_rule(what, self._scale_fn_custom, new.pop("_scale_fn_custom", None))
        states.at_once([partial(vars(self).update, new), of_rule])

    def check(self, own: Options) -> None:
        super().check(own)
        at_least(self._name, 1, total_size=own["total_size"])
        at_least(self._name, 0, step_ratio=own["step_ratio"])
        numbers(self._name, gamma=own["gamma"])
        if self._scale_fn_custom is None:
            one_of(self._name, "mode", own["mode"], ("triangular", "triangular2", "exp_range"))
        one_of(self._name, "scale_mode", own["scale_mode"], ("cycle", "iterations"))
        momenta = ["base_momentums", "max_momentums"] if self.cycle_momentum else []
        for name in ["max_lrs", *momenta]:
            values = states.listed(f"{self._name}: {name}", own[name], len(self.optimizer.param_groups))
            numbers(self._name, **{f"{name}[{i}]": value for i, value in enumerate(values)})


class OneCycleLR(_MomentumLR):
    """One cycle for the whole training, counted in batches (Smith & Topin 2018, super-convergence).

    From max_lr/div_factor up to max_lr in ``pct_start`` of the steps, then down to
    max_lr/(div_factor·final_div_factor)
    in one phase, or (``three_phase``) down to where it began and then to the minimum. The momentum goes from
    max_momentum to base_momentum and back. ``anneal_strategy`` "cos" or "linear" joins the ends of each phase.

    optimizer, last_epoch : those of ``LRScheduler``
    max_lr : the highest rate, a number or one for each group
    epochs, steps_per_epoch : instead of total_steps
    pct_start, anneal_strategy, three_phase : the share of the steps that go up, "cos" or "linear", and whether there
        are three phases
    cycle_momentum, base_momentum, max_momentum : whether the momentum moves as well, and between which bounds
    div_factor, final_div_factor : how far below max_lr it begins, and how far below that it ends
    total_steps : the number of steps, or epochs·steps_per_epoch where it is not given
    Raises ValueError for a step beyond the last.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=0.1, momentum=0.9)
    >>> schedule = OneCycleLR(optimizer, max_lr=1.0, total_steps=11, pct_start=0.5, anneal_strategy="linear")
    >>> schedule.preview(5).ravel()
    array([0.04      , 0.25333333, 0.46666667, 0.68      , 0.89333333])
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        self._checked(optimizer)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch.")
            at_least("OneCycleLR", 1, epochs=epochs, steps_per_epoch=steps_per_epoch)
            total_steps = epochs * steps_per_epoch
        at_least("OneCycleLR", 1, total_steps=total_steps)
        numbers("OneCycleLR", pct_start=pct_start, div_factor=div_factor, final_div_factor=final_div_factor)
        if not (div_factor > 0 and final_div_factor > 0):
            raise ValueError(f"OneCycleLR: {div_factor=} and {final_div_factor=} must be positive.")
        if not 0 <= pct_start <= 1:
            raise ValueError(f"OneCycleLR: pct_start={pct_start!r} must lie in [0, 1].")
        highs = numbers_of_groups("OneCycleLR", "max_lr", max_lr, optimizer)
        fast = numbers_of_groups("OneCycleLR", "base_momentum", base_momentum, optimizer)
        slow = numbers_of_groups("OneCycleLR", "max_momentum", max_momentum, optimizer)
        self.total_steps = total_steps
        top, end = float(pct_start * total_steps) - 1, total_steps - 1
        rise, fall = ("max_momentum", "base_momentum"), ("base_momentum", "max_momentum")
        if three_phase:
            self._schedule_phases = [
                _phase(top, "initial_lr", "max_lr", rise),
                _phase(2 * top, "max_lr", "initial_lr", fall),
                _phase(end, "initial_lr", "min_lr", ("max_momentum", "max_momentum")),
            ]
        else:
            self._schedule_phases = [
                _phase(top, "initial_lr", "max_lr", rise),
                _phase(end, "max_lr", "min_lr", fall),
            ]
        self._anneal_func_type = anneal_strategy
        self._find_momentum(optimizer, cycle_momentum)
        self.optimizer = optimizer
        self.check(vars(self))
        if last_epoch == -1:
            for group, high, low_momentum, high_momentum in zip(optimizer.param_groups, highs, fast, slow, strict=True):
                group["initial_lr"] = high / div_factor
                group["max_lr"] = high
                group["min_lr"] = group["initial_lr"] / final_div_factor
                if cycle_momentum:
                    group["max_momentum"], group["base_momentum"] = high_momentum, low_momentum
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        at_least(self._name, 1, total_steps=own["total_steps"])
        one_of(self._name, "anneal_strategy", own["_anneal_func_type"], ("cos", "linear"))
        mine, phases = self._schedule_phases, states.listed(f"{self._name}: _schedule_phases", own["_schedule_phases"])
        if len(phases) != len(mine):
            raise ValueError(f"{self._name}: {len(phases)} _schedule_phases for {len(mine)}.")
        for phase, model in zip(phases, mine, strict=True):
            states.mapping(f"{self._name}: _schedule_phases", phase, model)
            numbers(self._name, end_step=phase["end_step"])
            for name in model:
                if name != "end_step":
                    one_of(self._name, name, phase[name], _ENDS)

    def get_lr(self) -> list[float]:
        if self.last_epoch > self.total_steps:
            raise ValueError(f"OneCycleLR: step {self.last_epoch} of a cycle of total_steps={self.total_steps}.")
        phase, done = self._where()
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                ends = group[phase["start_momentum"]], group[phase["end_momentum"]]
                self._set_momentum(group, self._between(*ends, done))
        return [self._between(group[phase["start_lr"]], group[phase["end_lr"]], done) for group in groups]

    def _where(self) -> tuple[Group, float]:
        """The phase that the present step is in, and which part of it is done."""
        start = 0.0
        for phase in self._schedule_phases:
            end = phase["end_step"]
            if self.last_epoch <= end or phase is self._schedule_phases[-1]:
                break
            start = end
        return phase, (self.last_epoch - start) / (end - start) if end != start else 1.0

    def _between(self, start: float, end: float, done: float) -> float:
        down = half_cosine(done) if self._anneal_func_type == "cos" else 1 - done
        return end + (start - end) * down


_ENDS = ("initial_lr", "max_lr", "min_lr", "max_momentum", "base_momentum")
"""Where a group keeps the ends of phases."""


def _phase(end: float, start_lr: str, end_lr: str, momentum: tuple[str, str]) -> dict[str, Any]:
    names = ("end_step", "start_lr", "end_lr", "start_momentum", "end_momentum")
    return dict(zip(names, (end, start_lr, end_lr, *momentum), strict=True))
