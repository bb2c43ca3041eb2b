"""Losses of probabilities and likelihoods, as functions: cross-entropy of two classes, divergences, Poisson, Gauss.

Names, arguments and defaults are those of ``torch.nn.functional``; ``reduction`` is "mean", "sum" or "none".
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import highest, lowest

from ..kernels.accuracy import accurate, like
from ..modules.checking import POSITIVE, checked
from ..modules.dtypes import real_only
from . import pointwise
from .reducing import beside, reduced, reduced_loss, same_shape

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import ArrayLike, TensorLike

__all__ = [
    *("binary_cross_entropy", "binary_cross_entropy_with_logits"),
    *("gaussian_nll_loss", "kl_div", "poisson_nll_loss"),
]


def binary_cross_entropy_with_logits(
    input: TensorLike,
    target: ArrayLike,
    weight: TensorLike | None = None,
    reduction: str = "mean",
    pos_weight: TensorLike | None = None,
) -> Tensor:
    """−w(y·log σ(z) + (1−y)·log(1−σ(z))), without overflow; ``pos_weight`` multiplies the first term.

    input : the logits z, of any shape
    target : the labels or probabilities y in [0, 1], of input's shape
    weight : w, of a shape that broadcasts to it; None: 1
    reduction : "mean", "sum", or "none" for one loss an element
    pos_weight : how much a positive counts, for example one number a class

    Raises ValueError for shapes that differ.

    >>> binary_cross_entropy_with_logits(ag.Tensor([1000.0]), np.array([1.0])).item()
    0.0
    """
    name = "binary_cross_entropy_with_logits"
    same_shape(name, input, target)
    real_only(name, input)
    z = accurate(input)
    y = beside(z, target)
    weight = weight if weight is None else beside(z, weight)
    if pos_weight is None:
        return reduced_loss(pointwise.logistic, (z, y), reduction, name, input, weight)
    losses = (1 - y) * ag.softplus(z) + beside(z, pos_weight) * y * ag.softplus(-z)
    return reduced(losses if weight is None else losses * weight, reduction, name, input)


def binary_cross_entropy(
    input: TensorLike,
    target: ArrayLike,
    weight: TensorLike | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−w(y·log p + (1−y)·log(1−p)) for probabilities p; as in PyTorch the logarithms are cut off at −100, and their
    slope 1/p(1−p) at 1e12.

    input : the probabilities p in [0, 1]
    target, weight, reduction : those of ``binary_cross_entropy_with_logits``

    Raises ValueError for probabilities or targets outside [0, 1].

    >>> binary_cross_entropy(ag.Tensor([0.5]), np.array([1.0])).item()
    0.6931471824645996
    """
    name = "binary_cross_entropy"
    same_shape(name, input, target)
    _check_probabilities(name, "probabilities", input, "apply a sigmoid, or use binary_cross_entropy_with_logits")
    _check_probabilities(name, "targets", target, "give 0, 1 or probabilities")
    p = accurate(input)
    weight = weight if weight is None else beside(p, weight)
    return reduced_loss(pointwise.bernoulli, (p, beside(p, target)), reduction, name, input, weight)


def _check_probabilities(name: str, what: str, given: Any, fix: str) -> None:
    values = bare(given)
    if lowest(values, axis=None, initial=0) < 0 or not highest(values, axis=None, initial=1) <= 1:
        raise ValueError(f"{name}: {what} from {values.min()} to {values.max()}; they lie in [0, 1]. Fix: {fix}.")


@checked()
def kl_div(input: TensorLike, target: ArrayLike, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """q·(log q − input) for logarithms of probabilities ``input`` and probabilities q (0·log 0 = 0).

    input, target : log p and q, or log q, of one shape; ValueError otherwise
    reduction : "mean", "sum", "none", or "batchmean": the sum over all divided by the first axis, which is the
        divergence of the definition (Kullback & Leibler 1951)
    log_target : whether target is log q

    >>> kl_div(np.log(ag.Tensor([0.5, 0.5])), np.array([0.5, 0.5])).item()
    0.0
    """
    same_shape("kl_div", input, target)
    x = accurate(input)
    q = beside(x, target)
    whole = "sum" if reduction == "batchmean" else reduction
    if log_target:
        result = reduced(np.exp(q) * (q - x), whole, "kl_div", x)
    else:
        result = reduced_loss(pointwise.divergence, (x, q), whole, "kl_div", x)
    return like(input, result / np.asarray((*x.shape, 1)[0], x.dtype) if reduction == "batchmean" else result)


@checked()
def poisson_nll_loss(
    input: TensorLike,
    target: ArrayLike,
    log_input: bool = True,
    full: bool = False,
    eps: float = 1e-8,
    reduction: str = "mean",
) -> Tensor:
    """λ − y·log λ, the rate λ = exp(input), or input itself (then the logarithm is of λ + eps).

    input, target : of one shape; ValueError otherwise
    log_input : whether input is log λ
    full : whether Stirling's y·log y − y + ½log(2πy) is added for y > 1
    eps : keeps the logarithm of a rate of 0 finite
    reduction : "mean", "sum", or "none" for one loss an element

    >>> poisson_nll_loss(ag.Tensor([0.0]), np.array([2.0])).item()
    1.0
    """
    same_shape("poisson_nll_loss", input, target)
    x = accurate(input)
    y = beside(x, target)
    if log_input and not full:
        return reduced_loss(pointwise.poisson, (x, y), reduction, "poisson_nll_loss", input)
    losses = pointwise.poisson(x, y) if log_input else x - y * np.log(x + eps)
    if full:
        large = np.where(y > 1, y, 1)
        stirling = large * np.log(large) - large + 0.5 * np.log(2 * math.pi * large)
        losses = losses + np.where(y > 1, stirling, 0).astype(losses.dtype)
    return reduced(losses, reduction, "poisson_nll_loss", input)


@checked(eps=POSITIVE)
def gaussian_nll_loss(
    input: TensorLike,
    target: ArrayLike,
    var: TensorLike,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """½(log var + (input − target)²/var), var cut off below at eps without a derivative; ``full`` adds ½log 2π.

    input, target : means and observations, of one shape; ValueError otherwise
    full : whether the constant is added
    eps : the least variance, > 0
    reduction : "mean", "sum", or "none" for one loss an element

    Raises ValueError for a negative var and one of a shape that does not fit.
    var : of input's shape, without its last axis, or with one axis of 1. Nix & Weigend 1994.

    >>> gaussian_nll_loss(ag.Tensor([1.0]), np.array([3.0]), np.array([1.0])).item()
    2.0
    """
    name = "gaussian_nll_loss"
    same_shape(name, input, target)
    if np.shape(var) == np.shape(input)[:-1]:
        var = np.expand_dims(var, -1)
    shape, sizes = np.shape(input), np.shape(var)
    if len(sizes) != len(shape) or [b for a, b in zip(shape, sizes, strict=True) if a != b] not in ([], [1]):
        raise ValueError(f"{name}: var of shape {sizes} for an input of shape {shape}. Fix: one axis of var may be 1.")
    x = accurate(input)
    var = beside(x, var)
    values = bare(var)
    if np.any(np.less(values, 0)):
        raise ValueError(f"{name}: var has negative entries.")
    args = x, beside(x, target), var
    if full:
        return reduced(pointwise.gaussian(*args, eps=eps) + 0.5 * math.log(2 * math.pi), reduction, name, input)
    return reduced_loss(pointwise.gaussian, args, reduction, name, input, eps=eps)
