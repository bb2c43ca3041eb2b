"""Losses between numbers, probabilities and vectors, as functions; those over classes stand in class_losses.py.

Names, arguments and defaults are those of ``torch.nn.functional``; ``reduction`` is "mean", "sum" or "none".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core import Tensor
from autograd_core.engine.tensor import bare

from ..kernels.accuracy import accurate, like, squared
from ..layers.distances import pairwise_distance
from ..modules.checking import NOT_NEGATIVE, POSITIVE, checked
from ..modules.dtypes import real_only
from . import pointwise

if TYPE_CHECKING:
    from autograd_core.support.types import ArrayLike, TensorLike

__all__ = [
    *("binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "gaussian_nll_loss"),
    *("hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss"),
    *("poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss", "triplet_margin_loss"),
    "triplet_margin_with_distance_loss",
]


def reduced(losses: Any, reduction: str, name: str, input: Any) -> Any:
    """The mean or the sum of ``losses``, or themselves; in float16 where ``input`` is (losses are float32 then)."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{name}: reduction is 'mean', 'sum' or 'none', not {reduction!r}.")
    result = losses if reduction == "none" else np.mean(losses) if reduction == "mean" else np.sum(losses)
    return like(input, result)


def constant(target: Any) -> Any:
    """A target as an array where it is a number, a list or a tensor without gradient."""
    if isinstance(target, (int, float, list, tuple)):
        return np.asarray(target)
    return target.data if isinstance(target, Tensor) and not target.requires_grad else target


def beside(x: Any, target: Any) -> Any:
    """A target in the dtype of x: float64 labels must not make a float32 model compute in float64."""
    target = constant(target)
    if target.dtype.kind == "c" and x.dtype.kind != "c":
        raise TypeError(
            f"a target of dtype {target.dtype} beside an input of dtype {x.dtype} would lose its imaginary part. "
            "Fix: give the input as complex numbers, input.astype(target.dtype)."
        )
    return target if target.dtype == x.dtype else target.astype(x.dtype)


def _same_shape(name: str, input: Any, target: Any) -> None:
    if np.shape(input) != np.shape(target):
        raise ValueError(
            f"{name}: input {np.shape(input)} and target {np.shape(target)} must have one shape; broadcasting them "
            "would average over pairs. Fix: reshape, e.g. target[:, None]."
        )


# Numbers -------------------------------------------------------------------------------------------------------------


def mse_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean") -> Tensor:
    """(input − target)².

    input, target : of one shape, so that no pairs are made by broadcasting; ValueError otherwise
    reduction : "mean", "sum", or "none" for one loss an element

    >>> mse_loss(Tensor([1.0, 3.0]), np.zeros(2)).item()
    5.0
    """
    _same_shape("mse_loss", input, target)
    x = accurate(input)
    return reduced(squared(x - beside(x, target)), reduction, "mse_loss", input)


def l1_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean") -> Tensor:
    """|input − target|.

    input, target, reduction : those of ``mse_loss``

    >>> l1_loss(Tensor([1.0, -3.0]), np.zeros(2)).item()
    2.0
    """
    _same_shape("l1_loss", input, target)
    x = accurate(input)
    return reduced(np.absolute(x - beside(x, target)), reduction, "l1_loss", input)


@checked(delta=POSITIVE)
def huber_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean", delta: float = 1.0) -> Tensor:
    """½d² for |d| ≤ delta, delta·(|d| − ½delta) beyond, d = input − target (Huber 1964).

    input, target, reduction : those of ``mse_loss``
    delta : where the parabola ends, > 0

    >>> huber_loss(Tensor([0.5, 3.0]), np.zeros(2), reduction="none").tolist()
    [0.125, 2.5]
    """
    _same_shape("huber_loss", input, target)
    x = accurate(input)
    return reduced(pointwise.huber(_residuals(x, target), delta=delta), reduction, "huber_loss", input)


def _residuals(x: Any, target: Any) -> Any:
    """x − target, of complex numbers the length of it."""
    d = x - beside(x, target)
    return np.absolute(d) if d.dtype.kind == "c" else d


@checked(beta=NOT_NEGATIVE)
def smooth_l1_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean", beta: float = 1.0) -> Tensor:
    """½d²/beta for |d| < beta, |d| − ½beta beyond, d = input − target (Girshick 2015); |d| for beta = 0.

    input, target, reduction : those of ``mse_loss``
    beta : where the parabola ends, ≥ 0

    >>> smooth_l1_loss(Tensor([0.5, 3.0]), np.zeros(2), reduction="none").tolist()
    [0.125, 2.5]
    """
    if beta == 0:
        return l1_loss(input, target, reduction)
    _same_shape("smooth_l1_loss", input, target)
    x = accurate(input)
    return reduced(pointwise.smooth_l1(_residuals(x, target), beta=beta), reduction, "smooth_l1_loss", input)


