"""Diagonals and triangles of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...engine.forms import linear
from ...engine.registry import implements
from ..composites import composite
from ..places.indexing import _scatter
from .shaping import ravel

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = ["diag", "diagflat", "diagonal", "tril", "triu"]


def _on_diagonal(v: AnyArray, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> AnyArray:
    """Zeros of a shape with the last axis of ``v`` along a diagonal of two axes: every (columns + 1)-th number."""
    rows, columns = shape[axis1], shape[axis2]
    first, count = offset if offset >= 0 else -offset * columns, v.shape[-1]
    places = slice(first, first + (count - 1) * (columns + 1) + 1, columns + 1) if count else slice(0)
    numbers = _scatter(v, shape=(*v.shape[:-1], rows * columns), index=(Ellipsis, places))
    return np.moveaxis(np.reshape(numbers, (*v.shape[:-1], rows, columns)), (-2, -1), (axis1, axis2))


@implements(np.diagonal)
@linear(a=lambda g, a, offset, axis1, axis2: _on_diagonal(g, a.shape, offset, axis1, axis2))
def diagonal(a, offset=0, axis1=0, axis2=1):
    """The elements [i, i + offset] of two axes, which vanish; the diagonal is the last axis.

    Arguments are those of ``np.diagonal``.

    >>> diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 4.])
    """
    return np.diagonal(a, offset, axis1, axis2)


@composite(np.diag)
def diag(v, k=0):
    """The k-th diagonal of a matrix; of a vector the matrix with that diagonal, zero elsewhere.

    Arguments are those of ``np.diag``.

    >>> diag(np.array([1.0, 2.0]))
    array([[1., 0.],
           [0., 2.]])
    """
    if v.ndim == 1:
        side = v.shape[0] + abs(k)
        return _on_diagonal(v, (side, side), k, 0, 1)
    if v.ndim != 2:
        raise ValueError(f"diag: shape {v.shape}. Fix: give a vector or a matrix, or use diagonal.")
    return diagonal(v, k)


@composite(np.diagflat)
def diagflat(v, k=0):
    """The matrix with the flattened v along its k-th diagonal.

    >>> diagflat(np.array([[1.0], [2.0]]))
    array([[1., 0.],
           [0., 2.]])
    """
    return diag(ravel(v), k)


@implements(np.tril)
@linear(m=lambda g, k: np.tril(g, k))
def tril(m, k=0):
    """Matrices with zeros above the k-th diagonal.

    Arguments are those of ``np.tril``.

    >>> tril(np.ones((2, 2)))
    array([[1., 0.],
           [1., 1.]])
    """
    return np.tril(m, k)


@implements(np.triu)
@linear(m=lambda g, k: np.triu(g, k))
def triu(m, k=0):
    """Matrices with zeros below the k-th diagonal.

    Arguments are those of ``np.triu``.

    >>> triu(np.ones((2, 2)))
    array([[1., 1.],
           [0., 1.]])
    """
    return np.triu(m, k)
