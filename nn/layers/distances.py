"""Distances and similarities of vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ag

from ..modules.module import Module

__all__ = ["CosineSimilarity", "PairwiseDistance", "cosine_similarity", "pairwise_distance"]


def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """(Σ |x1 − x2 + eps|ᵖ)^(1/p) along the last axis.

    >>> pairwise_distance(np.array([[3.0, 4.0]]), np.zeros((1, 2)), eps=0.0)
    array([5.])
    """
    d = np.absolute(x1 - x2 + eps)
    if p == 2:
        return np.sqrt(np.sum(d * d, axis=-1, keepdims=keepdim))
    if p == 1:
        return np.sum(d, axis=-1, keepdims=keepdim)
    if p == float("inf"):
        return np.max(d, axis=-1, keepdims=keepdim)
    return np.sum(d**p, axis=-1, keepdims=keepdim) ** (1 / p)


def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """x1·x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along ``dim``.

    >>> cosine_similarity(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]]))
    array([0.96])
    """
    norms = [np.sqrt(np.maximum(np.sum(ag.square(x), axis=dim, keepdims=True), eps * eps)) for x in (x1, x2)]
    return np.sum(x1 / norms[0] * (x2 / norms[1]), axis=dim)


class PairwiseDistance(Module):
    """``pairwise_distance`` as a layer of two inputs."""

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        self.p, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Any, x2: Any) -> Any:
        return pairwise_distance(x1, x2, self.p, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """``cosine_similarity`` as a layer of two inputs."""

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        self.dim, self.eps = dim, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        return cosine_similarity(x1, x2, self.dim, self.eps)
