"""Primitives that reduce along axes: sums, products, means, extremes, logsumexp."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from ...engine.forms import Linear, conjugate, expanded, linear, primitive, reduction, summed
from ...engine.registry import implements
from ...engine.tensor import Tensor, bare
from ..composites import composite
from ..precision import in_single

__all__ = [
    "amax", "amin", "bincount", "log_softmax", "logsumexp", "max", "mean", "min", "nanmax", "nanmean", "nanmin",
    "nanprod", "nansum", "prod", "ptp", "softmax", "sum",
]

_SMALL = (np.ndarray, np.generic)
_ABSENT: Any = np._NoValue  # type: ignore[attr-defined]  # NumPy's own default of initial=


def spread(g: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """Adjoint of summation: every summand gets the cotangent of its sum."""
    g = expanded(g, axis, keepdims) if shape else g
    if isinstance(g, _SMALL) and math.prod(shape) < 4096:  # np.broadcast_to takes 4 µs, and pays for large arrays
        whole = np.empty(shape, g.dtype)
        whole[...] = g
        return whole
    return np.broadcast_to(g, shape)


def counted(a: Any, axis: Any, where: Any = True) -> Any:
    """How many elements are reduced to one: an int, or where a mask chooses among them an array (axes kept)."""
    if where is True:
        axes = range(len(a.shape)) if axis is None or not a.shape else axis if isinstance(axis, tuple) else (axis,)
        return math.prod([a.shape[k] for k in axes])
    mask = np.broadcast_to(bare(where), a.shape)
    return np.sum(mask, axis=axis, dtype=np.result_type(np.finfo(a.dtype).dtype, np.float32), keepdims=True)


def over(g: Any, count: int) -> Any:
    """g / count, also where the count is no number of g's dtype."""
    return in_single(np.divide)(g, count) if count > 2048 else g / count


def masked(x: Any, where: Any) -> Any:
    """x where it was chosen, else 0."""
    return x if where is True else np.where(bare(where), x, 0)


def numbers(a: Any, where: Any = True) -> Any:
    """Where ``a`` is a number, not NaN, and was chosen."""
    mask = np.logical_not(np.isnan(a))
    return mask if where is True else np.logical_and(mask, bare(where))


def cast(g: Any, a: Any) -> Any:
    """The cotangent in the dtype of what it belongs to."""
    if g.dtype == a.dtype:
        return g
    return (np.real(g) if g.dtype.kind == "c" and a.dtype.kind != "c" else g).astype(a.dtype)


def given(name: str, a: Any, dtype: Any, out: Any, initial: Any = _ABSENT, **others: Any) -> dict[str, Any]:
    """The settings that were given, checked, as NumPy takes them; the mask ``where`` without its tensor."""
    if out is not None:
        raise TypeError(f"{name}: out= cannot be differentiated through. Fix: use the result, y = np.{name}(...).")
    if isinstance(initial, Tensor):
        raise TypeError(f"{name}: initial= is a tensor. Fix: combine it with the result, for instance by + or *.")
    if dtype is not None and np.dtype(dtype).kind not in "fc" and np.dtype(a.dtype).kind in "fc":
        raise TypeError(f"{name}: dtype={np.dtype(dtype)} has no derivative. Fix: give it t.detach().numpy().")
    settings = {k: bare(v) for k, v in others.items()} | {"dtype": dtype, "initial": initial}
    return {k: v for k, v in settings.items() if v is not None and v is not _ABSENT and v is not True}


# Sums and means ------------------------------------------------------------------------------------------------------


class _Whole(Linear):
    """A sum or mean, whose cotangent is one number where no setting was given: then it is quickly spread."""

    def make_vjp(self, i: int) -> Any:
        usual = super().make_vjp(i)

        def vjp(g: Any, node: Any, saved: Any) -> Any:
            shape = node.parents[0].shape
            if node.params is not self.defaults or not isinstance(g, _SMALL) or not shape:
                return usual(g, node, saved)
            return spread(self.each(g, math.prod(shape)), shape, None, False)

        return vjp

    def each(self, g: Any, count: int) -> Any:
        """The cotangent of each of so many summands."""
        raise NotImplementedError


class _Sum(_Whole):
    """Linear but for where the sum starts: that of tangents starts from 0."""

    def each(self, g: Any, count: int) -> Any:
        return g

    def jvp(self, node: Any, saved: Any, tangents: Any) -> Any:
        return self.function(tangents[0], **{**node.params, "initial": _ABSENT})


