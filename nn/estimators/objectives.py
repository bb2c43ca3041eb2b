"""What estimators minimise: Σᵢ rᵢ ℓ(zᵢ, tᵢ) over the rows of a network's outputs z, in one row of the ξ-table each.

The share rᵢ of a row is its weight divided by the sum of all weights: the number 1/n, or an array of n numbers. Each
link (softmax, logistic, …) is the canonical one of its loss, so that ∂ℓ/∂z is prediction − target.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.errors import class_name
from nn.kernels.classes import class_slope, minus_log_shares
from nn.losses.of_numbers import huber_loss

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, Array

    from .solvers import Share


def _by_rows(share: Any) -> Share:
    return share[:, None] if np.ndim(share) else share


def _total(losses: AnyArray, share: Share) -> AnyArray:
    """Σᵢ rᵢ ℓᵢ, the sums over a row's outputs included."""
    rows = losses if losses.ndim == 1 else np.add.reduce(losses, axis=1)
    return np.dot(share, rows) if np.ndim(share) else np.add.reduce(rows) * share


@ag.reduction(x=lambda x, target, share: class_slope(x, target) * _by_rows(share))
def class_log_loss(x, target, share, axis=None, keepdims=False):
    """−log softmax(x)[target] for class numbers (n,) and logits (n, classes).

    >>> class_log_loss(np.zeros((1, 2)), np.array([1]), 1.0).round(4)
    np.float64(0.6931)
    """
    return _total(minus_log_shares(x, target), share)


@ag.reduction(x=lambda x, target, share: (ag.sigmoid(x) - target) * _by_rows(share))
def binary_log_loss(x, target, share, axis=None, keepdims=False):
    """−t·log σ(x) − (1−t)·log(1−σ(x)), summed over the columns of x and of targets in {0, 1}.

    >>> binary_log_loss(np.array([[1000.0]]), np.array([[1.0]]), 1.0)
    np.float64(0.0)
    """
    return _total(np.maximum(x, 0) - x * target + np.log1p(np.exp(-np.abs(x))), share)


@ag.reduction(x=lambda x, target, share: (x - target) * _by_rows(share / x.shape[1]))
def half_squared_error(x, target, share, axis=None, keepdims=False):
    """½(x − t)², averaged over the columns.

    >>> half_squared_error(np.array([[3.0, 0.0]]), np.array([[1.0, 0.0]]), 1.0)
    np.float64(1.0)
    """
    error = x - target
    error *= error
    return _total(error, share) / (2 * x.shape[1])


@ag.reduction(x=lambda x, target, share: (np.exp(x) - target) * _by_rows(share))
def half_poisson_deviance(x, target, share, axis=None, keepdims=False):
    """t·log(t/μ) − t + μ with μ = exp(x), summed over the columns (0·log 0 = 0).

    >>> half_poisson_deviance(np.log([[2.0]]), np.array([[2.0]]), 1.0)
    np.float64(0.0)
    """
    own = target * np.log(np.where(target > 0, target, 1)) - target
    return _total(own - target * x + np.exp(x), share)


LOSSES = {
    "softmax": class_log_loss,
    "logistic": binary_log_loss,
    "identity": half_squared_error,
    "exp": half_poisson_deviance,
}
"""The loss whose canonical link is the output activation of that name."""


NAMED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "hinge": lambda x, target, share: _total(np.maximum(1 - (2 * target - 1) * x, 0), share),
    "squared_hinge": lambda x, target, share: _total(np.square(np.maximum(1 - (2 * target - 1) * x, 0)), share),
    "absolute_error": lambda x, target, share: _total(np.absolute(x - target), share) / x.shape[1],
    "huber": lambda x, target, share: _total(huber_loss(x, target, reduction="none"), share) / x.shape[1],
}
"""Losses of outputs that are predictions as they stand, by the name that an estimator is given."""

LINKS = {
    "softmax": lambda z: ag.softmax(z, 1),
    "logistic": ag.sigmoid,
    "identity": lambda z: z,
    "exp": np.exp,
}
"""Predictions from a network's outputs."""


def given_loss(function: Callable[[Tensor, Array], Tensor], output: Tensor, target: Array, share: Share) -> Tensor:
    """A user's loss of (outputs, targets): one number, or one loss for each row or element, averaged by shares.

    Raises TypeError where no tensor is returned, ValueError for a shape that is neither, and for one number where
    rows have weights: what belongs to which row is then lost.
    """
    losses = function(output, target)
    if not isinstance(losses, ag.Tensor):
        raise TypeError(
            f"loss: the given function returned a {class_name(losses)}, which does not depend on the outputs. "
            "Fix: compute it from the outputs with NumPy or autograd_core."
        )
    shape = np.shape(losses)
    if np.size(losses) == 1 and len(target) != 1:
        if np.ndim(share):
            raise ValueError(
                "sample_weight: the given loss returns one number, which cannot be weighted row by row. "
                "Fix: a loss for each row, e.g. nn.HuberLoss(reduction='none')."
            )
        return losses.reshape(())
    if shape[:1] != (len(target),):
        raise ValueError(
            f"loss: the given function returns shape {shape} for {len(target)} rows; expected one number, or one loss "
            "for each row or element."
        )
    rows = losses if len(shape) == 1 else np.mean(np.reshape(losses, (shape[0], -1)), axis=1)
    return np.sum(rows * share)
