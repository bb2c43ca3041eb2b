"""The arithmetic of rules, on arrays, tensors and numbers: products, sums, conjugates, and broadcasting undone."""

from __future__ import annotations

from typing import Any

import numpy as np

from .node import PLAIN, somewhere
from .tensor import Tensor, bare

HALF = np.dtype(np.float16)
_BY_OPERATOR = (np.generic, Tensor)


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Adjoint of broadcasting: sum ``g`` over the axes along which ``shape`` was stretched.

    >>> unbroadcast(np.ones((4, 3)), (3,)), unbroadcast(np.ones((4, 3)), (1, 1))
    (array([4., 4., 4.]), array([[12.]]))
    """
    if g.shape == shape:
        return g
    lead = len(g.shape) - len(shape)
    stretched = tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    axes = (*range(lead), *stretched)
    add = np.add.reduce if type(g) in PLAIN and g.dtype is not HALF else summed
    return np.reshape(add(g, axis=axes), shape)


def summed(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Σ x along ``axis``. float16, which counts to 2048 and ends at 65504, is added up in float32."""
    if x.dtype != HALF:
        return np.sum(x, axis=axis, keepdims=keepdims)
    return np.sum(x, axis=axis, keepdims=keepdims, dtype=np.float32).astype(HALF)


def times(t: Any, d: Any) -> Any:
    """t·d by the cheaper of two ways: the ufunc for arrays, Python's operator for NumPy scalars and tensors."""
    return t * d if isinstance(t, _BY_OPERATOR) and type(d) not in PLAIN else np.multiply(t, d)


def moved(t: Any, d: Any) -> Any:
    """t·d of a tangent ``t``: nothing moves along 0, also where the slope is infinite or none."""
    values = bare(c := times(t, d))
    if type(values) in PLAIN and values.dtype.kind == "f" and values.dtype is not HALF:
        values = np.dot(flat := values.ravel(), flat)  # NaN where one of them is: one pass
    nan = np.isnan(values)
    return np.where(np.equal(t, 0), 0, c) if (nan if type(nan) is np.bool else somewhere(nan)) else c


def conjugate(d: Any) -> Any:
    """The complex conjugate; of what is real, itself.

    Cotangents follow PyTorch's convention: that of a complex z = a + ib is ∂L/∂a + i ∂L/∂b for a real loss L, so that
    z − ηz̄ descends. A holomorphic row w = f(z) then has the adjoint g ↦ g·conj(f′(z)).
    """
    if isinstance(d, float):
        return d
    dtype = getattr(d, "dtype", None)
    return np.conjugate(d) if (isinstance(d, complex) if dtype is None else dtype.kind == "c") else d


def stretched_to(t: Any, shape: tuple[int, ...]) -> Any:
    """A tangent broadcast to a shape; None stays."""
    return t if t is None or t.shape == shape else np.broadcast_to(t, shape)


def added(total: Any, term: Any) -> Any:
    """The sum of two terms, of which None is no term."""
    return term if total is None else total if term is None else total + term


def expanded(reduced: Any, axis: Any, keepdims: bool) -> Any:
    """A reduced array with the reduced axes put back with length 1 (a full reduction broadcasts as it is)."""
    if keepdims or axis is None:
        return reduced
    if type(reduced) in PLAIN and type(axis) is int:  # np.expand_dims takes 3 µs
        rest = reduced.ndim - axis if axis >= 0 else -1 - axis
        return reduced[(..., None, *(slice(None),) * rest)]
    return np.expand_dims(reduced, axis)
