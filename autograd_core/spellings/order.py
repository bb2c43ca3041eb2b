"""Largest and smallest elements, sorting and counting, as PyTorch spells them: values with their places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..engine.tensor import bare
from ..ops.places.indexing import getitem
from .arguments import along, axis_of
from .sums import argmax, argmin

if TYPE_CHECKING:
    from ..support.types import AnyArray, Axis, Function


class ValuesAndIndices(NamedTuple):
    """What ``max(dim)``, ``sort``, ``topk`` and their kin give."""

    values: Any
    indices: Any


def _at(input: Any, indices: Any, dim: Any) -> AnyArray:
    return np.take_along_axis(input, indices, axis=dim)


def _extreme(input: AnyArray, find: Any, function: Any, binary: Any, dim: Any, keepdim: bool) -> Any:
    if dim is None:
        return function(input)
    if not isinstance(dim, (int, np.integer)):
        return binary(input, dim)
    if not np.ndim(input):
        return ValuesAndIndices(input, np.zeros((), int))
    places = find(input, dim, keepdim=True)
    values = _at(input, places, dim)
    return ValuesAndIndices(values, places) if keepdim else ValuesAndIndices(*_dropped(dim, values, places))


def _dropped(dim: Any, *parts: Any) -> tuple[Any, ...]:
    return tuple(np.squeeze(part, dim) for part in parts)


def max(input: AnyArray, dim: Axis = None, keepdim: bool = False, *, other: object = None) -> Any:
    """The largest element; with ``dim`` the largest ones and their indices; of two tensors the larger of each pair."""
    return _extreme(input, argmax, np.max, np.maximum, dim if other is None else other, keepdim)


def min(input: AnyArray, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element; the rest as of ``max``."""
    return _extreme(input, argmin, np.min, np.minimum, dim if other is None else other, keepdim)


def argsort(input: AnyArray, dim: int = -1, descending: bool = False, stable: bool = False) -> AnyArray:
    """The indices that sort along ``dim``."""
    values = bare(input)
    if not np.ndim(values):
        return np.zeros((), int)
    if not descending:
        return np.argsort(values, axis=dim, kind="stable")
    flipped = np.flip(np.argsort(np.flip(values, dim), axis=dim, kind="stable"), dim)
    return values.shape[dim] - 1 - flipped