# Distributions -------------------------------------------------------------------------------------------------------


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

    >>> binary_cross_entropy_with_logits(Tensor([1000.0]), np.array([1.0])).item()
    0.0
    """
    name = "binary_cross_entropy_with_logits"
    _same_shape(name, input, target)
    real_only(name, input)
    z = accurate(input)
    y = beside(z, target)
    if pos_weight is None:
        losses = pointwise.logistic(z, y)
    else:
        losses = (1 - y) * ag.softplus(z) + beside(z, pos_weight) * y * ag.softplus(-z)
    return reduced(losses if weight is None else losses * beside(z, weight), reduction, name, input)


def binary_cross_entropy(
    input: TensorLike,
    target: ArrayLike,
    weight: TensorLike | None = None,
    reduction: str = "mean",
) -> Tensor:
    """−w(y·log p + (1−y)·log(1−p)) for probabilities p; as in PyTorch the logarithms are cut off at −100, and their
    slope 1/p(1−p) at 1e12.

    input : the probabilities p in [0, 1]; ValueError for others
    target, weight, reduction : those of ``binary_cross_entropy_with_logits``

    >>> binary_cross_entropy(Tensor([0.5]), np.array([1.0])).item()
    0.6931471824645996
    """
    name = "binary_cross_entropy"
    _same_shape(name, input, target)
    values = bare(input)
    if not np.all((values >= 0) & (values <= 1)):
        raise ValueError(f"{name}: probabilities from {values.min()} to {values.max()}; they lie in [0, 1]. "
                         "Fix: apply a sigmoid, or use binary_cross_entropy_with_logits.")  # fmt: skip
    p = accurate(input)
    losses = pointwise.bernoulli(p, beside(p, target))
    return reduced(losses if weight is None else losses * beside(p, weight), reduction, name, input)


@checked()
def kl_div(input: TensorLike, target: ArrayLike, reduction: str = "mean", log_target: bool = False) -> Tensor:
    """q·(log q − input) for logarithms of probabilities ``input`` and probabilities q (0·log 0 = 0).

    input, target : log p and q, or log q, of one shape; ValueError otherwise
    reduction : "mean", "sum", "none", or "batchmean": the sum over all divided by the first axis, which is the
        divergence of the definition (Kullback & Leibler 1951)
    log_target : whether target is log q

    >>> kl_div(np.log(Tensor([0.5, 0.5])), np.array([0.5, 0.5])).item()
    0.0
    """
    _same_shape("kl_div", input, target)
    x = accurate(input)
    q = beside(x, target)
    if log_target:
        losses = np.exp(q) * (q - x)
    else:
        positive = np.greater(bare(q), 0)
        losses = q * (np.log(np.where(positive, q, 1)) - x)
    if reduction == "batchmean":
        return like(input, np.sum(losses) / np.asarray((*x.shape, 1)[0], x.dtype))
    return reduced(losses, reduction, "kl_div", input)


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

    >>> poisson_nll_loss(Tensor([0.0]), np.array([2.0])).item()
    1.0
    """
    _same_shape("poisson_nll_loss", input, target)
    x = accurate(input)
    y = beside(x, target)
    losses = np.exp(x) - y * x if log_input else x - y * np.log(x + eps)
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

    >>> gaussian_nll_loss(Tensor([1.0]), np.array([3.0]), np.array([1.0])).item()
    2.0
    """
    name = "gaussian_nll_loss"
    _same_shape(name, input, target)
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
    var = var + np.maximum(eps - values, 0).astype(values.dtype)  # its value is cut off, its derivative is not
    losses = 0.5 * (np.log(var) + ag.square(x - beside(x, target)) / var)
    return reduced(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction, name, input)


# Margins -------------------------------------------------------------------------------------------------------------


def soft_margin_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean") -> Tensor:
    """log(1 + exp(−y·x)) for y = ±1.

    input, target : x and y, of one shape; ValueError otherwise
    reduction : "mean", "sum", or "none" for one loss an element

    >>> soft_margin_loss(Tensor([0.0]), np.array([1.0])).item()
    0.6931471824645996
    """
    _same_shape("soft_margin_loss", input, target)
    x = accurate(input)
    return reduced(ag.softplus(-beside(x, target) * x), reduction, "soft_margin_loss", input)


@checked()
def hinge_embedding_loss(input: TensorLike, target: ArrayLike, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """x where y = 1, max(0, margin − x) where y = −1.

    input, target : x and y, of one shape; ValueError otherwise
    margin : the distance that two unlike things should have
    reduction : "mean", "sum", or "none" for one loss an element

    >>> hinge_embedding_loss(Tensor([0.5, 0.25]), np.array([1, -1]), reduction="none").tolist()
    [0.5, 0.75]
    """
    _same_shape("hinge_embedding_loss", input, target)
    x = accurate(input)
    losses = np.where(np.equal(constant(target), 1), x, pointwise.hinge(margin - x))
    return reduced(losses, reduction, "hinge_embedding_loss", input)


@checked()
def margin_ranking_loss(
    input1: TensorLike,
    input2: TensorLike,
    target: ArrayLike,
    margin: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """max(0, −y·(x1 − x2) + margin): y = 1 where x1 should be the larger, −1 where x2 should.

    input1, input2 : x1 and x2, of one shape; ValueError otherwise
    target : y
    margin : how much the larger should be larger
    reduction : "mean", "sum", or "none" for one loss a pair

    >>> margin_ranking_loss(Tensor([1.0]), Tensor([3.0]), np.array([1.0])).item()
    2.0
    """
    _same_shape("margin_ranking_loss", input1, input2)
    x1, x2 = accurate(input1), accurate(input2)
    losses = pointwise.hinge(-beside(x1, target) * (x1 - x2) + margin)
    return reduced(losses, reduction, "margin_ranking_loss", input1)


@checked()
def cosine_embedding_loss(
    input1: TensorLike,
    input2: TensorLike,
    target: ArrayLike,
    margin: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """1 − cos(x1, x2) where y = 1, max(0, cos(x1, x2) − margin) where y = −1; vectors along the last axis.

    input1, input2 : x1 and x2, of one shape (…, D); ValueError otherwise
    target : y, of the shape (…)
    margin : the cosine below which unlike vectors cost nothing
    reduction : "mean", "sum", or "none" for one loss a pair

    >>> cosine_embedding_loss(Tensor([[1.0, 0.0]]), Tensor([[0.0, 1.0]]), np.array([1])).item()
    1.0
    """
    _same_shape("cosine_embedding_loss", input1, input2)
    # PyTorch's form of the cosine here: ε is added to the squared norms.
    x1, x2 = accurate(input1), accurate(input2)
    dot = np.sum(x1 * x2, axis=-1)
    norms = [np.sum(ag.square(x), axis=-1) + 1e-12 for x in (x1, x2)]
    cosine = dot / np.sqrt(norms[0] * norms[1])
    losses = np.where(np.equal(constant(target), 1), 1 - cosine, pointwise.hinge(cosine - margin))
    return reduced(losses, reduction, "cosine_embedding_loss", input1)


@checked()
def triplet_margin_loss(
    anchor: TensorLike,
    positive: TensorLike,
    negative: TensorLike,
    margin: float = 1.0,
    p: float = 2.0,
    eps: float = 1e-6,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) − d(anchor, negative) + margin), d the p-distance along the last axis.

    anchor, positive, negative : vectors (…, D)
    margin : how much further the negative should be, > 0
    p, eps : those of ``nn.functional.pairwise_distance``
    swap : take the distance of the negative to the nearer of anchor and positive (Balntas et al. 2016)
    reduction : "mean", "sum", or "none" for one loss a triple

    >>> triplet_margin_loss(Tensor([[0.0]]), Tensor([[1.0]]), Tensor([[5.0]])).item()
    0.0
    """

    def distance(a: Any, b: Any) -> Any:
        return pairwise_distance(a, b, p, eps)

    return _triplet(anchor, positive, negative, distance, margin, swap, reduction, "triplet_margin_loss")


