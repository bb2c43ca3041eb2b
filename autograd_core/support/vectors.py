"""Several arrays as one vector, and back."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..support.types import AnyArray, DTypeLike


def joined(arrays: Iterable[AnyArray], dtype: DTypeLike = None) -> Any:
    """Arrays as one vector, one after another, in memory of its own; recorded of tensors.

    >>> joined([np.ones((1, 2)), np.array(3.0)])
    array([1., 1., 3.])
    """
    flat = [np.reshape(a, (-1,)) for a in arrays]
    return np.concatenate(flat) if dtype is None else np.concatenate(flat, dtype=dtype)


def pieces(flat: AnyArray, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """A vector cut into arrays of these shapes, one after another: views, or recorded of a tensor.

    A matrix of such vectors gives arrays with one axis more, in front.

    >>> pieces(np.arange(5.0), [(2, 2), ()])
    [array([[0., 1.],
           [2., 3.]]), array(4.)]
    """
    ends = itertools.pairwise([0, *itertools.accumulate(map(math.prod, shapes))])
    if len(flat.shape) == 1:
        return [np.reshape(flat[a:b], shape) for (a, b), shape in zip(ends, shapes, strict=True)]
    return [np.reshape(flat[:, a:b], (len(flat), *shape)) for (a, b), shape in zip(ends, shapes, strict=True)]