class _Mean(_Whole):
    def each(self, g: Any, count: int) -> Any:
        return over(g, count)


def _sum(a, axis=None, dtype=None, out=None, keepdims=False, initial=_ABSENT, where=True):
    """Sum over ``axis`` (an int, a tuple, or None for all), of the elements ``where`` and a number ``initial``.

    Arguments are those of ``np.sum``.

    >>> sum(np.ones((2, 3)), axis=1)
    array([3., 3.])
    """
    if dtype is None and initial is _ABSENT and where is True and out is None:
        return np.add.reduce(a, axis=axis, keepdims=keepdims)
    return np.add.reduce(a, axis=axis, keepdims=keepdims, **given("sum", a, dtype, out, initial, where=where))


def _summands(g: Any, a: Any, axis: Any, keepdims: bool, dtype: Any, where: Any) -> Any:
    whole = masked(spread(g, a.shape, axis, keepdims), where)
    return whole if dtype is None else cast(whole, a)


sum = implements(np.sum)(_Sum(_sum, {"a": _summands}, name="sum").function)


def _mean(a, axis=None, dtype=None, out=None, keepdims=False, *, where=True):
    """Arithmetic mean over ``axis`` of the elements ``where``.

    Arguments are those of ``np.mean``.

    >>> mean(np.array([[1.0, 3.0], [5.0, 7.0]]), axis=0)
    array([3., 5.])
    """
    if where is not True or out is not None or getattr(a, "dtype", None) not in (np.float32, np.float64) or dtype:
        return np.mean(a, axis=axis, keepdims=keepdims, **given("mean", a, dtype, out, where=where))
    total = np.add.reduce(a, axis=axis, keepdims=keepdims)  # other dtypes NumPy sums in a wider one
    return total / (a.size // builtins.max(1, total.size))


def _averaged(g: Any, a: Any, axis: Any, keepdims: bool, dtype: Any, where: Any) -> Any:
    if where is True and dtype is None:
        count = math.prod(a.shape) // builtins.max(1, math.prod(g.shape))
        return spread(over(g, builtins.max(1, count)), a.shape, axis, keepdims)
    whole = np.broadcast_to(expanded(g, axis, keepdims) / counted(a, axis, where), a.shape)
    return cast(masked(whole, where), a)


mean = implements(np.mean)(_Mean(_mean, {"a": _averaged}, name="mean").function)


@composite(np.nansum)
def nansum(a, axis=None, dtype=None, out=None, keepdims=False, initial=_ABSENT, where=True):
    """Sum over ``axis``, NaN counted as 0; its derivative there is 0, too.

    Arguments are those of ``np.nansum``.

    >>> nansum(np.array([1.0, np.nan, 2.0]))
    np.float64(3.0)
    """
    return sum(np.where(np.isnan(a), 0, a), axis, dtype, out, keepdims, initial, where)


@implements(np.nanmean)
@reduction(a=lambda a, axis, where: _shares(a, axis, numbers(a, where)))
def nanmean(a, axis=None, dtype=None, out=None, keepdims=False, *, where=True):
    """Arithmetic mean over ``axis`` of what is not NaN.

    Arguments are those of ``np.nanmean``.

    >>> nanmean(np.array([1.0, np.nan, 2.0]))
    np.float64(1.5)
    """
    return np.nanmean(a, axis=axis, keepdims=keepdims, **given("nanmean", a, dtype, out, where=where))


def _shares(a: Any, axis: Any, mask: Any) -> Any:
    return cast(mask / np.maximum(counted(a, axis, mask), 1), a)


@linear(name="bincount", x=None, weights=lambda g, x, weights: cast(g[bare(x)], weights))
def _bincount(x, weights, minlength=0):
    return np.bincount(x, weights, minlength)


@composite(np.bincount)
def bincount(x, /, weights=None, minlength=0):
    """Of each integer 0, 1, … the sum of the ``weights`` at its places in ``x``; without weights how often it occurs.

    Arguments are those of ``np.bincount``.

    >>> bincount(np.array([0, 2, 2]), np.array([1.0, 2.0, 3.0]))
    array([1., 0., 5.])
    """
    return np.bincount(bare(x), minlength=minlength) if weights is None else _bincount(bare(x), weights, minlength)


# Products ------------------------------------------------------------------------------------------------------------


@implements(np.prod)
@reduction(a=lambda a, axis, initial, where: _other_factors(a, axis, initial, where))
def prod(a, axis=None, dtype=None, out=None, keepdims=False, initial=_ABSENT, where=True):
    """Product over ``axis``; ∂/∂aᵢ is the product of the other factors, exact where some of them are 0.

    Arguments are those of ``np.prod``.

    >>> prod(np.array([2.0, 3.0, 4.0]))
    np.float64(24.0)
    """
    return np.multiply.reduce(a, axis=axis, keepdims=keepdims, **given("prod", a, dtype, out, initial, where=where))


def _other_factors(a: Any, axis: Any, initial: Any, where: Any) -> Any:
    """Π over j ≠ i of aⱼ: in the first axis the others of the same line, then those of the other lines."""
    factors = a if where is True else np.where(bare(where), a, 1)
    others: Any = 1.0 if initial is _ABSENT or initial is None else initial
    for k in range(a.ndim) if axis is None or not a.ndim else axis if isinstance(axis, tuple) else (axis,):
        others = others * _before(factors, k) * turned(_before(turned(factors, k), k), k)
        factors = np.prod(factors, axis=k, keepdims=True)
    return masked(others * np.ones_like(a), where)


def _before(a: Any, axis: int) -> Any:
    """The product of the elements before each, 1 before the first."""
    first, last = part(a, axis, slice(1)), part(a, axis, slice(-1))
    return np.concatenate([np.ones_like(first), np.cumprod(last, axis=axis)], axis=axis)


def part(a: Any, axis: int, piece: slice) -> Any:
    """``a[…, piece, …]`` along one axis."""
    return a[(*[slice(None)] * (axis % a.ndim), piece)]


def turned(a: Any, axis: int) -> Any:
    """Backwards along one axis."""
    return part(a, axis, slice(None, None, -1))


@composite(np.nanprod)
def nanprod(a, axis=None, dtype=None, out=None, keepdims=False, initial=_ABSENT, where=True):
    """Product over ``axis``, NaN counted as 1.

    Arguments are those of ``np.nanprod``.

    >>> nanprod(np.array([3.0, np.nan, 2.0]))
    np.float64(6.0)
    """
    return prod(np.where(np.isnan(a), 1, a), axis, dtype, out, keepdims, initial, where)


# Extremes ------------------------------------------------------------------------------------------------------------


@implements(np.max, np.amax)
@reduction(a=lambda a, ans, axis, initial, where: _ties(a, ans, axis, initial, where))
def max(a, axis=None, out=None, keepdims=False, initial=_ABSENT, where=True):
    """Largest element along ``axis``; n equal largest elements (``initial`` among them) share the derivative, 1/n each.

    Arguments are those of ``np.max``.

    >>> max(np.array([[1.0, 3.0], [5.0, 2.0]]), axis=1)
    array([3., 5.])
    """
    if initial is _ABSENT and where is True and out is None:
        return np.maximum.reduce(a, axis=axis, keepdims=keepdims)
    return np.maximum.reduce(a, axis=axis, keepdims=keepdims, **given("max", a, None, out, initial, where=where))


@implements(np.min, np.amin)
@reduction(a=lambda a, ans, axis, initial, where: _ties(a, ans, axis, initial, where))
def min(a, axis=None, out=None, keepdims=False, initial=_ABSENT, where=True):
    """Smallest element along ``axis``; n equal smallest elements share the derivative, 1/n each.

    Arguments are those of ``np.min``.

    >>> min(np.array([[1.0, 3.0], [5.0, 2.0]]), axis=1)
    array([1., 2.])
    """
    if initial is _ABSENT and where is True and out is None:
        return np.minimum.reduce(a, axis=axis, keepdims=keepdims)
    return np.minimum.reduce(a, axis=axis, keepdims=keepdims, **given("min", a, None, out, initial, where=where))


amax, amin = max, min


def _ties(a: Any, extreme: Any, axis: Any, initial: Any, where: Any) -> Any:
    """1/n at each of the n elements that equal the extreme, 0 elsewhere."""
    hit = np.equal(a, extreme)
    if initial is _ABSENT and where is True:
        return _part(hit, np.sum(hit, axis=axis, keepdims=True), a)
    hit = hit if where is True else np.logical_and(hit, where)
    count = np.sum(hit, axis=axis, keepdims=True)
    if initial is not _ABSENT and initial is not None:
        count = count + np.equal(extreme, initial)
    return _part(hit, np.maximum(count, 1), a)


def _part(hit: Any, count: Any, a: Any) -> Any:
    """1/count where it was hit, in a's dtype."""
    return cast(np.divide(hit, count, dtype=np.result_type(a.dtype, np.float32)), a)


@implements(np.nanmax)
@reduction(a=lambda a, ans, axis, initial, where: _ties(a, ans, axis, initial, numbers(a, where)))
def nanmax(a, axis=None, out=None, keepdims=False, initial=_ABSENT, where=True):
    """Largest element along ``axis`` of what is not NaN; equal ones share the derivative.

    Arguments are those of ``np.nanmax``.

    >>> nanmax(np.array([1.0, np.nan, 3.0]))
    np.float64(3.0)
    """
    return np.nanmax(a, axis=axis, keepdims=keepdims, **given("nanmax", a, None, out, initial, where=where))


@implements(np.nanmin)
@reduction(a=lambda a, ans, axis, initial, where: _ties(a, ans, axis, initial, numbers(a, where)))
def nanmin(a, axis=None, out=None, keepdims=False, initial=_ABSENT, where=True):
    """Smallest element along ``axis`` of what is not NaN; equal ones share the derivative.

    Arguments are those of ``np.nanmin``.

    >>> nanmin(np.array([1.0, np.nan, 3.0]))
    np.float64(1.0)
    """
    return np.nanmin(a, axis=axis, keepdims=keepdims, **given("nanmin", a, None, out, initial, where=where))


@composite(np.ptp)
def ptp(a, axis=None, out=None, keepdims=False):
    """Largest minus smallest element along ``axis`` (peak to peak).

    Arguments are those of ``np.ptp``.

    >>> ptp(np.array([1.0, 5.0, 2.0]))
    np.float64(4.0)
    """
    return max(a, axis, out, keepdims) - min(a, axis, out, keepdims)


# Exponentials are taken of differences to the largest x: none overflows, and far-out x lose no accuracy. Of complex x
# that is the largest real part, so that angles stay as they are, and logarithms on their principal branch.


def _largest(x: Any, axis: Any) -> Any:
    """The largest real part along ``axis``, which is kept; −∞ of nothing."""
    x = np.real(x) if x.dtype.kind == "c" else x
    if not x.size:
        return np.maximum.reduce(x, axis=axis, keepdims=True, initial=-math.inf)
    return np.maximum.reduce(x, axis=axis, keepdims=True)


@reduction(x=lambda x, axis: softmax(x, axis))
@in_single
def logsumexp(x, axis=None, keepdims=False):
    """log Σ eˣ along ``axis``, without overflow; its derivative is the softmax eˣ / Σ eˣ.

    x : of any shape
    keepdims : whether the axes stay, with size 1

    >>> logsumexp(np.array([1000.0, 1000.0]))
    array(1000.69314718)
    """
    largest = _largest(x, axis)
    largest = np.where(np.isfinite(largest), largest, 0)  # ∞ − ∞ would make NaN of ±∞
    total = np.log(np.add.reduce(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return total if keepdims else np.squeeze(total, axis=axis)


@primitive(
    x=lambda g, ans, axis: _softmax_slope(g, conjugate(ans), axis),
    jvp={"x": lambda t, ans, axis: _softmax_slope(t, ans, axis)},
)
@in_single
def softmax(x, axis=-1):
    """eˣ / Σ eˣ along ``axis`` (an int, a tuple, or None for all); ∂sᵢ/∂xⱼ = sᵢ (δᵢⱼ − sⱼ).

    x : of any shape

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    powers = np.exp(x - _largest(x, axis))
    return powers / np.add.reduce(powers, axis=axis, keepdims=True)


def _softmax_slope(v: Any, s: Any, axis: Any) -> Any:
    """A symmetric matrix: the same for tangents and cotangents."""
    return s * (v - summed(v * s, axis, keepdims=True))


@primitive(
    x=lambda g, ans, axis: g - conjugate(np.exp(ans)) * summed(g, axis, keepdims=True),
    jvp={"x": lambda t, ans, axis: t - summed(t * np.exp(ans), axis, keepdims=True)},
)
@in_single
def log_softmax(x, axis=-1):
    """x − log Σ eˣ along ``axis``, accurate where softmax underflows.

    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    shifted = x - _largest(x, axis)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))
