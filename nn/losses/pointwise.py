"""Losses of one number each, as primitives: derivatives that are right at the corners, and are PyTorch's there."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor, sigmoid, softplus
from autograd_core.engine.arithmetic import summed
from autograd_core.engine.node import PLAIN
from autograd_core.ops.arithmetic.elementwise import step
from autograd_core.ops.blockwise import at_least, blockwise, choose, in_blocks, select, sum_in_blocks

from ..layers.activations import hardtanh

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray

# Distances between numbers -------------------------------------------------------------------------------------------


@ag.elementwise(**blockwise(x=lambda x, y: 2 * (x - y), y=lambda x, y: 2 * (y - x)))
def squared_error(x, y):
    """(x − y)².

    >>> squared_error(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    array([1., 4.])
    """
    return np.square(x - y)


@ag.primitive(
    x=lambda g, x, y: _twice(g, x, y),
    y=lambda g, x, y: _twice(g, y, x),
    jvp={"x": lambda t, x, y: 2 * np.sum(t * (x - y)), "y": lambda t, x, y: 2 * np.sum(t * (y - x))},
    flops=(lambda call: 3 * math.prod(call.shapes[0]) - 1, lambda call: 2 * math.prod(call.shapes[0])),
)
def sum_of_squares(x, y):
    """Σ(x − y)² over arrays of one shape; a product of vectors, and no array of differences is kept.

    >>> sum_of_squares(np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    np.float64(5.0)
    """
    return sum_in_blocks(_sum_of_squares, x, y)


def _sum_of_squares(x: AnyArray, y: AnyArray) -> AnyArray:
    d = x - y
    if type(d) not in PLAIN or d.dtype.itemsize < 4:
        return summed(np.square(d))
    return np.dot(d := np.ravel(d), d)


def _twice(g: AnyArray, x: AnyArray, y: AnyArray) -> AnyArray:
    """2g·(x − y)."""
    if type(x) in PLAIN and type(y) in PLAIN and not isinstance(g, Tensor):
        return in_blocks(lambda x, y, out=None: _scaled_difference(2 * g, x, y, out), x, y)
    return 2 * g * (x - y)


def _scaled_difference(factor: AnyArray, x: AnyArray, y: AnyArray, out: Any) -> AnyArray:
    d = np.subtract(x, y, out=out)
    return np.multiply(d, factor, out=out)


@ag.elementwise(**blockwise(x=lambda x, y: np.sign(x - y), y=lambda x, y: np.sign(y - x)))
def absolute_error(x, y):
    """|x − y|, with the derivative 0 where they are equal.

    >>> absolute_error(np.array([1.0, -3.0]), np.array([0.0, 1.0]))
    array([1., 4.])
    """
    return np.absolute(x - y)


@ag.elementwise(**blockwise(d=lambda d, delta: hardtanh(d, -delta, delta)))
def huber(d, delta):
    """½d² for |d| ≤ delta, delta·(|d| − ½delta) beyond; its derivative is d, cut off at ±delta.

    >>> huber(np.array([0.5, -3.0, np.inf]), 1.0)
    array([0.125, 2.5  ,   inf])
    """
    near = np.clip(d, -delta, delta)
    return near * (d - 0.5 * near)


@ag.elementwise(**blockwise(d=lambda d, beta: hardtanh(d / beta)))
def smooth_l1(d, beta):
    """½d²/beta for |d| < beta, |d| − ½beta beyond; its derivative is d/beta, cut off at ±1.

    >>> smooth_l1(np.array([0.5, -3.0, np.inf]), 1.0)
    array([0.125, 2.5  ,   inf])
    """
    near = np.clip(d, -beta, beta)
    return near / beta * (d - 0.5 * near)


# Likelihoods ---------------------------------------------------------------------------------------------------------


@ag.elementwise(**blockwise(z=lambda z, y: sigmoid(z) - y, y=lambda z: -z))
def logistic(z, y):
    """−y·log σ(z) − (1 − y)·log σ(−z) = z·([z > 0] − y) + log(1 + e^−|z|): nothing overflows, nothing cancels.

    >>> logistic(np.array([1000.0, -1000.0]), np.array([1.0, 1.0]))
    array([   0., 1000.])
    """
    return in_blocks(_logistic, *_alike(z, y))


def _logistic(z: AnyArray, y: AnyArray, out: Any = None) -> AnyArray:
    far = np.greater(z, 0) - y
    far *= z
    return np.add(far, np.log1p(np.exp(-np.absolute(z))), out=out)


@ag.elementwise(**blockwise(p=lambda p, y: (p - y) / _not_below((1 - p) * p, 1e-12), y=lambda p: _log(1 - p) - _log(p)))
def bernoulli(p, y):
    """−y·log p − (1 − y)·log(1 − p), the logarithms cut off at −100; the slope 1/p(1−p) at 1e12, as in PyTorch.

    >>> bernoulli(np.array([0.0, 1.0, 0.5]), np.array([1.0, 1.0, 1.0])).round(4)
    array([100.    ,  -0.    ,   0.6931])
    """
    with np.errstate(divide="ignore"):
        return in_blocks(_bernoulli, *_alike(p, y))


def _bernoulli(p: AnyArray, y: AnyArray, out: Any = None) -> AnyArray:
    of_none = at_least(np.log1p(-p), -100)
    of_none = of_none * (y - 1)
    return np.subtract(of_none, y * at_least(np.log(p), -100), out=out)


def _alike(*arrays: Any) -> list[AnyArray]:
    dtype = np.result_type(*arrays)
    return [a.astype(dtype, copy=False) for a in arrays]


def _log(p: AnyArray) -> AnyArray:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(p), -100)


def _not_below(x: AnyArray, low: float) -> AnyArray:
    return at_least(x, low) if type(x) in PLAIN else np.maximum(x, low)


@ag.elementwise(**blockwise(x=lambda q: -q, q=lambda x, q: 1 + np.log(q) - x))
def divergence(x, q):
    """q·(log q − x) for the logarithm x of another probability, and 0·log 0 = 0.

    >>> divergence(np.log(np.array([0.5, 0.5])), np.array([1.0, 0.0])).round(4)
    array([0.6931, 0.    ])
    """
    return in_blocks(_divergence, *_alike(x, q))


def _divergence(x: AnyArray, q: AnyArray, out: Any = None) -> AnyArray:
    sure = type(q) is np.ndarray and q.size and q.min() > 0
    return np.multiply(q, np.log(q if sure else q + np.equal(q, 0)) - x, out=out)  # 0·log 0 is 0


@ag.elementwise(**blockwise(x=lambda x, y: np.exp(x) - y, y=lambda x: -x))
def poisson(x, y):
    """eˣ − y·x: −log of the probability of the count y for the rate eˣ, but for a constant.

    >>> poisson(np.array([0.0, 1.0]), np.array([2.0, 0.0])).round(4)
    array([1.    , 2.7183])
    """
    return in_blocks(lambda x, y, out=None: np.subtract(np.exp(x), y * x, out=out), *_alike(x, y))


@ag.elementwise(
    **blockwise(
        x=lambda x, y, variance, eps: (x - y) / _not_below(variance, eps),
        y=lambda x, y, variance, eps: (y - x) / _not_below(variance, eps),
        variance=lambda x, y, variance, eps: _slope_by_variance(x - y, _not_below(variance, eps)),
    )
)
def gaussian(x, y, variance, eps=1e-6):
    """½(log v + (x − y)²/v), −log of a normal density but for ½log 2π; v is the variance, cut off at eps without a
    derivative of 0.

    >>> gaussian(np.array([1.0]), np.array([3.0]), np.array([1.0]))
    array([2.])
    """
    return in_blocks(lambda x, y, v, out=None: _gaussian(x - y, _not_below(v, eps), out), *_alike(x, y, variance))


def _gaussian(d: AnyArray, variance: AnyArray, out: Any) -> AnyArray:
    loss = np.square(d)
    loss = loss / variance
    loss = loss + np.log(variance)
    return np.multiply(loss, 0.5, out=out)


def _slope_by_variance(d: AnyArray, variance: AnyArray) -> AnyArray:
    return 0.5 * (1 - np.square(d) / variance) / variance


# Margins -------------------------------------------------------------------------------------------------------------


@ag.elementwise(x=lambda x: 1 - step(-x), vjp={"x": lambda g, x: g * np.logical_not(x < 0)})
def hinge(x):
    """max(0, x), with the derivative 1 at 0, where ``relu`` has 0: equal scores under a margin of 0 shall move apart.

    >>> hinge(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return at_least(x, 0)


@ag.elementwise(**blockwise(x=lambda x, y: -y * sigmoid(-y * x), y=lambda x, y: -x * sigmoid(-y * x)))
def soft_margin(x, y):
    """log(1 + exp(−y·x)).

    >>> soft_margin(np.array([0.0, 1000.0]), np.array([1.0, -1.0])).round(4)
    array([6.931e-01, 1.000e+03])
    """
    return in_blocks(lambda x, y, out=None: np.negative(-softplus(-y * x), out=out), *_alike(x, y))


@ag.elementwise(**blockwise(x=lambda x, y, margin: _unlike_slope(x, y, margin)), y=0)
def hinge_embedding(x, y, margin):
    """x where y > 0, max(0, margin − x) elsewhere, whose derivative at the margin is that inside.

    >>> hinge_embedding(np.array([0.5, 0.25]), np.array([1.0, -1.0]), 1.0)
    array([0.5 , 0.75])
    """
    return in_blocks(lambda x, y, out=None: choose(np.greater(y, 0), x, at_least(margin - x, 0), out), x, y)


def _unlike_slope(x: AnyArray, y: AnyArray, margin: float) -> AnyArray:
    return select(np.greater(y, 0), 1.0, step(x - margin) - 1)


@ag.elementwise(
    **blockwise(d=lambda d, y, margin: y * _inside(d, y, margin), y=lambda d, y, margin: d * _inside(d, y, margin))
)
def ranking(d, y, margin):
    """max(0, margin − y·d), with the derivative that it has inside at 0.

    >>> ranking(np.array([-2.0, 2.0]), np.array([1.0, 1.0]), 0.5)
    array([2.5, 0. ])
    """
    return in_blocks(lambda d, y, out=None: at_least(margin - y * d, 0, out), d, y)


def _inside(d: AnyArray, y: AnyArray, margin: float) -> AnyArray:
    """The derivative of the loss by −y·d, with the other sign."""
    return step(y * d - margin) - 1
