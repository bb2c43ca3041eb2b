"""Arrays joined, split, repeated, and extended by others."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...engine import entry
from ...engine.forms import linear
from ...engine.registry import implements
from ...engine.tensor import Tensor, bare
from ...support.arrays import anyarray
from ..composites import composite, refuse_out
from ..places.indexing import _scatter
from .making import as_array, together
from .shaping import astype, atleast_2d, atleast_3d, ravel, reshape

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = [
    "append", "array_split", "block", "column_stack", "concat", "concatenate", "delete", "dsplit", "dstack", "hsplit",
    "hstack", "insert", "repeat", "resize", "row_stack", "split", "stack", "tile", "unstack", "vsplit", "vstack",
]


# Joining -------------------------------------------------------------------------------------------------------------


def _slab(g: AnyArray, arrays: Any, axis: int, index: int) -> AnyArray:
    start = sum(a.shape[axis] for a in arrays[:index])
    place = [slice(None)] * arrays[index].ndim
    place[axis] = slice(start, start + arrays[index].shape[axis])
    return g[tuple(place)]


@linear(name="concatenate", arrays=lambda g, arrays, axis, index: _slab(g, arrays, axis, index))
def _concatenate(*arrays, axis=0):
    return np.concatenate(arrays, axis=axis)


@implements(np.concatenate)
def concatenate(arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind"):
    """Arrays joined along an existing axis (None: flattened first).

    dtype, casting : what the arrays are converted to (their common dtype by default), and how freely

    Arguments are those of ``np.concatenate``.

    >>> concatenate([np.zeros(2), np.ones(1)])
    array([0., 0., 1.])
    """
    refuse_out("concatenate", out)
    if dtype is not None:
        arrays = [astype(anyarray(a), dtype, casting=casting) for a in arrays]
    if axis is None:
        arrays, axis = [ravel(a) for a in arrays], 0
    return _concatenate(*arrays, axis=axis)


concat = concatenate


@implements(np.stack)
def stack(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    """Arrays of one shape joined along a new axis.

    Arguments are those of ``np.stack``.

    >>> stack([np.zeros(2), np.ones(2)], axis=1)
    array([[0., 1.],
           [0., 1.]])
    """
    arrays = [as_array(a) for a in together(arrays, "stack")]
    if len({a.shape for a in arrays}) > 1:
        shapes = ", ".join(str(a.shape) for a in arrays)
        raise ValueError(f"stack: arrays of shapes {shapes}; all must have one shape. Fix: concatenate, or reshape.")
    if arrays:
        shape = arrays[0].shape
        axis = normalize_axis_index(axis, len(shape) + 1)
        arrays = [reshape(a, (*shape[:axis], 1, *shape[axis:])) for a in arrays]
    return concatenate(arrays, axis, out, dtype=dtype, casting=casting)


@composite(np.vstack, of_lists=True)
def vstack(tup, *, dtype=None, casting="same_kind"):
    """Arrays below one another; vectors are rows.

    Arguments are those of ``np.vstack``.

    >>> vstack([np.zeros(2), np.ones(2)])
    array([[0., 0.],
           [1., 1.]])
    """
    return concatenate([atleast_2d(a) for a in together(tup, "vstack")], dtype=dtype, casting=casting)


row_stack = vstack


@composite(np.hstack, of_lists=True)
def hstack(tup, *, dtype=None, casting="same_kind"):
    """Arrays beside one another: along the second axis, vectors along their only one.

    Arguments are those of ``np.hstack``.

    >>> hstack([np.zeros(2), np.ones(1)])
    array([0., 0., 1.])
    """
    arrays = [np.atleast_1d(a) for a in together(tup, "hstack")]
    return concatenate(arrays, 0 if arrays and arrays[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@composite(np.dstack, of_lists=True)
def dstack(tup):
    """Arrays behind one another, along the third axis.

    Arguments are those of ``np.dstack``.

    >>> dstack([np.zeros(2), np.ones(2)]).shape
    (1, 2, 2)
    """
    return concatenate([atleast_3d(a) for a in together(tup, "dstack")], 2)


@composite(np.column_stack, of_lists=True)
def column_stack(tup):
    """Vectors as columns, matrices as they are, beside one another.

    Arguments are those of ``np.column_stack``.

    >>> column_stack([np.zeros(2), np.ones(2)])
    array([[0., 1.],
           [0., 1.]])
    """
    return concatenate([a if np.ndim(a) >= 2 else np.reshape(a, (-1, 1)) for a in together(tup, "column_stack")], 1)


@composite(np.block, of_lists=True)
def block(arrays):
    """A matrix of blocks: nested lists are joined along the last axis innermost, along the one before it around, ….

    Arguments are those of ``np.block``.

    >>> block([[np.eye(1), np.zeros((1, 1))], [np.ones((1, 2))]])
    array([[1., 0.],
           [1., 1.]])
    """
    np.block(_shapes_only(arrays))  # says what is wrong with the nesting and the shapes
    depth, inner = 0, arrays
    while isinstance(inner, list):
        depth, inner = depth + 1, inner[0]
    return _joined(arrays, depth, max(depth, *map(np.ndim, _innermost(arrays))))


def _shapes_only(arrays: Any) -> Any:
    if isinstance(arrays, list):
        return [_shapes_only(a) for a in arrays]
    return arrays if isinstance(arrays, tuple) else np.broadcast_to(False, np.shape(arrays))


def _innermost(arrays: Any) -> list[AnyArray]:
    return [a for part in arrays for a in _innermost(part)] if isinstance(arrays, list) else [arrays]


def _joined(arrays: Any, depth: int, ndim: int) -> AnyArray:
    if isinstance(arrays, list):
        return concatenate([_joined(a, depth - 1, ndim) for a in arrays], -depth)
    shape = np.shape(arrays)
    return np.reshape(arrays, (*[1] * (ndim - len(shape)), *shape))


@composite(np.append)
def append(arr, values, axis=None):
    """``values`` after ``arr`` along an axis (None: both flattened).

    >>> append(np.zeros(2), 1.0)
    array([0., 0., 1.])
    """
    if axis is None:
        arr, values = ravel(arr), ravel(values)
    return concatenate([arr, values], axis)


# Splitting -----------------------------------------------------------------------------------------------------------


@composite(np.array_split)
def array_split(ary, indices_or_sections, axis=0):
    """Pieces along an axis: so many, the first ones longer by one where they must be; or cut before the indices.

    Arguments are those of ``np.array_split``.

    >>> array_split(np.arange(3.0), 2)
    [array([0., 1.]), array([2.])]
    """
    place = normalize_axis_index(axis, ary.ndim, "array_split")
    given = entry.setting(indices_or_sections, "array_split", "indices_or_sections")
    n = ary.shape[place]
    if np.ndim(given):
        points = [0, *given, n]
    else:
        if given <= 0:
            raise ValueError("array_split: the number of sections must be larger than 0.")
        points = np.cumsum([0, *map(len, np.array_split(np.empty(n), int(given)))]).tolist()
    return [ary[(*[slice(None)] * place, slice(p, q))] for p, q in pairwise(points)]


@composite(np.split)
def split(ary, indices_or_sections, axis=0):
    """``array_split`` into pieces of one length.

    Arguments are those of ``np.split``.

    >>> split(np.arange(4.0), 2)
    [array([0., 1.]), array([2., 3.])]
    """
    n = ary.shape[normalize_axis_index(axis, ary.ndim, "split")]
    indices_or_sections = entry.setting(indices_or_sections, "split", "indices_or_sections")
    if not np.ndim(indices_or_sections) and n % indices_or_sections:
        raise ValueError(
            f"split: {n} elements along axis {axis} into {indices_or_sections} pieces of one length. "
            "Fix: array_split."
        )
    return array_split(ary, indices_or_sections, axis)


@composite(np.hsplit)
def hsplit(ary, indices_or_sections):
    """``split`` along the second axis, of vectors along their only one.

    Arguments are those of ``np.hsplit``.

    >>> hsplit(np.arange(2.0), 2)
    [array([0.]), array([1.])]
    """
    _needs_axes("hsplit", ary, 1)
    return split(ary, indices_or_sections, 1 if ary.ndim > 1 else 0)


@composite(np.vsplit)
def vsplit(ary, indices_or_sections):
    """``split`` along the first axis of two or more.

    Arguments are those of ``np.vsplit``.

    >>> vsplit(np.ones((2, 3)), 2)[0]
    array([[1., 1., 1.]])
    """
    _needs_axes("vsplit", ary, 2)
    return split(ary, indices_or_sections, 0)


@composite(np.dsplit)
def dsplit(ary, indices_or_sections):
    """``split`` along the third axis.

    Arguments are those of ``np.dsplit``.

    >>> dsplit(np.ones((1, 1, 2)), 2)[0]
    array([[[1.]]])
    """
    _needs_axes("dsplit", ary, 3)
    return split(ary, indices_or_sections, 2)


def _needs_axes(name: str, ary: AnyArray, least: int) -> None:
    if ary.ndim < least:
        raise ValueError(f"{name}: shape {ary.shape} has fewer than {least} axes. Fix: split, or reshape.")


def unstack(x, /, *, axis=0):
    """The slices along an axis, which vanishes.

    Arguments are those of ``np.unstack``.

    >>> unstack(np.arange(2.0))
    (np.float64(0.0), np.float64(1.0))
    """
    if x.ndim == 0:
        raise ValueError("unstack: a number has no slices. Fix: give at least 1 axis (x[None]).")
    place = normalize_axis_index(axis, x.ndim, "unstack")
    return tuple(x[(*[slice(None)] * place, i)] for i in range(x.shape[place]))


if hasattr(np, "unstack"):  # NumPy ≥ 2.1
    implements(np.unstack)(unstack)


# Repetition ----------------------------------------------------------------------------------------------------------


def _unrepeat(g: AnyArray, shape: tuple[int, ...], repeats: Any, axis: int | None) -> AnyArray:
    """Adjoint of repetition: every element gets the sum over its copies."""
    if axis is None:
        return np.reshape(_unrepeat(g, (math.prod(shape),), repeats, 0), shape)
    axis %= len(shape)
    if np.size(repeats) == 1:
        each = int(np.reshape(repeats, ()))
        return np.sum(np.reshape(g, (*shape[: axis + 1], each, *shape[axis + 1 :])), axis=axis + 1)
    origin = np.repeat(np.arange(shape[axis]), repeats)
    return _scatter(g, shape=shape, index=(*[slice(None)] * axis, origin))


@linear(name="repeat", a=lambda g, a, repeats, axis: _unrepeat(g, a.shape, repeats, axis))
def _repeat(a, repeats, axis=None):
    return np.repeat(a, repeats, axis=axis)


@implements(np.repeat)
def repeat(a, repeats, axis=None):
    """Each slice along ``axis`` so many times in a row, the same for all or one number for each (None: flattened).

    Arguments are those of ``np.repeat``.

    >>> repeat(np.array([1.0, 2.0]), [1, 2])
    array([1., 2., 2.])
    """
    return _repeat(a if np.ndim(a) else np.reshape(a, (1,)), bare(repeats), axis)


@composite(np.tile)
def tile(A, reps):
    """The whole array so many times along each axis; axes are added in front where ``reps`` names more.

    Arguments are those of ``np.tile``.

    >>> tile(np.array([1.0, 2.0]), 2)
    array([1., 2., 1., 2.])
    """
    times = tuple(bare(reps)) if np.ndim(bare(reps)) else (bare(reps),)
    ndim = max(A.ndim, len(times))
    times, sides = (1,) * (ndim - len(times)) + times, (1,) * (ndim - A.ndim) + A.shape
    apart = np.reshape(A, [n for side in sides for n in (1, side)])
    copies = np.broadcast_to(apart, tuple(n for pair in zip(times, sides, strict=True) for n in pair))
    return np.reshape(copies, tuple(r * n for r, n in zip(times, sides, strict=True)))


@composite(np.resize)
def resize(a, new_shape):
    """The numbers in C order, over and over, until the new shape is full (zeros where there are none).

    Arguments are those of ``np.resize``.

    >>> resize(np.array([1.0, 2.0]), 3)
    array([1., 2., 1.])
    """
    new_shape = (new_shape,) if isinstance(new_shape, (int, np.integer)) else tuple(new_shape)
    size = math.prod(new_shape)
    if min(new_shape, default=0) < 0:
        raise ValueError(f"resize: the sides of the new shape {new_shape} must not be negative.")
    if not a.size:
        return np.reshape(concatenate([ravel(a), np.zeros(size, a.dtype)]), new_shape)
    return np.reshape(tile(ravel(a), -(-size // a.size))[:size], new_shape)


# What comes in and what goes out -------------------------------------------------------------------------------------


@composite(np.insert)
def insert(arr, obj, values, axis=None):
    """``values``, in arr's dtype, before the places ``obj`` along an axis (None: of the flattened array).

    >>> insert(np.array([1.0, 2.0]), 1, 9.0)
    array([1., 9., 2.])
    """
    arr, values = (a if isinstance(a, Tensor) else np.asarray(a) for a in (arr, values))
    values = astype(values, arr.dtype, casting="unsafe" if not isinstance(values, Tensor) else "same_kind")
    own, new = np.arange(arr.size).reshape(arr.shape), np.arange(values.size).reshape(values.shape)
    origin = np.insert(own, bare(obj), arr.size + new, axis)
    return np.reshape(concatenate([ravel(arr), ravel(values)])[np.ravel(origin)], origin.shape)


@composite(np.delete)
def delete(arr, obj, axis=None):
    """Without the slices at ``obj`` (an int, a slice, integers or truth values) along an axis (None: flattened).

    Arguments are those of ``np.delete``.

    >>> delete(np.array([1.0, 2.0, 3.0]), [0, 2])
    array([2.])
    """
    if axis is None:
        arr, axis = ravel(arr), 0
    place = normalize_axis_index(axis, arr.ndim, "delete")
    kept = np.zeros(arr.shape[place], bool)
    kept[np.delete(np.arange(arr.shape[place]), bare(obj))] = True
    return arr[(*[slice(None)] * place, kept)]
