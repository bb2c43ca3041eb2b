"""Losses as modules: each is its function with the options bound."""

from __future__ import annotations

from typing import Any

from . import functional as F
from .module import Module


class _Loss(Module):
    def __init__(self, reduction: str = "mean") -> None:
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(f"{type(self).__name__}: reduction is 'mean', 'sum' or 'none', not {reduction!r}.")
        self.reduction = reduction


class CrossEntropyLoss(_Loss):
    """−log softmax(logits)[class], from logits (N, C) and class numbers (N,) or probabilities (N, C)."""

    def forward(self, input: Any, target: Any) -> Any:
        return F.cross_entropy(input, target, self.reduction)


class BCEWithLogitsLoss(_Loss):
    """−y log σ(z) − (1−y) log(1−σ(z)), from logits z and targets y of the same shape."""

    def forward(self, input: Any, target: Any) -> Any:
        return F.binary_cross_entropy_with_logits(input, target, self.reduction)


class MSELoss(_Loss):
    """(input − target)², for tensors of the same shape."""

    def forward(self, input: Any, target: Any) -> Any:
        return F.mse_loss(input, target, self.reduction)
