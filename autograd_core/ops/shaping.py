"""Primitives that only move numbers: each is linear, its adjoint moves the cotangent back."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..forms import linear, unbroadcast
from ..protocols import implements
from ..tensor import Tensor

__all__ = [
    "astype", "broadcast_to", "concatenate", "expand_dims", "ravel", "reshape", "squeeze", "stack", "swapaxes",
    "transpose",
]


@implements(np.reshape)
@linear(x=lambda g, x: np.reshape(g, x.shape))
def reshape(x, shape):
    """The same numbers in another shape, read in C order; −1 stands for what is left over.

    >>> reshape(np.arange(4.0), (2, -1))
    array([[0., 1.],
           [2., 3.]])
    """
    return np.reshape(x, shape)


@implements(np.transpose)
@linear(x=lambda g, axes: np.transpose(g, None if axes is None else tuple(np.argsort([a % g.ndim for a in axes]))))
def transpose(x, axes=None):
    """Axes in another order (reversed by default).

    >>> transpose(np.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return np.transpose(x, axes)


@implements(np.swapaxes)
@linear(x=lambda g, axis1, axis2: np.swapaxes(g, axis1, axis2))
def swapaxes(x, axis1, axis2):
    """Two axes exchanged.

    >>> swapaxes(np.ones((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    return np.swapaxes(x, axis1, axis2)


@implements(np.expand_dims)
@linear(x=lambda g, x: np.reshape(g, x.shape))
def expand_dims(x, axis):
    """New axes of length 1 at the positions ``axis`` of the result.

    >>> expand_dims(np.ones(3), 0).shape
    (1, 3)
    """
    return np.expand_dims(x, axis)


@implements(np.squeeze)
@linear(x=lambda g, x: np.reshape(g, x.shape))
def squeeze(x, axis=None):
    """Without the axes of length 1 (all of them, or those named).

    >>> squeeze(np.ones((1, 3, 1))).shape
    (3,)
    """
    return np.squeeze(x, axis=axis)


@implements(np.broadcast_to)
@linear(x=lambda g, x: unbroadcast(g, x.shape))
def broadcast_to(x, shape):
    """Repeated along new or length-1 axes to ``shape``; the adjoint sums over them.

    >>> broadcast_to(np.arange(2.0), (2, 2))
    array([[0., 1.],
           [0., 1.]])
    """
    return np.broadcast_to(x, shape)


@implements(np.ravel)
def ravel(x):
    """One axis, read in C order.

    >>> ravel(np.ones((2, 3))).shape
    (6,)
    """
    return np.reshape(x, (-1,))


@linear(name="astype", x=lambda g, x: _astype(g, x.dtype))
def _astype(x, dtype):
    return x.astype(dtype)


def astype(x, dtype):
    """Converted to another dtype; the cotangent is converted back. Integers and booleans have no derivative.

    >>> astype(np.ones(2, np.float32), np.float64).dtype
    dtype('float64')
    """
    if isinstance(x, Tensor) and np.dtype(dtype).kind not in "fc":
        x = x.detach()
    return _astype(x, dtype)


if hasattr(np, "astype"):  # NumPy ≥ 2.1
    implements(np.astype)(astype)


def _slab(g: Any, arrays: Any, axis: int, index: int) -> Any:
    start = sum(a.shape[axis] for a in arrays[:index])
    place = [slice(None)] * arrays[index].ndim
    place[axis] = slice(start, start + arrays[index].shape[axis])
    return g[tuple(place)]


@linear(name="concatenate", arrays=lambda g, arrays, axis, index: _slab(g, arrays, axis, index))
def _concatenate(*arrays, axis=0):
    return np.concatenate(arrays, axis=axis)


@implements(np.concatenate)
def concatenate(arrays, axis=0):
    """Arrays joined along an existing axis (None: flattened first).

    >>> concatenate([np.zeros(2), np.ones(1)])
    array([0., 0., 1.])
    """
    if axis is None:
        arrays, axis = [ravel(a) for a in arrays], 0
    return _concatenate(*arrays, axis=axis)


@implements(np.stack)
def stack(arrays, axis=0):
    """Arrays of one shape joined along a new axis.

    >>> stack([np.zeros(2), np.ones(2)], axis=1)
    array([[0., 1.],
           [0., 1.]])
    """
    if len({np.shape(a) for a in arrays}) > 1:
        shapes = ", ".join(str(np.shape(a)) for a in arrays)
        raise ValueError(f"stack: arrays of shapes {shapes}; all must have one shape. Mend: concatenate, or reshape.")
    return concatenate([np.expand_dims(a, axis) for a in arrays], axis=axis)
