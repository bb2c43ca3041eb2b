"""Contractions: products of matrices and vectors, and whatever else multiplies and sums over shared axes."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine import entry
from ...engine.arithmetic import conjugate
from ...engine.forms import multilinear
from ...engine.registry import implements
from ...support.arrays import anyarray, on_device
from ..composites import composite, refuse_out
from ..places.indexing import _scatter

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = [
    "convolve", "correlate", "cross", "dot", "inner", "kron", "matmul", "outer", "tensordot", "vdot", "vecdot",
]


# Matrices and vectors ------------------------------------------------------------------------------------------------


@implements(np.matmul, np.linalg.matmul)
@multilinear(
    contract="x.shape[-1] == y.shape[-2]",
    x=lambda g, y: _left(g, y),
    y=lambda g, x: _right(g, x),
)
def matmul(x, y):
    """Matrix product over the last two axes, the others broadcast; a 1-d operand is a row before, a column behind.

    Adjoints: x̄ = g yᴴ and ȳ = xᴴ g.

    Arguments are those of ``np.linalg.matmul``.

    >>> matmul(np.eye(2), np.array([1.0, 2.0]))
    array([1., 2.])
    """
    return np.matmul(x, y)


def _left(g: AnyArray, y: AnyArray) -> AnyArray:
    """x̄ = g yᴴ; x had one axis where g has fewer axes than y."""
    y = conjugate(y)
    if y.ndim == 1:
        return np.multiply(np.expand_dims(g, -1), y)
    if g.ndim == 1 and y.ndim == 2:
        return np.matmul(y, g)
    if g.ndim < y.ndim:
        return np.squeeze(np.matmul(np.expand_dims(g, -2), np.swapaxes(y, -1, -2)), -2)
    return np.matmul(g, np.swapaxes(y, -1, -2))


def _right(g: AnyArray, x: AnyArray) -> AnyArray:
    """ȳ = xᴴ g; y had one axis where g has fewer axes than x."""
    x = conjugate(x)
    if x.ndim == 1:
        return np.multiply(np.expand_dims(x, -1), np.expand_dims(g, -2)) if g.ndim else np.multiply(x, g)
    if g.ndim == 1 and x.ndim == 2:
        return np.matmul(g, x)
    if g.ndim < x.ndim:
        return np.squeeze(np.matmul(np.swapaxes(x, -1, -2), np.expand_dims(g, -1)), -1)
    return np.matmul(np.swapaxes(x, -1, -2), g)


# The first vector of vecdot and vecmat, and that of vdot, is conjugated: its own adjoint conjugates g instead.


@multilinear(
    name="vecdot",
    contract="x1.shape[-1] == x2.shape[-1]",
    x1=lambda g, x2: np.expand_dims(conjugate(g), -1) * x2,
    x2=lambda g, x1: np.expand_dims(g, -1) * x1,
)
def _vecdot(x1, x2):
    return np.sum(np.conjugate(x1) * x2, axis=-1) if on_device(x1) else np.vecdot(x1, x2)  # CuPy has no vecdot


@composite(np.vecdot, np.linalg.vecdot)
def vecdot(x1, x2, /, *, axis=-1, keepdims=False):
    """Σ x̄1·x2 along ``axis`` of both, the other axes broadcast.

    Arguments are those of ``np.linalg.vecdot``.

    >>> vecdot(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 1.0]))
    array([3., 7.])
    """
    if entry.setting(axis, "vecdot", "axis") != -1:
        x1, x2 = np.moveaxis(x1, axis, -1), np.moveaxis(x2, axis, -1)
    result = _vecdot(x1, x2)
    return np.expand_dims(result, axis) if keepdims else result


if hasattr(np, "matvec"):  # NumPy ≥ 2.2
    __all__ += ["matvec", "vecmat"]
    matvec = multilinear(
        np.matvec,
        contract="x1.shape[-1] == x2.shape[-1]",
        x1=lambda g, x2: np.expand_dims(g, -1) * np.expand_dims(conjugate(x2), -2),
        x2=lambda g, x1: np.matvec(np.swapaxes(conjugate(x1), -1, -2), g),
    )
    vecmat = multilinear(
        np.vecmat,
        contract="x1.shape[-1] == x2.shape[-2]",
        x1=lambda g, x2: np.matvec(x2, conjugate(g)),
        x2=lambda g, x1: np.expand_dims(x1, -1) * np.expand_dims(g, -2),
    )


@implements(np.vdot)
@multilinear(a=lambda g, a, b: np.reshape(conjugate(g) * b, a.shape), b=lambda g, a, b: np.reshape(g * a, b.shape))
def vdot(a, b, /):
    """Σ ā·b over all elements of both.

    Arguments are those of ``np.vdot``.

    >>> vdot(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """
    return np.vdot(a, b)


# Any axes of two arrays ----------------------------------------------------------------------------------------------


@multilinear(
    name="dot",
    contract="a.shape[-1] == b.shape[-2]",
    a=lambda g, b: _left(g, b) if b.ndim < 3 else _summed_left(g, b, -2),
    b=lambda g, a, b: _right(g, a) if a.ndim < 3 > b.ndim else np.moveaxis(_summed_right(g, a), 0, -2 * (b.ndim > 1)),
)
def _dot(a, b):
    return np.dot(a, b)


@composite(np.dot)
def dot(a, b, out=None):
    """Sum over the last axis of ``a`` and the last but one of ``b`` (its only one, if so); other axes do not broadcast.

    Arguments are those of ``np.dot``.

    >>> dot(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 1.0]))
    array([3., 7.])
    """
    refuse_out("dot", out)
    return _dot(a, b) if np.ndim(a) and np.ndim(b) else np.multiply(a, b)


@multilinear(
    name="inner",
    contract="a.shape[-1] == b.shape[-1]",
    a=lambda g, b: _summed_left(g, b, -1),
    b=lambda g, a: np.moveaxis(_summed_right(g, a), 0, -1),
)
def _inner(a, b):
    return np.inner(a, b)


@composite(np.inner)
def inner(a, b, /):
    """Sum over the last axis of both; other axes do not broadcast.

    Arguments are those of ``np.inner``.

    >>> inner(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 1.0]))
    array([3., 7.])
    """
    return _inner(a, b) if np.ndim(a) and np.ndim(b) else np.multiply(a, b)


def _summed_left(g: AnyArray, b: AnyArray, axis: int) -> AnyArray:
    """ā where out[…a, …b] = Σₖ a[…a, k] b[…b, k], k being b's ``axis``."""
    kept = tuple(i for i in range(b.ndim) if i != axis % b.ndim)
    return np.tensordot(g, conjugate(b), (tuple(range(g.ndim - len(kept), g.ndim)), kept))


