"""Samples of a function: differences, slopes, integrals, interpolation, phases."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine import entry
from ...engine.forms import linear, primitive
from ...engine.tensor import bare
from ..composites import composite
from ..shapes.making import as_array
from .reductions import part

if TYPE_CHECKING:
    from ...support.types import AnyArray, Axis, DType

__all__ = ["diff", "ediff1d", "gradient", "interp", "trapezoid", "unwrap"]

# Differences and slopes ----------------------------------------------------------------------------------------------


@linear(name="diff", a=lambda g, a, n, axis: _diff_adjoint(g, a.shape, n, axis))
def _diff(a, n=1, axis=-1):
    return np.diff(a, n, axis)


def _diff_adjoint(g: AnyArray, shape: tuple[int, ...], n: int, axis: int) -> AnyArray:
    """Summation by parts: (−1)ⁿ times the differences of g, with n zeros at either end."""
    if n >= shape[axis]:
        return np.zeros_like(g, shape=shape)
    ends = np.zeros_like(g, shape=tuple(n if k == axis % len(shape) else m for k, m in enumerate(shape)))
    return (-1) ** n * np.diff(np.concatenate([ends, g, ends], axis=axis), n, axis)


@composite(np.diff)
def diff(a, n=1, axis=-1, prepend=None, append=None):
    """Differences of neighbours along ``axis``, ``n`` times over.

    prepend, append : numbers or arrays to put in front and behind first

    Arguments are those of ``np.diff``.

    >>> diff(np.array([1.0, 4.0, 9.0])), diff(np.array([1.0, 4.0, 9.0]), prepend=0.0)
    (array([3., 5.]), array([1., 3., 5.]))
    """
    a, n = as_array(a), entry.setting(n, "diff", "n")
    if n == 0:
        return a
    if n < 0 or not a.ndim:
        raise ValueError(f"diff: n = {n} differences of an array {a.shape}. Fix: n ≥ 0 and at least one axis.")
    pieces = [_slab(a, prepend, axis), a, _slab(a, append, axis)]
    pieces = [p for p in pieces if p is not None]
    return _diff(pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=axis), n, axis)


def _slab(a: AnyArray, end: Any, axis: int) -> AnyArray | None:
    """What is put at an end: a number is as thick as one element."""
    if end is None or end is np._NoValue:  # type: ignore[attr-defined]
        return None
    end = as_array(end)
    shape = tuple(1 if k == axis % a.ndim else n for k, n in enumerate(a.shape))
    return end if end.ndim else np.broadcast_to(end, shape)


@composite(np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    """Differences of neighbours in the flattened array, between ``to_begin`` and ``to_end``, in the array's dtype.

    Arguments are those of ``np.ediff1d``.

    >>> ediff1d(np.array([1.0, 4.0, 9.0]), to_end=0.0)
    array([3., 5., 0.])
    """
    ary = as_array(ary)
    pieces = [_end(to_begin, ary.dtype), _diff(np.reshape(ary, (-1,))), _end(to_end, ary.dtype)]
    pieces = [p for p in pieces if p is not None]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _end(end: AnyArray | None, dtype: DType) -> AnyArray | None:
    if end is None:
        return None
    end = as_array(end)
    if not np.can_cast(end.dtype, dtype, casting="same_kind"):
        raise TypeError(f"ediff1d: an end of {end.dtype} beside {dtype}. Fix: convert it, or the array.")
    return np.reshape(end if end.dtype == dtype else end.astype(dtype), (-1,))


@composite(np.gradient)
def gradient(f, *varargs, axis=None, edge_order=1):
    """Numerical derivative of samples along one axis, or of each of several (then a tuple).

    varargs    : nothing (samples one apart), a distance, or for each axis a distance or the places of its samples
    edge_order : 1 or 2, the order of accuracy at both ends; it is 2 between them

    Weighted sums of three neighbours, exact for parabolas also at uneven distances (Fornberg 1988). Where the places
    are differentiated, too, even distances are treated as uneven: NumPy's value but for the last digit.

    Arguments are those of ``np.gradient``.

    >>> gradient(np.array([1.0, 4.0, 9.0]))
    array([3., 4., 5.])
    """
    f = as_array(f)
    axes = _axes(f, axis)
    dtype = f.dtype if f.dtype.kind in "fc" else np.dtype(np.float64)
    f = f if f.dtype == dtype else f.astype(dtype)
    edge_order = entry.setting(edge_order, "gradient", "edge_order")
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order={edge_order}. Fix: 1 or 2.")
    slopes = []
    for k, h in zip(axes, _distances(f, axes, varargs), strict=True):
        if f.shape[k] <= edge_order:
            raise ValueError(f"gradient: {f.shape[k]} samples along axis {k}. Fix: at least edge_order + 1.")
        first, last = _edges(f, k, h, edge_order)
        pieces = [p if p.dtype == dtype else p.astype(dtype) for p in (first, _between(f, k, h), last)]
        slopes.append(np.concatenate(pieces, axis=k))
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _axes(f: AnyArray, axis: Axis) -> list[int]:
    given = range(f.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = []
    for k in given:
        if not -f.ndim <= k < f.ndim:
            raise np.exceptions.AxisError(k, f.ndim, "gradient")
        axes.append(k % f.ndim)
    if len(set(axes)) < len(axes):
        raise ValueError(f"gradient: axis={axis} names an axis twice.")
    return axes


def _distances(f: AnyArray, axes: list[int], varargs: Any) -> list[Any]:
    """For each axis one distance, or an array of those between its neighbours."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        return list(varargs) * len(axes)
    if len(varargs) != len(axes):
        raise TypeError(f"gradient: {len(varargs)} distances for {len(axes)} axes. Fix: none, one, or one for each.")
    found: list[Any] = []
    for k, x in zip(axes, varargs, strict=True):
        if np.ndim(x) == 0:
            found.append(x)
            continue
        x = as_array(x)
        if x.shape != (f.shape[k],):
            raise ValueError(f"gradient: places {x.shape} for {f.shape[k]} samples along axis {k}; one for each.")
        h = np.diff(x if x.dtype.kind in "fc" else x.astype(np.float64))
        tracked = getattr(h, "requires_grad", False)  # then each distance has a derivative
        found.append(h[0] if not tracked and h.shape[0] and np.all(np.equal(h, h[0])) else h)
    return found


