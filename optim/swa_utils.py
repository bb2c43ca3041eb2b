"""Averages of weights: SWA and EMA, ensembles, and the schedule that goes with them, as in torch.optim.swa_utils.

>>> import nn, optim
>>> model = nn.Linear(2, 1)
>>> optimizer = optim.SGD(model.parameters(), lr=0.1)
>>> average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.995))
>>> for batch in range(3):
...     optimizer.step()
...     average.update_parameters(model)
>>> int(average.n_averaged.item())
3
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from autograd_core import Tensor, no_grad

from .lr_scheduler.annealing import half_cosine
from .lr_scheduler.base import LRScheduler, at_least, each_group, one_of
from .optimizer import Optimizer

__all__ = [
    "AveragedModel",
    "SWALR",
    "update_bn",
    "get_ema_avg_fn",
    "get_swa_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_multi_avg_fn",
    "average_checkpoints",
    "Ensemble",
]


class SWALR(LRScheduler):
    """From the present rate to ``swa_lr`` within ``anneal_epochs``, where it stays (Izmailov et al. 2018).

    η ← α·swa_lr + (1 − α)·η', with η' the rate that is being left and α going from 0 to 1 by ``anneal_strategy``, "cos"
    or "linear". Chainable: what another schedule does to η' stays.
    swa_lr : a number, or one for each group
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        at_least("SWALR", 0, anneal_epochs=anneal_epochs)
        one_of("SWALR", "anneal_strategy", anneal_strategy, ("cos", "linear"))
        rates = each_group("SWALR", "swa_lr", swa_lr, self._checked(optimizer))
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy, self.anneal_epochs = anneal_strategy, anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        groups = self.optimizer.param_groups
        if self._is_initial and self.last_epoch > 0:  # going on: the rate was loaded with the optimizer
            return [group["lr"] for group in groups]
        now, before = self._part(self.last_epoch), self._part(self.last_epoch - 1)
        if before == 1:
            return [group["swa_lr"] for group in groups]
        left = [(group["lr"] - before * group["swa_lr"]) / (1 - before) for group in groups]
        return [now * group["swa_lr"] + (1 - now) * lr for group, lr in zip(groups, left, strict=True)]

    def _part(self, t: int) -> float:
        """α: which part of the way is done at epoch t."""
        if self.anneal_epochs == 0:
            return float(t >= 0)
        x = min(max(t / self.anneal_epochs, 0.0), 1.0)
        return 1 - half_cosine(x) if self._anneal_strategy == "cos" else x