@checked()
def triplet_margin_with_distance_loss(
    anchor: TensorLike,
    positive: TensorLike,
    negative: TensorLike,
    *,
    distance_function: Callable[[Any, Any], Any] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """``triplet_margin_loss`` with any distance, a function of two tensors.

    anchor, positive, negative, margin, swap, reduction : those of ``triplet_margin_loss``
    distance_function : gives the distances of two batches; ``nn.functional.pairwise_distance`` by default

    >>> far = lambda a, b: np.sum(np.absolute(a - b), axis=-1)
    >>> x = Tensor([[0.0, 0.0]])
    >>> triplet_margin_with_distance_loss(x, x + 1, x + 0.5, distance_function=far).item()
    2.0
    """
    name = "triplet_margin_with_distance_loss"
    if distance_function is not None and not callable(distance_function):
        raise TypeError(f"{name}: distance_function={distance_function!r} must be a function of two tensors.")
    return _triplet(anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction, name)


def _triplet(
    anchor: Any, positive: Any, negative: Any, distance: Any, margin: float, swap: bool, reduction: str, name: str
) -> Any:
    if not margin > 0:
        raise ValueError(f"{name}: margin={margin!r} must be positive.")
    near, far = accurate(distance(anchor, positive)), accurate(distance(anchor, negative))
    if swap:
        far = np.minimum(far, accurate(distance(positive, negative)))
    return reduced(pointwise.hinge(near - far + margin), reduction, name, anchor)
