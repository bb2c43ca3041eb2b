"""Primitives that contract: matrix products."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..forms import conjugate, multilinear
from ..protocols import implements

__all__ = [
    "matmul",
]


@implements(np.matmul)
@multilinear(
    contract="x.shape[-1] == y.shape[-2]",
    x=lambda g, y: _left(g, y),
    y=lambda g, x: _right(g, x),
)
def matmul(x, y):
    """Matrix product over the last two axes, the others broadcast; a 1-d operand is a row before, a column behind.

    Adjoints: x̄ = g yᴴ and ȳ = xᴴ g.

    >>> matmul(np.eye(2), np.array([1.0, 2.0]))
    array([1., 2.])
    """
    return np.matmul(x, y)


def _left(g: Any, y: Any) -> Any:
    """x̄ = g yᴴ; x had one axis where g has fewer axes than y."""
    y = conjugate(y)
    if y.ndim == 1:
        return np.multiply(np.expand_dims(g, -1), y)
    if g.ndim == 1 and y.ndim == 2:
        return np.matmul(y, g)
    if g.ndim < y.ndim:
        return np.squeeze(np.matmul(np.expand_dims(g, -2), np.swapaxes(y, -1, -2)), -2)
    return np.matmul(g, np.swapaxes(y, -1, -2))


def _right(g: Any, x: Any) -> Any:
    """ȳ = xᴴ g; y had one axis where g has fewer axes than x."""
    x = conjugate(x)
    if x.ndim == 1:
        return np.multiply(np.expand_dims(x, -1), np.expand_dims(g, -2)) if g.ndim else np.multiply(x, g)
    if g.ndim == 1 and x.ndim == 2:
        return np.matmul(g, x)
    if g.ndim < x.ndim:
        return np.squeeze(np.matmul(np.swapaxes(x, -1, -2), np.expand_dims(g, -1)), -1)
    return np.matmul(np.swapaxes(x, -1, -2), g)
