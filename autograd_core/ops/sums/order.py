"""What depends on the order of numbers: sort and partition, median, quantiles, percentiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ...engine import entry
from ...engine.forms import linear, primitive
from ...engine.tensor import bare
from ..composites import composite, refuse_out
from ..shapes.making import as_array

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike, Axis, Function

__all__ = [
    "median", "nanmedian", "nanpercentile", "nanquantile", "partition", "percentile", "quantile", "sort",
    "sort_complex",
]

# Sorting is a permutation, which stands still while the numbers move a little ----------------------------------------


@linear(name="permute", a=lambda g, order, axis: _permute(g, np.argsort(order, axis=axis), axis), order=None)
def _permute(a, order, axis=-1):
    """``a[order]`` along an axis, each element once."""
    return np.take_along_axis(a, order, axis=axis)


def _line(a: AnyArray, axis: int | None) -> tuple[AnyArray, int]:
    return (np.reshape(a, (-1,)), 0) if axis is None else (a, axis)


@composite(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    """In ascending order along ``axis`` (None: flattened); equal numbers keep their order, complex ones by real part.

    Arguments are those of ``np.sort``.

    >>> sort(np.array([3.0, 1.0, 2.0]))
    array([1., 2., 3.])
    """
    _refuse_order("sort", order)
    a, axis = _line(a, axis)
    return _permute(a, bare(np.argsort(a, axis=axis, kind="stable")), axis)


@composite(np.partition)
def partition(a, kth, axis=-1, kind="introselect", order=None):
    """Rearranged so that element ``kth`` stands where sorting puts it, with the smaller ones before it.

    Arguments are those of ``np.partition``.

    >>> partition(np.array([3.0, 1.0, 2.0]), 1)
    array([1., 2., 3.])
    """
    _refuse_order("partition", order)
    a, axis = _line(a, axis)
    before = bare(a)
    after = np.partition(before, entry.setting(kth, "partition", "kth"), axis=axis, kind=kind)
    ranks = np.argsort(np.argsort(after, axis=axis, kind="stable"), axis=axis)
    moved = np.take_along_axis(np.argsort(before, axis=axis, kind="stable"), ranks, axis=axis)
    return _permute(a, moved, axis)


@composite(np.sort_complex)
def sort_complex(a):
    """Sorted along the last axis by real and then by imaginary part, as complex numbers.

    Arguments are those of ``np.sort_complex``.

    >>> sort_complex(np.array([2.0, 1.0]))
    array([1.+0.j, 2.+0.j])
    """
    return sort(a) if a.dtype.kind == "c" else np.add(sort(a).astype(np.float64), 0j)


def _refuse_order(name: str, order: str | None) -> None:
    if order is not None:
        raise TypeError(f"{name}: order= names fields, which a tensor has not. Fix: leave it out.")


# Medians and quantiles: each a mean of two neighbours among the sorted numbers ---------------------------------------

_METHODS_THAT_MIX = {"linear", "hazen", "weibull", "median_unbiased", "normal_unbiased", "interpolated_inverted_cdf"}


def _ranks(a: AnyArray) -> AnyArray:
    """The place of each number among the sorted ones of its row, 0, 1, …"""
    return np.argsort(np.argsort(a, axis=-1, kind="stable"), axis=-1)


def _shares(a: AnyArray, statistic: Function, **settings: object) -> AnyArray:
    """∂(statistic)/∂a of something that is (1 − s) x₍ₖ₎ + s x₍ₖ₊₁₎ of the sorted x.

    The statistic of the ranks is the place p = k + s; the element of rank r has the share max(0, 1 − |p − r|).
    """
    ranks = _ranks(a)
    exact = settings.get("method", "linear") not in _METHODS_THAT_MIX and a.shape[-1] * np.finfo(a.dtype).eps < 1
    places = ranks.astype(a.dtype if exact else np.float64)
    if statistic in (np.nanmedian, np.nanquantile, np.nanpercentile):
        places = np.where(np.isnan(a), np.nan, places)
    place = np.expand_dims(statistic(places, axis=-1, **settings), -1)
    return np.fmax(1 - np.absolute(place - ranks), 0).astype(a.dtype)


def _pulled(g: AnyArray, shares: AnyArray, count: int) -> AnyArray:
    """The cotangents of the quantiles of a row, one axis for them in front, as one of the row."""
    g = np.expand_dims(g if g.dtype == shares.dtype else g.astype(shares.dtype), -1)
    return np.sum(g * shares, axis=tuple(range(count))) if count else g * shares


def _of_order(statistic: Function) -> Function:
    """The primitive of a median: along the last axis."""

    def forward(a):
        return statistic(a, axis=-1)

    return primitive(
        forward,
        name=statistic.__name__,
        a=lambda g, a: np.expand_dims(g, -1) * _shares(a, statistic),
        jvp={"a": lambda t, a: np.sum(t * _shares(a, statistic), axis=-1)},
    )


def _given(weights: AnyArray | None) -> dict[str, AnyArray]:
    """The weights where there are some: CuPy's quantiles have none."""
    return {} if weights is None else {"weights": weights}


def _of_orders(statistic: Function) -> Function:
    """The primitive of quantiles, of one or of an array of them (in front): along the last axis."""

    def forward(a, q, method="linear", weights=None):
        return statistic(a, q, axis=-1, method=method, **_given(weights))

    def shares(a: AnyArray, q: AnyArray, method: str, weights: AnyArray | None) -> AnyArray:
        return _shares(a, statistic, q=q, method=method, **_given(weights))

    return primitive(
        forward,
        name=statistic.__name__,
        a=lambda g, a, q, method, weights: _pulled(g, shares(a, q, method, weights), np.ndim(q)),
        jvp={"a": lambda t, a, q, method, weights: np.sum(t * shares(a, q, method, weights), axis=-1)},
    )


