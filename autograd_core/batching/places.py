"""Parts of batched arrays: indices, and the functions that take and put along an axis."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .batched import RULES, Batched, Level, aligned, depends_on_values, full, holds, in_a_loop, is_on
from .elementwise import for_each, shifted
from .shapes import rule

if TYPE_CHECKING:
    from ..support.types import AnyArray, Axis, Function, Index


def _parts(index: Index) -> tuple[Any, ...]:
    return index if isinstance(index, tuple) else (index,)


def _is_basic(parts: Any) -> bool:
    return all(
        p is None or p is Ellipsis or type(p) is slice or isinstance(p, (int, np.integer)) for p in parts
    ) and not any(isinstance(p, bool) for p in parts)


@rule(operator.getitem)
def _getitem(level: Level, x: Batched, index: Index) -> AnyArray:
    parts = _parts(index)
    if holds(level, *parts):
        return _gathered(level, x, parts)
    if _is_basic(parts):
        return Batched(x.array[(slice(None), *parts)], level)
    if any(_is_slice_of_batched(p) for p in parts):
        return in_a_loop(operator.getitem, level, (x, index), {})
    found = x.array[(slice(None), *parts)]
    ahead = _axes_ahead(parts)
    return Batched(np.moveaxis(found, ahead, 0) if ahead else found, level)


def _is_slice_of_batched(p: Any) -> bool:
    return type(p) is slice and any(type(v) is Batched for v in (p.start, p.stop, p.step))


def _axes_ahead(parts: Any) -> int:
    """How many axes NumPy puts in front of all others: those of index arrays that do not stand side by side."""
    kinds = [not (p is None or p is Ellipsis or type(p) is slice) for p in parts]  # a whole number joins the arrays
    first, last = kinds.index(True), len(kinds) - kinds[::-1].index(True)
    if all(kinds[first:last]):
        return 0
    arrays = [np.asarray(p) if not hasattr(p, "shape") else p for p, k in zip(parts, kinds, strict=True) if k]
    return max(1 if a.dtype == bool else a.ndim for a in arrays)


def _gathered(level: Level, x: Batched, parts: tuple[AnyArray, ...]) -> AnyArray:
    """x[i] with indices that differ from example to example."""
    arrays = [p for p in parts if is_on(level, p)]
    if any(p.dtype == bool for p in arrays):
        raise depends_on_values("an index by truth values")
    if not all(isinstance(p, (int, np.integer)) or hasattr(p, "dtype") for p in parts) or _has_truth_values(parts):
        return in_a_loop(operator.getitem, level, (x, parts), {})
    ndim = max(np.ndim(p) for p in parts)
    places = tuple(aligned(level, p, ndim) for p in parts)
    if not is_on(level, x):
        return Batched(x[places], level)
    examples = np.arange(level.size).reshape(-1, *(1,) * ndim)
    return Batched(x.array[(examples, *places)], level)


def _has_truth_values(parts: tuple[AnyArray, ...]) -> bool:
    return any(isinstance(p, bool) or getattr(p, "dtype", np.dtype(int)).kind == "b" for p in parts)


@rule(operator.setitem)
def _setitem(level: Level, x: Any, index: Index, value: Any) -> None:
    parts = _parts(index)
    if not is_on(level, x):
        raise TypeError(
            f"vmap: an element of an array of {x.dtype} {np.shape(x)}, the same for all examples, is set to a value "
            "that is not. Fix: make the array beside a batched one, np.zeros_like(x, shape=...)."
        )
    if _is_basic(parts):
        place = x.array[(slice(None), *parts)]
        place[...] = aligned(level, value, place.ndim - 1) if is_on(level, value) else value
    elif len(parts) == 1 and getattr(parts[0], "dtype", np.dtype(int)).kind == "b" and np.ndim(value) == 0:
        where = aligned(level, parts[0], x.ndim) if is_on(level, parts[0]) else parts[0]
        shape = (*np.shape(parts[0]), *(1,) * (x.ndim - np.ndim(parts[0])))
        where = np.reshape(where, (level.size, *shape) if is_on(level, parts[0]) else shape)
        np.copyto(x.array, aligned(level, value, x.ndim), where=where, casting="unsafe")
    else:
        for b in range(level.size):
            place = tuple(p.array[b] if is_on(level, p) else p for p in parts)
            x.array[b][place] = value.array[b] if is_on(level, value) else value


@rule(np.take)
def _take(
    level: Level, a: Any, indices: Any, axis: Any = None, out: AnyArray | None = None, mode: Any = "raise"
) -> AnyArray:
    if out is not None:
        return in_a_loop(np.take, level, (a, indices, axis, out, mode), {})
    if axis is None:
        a, axis = np.reshape(a, (-1,)), 0
    axis = normalize_axis_index(axis, np.ndim(a))
    if not is_on(level, indices):
        return Batched(np.take(a.array, indices, axis + 1, mode=mode), level)
    m = indices.ndim
    if not is_on(level, a):
        return Batched(np.moveaxis(np.take(a, indices.array, axis, mode=mode), axis, 0), level)
    if mode != "raise":
        return in_a_loop(np.take, level, (a, indices, axis, None, mode), {})
    found = np.moveaxis(a.array, axis + 1, 1)[np.arange(level.size).reshape(-1, *(1,) * m), indices.array]
    return Batched(np.moveaxis(found, tuple(range(1, m + 1)), tuple(range(axis + 1, axis + 1 + m))), level)


@rule(np.take_along_axis)
def _take_along_axis(level: Level, arr: AnyArray, indices: AnyArray, axis: Axis = -1) -> AnyArray:
    if axis is None:
        arr, axis = np.reshape(arr, (-1,)), 0
    return Batched(np.take_along_axis(full(level, arr), full(level, indices), shifted(axis, np.ndim(arr))), level)


@rule(np.put_along_axis)
def _put_along_axis(level: Level, arr: Any, indices: AnyArray, values: AnyArray, axis: Axis) -> None:
    if not is_on(level, arr) or axis is None:
        return in_a_loop(np.put_along_axis, level, (arr, indices, values, axis), {})
    values = aligned(level, values, arr.ndim)
    np.put_along_axis(arr.array, full(level, indices), values, shifted(axis, arr.ndim))
    return None


@for_each
def _of_values(function: Function) -> None:
    def refuse(level: Level, *args: object, **kwargs: object) -> Any:
        raise depends_on_values(f"np.{function.__name__}")

    RULES[function] = refuse


_of_values(np.nonzero, np.flatnonzero, np.argwhere, np.unique, np.extract, np.array_equal, np.allclose)
_where = RULES[np.where]
RULES[np.where] = lambda level, *args, **kwargs: (
    RULES[np.nonzero](level, *args) if len(args) == 1 else _where(level, *args, **kwargs)
)
