"""Calls that move elements: copies into, out of and beside other arrays, at slices or at whole-number indices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .form import Index, Program, Ref, Row
from .tracing.recorded import is_basic

if TYPE_CHECKING:
    from ..support.types import Array, ArrayLike, DType, Tree


class NotOurs(Exception):
    """The call has no rows: NumPy makes it."""


def input_of(program: Program, value: Any, dtype: DType, shape: tuple[int, ...]) -> Any:
    """An array as a ref over the iteration space; a number as one of the dtype in which it takes part."""
    if isinstance(value, np.ndarray):
        return program.ref(value).broadcast(shape)
    try:
        return dtype.type(value)
    except (TypeError, ValueError, OverflowError):
        raise NotOurs from None


def loop(program: Program, op: str, values: Any, types: Any, out: Array) -> Row:
    """One computation at every point of ``out``."""
    shape = out.shape
    inputs = tuple(input_of(program, v, t, shape) for v, t in zip(values, types, strict=False))
    return Row("loop", op, inputs, program.ref(out), tuple(types))


def copy(program: Program, value: Any, out: Any) -> Row:
    """A copy, with its change of dtype."""
    source = value.dtype if isinstance(value, np.ndarray) else out.dtype
    return loop(program, "copy", (value,), (source, out.dtype), out)


def copyto(
    program: Program, out: Array, value: ArrayLike, casting: str = "same_kind", where: ArrayLike = True
) -> list[Row]:
    """``np.copyto``."""
    if where is True:
        return [copy(program, value, out)]
    if not isinstance(where, np.ndarray):
        raise NotOurs
    return [loop(program, "select", (where, value, out), (np.dtype(bool), out.dtype, out.dtype, out.dtype), out)]


def setitem(program: Program, array: Array, index: Any, value: Any) -> list[Row]:
    """``array[index] = value``."""
    if is_basic(index):
        return (
            [copy(program, value, array[index])]
            if isinstance(array[index], np.ndarray)
            else [copy(program, value, array[(*(index if isinstance(index, tuple) else (index,)), ...)])]
        )
    part, indices = indexed(program, array, index)
    shape = part.shape
    source = value.dtype if isinstance(value, np.ndarray) else array.dtype
    row = Row("loop", "copy", (input_of(program, value, source, shape),), part, (source, array.dtype), scatter=indices)
    return [*_in_range(program, indices), row]


def add_at(program: Program, array: Array, index: Any, values: Any) -> list[Row]:
    """``np.add.at(array, index, values)``: a place that comes twice counts twice."""
    part, indices = indexed(program, array, index)
    source = values.dtype if isinstance(values, np.ndarray) else array.dtype
    if source != array.dtype:
        raise NotOurs
    value = input_of(program, values, source, part.shape)
    row = Row("loop", "add at", (value,), part, (source, source), scatter=indices)
    return [*_in_range(program, indices), row]


def getitem(program: Program, out: Array, array: Any, index: Tree) -> list[Row]:
    """``array[index]`` by arrays, into ``out``."""
    if not isinstance(array, np.ndarray):
        raise NotOurs
    part, indices = indexed(program, array, index)
    if part.shape != out.shape:
        raise NotOurs
    row = Row("loop", "copy", (part,), program.ref(out), (array.dtype, out.dtype), gather=indices)
    return [*_in_range(program, indices), row]


def take(
    program: Program, out: Array, array: Array, index: Any, axis: int | None = None, mode: str = "raise"
) -> list[Row]:
    """``np.take``."""
    if axis is None or mode != "raise" or not isinstance(index, np.ndarray):
        raise NotOurs
    return getitem(program, out, array, (*(slice(None),) * (axis % array.ndim), index))


def indexed(program: Program, array: Array, index: Tree) -> tuple[Ref, tuple[Index, ...]]:
    """Indexing by whole-number arrays that stand beside each other, the other axes whole."""
    parts = list(index) if isinstance(index, tuple) else [index]
    if any(p is None or p is Ellipsis or isinstance(p, bool) for p in parts):
        raise NotOurs
    places = [k for k, p in enumerate(parts) if isinstance(p, np.ndarray)]
    if not places or places != list(range(places[0], places[-1] + 1)):
        raise NotOurs
    if any(p != slice(None) for k, p in enumerate(parts) if k not in places):
        raise NotOurs
    arrays = [parts[k] for k in places]
    if any(a.dtype.kind not in "iu" for a in arrays) or array.size == 0:
        raise NotOurs
    middle = np.broadcast_shapes(*(a.shape for a in arrays))
    before, after = array.shape[: places[0]], array.shape[places[-1] + 1 :]
    shape = (*before, *middle, *after)
    base = program.ref(array)
    strides = (*base.strides[: len(before)], *(0,) * len(middle), *base.strides[len(array.shape) - len(after) :])
    indices = []
    for k, a in zip(places, arrays, strict=True):
        ref = program.ref(a).broadcast(middle)
        ref = ref._replace(shape=shape, strides=(*(0,) * len(before), *ref.strides, *(0,) * len(after)))
        indices.append(Index(ref, base.strides[k], array.shape[k]))
    return base._replace(shape=shape, strides=strides), tuple(indices)


def _in_range(program: Program, indices: tuple[Index, ...]) -> list[Row]:
    """Checks of the indices: memory behind an array must not be touched. Eager says what is wrong."""
    rows = []
    flag = np.dtype(bool)
    for index in indices:
        source = index.ref
        good, all_good = program.new(source.shape, flag), program.new((), flag)
        inside = Row("loop", "inside", (source, np.int64(index.length)), good, (source.dtype, np.dtype(np.int64), flag))
        rows.append(inside)
        total = all_good._replace(shape=source.shape, strides=(0,) * len(source.shape))
        kind = "reduce" if source.shape else "loop"
        rows.append(Row(kind, "logical_and" if source.shape else "copy", (good,), total, (flag, flag)))
        rows.append(Row("check", "truth", (all_good,), types=(flag,)))
    return rows


def reshape(program: Program, out: Array, array: Array, shape: Any, order: str = "C") -> list[Row]:
    """``np.reshape``."""
    target = out.reshape(array.shape)
    if order != "C" or (target.size and not np.may_share_memory(target, out)):
        raise NotOurs
    return [copy(program, array, target)]


def concatenate(program: Program, out: Array, arrays: Any, axis: int | None = 0) -> list[Row]:
    """``np.concatenate``."""
    if not all(isinstance(a, np.ndarray) for a in arrays):
        raise NotOurs
    rows, start = [], 0
    before = (slice(None),) * (0 if axis is None else axis % out.ndim)
    for a in arrays:
        stop = start + (a.size if axis is None else a.shape[axis])
        part = out[(*before, slice(start, stop))]
        rows += reshape(program, part, a, part.shape) if axis is None else [copy(program, a, part)]
        start = stop
    return rows


def stack(program: Program, out: Any, arrays: Any, axis: int = 0) -> list[Row]:
    """``np.stack``."""
    if not all(isinstance(a, np.ndarray) for a in arrays):
        raise NotOurs
    before = (slice(None),) * (axis % out.ndim)
    return [copy(program, a, out[(*before, k, ...)]) for k, a in enumerate(arrays)]
