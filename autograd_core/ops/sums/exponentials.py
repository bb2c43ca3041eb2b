"""Sums of exponentials and their logarithms: logsumexp, softmax, log_softmax."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...engine.arithmetic import conjugate, summed
from ...engine.forms import primitive, reduction
from ...support.arrays import highest
from ..precision import in_single

if TYPE_CHECKING:
    from ...support.types import AnyArray, Axis

__all__ = ["log_softmax", "logsumexp", "softmax"]

# Exponentials are taken of differences to the largest x: none overflows, and far-out x lose no accuracy. Of complex x
# that is the largest real part, so that angles stay as they are, and logarithms on their principal branch.


def _largest(x: AnyArray, axis: Axis) -> AnyArray:
    """The largest real part along ``axis``, which is kept; −∞ of nothing."""
    x = np.real(x) if x.dtype.kind == "c" else x
    if not x.size:
        return highest(x, axis=axis, keepdims=True, initial=-math.inf)
    return highest(x, axis=axis, keepdims=True)


@reduction(x=lambda x, axis: softmax(x, axis))
@in_single
def logsumexp(x, axis=None, keepdims=False):
    """log Σ eˣ along ``axis``, without overflow; its derivative is the softmax eˣ / Σ eˣ.

    x : of any shape
    keepdims : whether the axes stay, with size 1

    >>> logsumexp(np.array([1000.0, 1000.0]))
    array(1000.69314718)
    """
    largest = _largest(x, axis)
    largest = np.where(np.isfinite(largest), largest, 0)  # ∞ − ∞ would make NaN of ±∞
    total = np.log(np.add.reduce(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return total if keepdims else np.squeeze(total, axis=axis)


@primitive(
    x=lambda g, ans, axis: _softmax_slope(g, conjugate(ans), axis),
    jvp={"x": lambda t, ans, axis: _softmax_slope(t, ans, axis)},
)
@in_single
def softmax(x, axis=-1):
    """eˣ / Σ eˣ along ``axis`` (an int, a tuple, or None for all); ∂sᵢ/∂xⱼ = sᵢ (δᵢⱼ − sⱼ).

    x : of any shape

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    powers = np.exp(x - _largest(x, axis))
    return powers / np.add.reduce(powers, axis=axis, keepdims=True)


def _softmax_slope(v: AnyArray, s: AnyArray, axis: Axis) -> AnyArray:
    """A symmetric matrix: the same for tangents and cotangents."""
    return s * (v - summed(v * s, axis, keepdims=True))


@primitive(
    x=lambda g, ans, axis: g - conjugate(np.exp(ans)) * summed(g, axis, keepdims=True),
    jvp={"x": lambda t, ans, axis: t - summed(t * np.exp(ans), axis, keepdims=True)},
)
@in_single
def log_softmax(x, axis=-1):
    """x − log Σ eˣ along ``axis``, accurate where softmax underflows.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    shifted = x - _largest(x, axis)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))
