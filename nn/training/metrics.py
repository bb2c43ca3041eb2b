"""How good predictions are: plain functions ``metric(output, target)`` of arrays, each giving one number.

A trainer takes them as ``metrics=[nn.metrics.accuracy]``. Any function of two arrays will do, such as scikit-learn's,
which take the target first: ``{"f1": lambda output, target: f1_score(target, output.argmax(1), average="macro")}``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from autograd_core.support.types import Array, ArrayLike

__all__ = ["accuracy", "top_k_accuracy", "mean_squared_error", "mean_absolute_error", "r2_score"]


def accuracy(output: ArrayLike, target: ArrayLike) -> float:
    """The share of samples whose class is right.

    output : scores (N, C) with classes along axis 1 (also (N, C, …)); or logits of class 1, (N,) or (N, 1)
    target : class numbers (N,) or (N, …); or, for scores (N, C), probabilities (N, C), of which the largest counts

    Where a sample may have several labels, give ravelled logits and targets: each label then counts for itself.
    Raises ValueError for other shapes.

    >>> accuracy(np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]), np.array([0, 1, 1]))
    0.666...
    """
    output, target = np.asarray(output), np.asarray(target)
    if output.shape == target.shape and output.ndim == 2 and output.shape[1] > 1:
        return float((output.argmax(axis=1) == target.argmax(axis=1)).mean())
    if output.shape == target.shape:
        return float(((output > 0) == (target > 0.5)).mean())
    if output.shape == (*target.shape, 1):
        return float(((output[..., 0] > 0) == (target > 0.5)).mean())
    if output.ndim > 1 and target.shape == (output.shape[0], *output.shape[2:]):
        return float((output.argmax(axis=1) == target).mean())
    raise _shapes("accuracy", output, target, "(N, C, …) and (N, …), or two of one shape")


def top_k_accuracy(output: ArrayLike, target: ArrayLike, k: int = 5) -> float:
    """The share of samples whose class is among the k highest scores; output (N, C), target (N,).

    k : how many count as hits

    >>> top_k_accuracy(np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]), np.array([1, 0]), k=2)
    0.5
    """
    output, target = np.asarray(output), np.asarray(target)
    if output.ndim != 2 or target.shape != output.shape[:1] or not 1 <= k <= output.shape[1]:
        raise _shapes(f"top_k_accuracy with k={k}", output, target, "(N, C) with C ≥ k ≥ 1, and (N,)")
    best = np.argpartition(-output, k - 1, axis=1)[:, :k]
    return float((best == target[:, None]).any(axis=1).mean())


def mean_squared_error(output: ArrayLike, target: ArrayLike) -> float:
    """The mean of (output − target)²; ValueError for two shapes.

    output, target : arrays of one shape
    """
    difference = _difference("mean_squared_error", output, target)
    return float((difference * difference).mean())


def mean_absolute_error(output: ArrayLike, target: ArrayLike) -> float:
    """The mean of |output − target|; ValueError for two shapes.

    output, target : arrays of one shape
    """
    return float(np.abs(_difference("mean_absolute_error", output, target)).mean())


def r2_score(output: ArrayLike, target: ArrayLike) -> float:
    """1 − Σ(target − output)²/Σ(target − mean)², averaged over columns: 1 is perfect, 0 is as good as the mean.

    output, target : arrays of one shape, (N,) or (N, columns)
    """
    difference = _difference("r2_score", output, target)
    target = np.asarray(target, np.float64)
    total = ((target - target.mean(axis=0)) ** 2).sum(axis=0)
    left = (difference**2).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean(np.where(total > 0, 1 - left / total, np.where(left > 0, 0.0, 1.0))))


def _difference(name: str, output: ArrayLike, target: ArrayLike) -> Array:
    output, target = np.asarray(output, np.float64), np.asarray(target, np.float64)
    if output.shape != target.shape:
        raise _shapes(name, output, target, "two of one shape")
    return output - target


def _shapes(name: str, output: Array, target: Array, expected: str) -> ValueError:
    return ValueError(f"{name}: output of shape {output.shape}, target of shape {target.shape}; expected {expected}.")
