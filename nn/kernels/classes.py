"""Cross-entropy of class numbers as one row, with a smoothed target or not; tests hold it to its composite.

Sums and maxima over a few classes are slow in NumPy, and a table of floats that was turned on its side is not: where
rows are short a block of them is worked off as columns.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.node import PLAIN
from autograd_core.engine.tensor import bare
from autograd_core.ops import blockwise
from autograd_core.support.arrays import highest

from .fused import ones

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray, Function

SHORT = 32
"""So many classes are few."""


def class_slope(x: Any, target: AnyArray, smoothing: float = 0.0, count: int = 1) -> AnyArray:
    """∂(−log softmax(x)[target])/∂x / count = (softmax(x) − one-hot(target)) / count; smoothed as ``one_hot`` is."""
    if type(x) not in PLAIN or x.dtype.kind != "f" or x.dtype.itemsize < 4:
        slope = ag.softmax(x, 1) - one_hot(x, target, smoothing)
        return slope if count == 1 else slope / count
    if x.nbytes > blockwise.BLOCK // 32:
        return _by_rows(lambda x, y, out: _slope_of_rows(x, y, out, smoothing, count), np.empty_like(x), x, target)
    shares = _less_largest(x)
    np.exp(shares, out=shares)
    shares /= np.add.reduce(shares, axis=1, keepdims=True)
    if smoothing:
        shares -= smoothing / x.shape[1]
    shares[np.arange(len(target)), target] -= 1 - smoothing
    return shares if count == 1 else np.divide(shares, count, out=shares)


def one_hot(x: AnyArray, target: AnyArray, smoothing: float = 0.0) -> AnyArray:
    """1 at the target of each row of x and 0 elsewhere, smoothed by the uniform distribution: an array beside x; beside
    a symbol NumPy's."""
    hot = np.zeros(x.shape) if hasattr(x, "apply_primitive") else np.zeros_like(bare(x))
    hot[np.arange(len(target)), target] = 1
    return hot * (1 - smoothing) + smoothing / x.shape[1] if smoothing else hot


_FLOPS = (lambda call: 4 * math.prod(call.shapes[0]), lambda call: 8 * math.prod(call.shapes[0]))


@ag.reduction(x=lambda x, target, smoothing: class_slope(x, target, smoothing, len(target)), flops=_FLOPS)
def mean_class_cross_entropy(x, target, smoothing=0.0, axis=None, keepdims=False):
    """The mean of ``class_cross_entropy`` over the rows of logits."""
    return np.add.reduce(minus_log_shares(x, target, smoothing)) / x.dtype.type(len(target))


@ag.reduction(x=lambda x, target, smoothing: class_slope(x, target, smoothing), flops=_FLOPS)
def class_cross_entropy(x, target, smoothing=0.0, axis=1, keepdims=False):
    """−Σ q log softmax(x) for each row of logits, q = (1 − smoothing)·one-hot(target) + smoothing/C."""
    return minus_log_shares(x, target, smoothing)


def minus_log_shares(x: Any, target: AnyArray, smoothing: float = 0.0) -> AnyArray:
    """−log softmax(x)[target] of each row of an array; smoothed, that of ``class_cross_entropy``."""
    if type(x) in PLAIN and x.nbytes > blockwise.BLOCK // 32:
        return _by_rows(
            lambda x, y, out: _losses_of_rows(x, y, out, smoothing), np.empty_like(x, shape=(len(x),)), x, target
        )
    return _losses_of_rows(x, target, None, smoothing)


@ag.linear(x=lambda g, x, target: _placed(g, x, target))
def of_target(x, target):
    """The number of each row of x that stands at its target.

    >>> of_target(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 0]))
    array([2., 3.])
    """
    return x[np.arange(len(target)), target]


def _gaps(x: Any, target: AnyArray, margin: float, p: int) -> Any:
    """max(0, margin − x_y + x_j)ᵖ of the classes j ≠ y of each row; 0 at y itself."""
    own = x[np.arange(len(target)), target] - x.dtype.type(margin)
    if type(x) not in PLAIN:
        gaps = np.where(one_hot(x, target) > 0, 0, np.maximum(x - np.reshape(own, (-1, 1)), 0))
        return gaps if p == 1 else gaps * gaps
    gaps = x - own[:, None]
    np.maximum(gaps, 0, out=gaps)
    gaps[np.arange(len(target)), target] = 0
    return gaps if p == 1 else np.multiply(gaps, gaps, out=gaps)