def sort(input: AnyArray, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """In order along ``dim``, with the indices; those of equal values stay in their order."""
    places = argsort(input, dim, descending)
    return ValuesAndIndices(_at(input, places, dim) if np.ndim(input) else input, places)


def msort(input: AnyArray) -> AnyArray:
    """In order along the first axis."""
    return sort(input, 0).values


def topk(input: AnyArray, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The k largest (or smallest) elements along ``dim``, in order, with their indices."""
    if not np.ndim(input):
        return ValuesAndIndices(input, np.zeros((), int))
    if not 0 <= k <= np.shape(input)[dim]:
        raise RuntimeError(f"topk: k={k} of an axis of {np.shape(input)[dim]}.")
    places = getitem(argsort(input, dim, largest), along(input, dim, slice(0, k)))
    return ValuesAndIndices(_at(input, places, dim), places)


def kthvalue(input: AnyArray, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest element along ``dim``, with its index."""
    if not np.ndim(input):
        return ValuesAndIndices(input, np.zeros((), int))
    places = getitem(argsort(input, dim), along(input, dim, slice(k - 1, k)))
    values = _at(input, places, dim)
    return ValuesAndIndices(values, places) if keepdim else ValuesAndIndices(*_dropped(dim, values, places))


def median(input: AnyArray, dim: int | None = None, keepdim: bool = False) -> AnyArray:
    """The middle element, of an even number the lower of the two; with ``dim`` those and their indices."""
    if dim is None:
        flat = np.reshape(input, -1)
        return kthvalue(flat, (flat.shape[0] + 1) // 2, 0).values
    return kthvalue(input, (np.shape(input)[dim] + 1) // 2 if np.ndim(input) else 1, dim, keepdim)


def nanmedian(input: AnyArray, dim: int | None = None, keepdim: bool = False) -> Any:
    """``median`` of what is not NaN."""
    if dim is None:
        flat = np.reshape(input, -1)
        return nanmedian(flat, 0).values
    if not np.ndim(input):
        return ValuesAndIndices(input, np.zeros((), int))
    order: Any = argsort(input, dim)  # NaN comes last
    counts = np.sum(~np.isnan(bare(input)), axis=dim, keepdims=True)
    places = np.take_along_axis(order, np.maximum(counts - 1, 0) // 2, axis=dim)
    values = _at(input, places, dim)
    return ValuesAndIndices(values, places) if keepdim else ValuesAndIndices(*_dropped(dim, values, places))


def mode(input: AnyArray, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent element, the smallest of several, with an index of it."""
    values = bare(input)
    if not np.ndim(values):
        return ValuesAndIndices(input, np.zeros((), int))
    counts = np.sum(np.equal(values[..., None, :], values[..., None]), -1) if dim in (-1, values.ndim - 1) else None
    if counts is None:
        moved = np.moveaxis(values, dim, -1)
        counts = np.moveaxis(np.sum(np.equal(moved[..., None, :], moved[..., None]), -1), -1, dim)
    best = np.where(counts == counts.max(axis=dim, keepdims=True), values, np.inf)
    smallest = best.min(axis=dim, keepdims=True)
    n = values.shape[dim]
    places = n - 1 - np.argmax(np.flip(best == smallest, dim), axis=dim, keepdims=True)
    found = _at(input, places, dim)
    return ValuesAndIndices(found, places) if keepdim else ValuesAndIndices(*_dropped(dim, found, places))


def _running(ufunc: np.ufunc, input: AnyArray, dim: int) -> Any:
    if not np.ndim(input):
        return ValuesAndIndices(input, np.zeros((), int))
    values = bare(input)
    extreme = ufunc.accumulate(values, axis=dim)
    shape = [1] * values.ndim
    shape[dim] = -1
    places = np.arange(values.shape[dim]).reshape(shape)
    here = np.where(np.equal(values, extreme) | np.isnan(values), places, 0)  # the last one that reaches it
    places = np.maximum.accumulate(here, axis=dim)
    return ValuesAndIndices(_at(input, places, dim), places)


def cummax(input: AnyArray, dim: int) -> Any:
    """The largest element so far along ``dim``, with its index: the last of several."""
    return _running(np.maximum, input, dim)


def cummin(input: AnyArray, dim: int) -> Any:
    """The smallest element so far along ``dim``, with its index: the last of several."""
    return _running(np.minimum, input, dim)


def _quantile(function: Function) -> Function:
    def quantile(
        input: AnyArray, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
    ) -> AnyArray:
        """The values below which the parts q of the elements lie."""
        return function(input, bare(q), axis=axis_of(input, dim), keepdims=keepdim, method=interpolation)

    return quantile


quantile, nanquantile = _quantile(np.quantile), _quantile(np.nanquantile)


def unique(
    input: AnyArray,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> AnyArray:
    """The different elements in order (without a gradient), where asked for with inverse indices and counts."""
    different: Any = np.unique
    return different(bare(input), return_inverse=return_inverse, return_counts=return_counts, axis=dim)


def unique_consecutive(
    input: AnyArray, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """Without repetitions of the element before."""
    if dim is not None:
        raise NotImplementedError("unique_consecutive: dim= is not here. Fix: compare slices, x[1:] != x[:-1].")
    flat = bare(input).reshape(-1)
    new = np.ones(flat.size, bool)
    new[1:] = flat[1:] != flat[:-1]
    parts = [flat[new]]
    if return_inverse:
        parts.append((np.cumsum(new) - 1).reshape(np.shape(input)))
    if return_counts:
        parts.append(np.diff(np.append(np.flatnonzero(new), flat.size)))
    return tuple(parts) if len(parts) > 1 else parts[0]