def _between(f: AnyArray, k: int, h: AnyArray) -> AnyArray:
    """Of second order, with the neighbours at either side."""
    left, here, right = part(f, k, slice(-2)), part(f, k, slice(1, -1)), part(f, k, slice(2, None))
    if np.ndim(h) == 0:
        return (right - left) / (2.0 * h)
    shape = tuple(-1 if j == k else 1 for j in range(f.ndim))
    p, q = np.reshape(h[:-1], shape), np.reshape(h[1:], shape)
    a = -q / (p * (p + q))
    b = (q - p) / (p * q)
    c = p / (q * (p + q))
    return a * left + b * here + c * right


def _edges(f: AnyArray, k: int, h: AnyArray, order: int) -> tuple[AnyArray, AnyArray]:
    """At the first and the last sample, with the next one or two."""
    first, second, third = (part(f, k, slice(i, i + 1)) for i in range(3))
    last, last_but_one = part(f, k, slice(-1, None)), part(f, k, slice(-2, -1))
    same = np.ndim(h) == 0
    if order == 1:
        return (second - first) / (h if same else h[0]), (last - last_but_one) / (h if same else h[-1])
    last_but_two = part(f, k, slice(-3, -2))
    if same:
        start, end = (-1.5 / h, 2.0 / h, -0.5 / h), (0.5 / h, -2.0 / h, 1.5 / h)
    else:
        p, q = h[0], h[1]
        start = (-(2.0 * p + q) / (p * (p + q)), (p + q) / (p * q), -p / (q * (p + q)))
        p, q = h[-2], h[-1]
        end = (q / (p * (p + q)), -(q + p) / (p * q), (2.0 * q + p) / (q * (p + q)))
    return (
        start[0] * first + start[1] * second + start[2] * third,
        end[0] * last_but_two + end[1] * last_but_one + end[2] * last,
    )


