"""Losses that have operators of their own; of others the graph has what they compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..writing import Writer


def _cross_entropy(reduction: str) -> Callable[..., Any]:
    def rule(w: Writer, x: Any, target: Any, smoothing: float = 0.0, axis: Any = None, keepdims: bool = False) -> Any:
        b, labels = w.b, w.name(target, np.dtype(np.int64))
        if not smoothing:
            return b.node("SoftmaxCrossEntropyLoss", w.name(x), labels, reduction=reduction)
        logs = b.node("LogSoftmax", w.name(x), axis=1)
        own = b.node("NegativeLogLikelihoodLoss", logs, labels, reduction=reduction)
        over = [0, 1] if reduction == "mean" else [1]
        uniform = b.node("Neg", b.node("ReduceMean", logs, b.constant(over), keepdims=0))
        kind = x.dtype.type
        shares = b.constant(kind(1 - smoothing)), b.constant(kind(smoothing))
        return b.node("Add", b.node("Mul", own, shares[0]), b.node("Mul", uniform, shares[1]))

    return rule


def _of_target(w: Writer, x: Any, target: Any) -> Any:
    one = w.b.constant([1])
    places = w.b.node("Unsqueeze", w.name(target, np.dtype(np.int64)), one)
    return w.b.node("Squeeze", w.b.node("GatherElements", w.name(x), places, axis=1), one)


RULES = {
    "class_cross_entropy": _cross_entropy("none"),
    "mean_class_cross_entropy": _cross_entropy("mean"),
    "of_target": _of_target,
}
