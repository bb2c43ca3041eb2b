"""Cosine annealing (Loshchilov & Hutter 2017, SGDR)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ..optimizer import Optimizer
from .base import FactorLR, LRScheduler, at_least, numbers

if TYPE_CHECKING:
    from ..options import Options


class CosineAnnealingLR(FactorLR):
    """Half a cosine down: ηₜ = η_min + (η₀ − η_min)·(1 + cos(πt/T_max))/2 (equation 5); it comes up again after.

    optimizer, last_epoch : those of ``LRScheduler``
    T_max : half a period
    eta_min : the lowest rate
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        at_least(self._name, 1, T_max=own["T_max"])
        numbers(self._name, eta_min=own["eta_min"])

    def multiplier(self, t: int) -> float:
        return half_cosine(t / self.T_max)


class CosineAnnealingWarmRestarts(LRScheduler):
    """Half a cosine down over T_0 epochs, then again from the top over T_0·T_mult epochs, and so on.

    optimizer, last_epoch : those of ``LRScheduler``
    T_0 : the length of the first descent
    T_mult : how much longer each following one is, a whole number
    eta_min : the lowest rate

    ηₜ = η_min + (η₀ − η_min)·(1 + cos(π·T_cur/T_i))/2. ``step(epoch)`` also takes fractions, so that the rate can fall
    at every batch: ``schedule.step(epoch + batch / batches)``.
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_0, self.T_i, self.T_mult, self.eta_min = T_0, T_0, T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def check(self, own: Options) -> None:
        super().check(own)
        at_least(self._name, 1, **{name: own[name] for name in ("T_0", "T_mult", "T_i")})
        if own["T_0"] % 1 or own["T_mult"] % 1:
            raise ValueError(f"{self._name}: T_0={own['T_0']!r} and T_mult={own['T_mult']!r} must be whole numbers.")
        numbers(self._name, T_cur=own["T_cur"], eta_min=own["eta_min"])

    def get_lr(self) -> list[float]:
        down = half_cosine(self.T_cur / self.T_i)
        return [self.eta_min + (base - self.eta_min) * down for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on by one epoch, or to ``epoch``, which may be a fraction."""
        if epoch is None and self._is_initial:  # to begin, or to go on within some cycle
            epoch = self.last_epoch + 1
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        else:
            if epoch < 0:
                raise ValueError(f"CosineAnnealingWarmRestarts.step: epoch={epoch!r} must not be negative.")
            self.T_cur, self.T_i = self._cycle(epoch)
        self._step_count += 1
        self.last_epoch = math.floor(epoch)
        self._set(self.get_lr())

    def _cycle(self, epoch: float) -> tuple[float, int]:
        """How far ``epoch`` is into its cycle, and how long that is."""
        length = self.T_0
        if self.T_mult == 1:
            return epoch % length, length
        while epoch >= length:
            epoch -= length
            length *= self.T_mult
        return epoch, length


def half_cosine(x: float) -> float:
    """(1 + cos πx)/2: from 1 at x = 0 down to 0 at x = 1."""
    return (1 + math.cos(math.pi * x)) / 2
