"""The arrangement of batched arrays: shapes, axes, joins, parts, filled arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from .batched import RULES, Batched, Level, aligned, bare, full, holds, in_a_loop, is_on, wrapped
from .elementwise import for_each, shifted

if TYPE_CHECKING:
    from ..support.types import AnyArray, Axis, DTypeLike, Function


def rule(*functions: Any) -> Function:
    """Decorator: what these functions do on batched arrays."""

    def register(answer: Function) -> Function:
        RULES.update(dict.fromkeys(functions, answer))
        return answer

    return register


@rule(np.reshape)
def _reshape(
    level: Level, a: Batched, shape: Any = None, order: Any = "C", *, newshape: Any = None, copy: Any = None
) -> AnyArray:
    shape = newshape if shape is None else shape
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    if order not in ("C", "A"):
        return in_a_loop(np.reshape, level, (a, shape, order), {})
    if -1 in shape and not a.size:  # of no examples or no elements NumPy cannot tell the size that is left out
        shape = np.empty(a.shape).reshape(shape).shape
    return Batched(np.reshape(a.array, (a.array.shape[0], *shape)), level)


@rule(np.ravel)
def _ravel(level: Level, a: AnyArray, order: Any = "C") -> AnyArray:
    return _reshape(level, a, (a.size,), order)


@rule(np.transpose, np.permute_dims)
def _transpose(level: Level, a: Batched, axes: Any = None) -> AnyArray:
    axes = tuple(range(a.ndim))[::-1] if axes is None else normalize_axis_tuple(axes, a.ndim)
    return Batched(np.transpose(a.array, (0, *(k + 1 for k in axes))), level)


@rule(np.matrix_transpose, np.linalg.matrix_transpose)
def _matrix_transpose(level: Level, x: Batched) -> AnyArray:
    return Batched(np.swapaxes(x.array, *shifted((-1, -2), x.ndim)), level)


@rule(np.swapaxes)
def _swapaxes(level: Level, a: Batched, axis1: int, axis2: int) -> AnyArray:
    return Batched(np.swapaxes(a.array, shifted(axis1, a.ndim), shifted(axis2, a.ndim)), level)


@rule(np.moveaxis)
def _moveaxis(level: Level, a: Any, source: Any, destination: Any) -> AnyArray:
    return Batched(np.moveaxis(a.array, shifted(source, a.ndim), shifted(destination, a.ndim)), level)


@rule(np.rollaxis)
def _rollaxis(level: Level, a: Any, axis: int, start: int = 0) -> AnyArray:
    start = start + a.ndim if start < 0 else start
    return Batched(np.rollaxis(a.array, shifted(axis, a.ndim), start + 1), level)


@rule(np.expand_dims)
def _expand_dims(level: Level, a: Batched, axis: Any) -> AnyArray:
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else (axis,)
    return Batched(np.expand_dims(a.array, shifted(axes, a.ndim + len(axes))), level)


@rule(np.squeeze)
def _squeeze(level: Level, a: Batched, axis: Axis = None) -> AnyArray:
    axes = tuple(k for k, n in enumerate(a.shape) if n == 1) if axis is None else axis
    return Batched(np.squeeze(a.array, shifted(axes, a.ndim)), level)


@rule(np.broadcast_to)
def _broadcast_to(level: Level, array: AnyArray, shape: Any, subok: bool = False) -> AnyArray:
    shape = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    return Batched(np.broadcast_to(aligned(level, array, len(shape)), (level.size, *shape)), level)


@rule(np.broadcast_arrays)
def _broadcast_arrays(level: Level, *args: Any, subok: bool = False) -> Any:
    shape = np.broadcast_shapes(*map(np.shape, args))
    return tuple(_broadcast_to(level, a, shape) if is_on(level, a) else np.broadcast_to(a, shape) for a in args)


def _at_least(n: int, function: Function) -> None:
    def answer(level: Level, *arrays: Any) -> Any:
        found = [_widened(level, a, n) if is_on(level, a) else function(a) for a in arrays]
        return found[0] if len(found) == 1 else tuple(found)

    RULES[function] = answer


def _widened(level: Level, a: AnyArray, n: int) -> AnyArray:
    if a.ndim >= n:
        return a
    if n == 3 and a.ndim:
        return a[None, :, None] if a.ndim == 1 else a[:, :, None]
    return _reshape(level, a, (1,) * (n - a.ndim) + tuple(a.shape))


for _n, _f in ((1, np.atleast_1d), (2, np.atleast_2d), (3, np.atleast_3d)):
    _at_least(_n, _f)


# Joins and parts -----------------------------------------------------------------------------------------------------


@rule(np.concatenate, np.concat)
def _concatenate(level: Level, arrays: Any, axis: Axis = 0, out: Any = None, **kwargs: Any) -> AnyArray:
    parts = [a if np.ndim(a) else np.reshape(a, (1,)) for a in arrays] if axis is None else list(arrays)
    if axis is None:
        parts, axis = [np.reshape(a, (-1,)) for a in parts], 0
    joined = np.concatenate([full(level, a) for a in parts], axis=shifted(axis, np.ndim(parts[0])), **kwargs)
    return _stored(level, joined, out)


@rule(np.stack)
def _stack(level: Level, arrays: Any, axis: int = 0, out: Any = None, **kwargs: Any) -> AnyArray:
    parts = list(arrays)
    at = normalize_axis_index(axis, np.ndim(parts[0]) + 1) + 1
    return _stored(level, np.stack([full(level, a) for a in parts], axis=at, **kwargs), out)


def _stored(level: Level, result: Any, out: AnyArray) -> AnyArray:
    if out is None:
        return Batched(result, level)
    out[...] = Batched(result, level)
    return out


@rule(np.hstack)
def _hstack(level: Level, tup: Any, **kwargs: Any) -> Any:
    parts = [np.atleast_1d(a) for a in tup]
    return np.concatenate(parts, axis=0 if np.ndim(parts[0]) == 1 else 1, **kwargs)


@rule(np.vstack)
def _vstack(level: Level, tup: Any, **kwargs: Any) -> Any:
    return np.concatenate([np.atleast_2d(a) for a in tup], axis=0, **kwargs)


@rule(np.dstack)
def _dstack(level: Level, tup: Any) -> Any:
    return np.concatenate([np.atleast_3d(a) for a in tup], axis=2)


@rule(np.column_stack)
def _column_stack(level: Level, tup: Any) -> Any:
    return np.concatenate([a if np.ndim(a) > 1 else np.atleast_2d(a).T for a in tup], axis=1)


@for_each
def _splitting(function: Function) -> None:
    def answer(level: Level, ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
        return wrapped(level, function(ary.array, indices_or_sections, shifted(axis, ary.ndim)))

    RULES[function] = answer


_splitting(np.split, np.array_split)
RULES[np.hsplit] = lambda level, ary, parts: np.split(ary, parts, 0 if ary.ndim == 1 else 1)
RULES[np.vsplit] = lambda level, ary, parts: np.split(ary, parts, 0)
RULES[np.dsplit] = lambda level, ary, parts: np.split(ary, parts, 2)
if hasattr(np, "unstack"):
    RULES[np.unstack] = lambda level, x, axis=0: tuple(np.moveaxis(x, axis, 0))


# The same elements elsewhere -----------------------------------------------------------------------------------------


@rule(np.roll)
def _roll(level: Level, a: Batched, shift: Any, axis: Axis = None) -> AnyArray:
    if not is_on(level, a) or holds(level, shift):
        return in_a_loop(np.roll, level, (a, shift, axis), {})
    if axis is None:
        return Batched(np.reshape(np.roll(np.reshape(a.array, (level.size, -1)), shift, 1), a.array.shape), level)
    return Batched(np.roll(a.array, shift, shifted(axis, a.ndim)), level)


@rule(np.rot90)
def _rot90(level: Level, m: Batched, k: int = 1, axes: Any = (0, 1)) -> AnyArray:
    return Batched(np.rot90(m.array, k, shifted(tuple(axes), m.ndim)), level)


RULES[np.flipud] = lambda level, m: np.flip(m, 0)
RULES[np.fliplr] = lambda level, m: np.flip(m, 1)


@rule(np.tile)
def _tile(level: Level, A: AnyArray, reps: Any) -> Any:
    reps = tuple(reps) if isinstance(reps, (tuple, list, np.ndarray)) else (reps,)
    reps = (1,) * (A.ndim - len(reps)) + reps
    return Batched(np.tile(aligned(level, A, len(reps)), (1, *reps)), level)


@rule(np.pad)
def _pad(level: Level, array: Batched, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> AnyArray:
    settings = kwargs.values()
    plain = all(np.ndim(v) == 0 for v in settings if not isinstance(v, str))
    if not is_on(level, array) or isinstance(pad_width, dict) or not plain or callable(mode) or holds(level, *settings):
        return in_a_loop(np.pad, level, (array, pad_width, mode), kwargs)
    width = np.broadcast_to(pad_width, (array.ndim, 2)).tolist()
    return Batched(np.pad(array.array, [(0, 0), *width], mode, **kwargs), level)


@rule(np.diagonal)
def _diagonal(level: Level, a: Batched, offset: int = 0, axis1: int = 0, axis2: int = 1) -> AnyArray:
    return Batched(np.diagonal(a.array, offset, shifted(axis1, a.ndim), shifted(axis2, a.ndim)), level)


@rule(np.linalg.diagonal)
def _last_diagonal(level: Level, x: Batched, *, offset: int = 0) -> AnyArray:
    return Batched(np.diagonal(x.array, offset, -2, -1), level)


@rule(np.trace)
def _trace(
    level: Level,
    a: AnyArray,
    offset: int = 0,
    axis1: int = 0,
    axis2: int = 1,
    dtype: DTypeLike = None,
    out: Any = None,
) -> AnyArray:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype, out=out)


@rule(np.linalg.trace)
def _last_trace(level: Level, x: AnyArray, *, offset: int = 0, dtype: DTypeLike = None) -> AnyArray:
    return np.sum(_last_diagonal(level, x, offset=offset), axis=-1, dtype=dtype)


@rule(np.diag)
def _diag(level: Level, v: Batched, k: int = 0) -> AnyArray:
    if v.ndim != 1:
        return np.diagonal(v, k)
    n = v.shape[0] + abs(k)
    made: Any = np.zeros_like(v, shape=(n, n))
    rows = np.arange(v.shape[0])
    made.array[:, rows + max(-k, 0), rows + max(k, 0)] = v.array
    return made


RULES[np.diagflat] = lambda level, v, k=0: np.diag(np.ravel(v), k)


@for_each
def _triangle(function: Function) -> None:
    def answer(level: Level, m: Batched, k: int = 0) -> AnyArray:
        if m.ndim < 2:
            return in_a_loop(function, level, (m, k), {})
        return Batched(function(m.array, k), level)

    RULES[function] = answer


_triangle(np.tril, np.triu)


# Arrays made beside others -------------------------------------------------------------------------------------------


@for_each
def _filled(function: Function) -> None:
    def answer(level: Level, a: Batched, *args: object, shape: Any = None, **kwargs: object) -> AnyArray:
        if shape is not None:
            shape = (level.size, *(shape if isinstance(shape, (tuple, list)) else (shape,)))
        return Batched(function(a.array, *args, shape=shape, **kwargs), level)

    RULES[function] = answer


_filled(np.zeros_like, np.ones_like, np.empty_like)


@rule(np.full_like)
def _full_like(
    level: Level,
    a: AnyArray,
    fill_value: Any,
    dtype: DTypeLike = None,
    *args: object,
    shape: Any = None,
    **kwargs: object,
) -> AnyArray:
    shape = np.shape(a) if shape is None else tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
    made = np.empty_like(bare(level, a), dtype, shape=(level.size, *shape))
    made[...] = aligned(level, fill_value, len(shape))
    return Batched(made, level)


@rule(np.copyto)
def _copyto(level: Level, dst: Any, src: AnyArray, casting: Any = "same_kind", where: Any = True) -> None:
    if not is_on(level, dst):
        raise TypeError("vmap: np.copyto into an array that is the same for all examples. Fix: y = np.copy(x).")
    np.copyto(dst.array, aligned(level, src, dst.ndim), casting=casting, where=aligned(level, where, dst.ndim))
