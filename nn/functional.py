"""Layers and losses as functions, composed of the engine's operations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor, default_generator, log_softmax, relu, sigmoid, softmax, softplus, tanh
from autograd_core.protocols import bare

from . import fused

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
    return x @ np.swapaxes(weight, -1, -2) if bias is None else fused.linear(x, weight, bias)


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
    if p == 1:
        return x * np.zeros(x.shape, x.dtype)
    mask = keep_mask(x.shape, p, x.dtype, generator or default_generator())
    mask *= 1 / (1 - p)
    return x * mask


def keep_mask(shape: tuple[int, ...], p: float, dtype: Any, generator: np.random.Generator) -> Any:
    """1 with probability 1 − p and 0 with probability p, independently, from 8 random bits an element.

    Where 256·p is no whole number, the elements whose 8 bits fall on the boundary (one in 256) are decided by 32 more,
    so that p is exact to 2⁻⁴⁰.

    >>> keep_mask((4, 5), 0.5, np.float32, np.random.default_rng(0)).shape
    (4, 5)
    """
    size = math.prod(shape)
    # Whole 64-bit words are what the generator makes; one is cut into eight elements.
    words = generator.integers(0, 2**64, -(-size // 8), np.uint64)
    drawn = words.view(np.uint8)[:size].reshape(shape)
    boundary = int(256 * p)
    rest = 256 * p - boundary
    mask = np.empty(shape, dtype)
    np.greater_equal(drawn, np.uint8(boundary), out=mask, casting="unsafe")
    if rest:
        undecided = np.flatnonzero(drawn == boundary)
        mask.reshape(-1)[undecided] = generator.integers(0, 2**32, len(undecided), np.uint32) >= rest * 2**32
    return mask


def batch_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """(x − mean) / √(var + ε) · weight + bias for each feature of (N, C) or (N, C, L); ε stands inside the root.

    Training: mean and biased variance of the batch, towards which (with the unbiased variance) the running ones move
    by ``momentum``. Otherwise the running ones are used. Ioffe & Szegedy 2015, algorithm 1.
    Raises ValueError for one value a feature in training.
    """
    axes = (0, *range(2, input.ndim))
    column = (-1, *[1] * (input.ndim - 2))  # the shape in which a vector of features lies along axis 1
    if training:
        n = input.size // input.shape[1]
        if n < 2:
            raise ValueError(
                f"batch_norm: input of shape {input.shape} has one value a feature, whose variance says nothing. "
                "Mend: a larger batch, or eval()."
            )
        mean = ag.mean(input, axis=axes)
        centered = input - _lying(mean, column)
        var = ag.mean(ag.square(centered), axis=axes)
        for running, batch, factor in ((running_mean, mean, 1), (running_var, var, n / (n - 1))):
            if running is not None:
                running.data[...] += momentum * (factor * bare(batch) - running.data)
    else:
        var = running_var
        centered = input - _lying(running_mean, column)
    scale = 1 / np.sqrt(var + eps)
    if weight is not None:
        scale = scale * weight  # a row: cheaper than scaling the whole batch twice
    y = centered * _lying(scale, column)
    return y if bias is None else y + _lying(bias, column)


def _lying(features: Any, column: tuple[int, ...]) -> Any:
    return features if len(column) == 1 else np.reshape(features, column)


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
    if count and target.astype(np.uint64).max() >= classes:  # a negative class is a huge one there
        raise ValueError(
            f"cross_entropy: classes {target.min()} … {target.max()} but the logits have 0 … {classes - 1}."
        )
    if reduction == "mean":
        return fused.mean_class_cross_entropy(input, target)
    return _reduced(fused.class_cross_entropy(input, target), reduction, "cross_entropy")


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
