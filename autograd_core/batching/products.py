"""Contractions and linear algebra of batched arrays."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .batched import RULES, Batched, Level, aligned, bare, holds, in_a_loop, is_on, wrapped
from .elementwise import for_each
from .shapes import rule

if TYPE_CHECKING:
    from ..support.types import AnyArray, Axis, Function


@rule(np.dot)
def _dot(level: Level, a: AnyArray, b: AnyArray, out: AnyArray | None = None) -> AnyArray:
    na, nb = np.ndim(a), np.ndim(b)
    if out is not None:
        out[...] = _dot(level, a, b)
        return out
    if not na or not nb:
        return np.multiply(a, b)
    if nb <= 2 and (na <= 2 or nb <= 2):
        return np.matmul(a, b)
    return np.tensordot(a, b, (na - 1, nb - 2))


@rule(np.inner)
def _inner(level: Level, a: AnyArray, b: AnyArray) -> AnyArray:
    na, nb = np.ndim(a), np.ndim(b)
    return np.multiply(a, b) if not na or not nb else np.tensordot(a, b, (na - 1, nb - 1))


@rule(np.vdot)
def _vdot(level: Level, a: AnyArray, b: AnyArray) -> AnyArray:
    return np.matmul(np.conjugate(np.reshape(a, (-1,))), np.reshape(b, (-1,)))


@rule(np.outer)
def _outer(level: Level, a: AnyArray, b: AnyArray, out: AnyArray | None = None) -> AnyArray:
    product = np.multiply(np.reshape(a, (-1,))[:, None], np.reshape(b, (-1,)))
    if out is None:
        return product
    out[...] = product
    return out


@rule(np.tensordot)
def _tensordot(level: Level, a: AnyArray, b: AnyArray, axes: Any = 2) -> AnyArray:
    na, nb = np.ndim(a), np.ndim(b)
    if isinstance(axes, (int, np.integer)):
        left, right = tuple(range(na - axes, na)), tuple(range(axes))
    else:
        left, right = (normalize_axis_tuple(k, n) for k, n in zip(axes, (na, nb), strict=True))
    rest_a = [k for k in range(na) if k not in left]
    rest_b = [k for k in range(nb) if k not in right]
    shape = (*(np.shape(a)[k] for k in rest_a), *(np.shape(b)[k] for k in rest_b))
    count = int(np.prod([np.shape(a)[k] for k in left], dtype=int))
    rows = np.reshape(np.transpose(a, (*rest_a, *left)), (int(np.prod(shape[: len(rest_a)], dtype=int)), count))
    columns = np.reshape(np.transpose(b, (*right, *rest_b)), (count, int(np.prod(shape[len(rest_a) :], dtype=int))))
    return np.reshape(np.matmul(rows, columns), shape)


@rule(np.einsum)
def _einsum(level: Level, *operands: Any, out: AnyArray | None = None, **kwargs: Any) -> AnyArray:
    subscripts, *arrays = operands
    if not isinstance(subscripts, str):
        return in_a_loop(np.einsum, level, operands, kwargs)
    given, arrow, result = subscripts.replace(" ", "").partition("->")
    terms = given.split(",")
    if not arrow:
        letters = given.replace(",", "").replace(".", "")
        result = ("..." if "..." in given else "") + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    letter = next(c for c in string.ascii_letters if c not in given)
    terms = [letter + t if is_on(level, a) else t for t, a in zip(terms, arrays, strict=True)]
    found = np.einsum(f"{','.join(terms)}->{letter}{result}", *[bare(level, a) for a in arrays], **kwargs)
    if out is None:
        return Batched(found, level)
    out[...] = Batched(found, level)
    return out


@rule(np.cross)
def _cross(
    level: Level, a: AnyArray, b: AnyArray, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Axis = None
) -> AnyArray:
    if axis is not None or (axisa, axisb, axisc) != (-1, -1, -1):
        settings = {"axisa": axisa, "axisb": axisb, "axisc": axisc, "axis": axis}
        return in_a_loop(np.cross, level, (a, b), settings)
    ndim = max(np.ndim(a), np.ndim(b))
    return Batched(np.cross(aligned(level, a, ndim), aligned(level, b, ndim)), level)


@rule(np.linalg.solve)
def _solve(level: Level, a: AnyArray, b: AnyArray) -> AnyArray:
    vector = np.ndim(b) == 1
    right = b[..., None] if vector else b
    ndim = max(np.ndim(a), np.ndim(right))
    found = np.linalg.solve(aligned(level, a, ndim), aligned(level, right, ndim))
    return Batched(found[..., 0] if vector else found, level)


@for_each
def _of_matrices(function: Function) -> None:
    def answer(level: Level, a: Batched, *args: object, **kwargs: object) -> AnyArray:
        if not is_on(level, a) or holds(level, *args, *kwargs.values()):
            return in_a_loop(function, level, (a, *args), kwargs)
        return wrapped(level, function(a.array, *args, **kwargs))

    RULES[function] = answer


_of_matrices(np.linalg.inv, np.linalg.det, np.linalg.slogdet, np.linalg.cholesky, np.linalg.qr, np.linalg.svd)
_of_matrices(
    np.linalg.eig,
    np.linalg.eigh,
    np.linalg.eigvals,
    np.linalg.eigvalsh,
    np.linalg.pinv,
    np.linalg.matrix_power,
)
_of_matrices(np.linalg.svdvals, np.linalg.matrix_rank, np.linalg.cond)


@rule(np.linalg.norm)
def _norm(level: Level, x: Batched, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> AnyArray:
    if axis is None and ord is None:
        found = np.linalg.norm(np.reshape(x.array, (level.size, -1)), axis=1)
        return Batched(np.reshape(found, (level.size, *(1,) * x.ndim)) if keepdims else found, level)
    axes = tuple(range(x.ndim)) if axis is None else axis
    axes = tuple(k + 1 for k in normalize_axis_tuple(axes, x.ndim))
    return Batched(np.linalg.norm(x.array, ord, axes if len(axes) > 1 else axes[0], keepdims), level)


RULES[np.linalg.matmul] = lambda level, a, b: np.matmul(a, b)
RULES[np.linalg.outer] = lambda level, a, b: np.outer(a, b)
RULES[np.linalg.multi_dot] = lambda level, arrays, out=None: _multi_dot(arrays)


def _multi_dot(arrays: Any) -> Any:
    found, *rest = arrays
    for a in rest:
        found = np.matmul(found, a)
    return found


@rule(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(level: Level, x: Batched, window_shape: Any, axis: Axis = None, **kwargs: Any) -> AnyArray:
    windows = tuple(window_shape) if isinstance(window_shape, (tuple, list)) else (window_shape,)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    axes = tuple(k + 1 for k in normalize_axis_tuple(axes, x.ndim, allow_duplicate=True))
    return Batched(np.lib.stride_tricks.sliding_window_view(x.array, windows, axes, **kwargs), level)
