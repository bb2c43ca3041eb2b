"""Primitives that stand for several others where a benchmark shows that it pays; tests hold each to the others."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.forms import conjugate
from autograd_core.engine.node import PLAIN

from .accuracy import accurate, like, squared

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, DTypeLike


def _rows(x: AnyArray) -> AnyArray:
    """(…, n) as a matrix with n columns."""
    return x if x.ndim == 2 else np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))


def _times(x: AnyArray, matrix: AnyArray) -> AnyArray:
    """x (…, n) times a matrix; of an array in one product, which NumPy would split into one for each matrix in x."""
    if x.ndim == 2 or type(x) not in PLAIN:
        return np.matmul(x, matrix)
    return np.matmul(_rows(x), matrix).reshape(*x.shape[:-1], matrix.shape[1])


def column_sums(g: AnyArray) -> AnyArray:
    """Sums over all axes but the last; of an array as a product with ones, which is several times faster."""
    g = _rows(g)
    return np.matmul(_ones(g.shape[0], g.dtype), g) if type(g) in PLAIN else np.sum(g, axis=0)


@functools.lru_cache(maxsize=64)
def _ones(count: int, dtype: DTypeLike) -> Any:
    ones = np.ones(count, dtype)
    ones.flags.writeable = False  # one array for all
    return ones


@ag.primitive(
    contract="x.shape[-1] == weight.shape[-1]",
    x=lambda g, weight: _times(g, conjugate(weight)),
    weight=lambda g, x: np.matmul(_rows(g).T, conjugate(_rows(x))),
    bias=lambda g: column_sums(g),
    jvp={
        "x": lambda t, weight: np.matmul(t, weight.T),
        "weight": lambda t, x: np.matmul(x, t.T),
        "bias": lambda t: t,
    },
    flops=(
        lambda call: math.prod(call.out) * (2 * call.shapes[1][1] + 1),
        lambda call: (
            2 * math.prod(call.out) * call.shapes[1][1] * sum(call.tracked[:2])
            + call.tracked[2] * (math.prod(call.out) - call.out[-1])
        ),
    ),
)
def linear(x, weight, bias):
    """x Wᵀ + b in one row: its cotangents are g W, gᵀ x and Σ g, with the conjugates of complex W and x."""
    y = _times(x, weight.T)
    if y.dtype is not bias.dtype:
        return y + bias
    y += bias
    return y


def standardised_by_steps(x: AnyArray, axes: tuple[int, ...], eps: float) -> AnyArray:
    """(x − mean) / √(mean |x − mean|² + ε) over some axes, in six rows: the reference of ``standardised``."""
    centered = x - ag.mean(x, axis=axes, keepdims=True)
    return centered / np.sqrt(ag.mean(squared(centered), axis=axes, keepdims=True) + eps)


def _mean(x: AnyArray, axes: tuple[int, ...]) -> AnyArray:
    return np.sum(x, axis=axes, keepdims=True) * (1 / max(1, math.prod(x.shape[a] for a in axes)))


def _through_standardised(t: AnyArray, x: AnyArray, ans: AnyArray, axes: tuple[int, ...], eps: float) -> AnyArray:
    """(t − mean t − y·mean Re(ȳt)) / s: the derivative is a symmetric matrix, so this serves both directions."""
    values = accurate(x)
    s = np.sqrt(_mean(squared(values - _mean(values, axes)), axes) + eps)
    moved, y = accurate(t), accurate(ans)
    along = np.real(moved * conjugate(y)) if y.dtype.kind == "c" else moved * y
    return like(x, (moved - _mean(moved, axes) - y * _mean(along, axes)) / s)


@ag.primitive(
    x=lambda g, x, ans, axes, eps: _through_standardised(g, x, ans, axes, eps),
    jvp={"x": lambda t, x, ans, axes, eps: _through_standardised(t, x, ans, axes, eps)},
    flops=(lambda call: 5 * math.prod(call.out), lambda call: 11 * math.prod(call.out)),
)
def standardised(x, axes, eps):
    """(x − mean) / √(var + ε) over some axes, in one row; worked out in float32 where x is float16.

    >>> standardised(np.array([[1.0, 3.0]]), (1,), 0.0)
    array([[-1.,  1.]])
    """
    values = accurate(x)
    y = values - _mean(values, axes)
    s = np.sqrt(_mean(np.multiply(y, y) if y.dtype.kind != "c" else squared(y), axes) + eps)
    return like(x, np.divide(y, s, out=y) if y.dtype == s.dtype else y / s)


@ag.primitive(
    x=lambda g, weight: g * conjugate(weight),
    weight=lambda g, x: _column_products(g, x),
    bias=lambda g: column_sums(g),
    jvp={"x": lambda t, weight: t * weight, "weight": lambda t, x: t * x, "bias": lambda t: t},
    flops=(lambda call: 2 * math.prod(call.out), lambda call: 4 * math.prod(call.out)),
)
def scaled(x, weight, bias):
    """x·weight + bias, one of each for the last axis, in one row: no product is held for its sum over the other axes.

    >>> scaled(np.array([[1.0, 3.0]]), np.array([2.0, 2.0]), np.array([0.0, 1.0]))
    array([[2., 7.]])
    """
    y = x * weight
    y += bias
    return y


def _column_products(g: AnyArray, x: AnyArray) -> AnyArray:
    if type(g) in PLAIN and type(x) in PLAIN and x.dtype.kind == "f" and x.dtype.itemsize > 2:
        return np.einsum("ij,ij->j", _rows(g), _rows(x))
    return column_sums(g * conjugate(x))
