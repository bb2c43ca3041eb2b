"""Primitives that reduce along axes: sums, means, extremes, logsumexp."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ..forms import expanded, linear, primitive, reduction
from ..protocols import implements

__all__ = [
    "log_softmax", "logsumexp", "max", "mean", "min", "softmax", "sum", "var",
]


_SMALL = (np.ndarray, np.generic)


def spread(g: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Adjoint of summation: every summand gets the cotangent of its sum."""
    g = expanded(g, axis, keepdims)
    if isinstance(g, _SMALL) and math.prod(shape) < 4096:  # np.broadcast_to takes 4 µs, and pays for large arrays
        whole = np.empty(shape, g.dtype)
        whole[...] = g
        return whole
    return np.broadcast_to(g, shape)


@implements(np.sum)
@linear(x=lambda g, x, axis, keepdims: spread(g, x.shape, axis, keepdims))
def sum(x, axis=None, keepdims=False):
    """Sum over ``axis`` (an int, a tuple, or None for all).

    >>> sum(np.ones((2, 3)), axis=1)
    array([3., 3.])
    """
    return np.add.reduce(x, axis=axis, keepdims=keepdims)


@implements(np.mean)
@linear(x=lambda g, x, axis, keepdims: spread(g / _count(x, g), x.shape, axis, keepdims))
def mean(x, axis=None, keepdims=False):
    """Arithmetic mean over ``axis``.

    >>> mean(np.array([[1.0, 3.0], [5.0, 7.0]]), axis=0)
    array([3., 5.])
    """
    if getattr(x, "dtype", None) not in (np.float32, np.float64):  # NumPy sums other dtypes in a wider one
        return np.mean(x, axis=axis, keepdims=keepdims)
    total = np.add.reduce(x, axis=axis, keepdims=keepdims)
    return total / (x.size // builtins.max(1, total.size))


def _count(x: Any, reduced: Any) -> int:
    return builtins.max(1, math.prod(x.shape) // builtins.max(1, math.prod(reduced.shape)))


def _ties(x: Any, extreme: Any, axis: Any) -> Any:
    """1/n at each of the n elements that equal the extreme, 0 elsewhere."""
    hit = np.equal(x, extreme)
    return np.divide(hit, np.sum(hit, axis=axis, keepdims=True), dtype=x.dtype)


@implements(np.max, np.amax)
@reduction(x=lambda x, ans, axis: _ties(x, ans, axis))
def max(x, axis=None, keepdims=False):
    """Largest element along ``axis``; n equal largest elements share the derivative, 1/n each.

    >>> max(np.array([[1.0, 3.0], [5.0, 2.0]]), axis=1)
    array([3., 5.])
    """
    return np.maximum.reduce(x, axis=axis, keepdims=keepdims)


@implements(np.min, np.amin)
@reduction(x=lambda x, ans, axis: _ties(x, ans, axis))
def min(x, axis=None, keepdims=False):
    """Smallest element along ``axis``; n equal smallest elements share the derivative, 1/n each.

    >>> min(np.array([[1.0, 3.0], [5.0, 2.0]]), axis=1)
    array([1., 2.])
    """
    return np.minimum.reduce(x, axis=axis, keepdims=keepdims)


# Exponentials are taken of differences to the largest x: none overflows, and far-out x lose no accuracy.


@reduction(x=lambda x, axis: softmax(x, axis))
def logsumexp(x, axis=None, keepdims=False):
    """log Σ eˣ along ``axis``, without overflow; its derivative is the softmax eˣ / Σ eˣ.

    >>> logsumexp(np.array([1000.0, 1000.0]))
    array(1000.69314718)
    """
    largest = np.maximum.reduce(x, axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)  # ∞ − ∞ would make NaN of ±∞
    total = np.log(np.add.reduce(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return total if keepdims else np.squeeze(total, axis=axis)


@primitive(
    x=lambda g, ans, axis: ans * (g - np.sum(g * ans, axis=axis, keepdims=True)),
    jvp=lambda t, ans, axis: ans * (t[0] - np.sum(t[0] * ans, axis=axis, keepdims=True)),
)
def softmax(x, axis=-1):
    """eˣ / Σ eˣ along ``axis`` (an int, a tuple, or None for all); ∂sᵢ/∂xⱼ = sᵢ (δᵢⱼ − sⱼ).

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    powers = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True))
    return powers / np.add.reduce(powers, axis=axis, keepdims=True)


@primitive(
    x=lambda g, ans, axis: g - np.exp(ans) * np.sum(g, axis=axis, keepdims=True),
    jvp=lambda t, ans, axis: t[0] - np.sum(t[0] * np.exp(ans), axis=axis, keepdims=True),
)
def log_softmax(x, axis=-1):
    """x − log Σ eˣ along ``axis``, accurate where softmax underflows.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    shifted = x - np.maximum.reduce(x, axis=axis, keepdims=True)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))


@implements(np.var)
def var(x, axis=None, ddof=0, keepdims=False):
    """Variance over ``axis``: Σ (x − mean)² / (n − ddof), n the number of summands.

    >>> var(np.array([1.0, 2.0, 3.0]), ddof=1)
    np.float64(1.0)
    """
    deviation = x - mean(x, axis=axis, keepdims=True)
    total = sum(deviation * deviation, axis=axis, keepdims=keepdims)
    return total / (_count(x, total) - ddof)
