"""The rate falls when a measure stops improving."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.support import states

from ..optimizer import Optimizer
from ..options import Options, value_of
from .base import LRScheduler, _plot, at_least, numbers, one_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from autograd_core.support.types import Array


class ReduceLROnPlateau(LRScheduler):
    """The rate times ``factor`` when a measure has not improved for more than ``patience`` epochs.

    optimizer : whose rates they are
    factor, patience : by how much, and after how many bad epochs
    threshold_mode : "rel" or "abs"
    mode           : "min" or "max", which of a loss or an accuracy is better
    threshold      : what counts as better: best·(1 ∓ threshold) ("rel") or best ∓ threshold ("abs") must be passed
    cooldown       : epochs after a reduction during which bad epochs are not counted
    min_lr         : a bound, or one for each group; a change of less than ``eps`` is not made
    A NaN is never an improvement.

    >>> import autograd_core as ag, optim
    >>> optimizer = optim.SGD([ag.Tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0, 1.0):
    ...     schedule.step(loss)
    ...     print(schedule.get_last_lr())
    [1.0]
    [1.0]
    [1.0]
    [0.5]
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | list[float] = 0,
        eps: float = 1e-8,
    ) -> None:
        self.optimizer = self._checked(optimizer)
        self.min_lrs = self._each("min_lr", min_lr)
        self.mode, self.factor, self.patience, self.threshold = mode, factor, patience, threshold
        self.threshold_mode, self.cooldown, self.eps = threshold_mode, cooldown, eps
        self.last_epoch = 0
        self.check(vars(self))
        self._last_lr = [group["lr"] for group in optimizer.param_groups]
        self._reset()

    def check(self, own: Options) -> None:
        super().check(own)
        one_of(self._name, "mode", own["mode"], ("min", "max"))
        one_of(self._name, "threshold_mode", own["threshold_mode"], ("rel", "abs"))
        at_least(self._name, 0, **{name: own[name] for name in ("factor", "patience", "cooldown", "eps")})
        if not own["factor"] < 1:
            raise ValueError(f"{self._name}: factor={own['factor']!r} must be below 1, or the rate would not fall.")
        lowest = states.listed(f"{self._name}: min_lrs", own["min_lrs"], len(self.optimizer.param_groups))
        numbers(self._name, threshold=own["threshold"], **{f"min_lrs[{i}]": rate for i, rate in enumerate(lowest)})
        at_least(
            self._name, 0, num_bad_epochs=own.get("num_bad_epochs", 0), cooldown_counter=own.get("cooldown_counter", 0)
        )
        at_least(self._name, -math.inf, best=own.get("best", 0))

    def _reset(self) -> None:
        self.best = math.inf if self.mode == "min" else -math.inf
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """Whether bad epochs are not counted at present."""
        return self.cooldown_counter > 0

    def is_better(self, a: float, best: float) -> bool:
        """Whether ``a`` passes ``best`` by the threshold."""
        sign = -1 if self.mode == "min" else 1
        margin = self.threshold * best if self.threshold_mode == "rel" else self.threshold
        if math.isinf(best):
            return sign * a > sign * best
        return sign * a > sign * (best + sign * margin)

    def step(self, metrics: Any = None, epoch: int | None = None) -> None:  # type: ignore[override]
        """Tell the measure of an epoch.

        metrics : the measure, a number or an array of one element
        epoch : its number; the next one by default
        """
        if metrics is None:
            raise TypeError("ReduceLROnPlateau.step: no measure. Fix: schedule.step(validation_loss).")
        current = value_of(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self.is_better(current, self.best):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = [group["lr"] for group in self.optimizer.param_groups]

    def _reduce(self) -> None:
        for group, lowest in zip(self.optimizer.param_groups, self.min_lrs, strict=True):
            lower = max(group["lr"] * self.factor, lowest)
            if group["lr"] - lower > self.eps:
                group["lr"] = lower

    def get_lr(self) -> list[float]:
        return [group["lr"] for group in self.optimizer.param_groups]

    def preview(self, metrics: Iterable[float]) -> Array:  # type: ignore[override]
        """The rates now and after each of the given measures, of shape (1 + measures, groups); nothing is changed."""
        twin = self._twin()
        rates = [twin.get_last_lr()]
        for measure in metrics:
            twin.step(measure)  # type: ignore[arg-type]
            rates.append(twin.get_last_lr())
        return np.array(rates, float)

    def plot(self, metrics: Iterable[float], ax: Axes | None = None, **style: object) -> Axes:  # type: ignore[override]
        """Draw the rates that these measures would give, and return the axes."""
        return _plot(self, self.preview(metrics), ax, style)