def _summed_right(g: AnyArray, a: AnyArray) -> Any:
    """b̄ there, with k as the first axis."""
    kept = tuple(range(a.ndim - 1))
    return np.tensordot(conjugate(a), g, (kept, kept))


@multilinear(
    name="tensordot",
    a=lambda g, a, b, axes: _tensordot_left(g, a.ndim, conjugate(b), *axes),
    b=lambda g, a, b, axes: _tensordot_right(g, conjugate(a), b.ndim, *axes),
)
def _tensordot(a, b, axes):
    return np.tensordot(a, b, axes)


@composite(np.tensordot, np.linalg.tensordot)
def tensordot(a, b, axes=2):
    """Sum over axes of ``a`` with axes of ``b``; what is left is a's other axes and then b's.

    axes : two lists, which axes of ``a`` and which of ``b``; a number n stands for a's last n and b's first n

    >>> tensordot(np.ones((2, 3)), np.ones((3, 4)), axes=1).shape
    (2, 4)
    """
    try:
        of_a, of_b = axes
    except TypeError:
        of_a, of_b = range(-axes, 0), range(axes)
    of_a, of_b = (tuple(s) if np.ndim(s) else (s,) for s in (of_a, of_b))
    a, b = map(anyarray, (a, b))
    return _tensordot(a, b, (tuple(i % a.ndim for i in of_a), tuple(i % b.ndim for i in of_b)))


def _tensordot_left(g: AnyArray, ndim: int, b: AnyArray, of_a: tuple[int, ...], of_b: tuple[int, ...]) -> AnyArray:
    free = tuple(i for i in range(ndim) if i not in of_a)
    kept = tuple(i for i in range(b.ndim) if i not in of_b)
    summed = np.tensordot(g, b, (tuple(range(len(free), g.ndim)), kept))
    return np.transpose(summed, np.argsort((*free, *(of_a[of_b.index(i)] for i in sorted(of_b)))))


def _tensordot_right(g: AnyArray, a: AnyArray, ndim: int, of_a: tuple[int, ...], of_b: tuple[int, ...]) -> AnyArray:
    free = tuple(i for i in range(ndim) if i not in of_b)
    kept = tuple(i for i in range(a.ndim) if i not in of_a)
    summed = np.tensordot(a, g, (kept, tuple(range(len(kept)))))
    return np.transpose(summed, np.argsort((*(of_b[of_a.index(i)] for i in sorted(of_a)), *free)))


# Every element with every other --------------------------------------------------------------------------------------


