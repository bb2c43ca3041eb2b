"""Functions of ``numpy.linalg`` that are those of ``numpy``, on the last two axes."""

from __future__ import annotations

import numpy as np

from ..composites import composite

__all__ = ["diagonal", "matrix_transpose", "outer", "trace"]


@composite(np.linalg.matrix_transpose)
def matrix_transpose(x, /):
    """Each matrix transposed.

    Arguments are those of ``np.linalg.matrix_transpose``.

    >>> matrix_transpose(np.ones((4, 2, 3))).shape
    (4, 3, 2)
    """
    return np.swapaxes(x, -1, -2)


@composite(np.linalg.diagonal)
def diagonal(x, /, *, offset=0):
    """The diagonal of each matrix.

    Arguments are those of ``np.linalg.diagonal``.

    >>> diagonal(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 4.])
    """
    return np.diagonal(x, offset, -2, -1)


@composite(np.linalg.trace)
def trace(x, /, *, offset=0, dtype=None):
    """The sum of the diagonal of each matrix.

    Arguments are those of ``np.linalg.trace``.

    >>> trace(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.float64(5.0)
    """
    return np.trace(x, offset, -2, -1, dtype)


@composite(np.linalg.outer)
def outer(x1, x2, /):
    """x1[i]·x2[j] of two vectors.

    >>> outer(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([[ 1., 10.],
           [ 2., 20.]])
    """
    if np.ndim(x1) != 1 or np.ndim(x2) != 1:
        raise ValueError(f"outer: shapes {np.shape(x1)} and {np.shape(x2)}. Fix: give vectors, or use np.outer.")
    return np.outer(x1, x2)
