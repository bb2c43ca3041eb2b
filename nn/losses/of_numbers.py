"""Losses between numbers, as functions: squares, lengths, and what lies between them.

Names, arguments and defaults are those of ``torch.nn.functional``; ``reduction`` is "mean", "sum" or "none".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.accuracy import accurate, squared
from ..modules.checking import NOT_NEGATIVE, POSITIVE, checked
from . import pointwise
from .reducing import beside, reduced, reduced_loss, same_shape

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, ArrayLike, TensorLike

__all__ = ["huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"]


def mse_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean") -> Tensor:
    """(input − target)².

    input, target : of one shape, so that no pairs are made by broadcasting; ValueError otherwise
    reduction : "mean", "sum", or "none" for one loss an element

    >>> mse_loss(np.array([1.0, 3.0]), np.zeros(2)).item()
    5.0
    """
    same_shape("mse_loss", input, target)
    x = accurate(input)
    y = beside(x, target)
    if x.dtype.kind == "c":
        return reduced(squared(x - y), reduction, "mse_loss", input)
    return reduced_loss(pointwise.squared_error, (x, y), reduction, "mse_loss", input, sums=pointwise.sum_of_squares)


def l1_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean") -> Tensor:
    """|input − target|.

    input, target, reduction : those of ``mse_loss``

    >>> l1_loss(np.array([1.0, -3.0]), np.zeros(2)).item()
    2.0
    """
    same_shape("l1_loss", input, target)
    x = accurate(input)
    y = beside(x, target)
    if x.dtype.kind == "c":
        return reduced(np.absolute(x - y), reduction, "l1_loss", input)
    return reduced_loss(pointwise.absolute_error, (x, y), reduction, "l1_loss", input)


@checked(delta=POSITIVE)
def huber_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """½d² for |d| ≤ delta, delta·(|d| − ½delta) beyond, d = input − target (Huber 1964).

    input, target, reduction : those of ``mse_loss``
    delta : where the parabola ends, > 0

    >>> huber_loss(np.array([0.5, 3.0]), np.zeros(2), reduction="none").tolist()
    [0.125, 2.5]
    """
    same_shape("huber_loss", input, target)
    x = accurate(input)
    return reduced_loss(pointwise.huber, (_residuals(x, target),), reduction, "huber_loss", input, delta=delta)


@checked(beta=NOT_NEGATIVE)
def smooth_l1_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """½d²/beta for |d| < beta, |d| − ½beta beyond, d = input − target (Girshick 2015); |d| for beta = 0.

    input, target, reduction : those of ``mse_loss``
    beta : where the parabola ends, ≥ 0

    >>> smooth_l1_loss(np.array([0.5, 3.0]), np.zeros(2), reduction="none").tolist()
    [0.125, 2.5]
    """
    if beta == 0:
        return l1_loss(input, target, reduction)
    same_shape("smooth_l1_loss", input, target)
    x = accurate(input)
    return reduced_loss(pointwise.smooth_l1, (_residuals(x, target),), reduction, "smooth_l1_loss", input, beta=beta)


def _residuals(x: AnyArray, target: Any) -> AnyArray:
    """x − target, of complex numbers the length of it."""
    d = x - beside(x, target)
    return np.absolute(d) if d.dtype.kind == "c" else d