@composite(np.outer)
def outer(a, b, out=None):
    """a[i]·b[j] of the flattened arrays.

    Arguments are those of ``np.outer``.

    >>> outer(np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([[ 1., 10.],
           [ 2., 20.]])
    """
    refuse_out("outer", out)
    return np.multiply(np.reshape(a, (-1, 1)), np.reshape(b, (1, -1)))


@composite(np.kron)
def kron(a, b):
    """The Kronecker product: a block a[i, …]·b for every element of ``a``.

    >>> kron(np.array([1.0, 10.0]), np.array([1.0, 2.0]))
    array([ 1.,  2., 10., 20.])
    """
    ndim = builtins.max(np.ndim(a), np.ndim(b))
    of_a, of_b = ((1,) * (ndim - np.ndim(x)) + np.shape(x) for x in (a, b))
    between = [np.reshape(a, tuple(n for side in of_a for n in (side, 1)))]
    between.append(np.reshape(b, tuple(n for side in of_b for n in (1, side))))
    return np.reshape(np.multiply(*between), tuple(m * n for m, n in zip(of_a, of_b, strict=True)))


@multilinear(name="cross", a=lambda g, b: _cross(conjugate(b), g), b=lambda g, a: _cross(g, conjugate(a)))
def _cross(a, b):
    return np.cross(a, b)


@composite(np.cross)
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """The vector product a × b of vectors with three components, along an axis of each; the other axes broadcast.

    axisa, axisb, axisc : where the components stand in ``a``, in ``b`` and in the result; axis : one place for all

    Adjoints: ā = b × g and b̄ = g × a.

    >>> cross(np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0]))
    array([0., 0., 1.])
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = (np.moveaxis(x, i, -1) for x, i in ((a, axisa), (b, axisb)))
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(
            f"cross: vectors of {a.shape[-1]} and {b.shape[-1]} components; needs 3 (NumPy gives up 2). "
            "Fix: append a zero, or write a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]."
        )
    return np.moveaxis(_cross(a, b), -1, axisc)


@composite(np.linalg.cross)
def linalg_cross(x1, x2, /, *, axis=-1):
    """The vector product along ``axis``.

    Arguments are those of ``np.linalg.cross``.
    """
    return cross(x1, x2, axis=axis)


@composite(np.trace)
def trace(a, offset=0, axis1=0, axis2=1, dtype=None, out=None):
    """Sum along the diagonal of two axes, which vanish.

    >>> trace(np.array([[1.0, 2.0], [3.0, 4.0]]))
    np.float64(5.0)
    """
    refuse_out("trace", out)
    diagonal = np.diagonal(a, offset, axis1, axis2)
    return np.sum(diagonal if dtype is None else diagonal.astype(dtype), axis=-1)


# Sliding one vector along the other ----------------------------------------------------------------------------------


@multilinear(
    name="convolve",
    a=lambda g, a, v, mode: np.correlate(_in_full(g, a, v, mode), v, "valid"),
    v=lambda g, a, v, mode: np.correlate(_in_full(g, a, v, mode), a, "valid"),
)
def _convolve(a, v, mode="full"):
    return np.convolve(a, v, mode)


@composite(np.convolve)
def convolve(a, v, mode="full"):
    """Σᵢ a[i] v[k − i] of two vectors of lengths n ≥ m (or the other way round).

    mode : "full" for all n + m − 1 sums, "same" for the middle n, "valid" for the n − m + 1 in which v fits into a

    >>> convolve(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0]))
    array([1., 3., 5., 3.])
    """
    return _convolve(*(np.atleast_1d(anyarray(x)) for x in (a, v)), mode)


@implements(np.correlate)
@multilinear(
    a=lambda g, a, v, mode: np.convolve(_in_full(g, a, v, mode, turned=True), v, "valid"),
    v=lambda g, a, v, mode: np.correlate(a, _in_full(g, a, v, mode, turned=True), "valid"),
)
def correlate(a, v, mode="valid"):
    """Σᵢ a[i + k] v̄[i] of two vectors, for the shifts k that ``mode`` names (see ``convolve``).

    >>> correlate(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0]))
    array([3., 5.])
    """
    return np.correlate(a, v, mode)


def _in_full(g: AnyArray, a: AnyArray, v: AnyArray, mode: str, turned: bool = False) -> AnyArray:
    """Adjoint of cutting all sums down to those of ``mode``: zeros on both sides.

    turned : with the shorter vector first, a correlation counts the sums from the other end
    """
    short, long = sorted((a.shape[0], v.shape[0]))
    if mode == "full":
        return g
    before = short - 1 if mode == "valid" else short // 2 if turned and a.shape[0] < v.shape[0] else (short - 1) // 2
    return _scatter(g, shape=(short + long - 1,), index=slice(before, before + g.shape[0]))
