"""Distances and similarities of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

import autograd_core as ag
from autograd_core.engine import entry

from ..kernels.accuracy import accurate, like, squared
from ..modules.checking import NOT_NEGATIVE, checked
from ..modules.layer import Layer

if TYPE_CHECKING:
    from autograd_core import Tensor
    from autograd_core.support.types import TensorLike

__all__ = ["CosineSimilarity", "PairwiseDistance", "cosine_similarity", "normalize", "pairwise_distance", "pdist"]


@checked()
def pairwise_distance(
    x1: TensorLike,
    x2: TensorLike,
    p: float = 2.0,
    eps: float = 1e-6,
    keepdim: bool = False,
) -> Tensor:
    """(Σ |x1 − x2 + eps|ᵖ)^(1/p) along the last axis; where the distance is 0, so is its derivative.

    x1, x2 : (…, D), broadcast together
    p : the order of the norm
    eps : added to the difference
    keepdim : whether the last axis stays, with size 1

    >>> pairwise_distance(np.array([[3.0, 4.0]]), np.zeros((1, 2)), eps=0.0)
    array([5.])
    """
    p = entry.setting(p, "pairwise_distance", "p")
    d = accurate(x1) - accurate(x2) + eps
    return like(x1, np.linalg.norm(d, p, axis=-1, keepdims=keepdim))


@checked(eps=NOT_NEGATIVE)
def cosine_similarity(x1: TensorLike, x2: TensorLike, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """x1·x̄2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along ``dim`` of both, broadcast together.

    x1, x2 : of shapes that broadcast together
    dim : the axis of the vectors
    eps : the least length that counts

    >>> cosine_similarity(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]]))
    array([0.96])
    """
    shape = np.broadcast_shapes(x1.shape, x2.shape)
    a, b = (np.broadcast_to(accurate(x), shape) for x in (x1, x2))
    a, b = (x / np.sqrt(np.maximum(np.sum(squared(x), axis=dim, keepdims=True), eps * eps)) for x in (a, b))
    return like(x1, np.sum(a * (np.conjugate(b) if b.dtype.kind == "c" else b), axis=dim))


@checked(eps=NOT_NEGATIVE)
def normalize(input: TensorLike, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(‖x‖, eps) along ``dim``.

    input : any shape
    p : the order of the norm
    dim : the axis of the vectors
    eps : the least length that counts

    >>> normalize(np.array([[3.0, 4.0]]))
    array([[0.6, 0.8]])
    """
    x = accurate(input)
    length = ag.linalg.vector_norm(x, axis=dim, keepdims=True, ord=entry.setting(p, "normalize", "p"))
    return like(input, x / np.maximum(length, eps))


@checked(p=NOT_NEGATIVE)
def pdist(input: TensorLike, p: float = 2.0) -> Tensor:
    """‖xᵢ − xⱼ‖ of every pair i < j of rows: (n·(n − 1)/2,) in the order of ``scipy.spatial.distance.pdist``.

    input : (n, d)
    p : the order of the norm

    >>> pdist(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    array([5.        , 1.        , 4.24264069])
    """
    if np.ndim(input) != 2:
        raise ValueError(f"pdist: input of shape {np.shape(input)}; expected (n, d).")
    first, second = np.triu_indices(input.shape[0], 1)
    return ag.linalg.vector_norm(input[first] - input[second], axis=-1, ord=entry.setting(p, "pdist", "p"))


class PairwiseDistance(Layer):
    """``pairwise_distance`` as a layer of two inputs.

    p, eps, keepdim : those of ``nn.functional.pairwise_distance``
    """

    @checked()
    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        self.p, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: TensorLike, x2: TensorLike) -> Tensor:
        return pairwise_distance(x1, x2, self.p, self.eps, self.keepdim)


class CosineSimilarity(Layer):
    """``cosine_similarity`` as a layer of two inputs.

    dim, eps : those of ``nn.functional.cosine_similarity``
    """

    @checked(eps=NOT_NEGATIVE)
    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        self.dim, self.eps = dim, eps

    def forward(self, x1: TensorLike, x2: TensorLike) -> Tensor:
        return cosine_similarity(x1, x2, self.dim, self.eps)
