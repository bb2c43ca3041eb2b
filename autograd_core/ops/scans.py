"""Along an axis: cumulative sums and products, differences, numerical derivatives and integrals, interpolation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..forms import conjugate, linear, primitive
from ..protocols import bare, implements
from .composites import composite, refuse_out
from .reductions import before, cast, given, part, turned

__all__ = [
    "bincount", "cumprod", "cumsum", "diff", "ediff1d", "gradient", "interp", "nancumprod", "nancumsum", "trapezoid",
    "unwrap",
]

# Cumulative sums and products ----------------------------------------------------------------------------------------


@linear(name="cumsum", a=lambda g, a, axis: cast(turned(np.cumsum(turned(g, axis), axis=axis), axis), a))
def _cumsum(a, axis=0, dtype=None):
    return np.cumsum(a, axis=axis, **given("cumsum", a, dtype, None))


@primitive(
    name="cumprod",
    a=lambda g, a, ans, axis: _cumprod_adjoint(g, conjugate(a), conjugate(ans), axis),
    jvp=lambda t, a, ans, axis: recurrence(a, t[0] * _shifted(ans, axis), axis),
)
def _cumprod(a, axis=0, dtype=None):
    return np.cumprod(a, axis=axis, **given("cumprod", a, dtype, None))


def recurrence(a: Any, b: Any, axis: int) -> Any:
    """sₖ = bₖ + aₖ sₖ₋₁ along an axis, s before the first being 0.

    By doubling (Hillis and Steele 1986): two steps, of lengths d, are one of length 2d, of the same form.
    """
    length, n = 1, a.shape[axis]
    while length < n:
        reached, rest, ago = slice(length), slice(length, None), slice(-length)
        here = part(a, axis, rest)
        b = np.concatenate([part(b, axis, reached), part(b, axis, rest) + here * part(b, axis, ago)], axis=axis)
        if 2 * length < n:
            a = np.concatenate([part(a, axis, reached), here * part(a, axis, ago)], axis=axis)
        length *= 2
    return b


def _cumprod_adjoint(g: Any, a: Any, ans: Any, axis: int) -> Any:
    """āₖ = sₖ yₖ₋₁ with sₖ = gₖ + aₖ₊₁ sₖ₊₁: no quotients, so that zeros do no harm."""
    backwards = turned(a, axis)
    later = np.concatenate([part(backwards, axis, slice(1)), part(backwards, axis, slice(-1))], axis=axis)
    return cast(turned(recurrence(later, turned(g, axis), axis), axis) * _shifted(ans, axis), a)


def _shifted(ans: Any, axis: int) -> Any:
    """The product before each element, 1 before the first."""
    one = np.ones_like(part(ans, axis, slice(1)))
    return np.concatenate([one, part(ans, axis, slice(-1))], axis=axis)


def _line(a: Any, axis: int | None) -> tuple[Any, int]:
    """The array and an axis of it: flattened, where no axis was named."""
    return (np.reshape(a, (-1,)), 0) if axis is None else (a, axis)


@composite(np.cumsum)
def cumsum(a, axis=None, dtype=None, out=None):
    """Sums of the first 1, 2, … elements along ``axis`` (None: of the flattened array).

    >>> cumsum(np.array([1.0, 2.0, 3.0]))
    array([1., 3., 6.])
    """
    refuse_out("cumsum", out)
    return _cumsum(*_line(a, axis), dtype)


@composite(np.cumprod)
def cumprod(a, axis=None, dtype=None, out=None):
    """Products of the first 1, 2, … elements; the derivative is exact also where some of them are 0.

    >>> cumprod(np.array([1.0, 2.0, 3.0]))
    array([1., 2., 6.])
    """
    refuse_out("cumprod", out)
    return _cumprod(*_line(a, axis), dtype)


@composite(np.nancumsum)
def nancumsum(a, axis=None, dtype=None, out=None):
    """Cumulative sums, NaN counted as 0.

    >>> nancumsum(np.array([1.0, np.nan, 3.0]))
    array([1., 1., 4.])
    """
    return cumsum(np.where(np.isnan(a), 0, a), axis, dtype, out)


@composite(np.nancumprod)
def nancumprod(a, axis=None, dtype=None, out=None):
    """Cumulative products, NaN counted as 1.

    >>> nancumprod(np.array([2.0, np.nan, 3.0]))
    array([2., 2., 6.])
    """
    return cumprod(np.where(np.isnan(a), 1, a), axis, dtype, out)


def _cumulative(name: str, scan: Any, first: Any, x: Any, axis: int | None, include_initial: bool) -> Any:
    if axis is None and x.ndim != 1:
        raise ValueError(f"{name}: an array of shape {x.shape} has no single axis. Mend: name one, axis=0.")
    axis = 0 if axis is None else axis
    y = scan(x, axis)
    if not include_initial:
        return y
    shape = tuple(1 if k == axis % x.ndim else n for k, n in enumerate(x.shape))
    return np.concatenate([np.full_like(bare(y), first, shape=shape), y], axis=axis)


if hasattr(np, "cumulative_sum"):  # NumPy ≥ 2.1
    __all__ += ["cumulative_prod", "cumulative_sum"]

    @composite(np.cumulative_sum)
    def cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        """``cumsum`` along an axis that is named; ``include_initial`` puts the sum of nothing, 0, in front.

        >>> cumulative_sum(np.array([1.0, 2.0]), include_initial=True)
        array([0., 1., 3.])
        """
        refuse_out("cumulative_sum", out)
        return _cumulative("cumulative_sum", lambda x, k: _cumsum(x, k, dtype), 0, x, axis, include_initial)

    @composite(np.cumulative_prod)
    def cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        """``cumprod`` along an axis that is named; ``include_initial`` puts the product of nothing, 1, in front.

        >>> cumulative_prod(np.array([2.0, 3.0]), include_initial=True)
        array([1., 2., 6.])
        """
        refuse_out("cumulative_prod", out)
        return _cumulative("cumulative_prod", lambda x, k: _cumprod(x, k, dtype), 1, x, axis, include_initial)


# Differences and slopes ----------------------------------------------------------------------------------------------


@linear(name="diff", a=lambda g, a, n, axis: _diff_adjoint(g, a.shape, n, axis))
def _diff(a, n=1, axis=-1):
    return np.diff(a, n, axis)


def _diff_adjoint(g: Any, shape: tuple[int, ...], n: int, axis: int) -> Any:
    """Summation by parts: (−1)ⁿ times the differences of g, with n zeros at either end."""
    if n >= shape[axis]:
        return np.zeros_like(g, shape=shape)
    ends = np.zeros_like(g, shape=tuple(n if k == axis % len(shape) else m for k, m in enumerate(shape)))
    return (-1) ** n * np.diff(np.concatenate([ends, g, ends], axis=axis), n, axis)


@composite(np.diff)
def diff(a, n=1, axis=-1, prepend=None, append=None):
    """Differences of neighbours along ``axis``, ``n`` times over.

    prepend, append : numbers or arrays to put in front and behind first

    >>> diff(np.array([1.0, 4.0, 9.0])), diff(np.array([1.0, 4.0, 9.0]), prepend=0.0)
    (array([3., 5.]), array([1., 3., 5.]))
    """
    a = a if hasattr(a, "dtype") else np.asanyarray(a)
    if n == 0:
        return a
    if n < 0 or not a.ndim:
        raise ValueError(f"diff: n = {n} differences of an array {a.shape}. Mend: n ≥ 0 and at least one axis.")
    pieces = [_slab(a, prepend, axis), a, _slab(a, append, axis)]
    pieces = [p for p in pieces if p is not None]
    return _diff(pieces[0] if len(pieces) == 1 else np.concatenate(pieces, axis=axis), n, axis)


def _slab(a: Any, end: Any, axis: int) -> Any:
    """What is put at an end: a number is as thick as one element."""
    if end is None or end is np._NoValue:  # type: ignore[attr-defined]
        return None
    end = end if hasattr(end, "dtype") else np.asanyarray(end)
    shape = tuple(1 if k == axis % a.ndim else n for k, n in enumerate(a.shape))
    return end if end.ndim else np.broadcast_to(end, shape)


@composite(np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    """Differences of neighbours in the flattened array, between ``to_begin`` and ``to_end``, in the array's dtype.

    >>> ediff1d(np.array([1.0, 4.0, 9.0]), to_end=0.0)
    array([3., 5., 0.])
    """
    ary = ary if hasattr(ary, "dtype") else np.asanyarray(ary)
    pieces = [_end(to_begin, ary.dtype), _diff(np.reshape(ary, (-1,))), _end(to_end, ary.dtype)]
    pieces = [p for p in pieces if p is not None]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def _end(end: Any, dtype: Any) -> Any:
    if end is None:
        return None
    end = end if hasattr(end, "dtype") else np.asanyarray(end)
    if not np.can_cast(end.dtype, dtype, casting="same_kind"):
        raise TypeError(f"ediff1d: an end of {end.dtype} beside {dtype}. Mend: convert it, or the array.")
    return np.reshape(end if end.dtype == dtype else end.astype(dtype), (-1,))


@composite(np.gradient)
def gradient(f, *varargs, axis=None, edge_order=1):
    """Numerical derivative of samples along one axis, or of each of several (then a tuple).

    varargs    : nothing (samples one apart), a distance, or for each axis a distance or the places of its samples
    edge_order : 1 or 2, the order of accuracy at both ends; it is 2 between them

    With weights a, b, c of three neighbours hₗ and hᵣ apart (Fornberg 1988), exact for parabolas.

    >>> gradient(np.array([1.0, 4.0, 9.0]))
    array([3., 4., 5.])
    """
    f = f if hasattr(f, "dtype") else np.asanyarray(f)
    axes = _axes(f, axis)
    dtype = f.dtype if f.dtype.kind in "fc" else np.dtype(np.float64)
    f = f if f.dtype == dtype else f.astype(dtype)
    if edge_order not in (1, 2):
        raise ValueError(f"gradient: edge_order={edge_order}. Mend: 1 or 2.")
    slopes = []
    for k, h in zip(axes, _distances(f, axes, varargs), strict=True):
        if f.shape[k] <= edge_order:
            raise ValueError(f"gradient: {f.shape[k]} samples along axis {k}. Mend: at least edge_order + 1 = {edge_order + 1}.")
        ends = _ends_1 if edge_order == 1 else _ends_2
        first, last = ends(f, k, *(_one(h, k, f.ndim, i) for i in (0, 1, -2, -1)))
        pieces = [p if p.dtype == dtype else p.astype(dtype) for p in (first, _between(f, k, h), last)]
        slopes.append(np.concatenate(pieces, axis=k))
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _axes(f: Any, axis: Any) -> list[int]:
    given = range(f.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = []
    for k in given:
        if not -f.ndim <= k < f.ndim:
            raise np.exceptions.AxisError(k, f.ndim, "gradient")
        axes.append(k % f.ndim)
    if len(set(axes)) < len(axes):
        raise ValueError(f"gradient: axis={axis} names an axis twice.")
    return axes


def _distances(f: Any, axes: list[int], varargs: Any) -> list[Any]:
    """For each axis one distance, or an array of those between its neighbours."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        return list(varargs) * len(axes)
    if len(varargs) != len(axes):
        raise TypeError(f"gradient: {len(varargs)} distances for {len(axes)} axes. Mend: none, one, or one for each.")
    found: list[Any] = []
    for k, x in zip(axes, varargs, strict=True):
        if np.ndim(x) == 0:
            found.append(x)
            continue
        x = x if hasattr(x, "dtype") else np.asanyarray(x)
        if x.shape != (f.shape[k],):
            raise ValueError(f"gradient: places {x.shape} for {f.shape[k]} samples along axis {k}; one for each.")
        h = np.diff(x if x.dtype.kind in "fc" else x.astype(np.float64))
        equal = not _is_tracked(h) and h.shape[0] > 0 and bool(np.all(np.equal(h, h[0])))
        found.append(h[0] if equal else h)  # NumPy rounds less where all are equal; a derivative asks for each
    return found


