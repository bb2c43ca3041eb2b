"""Choices: by index, by mask, by the first condition that holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from ...engine.registry import implements
from ...engine.tensor import Tensor, bare
from ...support.arrays import anyarray
from ..arithmetic.elementwise import where as _where
from ..composites import composite, refuse_out
from ..shapes.making import as_array
from ..shapes.shaping import astype, ravel
from .updating import At

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike, DTypeLike

__all__ = ["choose", "compress", "extract", "piecewise", "select", "take", "where"]


@composite(np.take)
def take(a, indices, axis=None, out=None, mode="raise"):
    """The slices of ``a`` at the indices along an axis (None: the flattened array's elements).

    mode : what an index out of bounds does: "raise", "wrap" round, or "clip" to the nearest

    >>> take(np.array([1.0, 2.0, 3.0]), [2, 0])
    array([3., 1.])
    """
    refuse_out("take", out)
    a = anyarray(a)
    if axis is None or (not a.ndim and axis in (0, -1)):
        a, axis = ravel(a), 0
    place, indices = normalize_axis_index(axis, a.ndim, "take"), bare(indices)
    indices = _in_bounds(anyarray(indices), a.shape[place], mode, "take")
    return a[(*[slice(None)] * place, indices)]


def _in_bounds(indices: AnyArray, n: int, mode: str, name: str) -> AnyArray:
    if indices.dtype.kind not in "iub":
        if indices.size:
            raise TypeError(f"{name}: {indices.dtype} indices. Fix: give integers (indices.astype(int)).")
        indices = indices.astype(int)
    if indices.dtype.kind == "b":
        indices = indices.astype(int)
    if mode == "raise":
        return indices
    if mode not in ("wrap", "clip"):
        raise ValueError(f"{name}: mode={mode!r}. Fix: give 'raise', 'wrap' or 'clip'.")
    return np.mod(indices, n) if mode == "wrap" else np.clip(indices, 0, n - 1)


@composite(np.compress)
def compress(condition, a, axis=None, out=None):
    """The slices along an axis (None: the elements) where the condition, one truth value for each, holds.

    Arguments are those of ``np.compress``.

    >>> compress([False, True], np.array([1.0, 2.0]))
    array([2.])
    """
    refuse_out("compress", out)
    if axis is None:
        a, axis = ravel(a), 0
    place = normalize_axis_index(axis, a.ndim, "compress")
    kept = np.zeros(a.shape[place], bool)
    kept[np.nonzero(bare(condition))] = True  # a short condition stands for no more than it says
    return a[(*[slice(None)] * place, kept)]


@composite(np.extract)
def extract(condition, arr):
    """The elements where the condition holds, in a row.

    Arguments are those of ``np.extract``.

    >>> extract([[True, False], [False, True]], np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([1., 4.])
    """
    return take(ravel(arr), np.nonzero(np.ravel(bare(condition)))[0])


@composite(np.choose, of_lists=True)
def choose(a, choices, out=None, mode="raise"):
    """At each place the element of the choice whose number stands in ``a``, all broadcast together.

    mode : what a number out of bounds does: "raise", "wrap" round, or "clip" to the nearest

    Arguments are those of ``np.choose``.

    >>> choose([1, 0], [np.array([1.0, 2.0]), np.array([10.0, 20.0])])
    array([10.,  2.])
    """
    refuse_out("choose", out)
    numbers = bare(a) if hasattr(a, "dtype") else np.asarray(a)
    choices = [_choice(c) for c in choices]
    count = len(choices)
    if mode == "raise" and numbers.size and (numbers.min() < 0 or numbers.max() >= count):
        raise ValueError(f"choose: a number outside of 0 … {count - 1}. Fix: mode='wrap' or mode='clip'.")
    numbers = _in_bounds(numbers, count, mode, "choose")
    shape = np.broadcast_shapes(numbers.shape, *map(np.shape, choices))
    dtype = np.result_type(*[bare(c) for c in choices])
    together = np.stack([np.broadcast_to(_of_dtype(c, dtype), shape) for c in choices])
    return np.take_along_axis(together, np.broadcast_to(numbers, shape)[None], 0)[0]


def _choice(x: ArrayLike) -> Any:
    """An array, or a Python number, which takes the dtype of what stands beside it."""
    return x if hasattr(x, "dtype") or type(x) in (int, float, complex) else as_array(x)


def _of_dtype(x: AnyArray, dtype: DTypeLike) -> AnyArray:
    return astype(x, dtype, copy=False) if isinstance(x, Tensor) else np.asarray(x, dtype)


@composite(np.select, of_lists=True)
def select(condlist, choicelist, default=0):
    """At each place the choice of the first condition that holds there, ``default`` where none does.

    Arguments are those of ``np.select``.

    >>> x = np.array([-1.0, 0.5, 2.0])
    >>> select([x < 0, x > 1], [0 * x, x**2], default=x)
    array([0. , 0.5, 4. ])
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(f"select: {len(condlist)} conditions for {len(choicelist)} choices. Fix: one for each.")
    conditions = [np.asarray(bare(c)) for c in condlist]
    for i, c in enumerate(conditions):
        if c.dtype != bool:
            raise TypeError(f"select: condition {i} is {c.dtype}, not boolean. Fix: condition != 0.")
    choices = [_choice(c) for c in choicelist]
    dtype = np.result_type(*[bare(c) for c in choices], bare(default))
    result = _of_dtype(default, dtype)
    for condition, choice in zip(conditions[::-1], choices[::-1], strict=True):
        result = _where(condition, _of_dtype(choice, dtype), result)
    return np.broadcast_to(result, np.broadcast_shapes(result.shape, *[c.shape for c in conditions]))


@composite(np.piecewise, of_lists=True)
def piecewise(x, condlist, funclist, *args, **kw):
    """At each place the function (or the number) of the last condition that holds there, 0 where none does.

    One more function than conditions: the last is for where none holds. A function is given the elements of x where
    its condition holds, and ``args`` and ``kw``; the result has x's dtype.

    Arguments are those of ``np.piecewise``.

    >>> piecewise(np.array([-2.0, 3.0]), [np.array([True, False])], [lambda x: -x, lambda x: x**2])
    array([2., 9.])
    """
    conditions: Any = bare(condlist)
    first = conditions if np.isscalar(conditions) else conditions[0]
    if np.isscalar(conditions) or (not isinstance(first, (list, np.ndarray)) and x.ndim != 0):
        conditions = [conditions]
    conditions = np.asarray(conditions, dtype=bool)
    if len(conditions) == len(funclist) - 1:
        conditions = np.concatenate([conditions, ~np.any(conditions, axis=0, keepdims=True)])
    if len(conditions) != len(funclist):
        count = len(conditions)
        raise ValueError(f"piecewise: {len(funclist)} functions for {count} conditions; give {count} or {count + 1}.")
    result: Any = Tensor(np.zeros_like(bare(x)))
    for condition, function in zip(conditions, funclist, strict=True):
        if not callable(function):
            result = At(result)[condition].set(function)
        elif condition.any():
            result = At(result)[condition].set(function(x[condition], *args, **kw))
    return result


@implements(np.where)
def where(condition, x=None, y=None, /):
    """``x`` where the condition holds, ``y`` elsewhere, broadcast together; of a condition alone, where it is not 0.

    >>> where(np.array([True, False]), 1.0, 2.0)
    array([1., 2.])
    >>> where(np.array([True, False]))
    (array([0]),)
    """
    if x is None and y is None:
        return np.nonzero(condition)
    if x is None or y is None:
        raise ValueError("where: one of x and y is missing. Fix: give both, or neither.")
    return _where(condition, x, y)
