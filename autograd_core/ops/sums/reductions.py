"""Sums, means and products along axes, and what every reduction shares: how a cotangent is spread, masks, settings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.arithmetic import expanded
from ...engine.forms import Linear, linear, reduction
from ...engine.registry import implements
from ...engine.tensor import Tensor, bare
from ..composites import composite
from ..precision import in_single

if TYPE_CHECKING:
    from ...engine.node import Node
    from ...engine.primitive import Saved
    from ...support.types import AnyArray, Axis, DTypeLike, Mask, Settings

__all__ = [
    "bincount", "mean", "nanmean", "nanprod", "nansum", "prod", "sum",
]

ABSENT: Any = np._NoValue  # type: ignore[attr-defined]  # NumPy's own default of initial=


def _is_plain(g: AnyArray) -> bool:
    return type(g) is np.ndarray or isinstance(g, np.generic)


def spread(g: AnyArray, shape: tuple[int, ...], axis: Axis, keepdims: bool) -> AnyArray:
    """Adjoint of summation: every summand gets the cotangent of its sum."""
    g = expanded(g, axis, keepdims) if shape else g
    if _is_plain(g) and math.prod(shape) < 4096:  # np.broadcast_to takes 4 µs, and pays for large arrays
        whole = np.empty(shape, g.dtype)
        whole[...] = g
        return whole
    return np.broadcast_to(g, shape)


def counted(a: AnyArray, axis: Axis, where: Mask = True) -> AnyArray | int:
    """How many elements are reduced to one: an int, or where a mask chooses among them an array (axes kept)."""
    if where is True:
        return math.prod([a.shape[k] for k in _each_of(axis, len(a.shape))])
    mask = np.broadcast_to(bare(where), a.shape)
    return np.sum(mask, axis=axis, dtype=np.result_type(np.finfo(a.dtype).dtype, np.float32), keepdims=True)


def _each_of(axis: Axis, ndim: int) -> Iterable[int]:
    if axis is None or not ndim:
        return range(ndim)
    return axis if isinstance(axis, tuple) else (axis,)


def over(g: AnyArray, count: int) -> AnyArray:
    """g / count, also where the count is no number of g's dtype."""
    return in_single(np.divide)(g, count) if count > 2048 else g / count


def masked(x: AnyArray, where: Mask) -> AnyArray:
    """x where it was chosen, else 0."""
    return x if where is True else np.where(bare(where), x, 0)


def numbers(a: AnyArray, where: Mask = True) -> AnyArray:
    """Where ``a`` is a number, not NaN, and was chosen."""
    mask = np.logical_not(np.isnan(a))
    return mask if where is True else np.logical_and(mask, bare(where))


def cast(g: AnyArray, a: AnyArray) -> AnyArray:
    """The cotangent in the dtype of what it belongs to."""
    if g.dtype == a.dtype:
        return g
    return (np.real(g) if g.dtype.kind == "c" and a.dtype.kind != "c" else g).astype(a.dtype)


def given(name: str, a: AnyArray, dtype: DTypeLike, out: Any, initial: Any = ABSENT, **others: object) -> Settings:
    """The settings that were given, checked, as NumPy takes them; the mask ``where`` without its tensor."""
    if out is not None:
        raise TypeError(f"{name}: out= cannot be differentiated through. Fix: use the result, y = np.{name}(...).")
    if isinstance(initial, Tensor):
        raise TypeError(f"{name}: initial= is a tensor. Fix: combine it with the result, for instance by + or *.")
    if dtype is not None and np.dtype(dtype).kind not in "fc" and np.dtype(a.dtype).kind in "fc":
        raise TypeError(f"{name}: dtype={np.dtype(dtype)} has no derivative. Fix: give it t.detach().numpy().")
    settings = {k: bare(v) for k, v in others.items()} | {"dtype": dtype, "initial": initial}
    return {k: v for k, v in settings.items() if v is not None and v is not ABSENT and v is not True}


# Sums and means ------------------------------------------------------------------------------------------------------


class _Whole(Linear):
    """A sum or mean, whose cotangent is one number where no setting was given: then it is quickly spread."""

    def make_vjp(self, i: int) -> Callable[..., AnyArray]:
        usual = super().make_vjp(i)

        def vjp(g: AnyArray, node: Node, saved: Saved) -> AnyArray:
            shape = node.parents[0].shape  # type: ignore[index, union-attr]
            if node.params is not self.defaults or not _is_plain(g) or not shape:
                return usual(g, node, saved)
            return spread(self.each(g, math.prod(shape)), shape, None, False)

        return vjp

    def each(self, g: AnyArray, count: int) -> AnyArray:
        """The cotangent of each of so many summands."""
        raise NotImplementedError