def _margin_slope(x: Any, target: AnyArray, margin: float, p: int) -> Any:
    gaps = _gaps(x, target, margin, 1)
    steep = (gaps > 0).astype(x.dtype) if p == 1 else gaps * 2
    if type(x) not in PLAIN:
        return (steep - one_hot(x, target) * np.sum(steep, axis=1, keepdims=True)) / x.shape[1]
    steep[np.arange(len(target)), target] -= _row_sums(steep)
    return np.divide(steep, x.shape[1], out=steep)


@ag.reduction(x=lambda x, target, margin, p: _margin_slope(x, target, margin, p))
def margins_between_classes(x, target, margin=1.0, p=1, axis=1, keepdims=False):
    """Σ_{j≠y} max(0, margin − x_y + x_j)ᵖ / C of each row of scores.

    >>> margins_between_classes(np.array([[0.0, 0.5, 1.0]]), np.array([2]))
    array([0.16666667])
    """
    return _row_sums(_gaps(x, target, margin, p)) / x.shape[1]


def _row_sums(x: AnyArray) -> AnyArray:
    """Of an array as a product with ones, which is several times faster where rows are short."""
    return np.matmul(x, ones(x.shape[1], x.dtype)) if type(x) in PLAIN else np.sum(x, axis=1)


def _placed(g: AnyArray, x: AnyArray, target: AnyArray) -> AnyArray:
    """g at the targets of the rows, and 0 elsewhere; ``x`` tells the shape."""
    places = np.arange(len(target)), target
    values = np.zeros_like(bare(g), shape=x.shape)
    if type(g) in PLAIN:
        values[places] = g
        return values
    values[places] = 1
    return np.reshape(g, (-1, 1)) * values


def _less_largest(x: AnyArray) -> Any:
    """Each row without its largest number, so that no exponential overflows."""
    return x - highest(x, axis=1, initial=-np.inf)[:, None]


def _by_rows(f: Function, out: AnyArray, x: AnyArray, target: AnyArray) -> AnyArray:
    """``f(x, target, out)`` for blocks of rows."""
    rows = max(1, blockwise.BLOCK // (x.shape[1] * x.dtype.itemsize))
    for start in range(0, len(x), rows):
        block = slice(start, start + rows)
        f(x[block], target[block], out[block])
    return out


def _shifted(x: AnyArray) -> tuple[Any, int]:
    """That, and the axis of the classes: the first where they are few."""
    if type(x) in PLAIN and x.shape[1] <= SHORT < len(x):
        turned = np.copy(np.transpose(x), order="C")
        turned -= highest(turned, axis=0, initial=-np.inf)
        return turned, 0
    return _less_largest(x), 1


def _losses_of_rows(x: AnyArray, target: AnyArray, out: Any, smoothing: float) -> AnyArray:
    shifted, axis = _shifted(x)
    own = shifted[target, np.arange(len(target))] if axis == 0 else shifted[np.arange(len(target)), target]
    if smoothing:
        own *= 1 - smoothing
        own += smoothing / x.shape[1] * np.add.reduce(shifted, axis=axis)
    return np.subtract(np.log(np.add.reduce(np.exp(shifted), axis=axis)), own, out=out)


def _slope_of_rows(x: AnyArray, target: AnyArray, out: AnyArray, smoothing: float, count: int) -> None:
    shares, axis = _shifted(x)
    np.exp(shares, out=shares)
    total = np.add.reduce(shares, axis=axis)
    shares /= (total if axis == 0 else total[:, None]) * x.dtype.type(count)
    if smoothing:
        shares -= smoothing / x.shape[1] / count
    rows = np.arange(len(target))
    shares[(target, rows) if axis == 0 else (rows, target)] -= (1 - smoothing) / count
    out[...] = np.transpose(shares) if axis == 0 else shares
