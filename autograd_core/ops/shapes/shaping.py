"""The same numbers in another shape or dtype."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ...engine.forms import linear
from ...engine.registry import implements
from ...engine.tensor import Tensor, bare
from ..composites import composite
from .axes import transpose
from .making import as_array

if TYPE_CHECKING:
    from ...support.types import AnyArray, DType, Function

__all__ = [
    "astype", "atleast_1d", "atleast_2d", "atleast_3d", "copy", "expand_dims", "ravel", "reshape", "squeeze",
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


def _reads_rows(a: AnyArray, order: str, name: str) -> bool:
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


def _each(at_least: Function) -> Function:
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


# The same numbers ----------------------------------------------------------------------------------------------------


@linear(name="astype", x=lambda g, x: _converted(g, x.dtype))
def _astype(x, dtype, order="K"):
    return x.astype(dtype) if order == "K" else x.astype(dtype, order=order)


def _converted(g: AnyArray, dtype: DType) -> AnyArray:
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
