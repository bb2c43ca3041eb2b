"""Choices that can be differentiated: the softmax of logits with Gumbel's noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

import autograd_core as ag
from autograd_core.engine.tensor import bare
from autograd_core.support.arrays import brought

from ..modules.checking import POSITIVE, checked

if TYPE_CHECKING:
    from numpy.random import Generator

    from autograd_core import Tensor
    from autograd_core.support.types import TensorLike

__all__ = ["gumbel_softmax"]


@checked(tau=POSITIVE)
def gumbel_softmax(
    logits: TensorLike, tau: float = 1.0, hard: bool = False, dim: int = -1, generator: Generator | None = None
) -> Tensor:
    """softmax((logits + g) / τ) with g = −log(−log u), u uniform (Jang et al. 2017; Maddison et al. 2017).

    logits : unnormalised log probabilities
    tau : τ, the smaller the nearer to a choice
    hard : whether the result is the choice itself, 0 and 1, with the derivative of the softmax
    dim : the axis of the classes
    generator : draws the numbers; ``ag.default_generator()`` by default

    >>> y = gumbel_softmax(np.zeros((2, 3)), hard=True, generator=np.random.default_rng(0))
    >>> y.sum(axis=-1)
    array([1., 1.])
    """
    noise = (generator or ag.default_generator()).gumbel(size=np.shape(logits)).astype(logits.dtype)
    soft = ag.softmax((logits + brought(noise, logits)) / tau, dim)
    if not hard:
        return soft
    values = bare(soft)
    chosen = np.equal(np.argmax(values, axis=dim, keepdims=True), brought(_numbers(values.shape, dim), values)).astype(
        values.dtype
    )
    return chosen - values + soft if isinstance(soft, ag.Tensor) else chosen


def _numbers(shape: tuple[int, ...], dim: int) -> np.ndarray[Any, Any]:
    """0, 1, … along an axis."""
    places = [1] * len(shape)
    places[dim] = -1
    return np.arange(shape[dim]).reshape(places)