_median, _nanmedian = _of_order(np.median), _of_order(np.nanmedian)
_quantile, _nanquantile = _of_orders(np.quantile), _of_orders(np.nanquantile)
_percentile, _nanpercentile = _of_orders(np.percentile), _of_orders(np.nanpercentile)


def _row(a: AnyArray, axis: Axis) -> tuple[AnyArray, tuple[int, ...]]:
    """The array with the reduced axes as one, the last; and which they were."""
    axis = entry.setting(axis, "quantile", "axis")
    axes = tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if any(not -a.ndim <= k < a.ndim for k in axes):
        raise np.exceptions.AxisError(f"axis {axis} is out of bounds for an array of shape {a.shape}")
    axes = tuple(k % a.ndim for k in axes)
    if len(axes) == 1 and axes[0] == a.ndim - 1:
        return a, axes
    kept = [k for k in range(a.ndim) if k not in axes]
    count = math.prod(a.shape[k] for k in axes)
    return np.reshape(np.transpose(a, (*kept, *axes)), (*[a.shape[k] for k in kept], count)), axes


def _with_axes(y: AnyArray, axes: tuple[int, ...], keepdims: bool, in_front: int = 0) -> AnyArray:
    return np.expand_dims(y, tuple(in_front + k for k in axes)) if keepdims and axes else y


def _reduced(primitive: Callable[..., AnyArray], a: AnyArray, axis: Axis, keepdims: bool) -> AnyArray:
    row, axes = _row(a, axis)
    return _with_axes(primitive(row), axes, keepdims)


def _quantiles(
    primitive: Callable[..., AnyArray], a: AnyArray, q: ArrayLike, axis: Axis, out: None, method: str, keepdims: bool,
    weights: AnyArray | None,
) -> AnyArray:
    refuse_out(primitive.__name__, out)
    name = primitive.__name__
    q, weights = entry.setting(q, name, "q", "np.interp on np.sort(a)"), entry.setting(weights, name, "weights")
    a = as_array(a)
    row, axes = _row(a, axis)
    if weights is not None:
        weights = as_array(weights)
        if weights.shape != a.shape:
            weights = _of_axes(weights, a.shape, axes, primitive.__name__)
        weights = _row(weights, axis)[0]
    q = q if isinstance(q, (int, float)) or hasattr(q, "dtype") else np.asanyarray(q)
    return _with_axes(primitive(row, q, method, weights), axes, keepdims, np.ndim(q))


def _of_axes(weights: AnyArray, shape: tuple[int, ...], axes: tuple[int, ...], name: str) -> AnyArray:
    """Weights of the reduced axes, repeated along the others."""
    if weights.shape != tuple(shape[k] for k in axes):
        raise ValueError(f"{name}: weights {weights.shape} for axes {axes} of an array {shape}; they must agree.")
    ordered = np.transpose(weights, tuple(np.argsort(axes)))
    return np.broadcast_to(np.reshape(ordered, [n if k in axes else 1 for k, n in enumerate(shape)]), shape)


@composite(np.median)
def median(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    """The middle number, of an even count the mean of the middle two, over ``axis``; those share the derivative.

    Arguments are those of ``np.median``.

    >>> median(np.array([3.0, 1.0, 2.0, 10.0]))
    np.float64(2.5)
    """
    refuse_out("median", out)
    return _reduced(_median, a, axis, keepdims)


@composite(np.nanmedian)
def nanmedian(a, axis=None, out=None, overwrite_input=False, keepdims=False):
    """The median of what is not NaN.

    Arguments are those of ``np.nanmedian``.

    >>> nanmedian(np.array([3.0, np.nan, 2.0]))
    np.float64(2.5)
    """
    refuse_out("nanmedian", out)
    return _reduced(_nanmedian, a, axis, keepdims)


@composite(np.quantile)
def quantile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None):
    """The number below which a part ``q`` of them lies, over ``axis``; of an array of q, one each in front.

    method : NumPy's thirteen (Hyndman and Fan 1996); the derivative belongs to the one or two numbers that it picks

    Arguments are those of ``np.quantile``.

    >>> quantile(np.array([1.0, 2.0, 3.0]), 0.25)
    np.float64(1.5)
    """
    return _quantiles(_quantile, a, q, axis, out, method, keepdims, weights)


@composite(np.percentile)
def percentile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None):
    """``quantile`` of q / 100.

    Arguments are those of ``np.percentile``.

    >>> percentile(np.array([1.0, 2.0, 3.0]), 25)
    np.float64(1.5)
    """
    return _quantiles(_percentile, a, q, axis, out, method, keepdims, weights)


@composite(np.nanquantile)
def nanquantile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None):
    """``quantile`` of what is not NaN.

    Arguments are those of ``np.nanquantile``.

    >>> nanquantile(np.array([1.0, np.nan, 3.0]), 0.25)
    np.float64(1.5)
    """
    return _quantiles(_nanquantile, a, q, axis, out, method, keepdims, weights)


@composite(np.nanpercentile)
def nanpercentile(a, q, axis=None, out=None, overwrite_input=False, method="linear", keepdims=False, *, weights=None):
    """``percentile`` of what is not NaN.

    Arguments are those of ``np.nanpercentile``.

    >>> nanpercentile(np.array([1.0, np.nan, 3.0]), 25)
    np.float64(1.5)
    """
    return _quantiles(_nanpercentile, a, q, axis, out, method, keepdims, weights)
