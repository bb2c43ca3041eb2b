"""Reading at an index and its adjoint, adding up at an index."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..forms import linear
from ..protocols import bare

__all__ = [
    "getitem",
]


@linear(name="getitem", x=lambda g, x, index: _scatter(g, x.shape, index))
def _getitem(x, index):
    return x[index]


@linear(name="scatter", values=lambda g, index: _getitem(g, index))
def _scatter(values, shape, index):
    out = np.zeros_like(values, shape=shape)
    if _is_basic(index):
        out[index] = values
    else:
        np.add.at(out, index, values)
    return out


def getitem(x, index):
    """``x[index]`` for every index that NumPy knows; places read twice get the sum of both cotangents.

    >>> getitem(np.arange(4.0), [1, 3])
    array([1., 3.])
    """
    return _getitem(x, bare(index))


def _is_basic(index: Any) -> bool:
    """True where an index reads each place at most once: numbers, slices, masks, None and the ellipsis."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is Ellipsis or isinstance(p, (int, np.integer, slice)) or _is_mask(p) for p in parts)


def _is_mask(index: Any) -> bool:
    return hasattr(index, "dtype") and index.dtype.kind == "b"
