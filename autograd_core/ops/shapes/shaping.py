"""Primitives that only move numbers: each is linear, its adjoint moves the cotangent back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...engine import entry
from ...engine.forms import linear, unbroadcast
from ...engine.registry import implements
from ...engine.tensor import Tensor, bare
from ..composites import composite
from .making import as_array

__all__ = [
    "astype", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_arrays", "broadcast_to", "copy", "expand_dims",
    "flip", "fliplr", "flipud", "full", "full_like", "ix_", "matrix_transpose", "meshgrid", "moveaxis",
    "permute_dims", "ravel", "reshape", "roll", "rollaxis", "rot90", "squeeze", "swapaxes", "transpose",
]


# Another shape -------------------------------------------------------------------------------------------------------


@linear(name="reshape", a=lambda g, a: np.reshape(g, a.shape))
def _reshape(a, shape, copy=None):
    return np.reshape(a, shape) if copy is None else np.reshape(a, shape, copy=copy)


@implements(np.reshape)
def reshape(a, /, shape, order="C", *, copy=None):
    """The same numbers in another shape; −1 stands for what is left over.

    order : "C" reads and writes with the last axis fastest, "F" with the first; "A" is "F" for Fortran-ordered memory
    copy : True for memory of its own, False to be refused where it would be needed

    Arguments are those of ``np.reshape``.

    >>> reshape(np.arange(4.0), (2, -1))
    array([[0., 1.],
           [2., 3.]])
    """
    if order == "C":
        return _reshape(a, shape) if copy is None else _reshape(a, shape, copy=copy)
    if not isinstance(a, Tensor):
        return np.reshape(a, shape, order, copy=copy)
    if _reads_rows(a, order, "reshape"):
        return _reshape(a, shape, copy=copy)
    backwards = shape if isinstance(shape, (int, np.integer)) else tuple(shape)[::-1]
    return transpose(_reshape(transpose(a), backwards, copy=copy))


@implements(np.ravel)
def ravel(a, order="C"):
    """One axis: the numbers as ``order`` reads them (see ``reshape``; "K", as they lie, where they lie in a row).

    >>> ravel(np.array([[1.0, 2.0], [3.0, 4.0]]), order="F")
    array([1., 3., 2., 4.])
    """
    if order == "C" and hasattr(a, "shape"):
        return _reshape(a, (-1,))
    a = as_array(a)
    if not isinstance(a, Tensor):
        return np.ravel(a, order)
    return _reshape(a if _reads_rows(a, order, "ravel") else transpose(a), (-1,))


def _reads_rows(a: Any, order: str, name: str) -> bool:
    """True where ``order`` reads the last axis fastest, False where the first."""
    flags = getattr(bare(a), "flags", None)
    if flags is not None and (order == "A" or (order == "K" and (flags.c_contiguous or flags.f_contiguous))):
        return not flags.fnc
    if order in ("C", "F"):
        return order == "C"
    raise ValueError(f"{name}: order={order!r} is not answered on this tensor. Fix: give order='C' or order='F'.")


@implements(np.expand_dims)
@linear(a=lambda g, a: np.reshape(g, a.shape))
def expand_dims(a, axis):
    """New axes of length 1 at the positions ``axis`` of the result.

    Arguments are those of ``np.expand_dims``.

    >>> expand_dims(np.ones(3), 0).shape
    (1, 3)
    """
    return np.expand_dims(a, axis)


@implements(np.squeeze)
@linear(a=lambda g, a: np.reshape(g, a.shape))
def squeeze(a, axis=None):
    """Without the axes of length 1 (all of them, or those named).

    Arguments are those of ``np.squeeze``.

    >>> squeeze(np.ones((1, 3, 1))).shape
    (3,)
    """
    return np.squeeze(a, axis=axis)


def _each(at_least: Any) -> Any:
    """The function of any number of arrays that answers one array with one, several with a tuple."""

    def function(*arys):
        results = tuple(at_least(as_array(a)) for a in arys)
        return results[0] if len(results) == 1 else results

    return function


@composite(np.atleast_1d)
def atleast_1d(*arys):
    """Each array with one axis at least.

    Arguments are those of ``np.atleast_1d``.

    >>> atleast_1d(np.array(2.0))
    array([2.])
    """
    return _each(lambda a: a if a.ndim else np.reshape(a, (1,)))(*arys)


@composite(np.atleast_2d)
def atleast_2d(*arys):
    """Each array with two axes at least; new ones come first.

    Arguments are those of ``np.atleast_2d``.

    >>> atleast_2d(np.ones(3)).shape
    (1, 3)
    """
    return _each(lambda a: a if a.ndim >= 2 else np.reshape(a, (1, math.prod(a.shape))))(*arys)


@composite(np.atleast_3d)
def atleast_3d(*arys):
    """Each array with three axes at least: (n,) becomes (1, n, 1), (m, n) becomes (m, n, 1).

    Arguments are those of ``np.atleast_3d``.

    >>> atleast_3d(np.ones(3)).shape
    (1, 3, 1)
    """
    return _each(lambda a: a if a.ndim >= 3 else np.reshape(a, (*(1, 1, *a.shape)[-2:], 1)))(*arys)


# Axes in another order -----------------------------------------------------------------------------------------------


@implements(np.transpose)
@linear(a=lambda g, axes: np.transpose(g, None if axes is None else _back(g.ndim, axes)))
def transpose(a, axes=None):
    """Axes in another order (reversed by default).

    Arguments are those of ``np.transpose``.

    >>> transpose(np.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return np.transpose(a, axes)


permute_dims = transpose


def _back(ndim: int, axes: Any) -> tuple[int, ...]:
    """The order that undoes ``axes``; one axis may be named without a tuple."""
    return tuple(np.argsort([k % ndim for k in (axes if np.ndim(axes) else (axes,))]))


@implements(np.swapaxes)
@linear(a=lambda g, axis1, axis2: np.swapaxes(g, axis1, axis2))
def swapaxes(a, axis1, axis2):
    """Two axes exchanged.

    Arguments are those of ``np.swapaxes``.

    >>> swapaxes(np.ones((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    return np.swapaxes(a, axis1, axis2)


@composite(np.matrix_transpose)
def matrix_transpose(x, /):
    """The last two axes exchanged.

    Arguments are those of ``np.matrix_transpose``.

    >>> matrix_transpose(np.ones((4, 2, 3))).shape
    (4, 3, 2)
    """
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: shape {x.shape} is not a matrix. Fix: give at least 2 axes (x[:, None]).")
    return swapaxes(x, -1, -2)


@implements(np.moveaxis)
@linear(a=lambda g, source, destination: np.moveaxis(g, destination, source))
def moveaxis(a, source, destination):
    """Axes moved to other positions, the others in their order.

    Arguments are those of ``np.moveaxis``.

    >>> moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    return np.moveaxis(a, source, destination)


@composite(np.rollaxis)
def rollaxis(a, axis, start=0):
    """One axis moved to before the one at ``start`` (``moveaxis`` is clearer).

    Arguments are those of ``np.rollaxis``.

    >>> rollaxis(np.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    axis, start = entry.setting(axis, "rollaxis", "axis"), entry.setting(start, "rollaxis", "start")
    order = np.rollaxis(np.empty((1,) * a.ndim), axis, start)  # says what is wrong with the axes
    position, before = axis % order.ndim, start + order.ndim if start < 0 else start
    return moveaxis(a, position, before - (position < before))


# Repetition ----------------------------------------------------------------------------------------------------------


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


def _is_recorded(a: Any) -> bool:
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


# The other way round -------------------------------------------------------------------------------------------------


@implements(np.flip)
@linear(m=lambda g, axis: np.flip(g, axis))
def flip(m, axis=None):
    """Backwards along ``axis`` (an int, a tuple, or None for all).

    Arguments are those of ``np.flip``.

    >>> flip(np.arange(3.0))
    array([2., 1., 0.])
    """
    return np.flip(m, axis)


@composite(np.fliplr)
def fliplr(m):
    """Columns in reverse order.

    Arguments are those of ``np.fliplr``.

    >>> fliplr(np.array([[1.0, 2.0]]))
    array([[2., 1.]])
    """
    if m.ndim < 2:
        raise ValueError(f"fliplr: shape {m.shape} has no columns. Fix: flip(m), or give at least 2 axes.")
    return flip(m, 1)


@composite(np.flipud)
def flipud(m):
    """Rows in reverse order.

    Arguments are those of ``np.flipud``.

    >>> flipud(np.array([[1.0], [2.0]]))
    array([[2.],
           [1.]])
    """
    if m.ndim < 1:
        raise ValueError("flipud: a number has no rows. Fix: give at least 1 axis (m[None]).")
    return flip(m, 0)


@implements(np.rot90)
@linear(m=lambda g, k, axes: np.rot90(g, -k, axes))
def rot90(m, k=1, axes=(0, 1)):
    """Turned by k quarter turns in the plane of two axes, from the first towards the second.

    Arguments are those of ``np.rot90``.

    >>> rot90(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[2., 4.],
           [1., 3.]])
    """
    return np.rot90(m, k, axes)


@implements(np.roll)
@linear(a=lambda g, shift, axis: np.roll(g, np.negative(shift), axis))
def roll(a, shift, axis=None):
    """Moved round along ``axis``: what falls off the end comes in at the front (None: of all numbers in a row).

    Arguments are those of ``np.roll``.

    >>> roll(np.arange(4.0), 1)
    array([3., 0., 1., 2.])
    """
    return np.roll(a, shift, axis)


# The same numbers ----------------------------------------------------------------------------------------------------


@linear(name="astype", x=lambda g, x: _converted(g, x.dtype))
def _astype(x, dtype, order="K"):
    return x.astype(dtype) if order == "K" else x.astype(dtype, order=order)


def _converted(g: Any, dtype: Any) -> Any:
    return _astype(np.real(g) if np.iscomplexobj(g) and dtype.kind != "c" else g, dtype)


_AS_USUAL = {"order": "K", "casting": "unsafe", "subok": True, "copy": True}


def astype(x, dtype, order="K", casting="unsafe", subok=True, copy=True, device=None):
    """Converted to another dtype; the cotangent is converted back. Integers and booleans have no derivative.

    order, casting, subok, copy : as of ndarray's method

    Arguments are those of ``np.astype``.

    >>> astype(np.ones(2, np.float32), np.float64).dtype
    dtype('float64')
    """
    if not isinstance(x, Tensor):
        given = {"order": order, "casting": casting, "subok": subok, "copy": copy}
        return x.astype(dtype, **{k: v for k, v in given.items() if v != _AS_USUAL[k]})
    if not np.can_cast(x.dtype, dtype, casting):
        raise TypeError(f"astype: {x.dtype} does not become {np.dtype(dtype)} by casting={casting!r}.")
    if np.dtype(dtype).kind not in "fc":
        x = x.detach()
    if not copy and x.dtype == dtype and order == "K":
        return x
    return _astype(x, dtype) if order == "K" else _astype(x, dtype, order)


if hasattr(np, "astype"):  # NumPy ≥ 2.1
    implements(np.astype)(astype)


@composite(np.copy)
def copy(a, order="K", subok=False):
    """The same numbers in memory of their own, laid out by ``order``.

    Arguments are those of ``np.copy``.

    >>> copy(np.arange(2.0))
    array([0., 1.])
    """
    return _astype(a, a.dtype, order)
