"""The same numbers many times: broadcasting, grids, arrays full of one number."""

from __future__ import annotations

import numpy as np

from ...engine.arithmetic import unbroadcast
from ...engine.forms import linear
from ...engine.registry import implements
from ...engine.tensor import Tensor, bare
from ..composites import composite
from .shaping import astype, reshape

__all__ = [
    "broadcast_arrays", "broadcast_to", "full", "full_like", "ix_", "meshgrid",
]


@linear(name="broadcast_to", array=lambda g, array: unbroadcast(g, array.shape))
def _broadcast_to(array, shape):
    return np.broadcast_to(array, shape)


@implements(np.broadcast_to)
def broadcast_to(array, shape, subok=False):
    """Repeated along new or length-1 axes to ``shape``; the adjoint sums over them.

    Arguments are those of ``np.broadcast_to``.

    >>> broadcast_to(np.arange(2.0), (2, 2))
    array([[0., 1.],
           [0., 1.]])
    """
    return _broadcast_to(array, shape)


@composite(np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    """Every array broadcast to their common shape.

    Arguments are those of ``np.broadcast_arrays``.

    >>> [x.shape for x in broadcast_arrays(np.ones((2, 1)), np.ones(3))]
    [(2, 3), (2, 3)]
    """
    shape = np.broadcast_shapes(*[np.shape(a) for a in args])
    return tuple(a if np.shape(a) == shape and hasattr(a, "shape") else np.broadcast_to(a, shape) for a in args)


@composite(np.meshgrid)
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    """Coordinates of a grid: the k-th array varies along the k-th axis ("ij"), the first two exchanged for "xy".

    Arguments are those of ``np.meshgrid``.

    >>> x, y = meshgrid(np.arange(3.0), np.arange(2.0))
    >>> x.shape, y[:, 0]
    ((2, 3), array([0., 1.]))
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing={indexing!r}. Fix: give indexing='xy' or indexing='ij'.")
    places = list(range(len(xi)))
    if indexing == "xy" and len(xi) > 1:
        places[:2] = 1, 0
    grid = tuple(np.reshape(x, [-1 if k == p else 1 for k in range(len(xi))]) for x, p in zip(xi, places, strict=True))
    return grid if sparse else np.broadcast_arrays(*grid)


@composite(np.ix_)
def ix_(*args):
    """Each one-dimensional array along an axis of its own, truth values as positions: an index of a sub-grid.

    >>> np.arange(9.0).reshape(3, 3)[ix_([0, 2], [1])]
    array([[1.],
           [7.]])
    """
    plain = np.ix_(*[np.zeros(1) if _is_recorded(a) and a.ndim == 1 else bare(a) for a in args])
    shapes = [[-1 if k == i else 1 for k in range(len(args))] for i in range(len(args))]
    return tuple(reshape(a, s) if _is_recorded(a) else p for a, p, s in zip(args, plain, shapes, strict=True))


def _is_recorded(a: object) -> bool:
    return isinstance(a, Tensor) and a.dtype.kind in "fc"


def full(shape, fill_value, dtype=None, order="C", **others):
    """An array that holds one number, or one broadcast array; the derivative with respect to it is the sum.

    Arguments are those of ``np.full``.

    >>> full((2, 2), 0.5)
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    if not isinstance(fill_value, Tensor):
        return np.full(shape, fill_value, dtype, order, **others)
    return broadcast_to(fill_value if dtype is None else astype(fill_value, dtype), shape)


@composite(np.full_like)
def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, **others):
    """An array of ``a``'s shape and dtype that holds one number; of ``a`` the values do not matter.

    NumPy itself sees a tensor only as ``a``; ``ag.full_like`` sees one as ``fill_value``, too.

    Arguments are those of ``np.full_like``.

    >>> full_like(np.ones(3), 0.5)
    array([0.5, 0.5, 0.5])
    """
    if not isinstance(fill_value, Tensor):
        return Tensor(np.full_like(bare(a), fill_value, dtype, order, subok, shape, **others))
    return full(np.shape(a) if shape is None else shape, fill_value, np.result_type(a) if dtype is None else dtype)