class _Sum(_Whole):
    """Linear but for where the sum starts: that of tangents starts from 0."""

    def each(self, g: AnyArray, count: int) -> AnyArray:
        return g

    def jvp(self, node: Node, saved: Saved, tangents: Saved) -> AnyArray:
        return self.function(tangents[0], **{**node.params, "initial": ABSENT})


class _Mean(_Whole):
    def each(self, g: AnyArray, count: int) -> AnyArray:
        return over(g, count)


def _sum(a, axis=None, dtype=None, out=None, keepdims=False, initial=ABSENT, where=True):
    """Sum over ``axis`` (an int, a tuple, or None for all), of the elements ``where`` and a number ``initial``.

    Arguments are those of ``np.sum``.

    >>> sum(np.ones((2, 3)), axis=1)
    array([3., 3.])
    """
    if dtype is None and initial is ABSENT and where is True and out is None:
        return np.add.reduce(a, axis=axis, keepdims=keepdims)
    return np.add.reduce(a, axis=axis, keepdims=keepdims, **given("sum", a, dtype, out, initial, where=where))


def _summands(g: AnyArray, a: AnyArray, axis: Axis, keepdims: bool, dtype: DTypeLike, where: Mask) -> AnyArray:
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
    return total / (a.size // max(1, total.size))


def _averaged(g: AnyArray, a: AnyArray, axis: Axis, keepdims: bool, dtype: DTypeLike, where: Mask) -> AnyArray:
    if where is True and dtype is None:
        count = math.prod(a.shape) // max(1, math.prod(g.shape))
        return spread(over(g, max(1, count)), a.shape, axis, keepdims)
    whole = np.broadcast_to(expanded(g, axis, keepdims) / counted(a, axis, where), a.shape)
    return cast(masked(whole, where), a)


mean = implements(np.mean)(_Mean(_mean, {"a": _averaged}, name="mean").function)


@composite(np.nansum)
def nansum(a, axis=None, dtype=None, out=None, keepdims=False, initial=ABSENT, where=True):
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


def _shares(a: AnyArray, axis: Axis, mask: AnyArray) -> AnyArray:
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
def prod(a, axis=None, dtype=None, out=None, keepdims=False, initial=ABSENT, where=True):
    """Product over ``axis``; ∂/∂aᵢ is the product of the other factors, exact where some of them are 0.

    Arguments are those of ``np.prod``.

    >>> prod(np.array([2.0, 3.0, 4.0]))
    np.float64(24.0)
    """
    return np.multiply.reduce(a, axis=axis, keepdims=keepdims, **given("prod", a, dtype, out, initial, where=where))


def _other_factors(a: AnyArray, axis: Axis, initial: Any, where: Mask) -> AnyArray:
    """Π over j ≠ i of aⱼ: in the first axis the others of the same line, then those of the other lines."""
    factors = a if where is True else np.where(bare(where), a, 1)
    others: Any = 1.0 if initial is ABSENT or initial is None else initial
    for k in _each_of(axis, a.ndim):
        others = others * _before(factors, k) * turned(_before(turned(factors, k), k), k)
        factors = np.prod(factors, axis=k, keepdims=True)
    return masked(others * np.ones_like(a), where)


def _before(a: AnyArray, axis: int) -> AnyArray:
    """The product of the elements before each, 1 before the first."""
    first, last = part(a, axis, slice(1)), part(a, axis, slice(-1))
    return np.concatenate([np.ones_like(first), np.cumprod(last, axis=axis)], axis=axis)


def part(a: AnyArray, axis: int, piece: slice) -> AnyArray:
    """``a[…, piece, …]`` along one axis."""
    return a[(*[slice(None)] * (axis % a.ndim), piece)]


def turned(a: AnyArray, axis: int) -> AnyArray:
    """Backwards along one axis."""
    return part(a, axis, slice(None, None, -1))


@composite(np.nanprod)
def nanprod(a, axis=None, dtype=None, out=None, keepdims=False, initial=ABSENT, where=True):
    """Product over ``axis``, NaN counted as 1.

    Arguments are those of ``np.nanprod``.

    >>> nanprod(np.array([3.0, np.nan, 2.0]))
    np.float64(6.0)
    """
    return prod(np.where(np.isnan(a), 1, a), axis, dtype, out, keepdims, initial, where)
