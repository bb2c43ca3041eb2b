"""Reading at an index and its adjoint, adding up at an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ...engine import entry
from ...engine.forms import linear
from ...engine.registry import implements
from ...engine.tensor import bare
from ...support.arrays import add_at, anyarray
from ..composites import composite
from ..precision import in_single

if TYPE_CHECKING:
    from ...support.types import AnyArray, Index

__all__ = [
    "getitem", "sliding_window_view", "take_along_axis", "trim_zeros",
]

_ndarray = np.ndarray
_USUAL = (int, _ndarray)

# Reading -------------------------------------------------------------------------------------------------------------


@linear(
    name="getitem",
    x=lambda g, x, index: _scatter(g, x.shape, index),
    add=lambda total, g, index: _add_at(total, g, index),
)
def _getitem(x, index):
    return x[index]


@linear(name="scatter", values=lambda g, index: _getitem(g, index))
@in_single
def _scatter(values, shape, index):
    if type(values) is _ndarray or isinstance(values, np.generic):
        out = np.zeros(shape, values.dtype)
    else:
        out = np.zeros_like(values, shape=shape)
    if _is_basic(index):
        out[index] = values
    else:
        add_at(out, index, values)
    return out


def _add_at(total: AnyArray, g: AnyArray, index: Index) -> None:
    """total[index] += g: n reads of one array cost n parts of it, not n arrays of zeros."""
    if _is_basic(index):
        total[index] += g
    else:
        add_at(total, index, g)


def getitem(x, index):
    """``x[index]`` for every index that NumPy knows; places read twice get the sum of both cotangents.

    >>> getitem(np.arange(4.0), [1, 3])
    array([1., 3.])
    """
    return _getitem(x, index if type(index) in _USUAL else entry.index(index))


def _is_basic(index: Index) -> bool:
    """True where an index reads each place at most once: numbers, slices, masks, None and the ellipsis."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(p is None or p is Ellipsis or isinstance(p, (int, np.integer, slice)) or _is_mask(p) for p in parts)


def _is_mask(index: Any) -> bool:
    return hasattr(index, "dtype") and index.dtype.kind == "b"


@composite(np.take_along_axis)
def take_along_axis(arr, indices, axis=-1):
    """Of each row along ``axis`` the elements at the row's own indices (None: of the flattened array).

    Arguments are those of ``np.take_along_axis``.

    >>> take_along_axis(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1], [0]]), axis=1)
    array([[2.],
           [3.]])
    """
    if axis is None:
        arr, axis = np.reshape(arr, (-1,)), 0
    return arr[_along("take_along_axis", arr, indices, axis)]


def _along(name: str, arr: AnyArray, indices: AnyArray, axis: int) -> tuple[Any, ...]:
    indices = bare(indices)
    indices = anyarray(indices)
    if indices.ndim != arr.ndim or indices.dtype.kind not in "iu":
        raise (IndexError if indices.dtype.kind not in "iu" else ValueError)(
            f"{name}: indices {indices.dtype} {indices.shape} for an array of shape {arr.shape}. "
            f"Fix: integers with {arr.ndim} axes (np.expand_dims)."
        )
    place = normalize_axis_index(axis, arr.ndim, name)
    others = [np.arange(n).reshape([-1 if k == i else 1 for i in range(arr.ndim)]) for k, n in enumerate(arr.shape)]
    return (*others[:place], indices, *others[place + 1 :])


@composite(np.trim_zeros)
def trim_zeros(filt, trim="fb", axis=None):
    """Without the zeros at the front ("f") and the back ("b"): of each axis, or of those named.

    Arguments are those of ``np.trim_zeros``.

    >>> trim_zeros(np.array([0.0, 1.0, 0.0]))
    array([1.])
    """
    trim = trim.lower()
    if trim not in ("fb", "bf", "f", "b"):
        raise ValueError(f"trim_zeros: trim={trim!r}. Fix: 'f' for the front, 'b' for the back, or 'fb'.")
    ndim = filt.ndim
    axes = range(ndim) if axis is None else normalize_axis_tuple(axis, ndim, "trim_zeros")
    found = np.argwhere(filt)
    first = found.min(axis=0) if len(found) else np.zeros(ndim, int)
    last = found.max(axis=0) + 1 if len(found) else first
    front, back = ("f" in trim or not len(found)), ("b" in trim or not len(found))
    return filt[
        tuple(
            slice(int(first[k]) if front else None, int(last[k]) if back else None) if k in axes else slice(None)
            for k in range(ndim)
        )
    ]


# Windows -------------------------------------------------------------------------------------------------------------


@implements(np.lib.stride_tricks.sliding_window_view)
@linear(x=lambda g, x, window_shape, axis: _overlap_add(g, x.shape, window_shape, axis))
def sliding_window_view(x, window_shape, axis=None, subok=False, writeable=False):
    """Every window of the given sides along ``axis`` (an int or a tuple; None: along all axes, one side for each).

    The places of the windows come first, the places in a window last. The result is a view: a number in many windows
    is stored once. Arguments are those of ``np.lib.stride_tricks.sliding_window_view``.

    >>> sliding_window_view(np.arange(4.0), 3)
    array([[0., 1., 2.],
           [1., 2., 3.]])
    """
    return np.lib.stride_tricks.sliding_window_view(x, window_shape, axis)


@linear(
    name="overlap_add",
    windows=lambda g, window_shape, axis: sliding_window_view(g, window_shape, axis),
)
def _overlap_add(windows, shape, window_shape, axis=None):
    """Adjoint of ``sliding_window_view``: every number is the sum of its copies in the windows."""
    sides = window_shape if np.ndim(window_shape) else (window_shape,)
    axes = range(len(shape)) if axis is None else axis if np.ndim(axis) else (axis,)
    out = np.zeros_like(windows, shape=shape)
    for place in np.ndindex(*map(int, sides)):
        start = [0] * len(shape)
        for k, p in zip(axes, place, strict=True):
            start[k] += p
        index = tuple(slice(p, p + n) for p, n in zip(start, windows.shape, strict=False))
        out[index] = out[index] + windows[(..., *place)]
    return out