# Integrals, phases, interpolation -----------------------------------------------------------------------------------


@composite(np.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    """∫ y dx along ``axis`` by trapezoids: Σ (xₖ₊₁ − xₖ)(yₖ₊₁ + yₖ) / 2; without ``x`` the samples are ``dx`` apart.

    >>> trapezoid(np.array([1.0, 2.0, 3.0]))
    np.float64(4.0)
    """
    y = as_array(y)
    if x is None:
        width = dx
    else:
        x = as_array(x)
        width = np.diff(x, axis=0 if x.ndim == 1 else axis)
        if x.ndim == 1:
            width = np.reshape(width, tuple(-1 if k == axis % y.ndim else 1 for k in range(y.ndim)))
    return np.sum(width * (part(y, axis, slice(1, None)) + part(y, axis, slice(-1))) / 2.0, axis=axis)


@primitive(name="unwrap", p=lambda g: g, jvp={"p": lambda t: t})
def _unwrap(p, discont=None, axis=-1, period=2 * math.pi):
    return np.unwrap(p, discont, axis, period=period)


@composite(np.unwrap)
def unwrap(p, discont=None, axis=-1, *, period=2 * math.pi):
    """Angles without jumps: a multiple of ``period`` is added to each, so the derivative is 1.

    Arguments are those of ``np.unwrap``.

    >>> unwrap(np.array([0.0, 6.0]), period=4)
    array([0., 2.])
    """
    return _unwrap(p, discont, axis, period)


@composite(np.interp)
def interp(x, xp, fp, left=None, right=None, period=None):
    """Piecewise linear interpolation of the points (xp, fp) at ``x``; xp increases.

    left, right : the values outside, fp[0] and fp[-1] by default
    period      : of x and xp, which then need not be in order

    Differentiable in x, xp and fp (and left, right). At a point its slope in x is that of the line to the right.

    >>> interp(np.array([0.5]), np.array([0.0, 1.0]), np.array([10.0, 20.0]))
    array([15.])
    """
    x, xp, fp = _in_double("x", x, "biuf"), _in_double("xp", xp, "biuf"), _in_double("fp", fp, "biufc")
    if xp.ndim != 1 or fp.shape != xp.shape or not xp.shape[0]:
        raise ValueError(f"interp: points xp {xp.shape} and fp {fp.shape}. Fix: one axis, as many of each.")
    if period is not None:
        if period == 0:
            raise ValueError("interp: period=0. Fix: a positive one.")
        period = abs(period)
        left = right = None
        x, xp = np.remainder(x, period), np.remainder(xp, period)
        order = np.argsort(xp)
        xp, fp = xp[order], fp[order]
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
    n = xp.shape[0]
    place = np.searchsorted(bare(xp), bare(x), side="right") - 1
    low = np.clip(place, 0, max(n - 2, 0))
    high = np.minimum(low + 1, n - 1)
    run = xp[high] - xp[low] if n > 1 else 1.0
    y = (fp[high] - fp[low]) / run * (x - xp[low]) + fp[low]
    y = np.where(np.equal(place, n - 1), fp[-1], y)
    if right is not None:
        y = np.where(np.greater(x, xp[-1]), right, y)
    y = np.where(np.less(place, 0), fp[0] if left is None else left, y)
    nan = np.isnan(x)
    return np.where(nan, math.nan, y) if np.any(nan) else y


def _in_double(name: str, v: AnyArray, kinds: str) -> AnyArray:
    v = as_array(v)
    if v.dtype.kind not in kinds:
        raise TypeError(f"interp: {name} of {v.dtype} numbers has no order. Fix: interpolate along a real axis.")
    double = np.dtype(np.complex128 if v.dtype.kind == "c" else np.float64)
    return v if v.dtype == double else v.astype(double)