def _is_tracked(x: Any) -> bool:
    return getattr(x, "requires_grad", False)


def _one(h: Any, axis: int, ndim: int, i: int) -> Any:
    """The i-th distance."""
    return h if np.ndim(h) == 0 else h[max(i, -h.shape[0]) if i < 0 else min(i, h.shape[0] - 1)]


def _between(f: Any, k: int, h: Any) -> Any:
    before, here, after = part(f, k, slice(-2)), part(f, k, slice(1, -1)), part(f, k, slice(2, None))
    if np.ndim(h) == 0:
        return (after - before) / (2.0 * h)
    shape = tuple(-1 if j == k else 1 for j in range(f.ndim))
    left, right = np.reshape(h[:-1], shape), np.reshape(h[1:], shape)
    a = -right / (left * (left + right))
    b = (right - left) / (left * right)
    c = left / (right * (left + right))
    return a * before + b * here + c * after


def _ends_1(f: Any, k: int, first: Any, second: Any, last_but_one: Any, last: Any) -> tuple[Any, Any]:
    at = [part(f, k, slice(i, i + 1 or None)) for i in (0, 1, -2, -1)]
    return (at[1] - at[0]) / first, (at[3] - at[2]) / last


def _ends_2(f: Any, k: int, first: Any, second: Any, last_but_one: Any, last: Any) -> tuple[Any, Any]:
    at = [part(f, k, slice(i, i + 1 or None)) for i in (0, 1, 2, -3, -2, -1)]
    if first is second and last is last_but_one:  # one distance for all
        h = first
        a, b, c, d, e, f_ = -1.5 / h, 2.0 / h, -0.5 / h, 0.5 / h, -2.0 / h, 1.5 / h
    else:
        l, r = first, second
        a, b, c = -(2.0 * l + r) / (l * (l + r)), (l + r) / (l * r), -l / (r * (l + r))
        l, r = last_but_one, last
        d, e, f_ = r / (l * (l + r)), -(r + l) / (l * r), (2.0 * r + l) / (r * (l + r))
    return a * at[0] + b * at[1] + c * at[2], d * at[3] + e * at[4] + f_ * at[5]


