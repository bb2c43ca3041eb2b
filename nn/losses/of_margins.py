"""Losses with a margin between scores or vectors, as functions; those between classes stand in of_classes.py.

Names, arguments and defaults are those of ``torch.nn.functional``; ``reduction`` is "mean", "sum" or "none".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..kernels.accuracy import accurate
from ..layers.distances import pairwise_distance
from ..modules.checking import checked
from . import pointwise
from .reducing import beside, constant, reduced, reduced_loss, same_shape

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import AnyArray, ArrayLike, Function, TensorLike

__all__ = [
    *("cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss"),
    *("soft_margin_loss", "triplet_margin_loss", "triplet_margin_with_distance_loss"),
]


def soft_margin_loss(input: TensorLike, target: ArrayLike, reduction: str = "mean") -> Tensor:
    """log(1 + exp(−y·x)) for y = ±1.

    input, target : x and y, of one shape; ValueError otherwise
    reduction : "mean", "sum", or "none" for one loss an element

    >>> soft_margin_loss(np.array([0.0]), np.array([1.0])).round(4).item()
    0.6931
    """
    same_shape("soft_margin_loss", input, target)
    x = accurate(input)
    return reduced_loss(pointwise.soft_margin, (x, beside(x, target)), reduction, "soft_margin_loss", input)


@checked()
def hinge_embedding_loss(input: TensorLike, target: ArrayLike, margin: float = 1.0, reduction: str = "mean") -> Tensor:
    """x where y = 1, max(0, margin − x) where y = −1.

    input, target : x and y, of one shape; ValueError otherwise
    margin : the distance that two unlike things should have
    reduction : "mean", "sum", or "none" for one loss an element

    >>> hinge_embedding_loss(np.array([0.5, 0.25]), np.array([1, -1]), reduction="none").tolist()
    [0.5, 0.75]
    """
    same_shape("hinge_embedding_loss", input, target)
    x = accurate(input)
    args = x, beside(x, target)
    return reduced_loss(pointwise.hinge_embedding, args, reduction, "hinge_embedding_loss", input, margin=margin)


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

    >>> margin_ranking_loss(np.array([1.0]), np.array([3.0]), np.array([1.0])).item()
    2.0
    """
    same_shape("margin_ranking_loss", input1, input2)
    x1, x2 = accurate(input1), accurate(input2)
    args = x1 - x2, beside(x1, target)
    return reduced_loss(pointwise.ranking, args, reduction, "margin_ranking_loss", input1, margin=margin)


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

    >>> cosine_embedding_loss(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), np.array([1])).item()
    1.0
    """
    same_shape("cosine_embedding_loss", input1, input2)
    # PyTorch's form of the cosine here: ε is added to the squared norms.
    x1, x2 = accurate(input1), accurate(input2)
    dot = np.vecdot(x1, x2)
    norms = [np.vecdot(x, x) + 1e-12 for x in (x1, x2)]
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

    >>> triplet_margin_loss(np.array([[0.0]]), np.array([[1.0]]), np.array([[5.0]])).item()
    0.0
    """

    def distance(a: Any, b: Any) -> AnyArray:
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
    >>> x = np.array([[0.0, 0.0]])
    >>> triplet_margin_with_distance_loss(x, x + 1, x + 0.5, distance_function=far).item()
    2.0
    """
    name = "triplet_margin_with_distance_loss"
    if distance_function is not None and not callable(distance_function):
        raise TypeError(f"{name}: distance_function={distance_function!r} must be a function of two tensors.")
    return _triplet(anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction, name)


def _triplet(
    anchor: AnyArray,
    positive: AnyArray,
    negative: AnyArray,
    distance: Function,
    margin: float,
    swap: bool,
    reduction: str,
    name: str,
) -> Any:
    if not margin > 0:
        raise ValueError(f"{name}: margin={margin!r} must be positive.")
    near, far = accurate(distance(anchor, positive)), accurate(distance(anchor, negative))
    if swap:
        far = np.minimum(far, accurate(distance(positive, negative)))
    return reduced(pointwise.hinge(near - far + margin), reduction, name, anchor)
