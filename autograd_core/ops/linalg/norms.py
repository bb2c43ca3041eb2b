"""Lengths of vectors and matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine import entry
from ...engine.arithmetic import conjugate, expanded, summed
from ...engine.forms import primitive
from ...engine.node import PLAIN
from ...engine.tensor import Tensor, bare
from ..composites import composite
from ..precision import in_single
from .solving import inv
from .svd import svdvals

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike, Axis

__all__ = ["cond", "matrix_norm", "norm", "vector_norm"]


# Of vectors. At 0 the slope is 0, as that of |x| is.


@primitive(
    name="linalg.norm",
    x=lambda g, x, ans, axis, keepdims: x * np.real(expanded(g / _nonzero(ans), axis, keepdims)),
    jvp={
        "x": lambda t, x, ans, axis, keepdims: (
            summed(np.real(conjugate(x) * t / _nonzero(expanded(ans, axis, keepdims))), axis, keepdims)
        )
    },
)
@in_single
def _euclidean(x, ord=None, axis=None, keepdims=False):
    if type(x) in PLAIN and x.dtype.kind == "f" and isinstance(axis, int) and axis % x.ndim == x.ndim - 1:
        return np.sqrt(np.vecdot(x, x, keepdims=keepdims))  # type: ignore[call-overload]  # no array of squares
    return np.linalg.norm(x, ord, axis, keepdims)


@primitive(
    name="linalg.pnorm",
    x=lambda g, x, ans, ord, axis, keepdims: (
        np.real(expanded(g, axis, keepdims)) * _slopes(x, ans, ord, axis, keepdims)
    ),
    jvp={
        "x": lambda t, x, ans, ord, axis, keepdims: summed(
            np.real(conjugate(_slopes(x, ans, ord, axis, keepdims)) * t), axis, keepdims
        )
    },
)
@in_single
def _of_power(x, ord, axis=None, keepdims=False):
    return np.linalg.norm(x, ord, axis, keepdims)


def _slopes(x: AnyArray, ans: AnyArray, ord: float, axis: Axis, keepdims: bool) -> AnyArray:
    """(|x|/‖x‖)^(p − 1) in the direction of x."""
    size = np.absolute(x)
    part = size / _nonzero(expanded(ans, axis, keepdims))
    return np.sign(x) * (part + np.equal(size, 0)) ** (ord - 1)


def _nonzero(size: AnyArray) -> AnyArray:
    """The sizes, and 1 in place of 0."""
    return size + np.equal(size, 0)


@composite(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    """Lengths of vectors, along one ``axis``, or of matrices, along two (default: of the whole vector or matrix).

    ord : None for √Σ|x|², of any array; of vectors p for (Σ|x|ᵖ)^(1/p), ±inf for the largest or smallest |x|, 0 for the
          number of elements that are not 0; of matrices "fro" for √Σ|x|², "nuc" for the sum of the singular values,
          ±2 for the largest or smallest of them, ±1 for the largest or smallest sum of |x| in a column, ±inf in a row

    The slope at 0 is 0, and ties share the slope.

    Arguments are those of ``np.linalg.norm``.

    >>> norm(np.array([3.0, 4.0])), norm(np.array([[3.0, -4.0]]), 1)
    (np.float64(5.0), np.float64(4.0))
    """
    ord = entry.setting(ord, "norm", "ord")
    if ord is None and axis is None:
        return _euclidean(x, keepdims=keepdims)
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) == 1:
        return _of_vectors(x, ord, axis if axis is None else axes[0], axes[0], keepdims)
    if len(axes) == 2:
        return _of_matrices(x, ord, axis, axes, keepdims)
    raise ValueError(
        f"norm: ord={ord!r} along {len(axes)} axes. "
        "Fix: one axis for vectors, two for matrices, or neither ord nor axis."
    )


def _of_vectors(x: AnyArray, ord: Any, given: ArrayLike | None, axis: int, keepdims: bool) -> AnyArray:
    if isinstance(ord, str):
        raise ValueError(f"norm: ord={ord!r} is not a norm of vectors. Fix: give a number, or two axes.")
    if ord is None or ord == 2:
        return _euclidean(x, ord=ord, axis=given, keepdims=keepdims)
    if ord == 0:
        return Tensor(np.linalg.norm(bare(x), 0, axis, keepdims))
    if ord in (math.inf, -math.inf):
        if ord > 0 and not x.shape[axis]:
            return np.sum(np.absolute(x), axis=axis, keepdims=keepdims)
        return (np.max if ord > 0 else np.min)(np.absolute(x), axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.absolute(x), axis=axis, keepdims=keepdims)
    return _of_power(x, ord=ord, axis=axis, keepdims=keepdims)


def _of_matrices(x: AnyArray, ord: Any, given: Any, axes: tuple[int, int], keepdims: bool) -> AnyArray:
    row, column = (i % x.ndim for i in axes)
    if row == column:
        raise ValueError(f"norm: axis={axes} names one axis twice. Fix: give two axes.")
    if ord in (None, "fro", "f"):
        return _euclidean(x, ord=ord, axis=given, keepdims=keepdims)
    if ord in (2, -2, "nuc"):
        values = svdvals(np.moveaxis(x, (row, column), (-2, -1)))  # type: ignore[type-var]
        reduce: Any = {2: np.max, -2: np.min, "nuc": np.sum}[ord]
        result = np.expand_dims(reduce(values, axis=-1), (-2, -1))
        result = np.moveaxis(result, (-2, -1), (row, column))
    elif ord in (1, -1, math.inf, -math.inf):
        summed, other = (row, column) if abs(ord) == 1 else (column, row)
        sums = np.sum(np.absolute(x), axis=summed, keepdims=True)
        result = (np.max if ord > 0 else np.min)(sums, axis=other, keepdims=True)
    else:
        raise ValueError(f"norm: ord={ord!r} is not a norm of matrices. Fix: None, 'fro', 'nuc', ±1, ±2 or ±np.inf.")
    return result if keepdims else np.squeeze(result, (row, column))


@composite(np.linalg.vector_norm)
def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    """Lengths of vectors along ``axis``, any number of axes (default: all); ``ord`` as in ``norm``.

    Arguments are those of ``np.linalg.vector_norm``.

    >>> vector_norm(np.array([[3.0, 0.0], [0.0, 4.0]]))
    np.float64(5.0)
    """
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else None
    if axes is None:
        return norm(x, ord, axis, keepdims)
    axes = tuple(i % x.ndim for i in axes)
    rest = tuple(i for i in range(x.ndim) if i not in axes)
    flat = np.reshape(np.transpose(x, axes + rest), (math.prod(x.shape[i] for i in axes), *(x.shape[i] for i in rest)))
    result = norm(flat, ord, 0)
    return np.expand_dims(result, axes) if keepdims else result


@composite(np.linalg.matrix_norm)
def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    """Lengths of matrices along the last two axes; ``ord`` as in ``norm``.

    Arguments are those of ``np.linalg.matrix_norm``.

    >>> matrix_norm(np.array([[3.0, 0.0], [0.0, 4.0]]))
    np.float64(5.0)
    """
    return norm(x, ord, (-2, -1), keepdims)


@composite(np.linalg.cond)
def cond(x, p=None):
    """The condition number ‖x‖ ‖x⁻¹‖ of each matrix, in the norm ``p`` (None: 2); infinite where x is singular.

    >>> cond(np.array([[2.0, 0.0], [0.0, 1.0]]))
    np.float64(2.0)
    """
    if not x.size:
        raise np.linalg.LinAlgError(f"cond: shape {x.shape}. Fix: give matrices that are not empty.")
    p = entry.setting(p, "cond", "p")
    if p in (None, 2, -2):
        s = svdvals(x)
        with np.errstate(all="ignore"):
            return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]
    size = norm(x, p, (-2, -1))
    wide = np.result_type(x.dtype, np.float64)  # in which NumPy inverts, here alone
    if wide == x.dtype:
        return size * norm(inv(x), p, (-2, -1))
    return (size * norm(inv(x.astype(wide)), p, (-2, -1))).astype(size.dtype)