# Integrals, phases, interpolation, counting --------------------------------------------------------------------------


@composite(np.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    """∫ y dx along ``axis`` by trapezoids: Σ (xₖ₊₁ − xₖ)(yₖ₊₁ + yₖ) / 2; without ``x`` the samples are ``dx`` apart.

    >>> trapezoid(np.array([1.0, 2.0, 3.0]))
    np.float64(4.0)
    """
    y = y if hasattr(y, "dtype") else np.asanyarray(y)
    if x is None:
        width = dx
    else:
        x = x if hasattr(x, "dtype") else np.asanyarray(x)
        width = np.diff(x, axis=0 if x.ndim == 1 else axis)
        if x.ndim == 1:
            width = np.reshape(width, tuple(-1 if k == axis % y.ndim else 1 for k in range(y.ndim)))
    return np.sum(width * (part(y, axis, slice(1, None)) + part(y, axis, slice(-1))) / 2.0, axis=axis)


@primitive(name="unwrap", p=lambda g: g, jvp=lambda t: t[0])
def _unwrap(p, discont=None, axis=-1, period=2 * math.pi):
    return np.unwrap(p, discont, axis, period=period)


@composite(np.unwrap)
def unwrap(p, discont=None, axis=-1, *, period=2 * math.pi):
    """Angles without jumps: a multiple of ``period`` is added to each, so the derivative is 1.

    >>> unwrap(np.array([0.0, 6.0]), period=4)
    array([0., 2.])
    """
    return _unwrap(p, bare(discont), axis, bare(period))


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
        raise ValueError(f"interp: points xp {xp.shape} and fp {fp.shape}. Mend: one axis, as many of one as of the other.")
    if period is not None:
        if period == 0:
            raise ValueError("interp: period=0. Mend: a positive one.")
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


def _in_double(name: str, v: Any, kinds: str) -> Any:
    v = v if hasattr(v, "dtype") else np.asarray(v)
    if v.dtype.kind not in kinds:
        raise TypeError(f"interp: {name} of {v.dtype} numbers has no order. Mend: interpolate along a real axis.")
    double = np.dtype(np.complex128 if v.dtype.kind == "c" else np.float64)
    return v if v.dtype == double else v.astype(double)


@linear(name="bincount", x=None, weights=lambda g, x, weights: cast(g[bare(x)], weights))
def _bincount(x, weights, minlength=0):
    return np.bincount(x, weights, minlength)


@composite(np.bincount)
def bincount(x, /, weights=None, minlength=0):
    """Of each integer 0, 1, … the sum of the ``weights`` at its places in ``x``; without weights how often it occurs.

    >>> bincount(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]))
    array([1., 0., 5.])
    """
    return np.bincount(bare(x), minlength=minlength) if weights is None else _bincount(bare(x), weights, minlength)
