"""Losses of one number each, as primitives: derivatives that are right at the corners, and are PyTorch's there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import sigmoid
from autograd_core.ops.arithmetic.elementwise import step
from autograd_core.ops.blockwise import blockwise, in_blocks

from ..layers.activations import hardtanh

if TYPE_CHECKING:
    from autograd_core.support.types import AnyArray


@ag.elementwise(x=lambda x: 1 - step(-x), vjp={"x": lambda g, x: g * np.logical_not(x < 0)})
def hinge(x):
    """max(0, x), with the derivative 1 at 0, where ``relu`` has 0: equal scores under a margin of 0 shall move apart.

    >>> hinge(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(x, 0)


@ag.elementwise(**blockwise(d=lambda d, delta: hardtanh(d, -delta, delta)))
@in_blocks
def huber(d, delta):
    """½d² for |d| ≤ delta, delta·(|d| − ½delta) beyond; its derivative is d, cut off at ±delta.

    >>> huber(np.array([0.5, -3.0, np.inf]), 1.0)
    array([0.125, 2.5  ,   inf])
    """
    near = np.clip(d, -delta, delta)
    return near * (d - 0.5 * near)


@ag.elementwise(**blockwise(d=lambda d, beta: hardtanh(d / beta)))
@in_blocks
def smooth_l1(d, beta):
    """½d²/beta for |d| < beta, |d| − ½beta beyond; its derivative is d/beta, cut off at ±1.

    >>> smooth_l1(np.array([0.5, -3.0, np.inf]), 1.0)
    array([0.125, 2.5  ,   inf])
    """
    near = np.clip(d, -beta, beta)
    return near / beta * (d - 0.5 * near)


@ag.elementwise(**blockwise(z=lambda z, y: sigmoid(z) - y, y=lambda z: -z))
@in_blocks
def logistic(z, y):
    """−y·log σ(z) − (1 − y)·log σ(−z) = z·([z > 0] − y) + log(1 + e^−|z|): nothing overflows, nothing cancels.

    >>> logistic(np.array([1000.0, -1000.0]), np.array([1.0, 1.0]))
    array([   0., 1000.])
    """
    z, y = _alike(z, y)
    far = np.greater(z, 0) - y
    far *= z
    return far + np.log1p(np.exp(-np.absolute(z)))


@ag.elementwise(**blockwise(p=lambda p, y: (p - y) / np.maximum((1 - p) * p, 1e-12), y=lambda p: _log(1 - p) - _log(p)))
@in_blocks
def bernoulli(p, y):
    """−y·log p − (1 − y)·log(1 − p), the logarithms cut off at −100; the slope 1/p(1−p) at 1e12, as in PyTorch.

    >>> bernoulli(np.array([0.0, 1.0, 0.5]), np.array([1.0, 1.0, 1.0])).round(4)
    array([100.    ,  -0.    ,   0.6931])
    """
    p, y = _alike(p, y)
    with np.errstate(divide="ignore"):
        return -(1 - y) * np.maximum(np.log1p(-p), -100) - y * np.maximum(np.log(p), -100)


def _alike(*arrays: Any) -> Any:
    dtype = np.result_type(*arrays)
    return [a.astype(dtype, copy=False) for a in arrays]


def _log(p: AnyArray) -> AnyArray:
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(p), -100)
