"""Schedules made of schedules: one after another, or all at once."""

from __future__ import annotations

import copy
import itertools
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autograd_core.engine.errors import class_name
from autograd_core.support import states

from ..optimizer import Optimizer
from .base import LRScheduler
from .plateau import ReduceLROnPlateau

if TYPE_CHECKING:
    from autograd_core.support.types import State, StateDict

    from ..options import Options


class _Composite(LRScheduler):
    _schedulers: list[LRScheduler]

    def _gather(self, schedulers: Sequence[LRScheduler], optimizer: Any) -> Optimizer:
        """Check the parts and keep them; the optimizer that they share."""
        parts = list(schedulers)
        if not parts:
            raise ValueError(f"{self._name}: no schedulers.")
        shared = parts[0].optimizer if optimizer is None else optimizer
        for i, part in enumerate(parts):
            if isinstance(part, ReduceLROnPlateau) or not isinstance(part, LRScheduler):
                raise ValueError(
                    f"{self._name}: scheduler {i} is {class_name(part)}; it needs schedules whose step() takes no "
                    "measure. Fix: step a ReduceLROnPlateau on its own."
                )
            if part.optimizer is not shared:
                raise ValueError(f"{self._name}: scheduler {i} ({class_name(part)}) drives another optimizer.")
        self._schedulers = parts
        return self._checked(shared)

    def state_dict(self) -> StateDict:
        return super().state_dict() | {"_schedulers": [part.state_dict() for part in self._schedulers]}

    def load_state_dict(self, state_dict: State) -> None:
        new, parts = self._checked_state(state_dict), self._schedulers
        given = states.listed(f"{self._name}.load_state_dict: _schedulers", new.pop("_schedulers", ()))
        if len(given) != len(parts):
            raise ValueError(f"{self._name}.load_state_dict: {len(given)} schedulers for {len(parts)}.")
        before, own = [copy.deepcopy(part.state_dict()) for part in parts], {key: vars(self)[key] for key in new}
        try:
            for part, state in zip(parts, given, strict=True):
                part.load_state_dict(state)
            vars(self).update(new)
        except BaseException:
            for part, state in zip(parts, before, strict=True):
                part.load_state_dict(state)
            vars(self).update(own)
            raise

    def _again(self, epoch: int) -> None:
        if epoch != 0:
            raise ValueError(f"{self._name}.step: it cannot jump to epoch {epoch!r}, only begin again at 0.")
        self._begin()

    def _unbegin(self) -> None:
        for part in self._schedulers:
            part._unbegin()

    def _rewind(self) -> None:
        """Back to the rates that the groups began with."""
        for group in self.optimizer.param_groups:
            group["lr"] = group["initial_lr"]


class SequentialLR(_Composite):
    """One schedule after another: number i + 1 takes over at epoch milestones[i], and counts from 0 there.

    optimizer, last_epoch : those of ``LRScheduler``
    schedulers : schedules of this optimizer, in turn
    milestones : the epochs at which the next one takes over

    Raises ValueError where milestones do not ascend, or are not one fewer than the schedules.

    >>> import autograd_core as ag, optim
    >>> from optim.lr_scheduler import ExponentialLR, WarmupLR
    >>> optimizer = optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> parts = [WarmupLR(optimizer, 4), ExponentialLR(optimizer, 0.5)]
    >>> SequentialLR(optimizer, parts, milestones=[4]).preview(7).ravel()
    array([0.25, 0.5 , 0.75, 1.  , 1.  , 0.5 , 0.25])
    """

    def __init__(
        self, optimizer: Optimizer, schedulers: list[LRScheduler], milestones: list[int], last_epoch: int = -1
    ) -> None:
        if len(schedulers) != len(milestones) + 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedulers with {len(milestones)} milestones; there must be one "
                "milestone fewer, at which the next scheduler takes over."
            )
        self.optimizer = self._gather(schedulers, optimizer)
        self._milestones = list(milestones)
        self.last_epoch = last_epoch + 1
        self.check(vars(self))
        self._rewind()
        for part in self._schedulers:
            part._unbegin()
        self._schedulers[0]._begin()
        self._last_lr = self._schedulers[0].get_last_lr()

    def check(self, own: Options) -> None:
        super().check(own)
        milestones = states.listed("SequentialLR: milestones", own["_milestones"], len(self._schedulers) - 1)
        for milestone in milestones:
            states.real("SequentialLR: milestones", milestone)
        if any(a > b for a, b in itertools.pairwise(milestones)):
            raise ValueError(f"SequentialLR: milestones={milestones!r} must ascend.")

    def step(self, epoch: int | None = None) -> None:
        """Go on by one epoch, with the schedule whose turn it is."""
        if epoch is not None:
            return self._again(epoch)
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        part = self._schedulers[i]
        if i and self._milestones[i - 1] == self.last_epoch:
            part.step(0)
        else:
            part.step()
        self._last_lr = part.get_last_lr()

    def _begin(self) -> None:
        self._rewind()
        self.last_epoch = 0
        self._schedulers[0].last_epoch = -1
        self._schedulers[0]._begin()
        self._last_lr = self._schedulers[0].get_last_lr()


class ChainedScheduler(_Composite):
    """Several schedules at once: each steps, and chainable ones multiply.

    schedulers : schedules of one optimizer
    optimizer : theirs; it need not be given

    Raises ValueError for no schedules, for schedules of different optimizers, and for ReduceLROnPlateau.
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self.optimizer = self._gather(schedulers, optimizer)
        self._last_lr = self._rates()

    def step(self, epoch: int | None = None) -> None:
        """A step of each schedule."""
        if epoch is not None:
            return self._again(epoch)
        for part in self._schedulers:
            part.step()
        self._last_lr = self._rates()

    def _begin(self) -> None:
        self._rewind()
        for part in self._schedulers:
            part.last_epoch = -1
            part._begin()
        self._last_lr = self._rates()

    def _rates(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]
