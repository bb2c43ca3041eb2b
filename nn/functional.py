"""Layers and losses as functions, composed of the engine's operations."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor, default_generator, log_softmax, relu, sigmoid, softmax, softplus, tanh

__all__ = [
    "linear",
    "relu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
    "log_softmax",
    "dropout",
    "batch_norm",
    "cross_entropy",
    "binary_cross_entropy_with_logits",
    "mse_loss",
]


def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x Wᵀ + b for x of shape (…, in), W of (out, in), b of (out,).

    >>> linear(np.ones((1, 2)), np.array([[1.0, 2.0]]), np.array([0.5]))
    array([[3.5]])
    """
    y = x @ np.swapaxes(weight, -1, -2)
    return y if bias is None else y + bias


def silu(x: Any) -> Any:
    """x·σ(x) (Elfwing et al. 2017)."""
    return x * sigmoid(x)


def dropout(x: Any, p: float = 0.5, training: bool = True, generator: np.random.Generator | None = None) -> Any:
    """Zero each element with probability p and scale the others by 1/(1−p), so that the mean stays (inverted dropout).

    The identity where ``training`` is false. Srivastava et al. 2014.
    """
    if not 0 <= p <= 1:
        raise ValueError(f"dropout: p={p!r} is no probability.")
    if not training or p == 0:
        return x
    keep = (generator or default_generator()).random(x.shape, np.float32) >= p
    return x * (keep.astype(x.dtype) * (0 if p == 1 else 1 / (1 - p)))


def batch_norm(x: Any, mean: Any, var: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """(x − mean) / √(var + ε) · weight + bias, ε inside the root (Ioffe & Szegedy 2015, algorithm 1)."""
    y = (x - mean) / np.sqrt(var + eps)
    if weight is not None:
        y = y * weight
    return y if bias is None else y + bias


def _reduced(losses: Any, reduction: str, name: str) -> Any:
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction is 'mean', 'sum' or 'none', not {reduction!r}.")
    return losses if reduction == "none" else losses.mean() if reduction == "mean" else losses.sum()


def _array(target: Any) -> Any:
    return target.data if isinstance(target, Tensor) and not target.requires_grad else target


def cross_entropy(input: Any, target: Any, reduction: str = "mean") -> Any:
    """−log softmax(input)[target] for logits (N, C) and class numbers (N,), or −Σ q log softmax for q of (N, C).

    Raises ValueError for shapes that do not fit and classes outside 0 … C−1, TypeError for fractional class numbers.

    >>> cross_entropy(Tensor([[0.0, 0.0]]), [1]).item()
    0.6931471824645996
    """
    target = np.asarray(target) if isinstance(target, (list, tuple)) else _array(target)
    if input.ndim != 2:
        raise ValueError(f"cross_entropy: logits of shape {input.shape}; expected (N, C).")
    count, classes = input.shape
    if target.shape == input.shape:
        return _reduced(-(target * log_softmax(input, axis=1)).sum(axis=1), reduction, "cross_entropy")
    if target.shape != (count,):
        raise ValueError(
            f"cross_entropy: target of shape {target.shape} for logits {input.shape}; "
            f"expected ({count},) or {input.shape}."
        )
    if target.dtype.kind not in "iu":
        raise TypeError(f"cross_entropy: {target.dtype} class numbers; give integers, e.g. target.astype(int).")
    if count and not (target.min() >= 0 and target.max() < classes):
        raise ValueError(
            f"cross_entropy: classes {target.min()} … {target.max()} but the logits have 0 … {classes - 1}."
        )
    return _reduced(-log_softmax(input, axis=1)[np.arange(count), target], reduction, "cross_entropy")


def binary_cross_entropy_with_logits(input: Any, target: Any, reduction: str = "mean") -> Any:
    """softplus(z) − y·z = −y log σ(z) − (1−y) log(1−σ(z)), without overflow.

    >>> binary_cross_entropy_with_logits(Tensor([1000.0]), np.array([1.0])).item()
    0.0
    """
    _same_shape("binary_cross_entropy_with_logits", input, target)
    return _reduced(softplus(input) - _array(target) * input, reduction, "binary_cross_entropy_with_logits")


def mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """(input − target)², averaged, summed or as it is.

    >>> mse_loss(Tensor([1.0, 3.0]), np.zeros(2)).item()
    5.0
    """
    _same_shape("mse_loss", input, target)
    return _reduced(ag.square(input - _array(target)), reduction, "mse_loss")


def _same_shape(name: str, input: Any, target: Any) -> None:
    if np.shape(input) != np.shape(target):
        raise ValueError(
            f"{name}: input {np.shape(input)} and target {np.shape(target)} must have one shape; broadcasting them "
            "would average over pairs. Mend: reshape, e.g. target[:, None]."
        )
