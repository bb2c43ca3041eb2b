"""Arrays extended at their edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.tensor import Tensor, bare
from ..composites import composite
from .joining import concatenate
from .ranges import linspace
from .shaping import astype

if TYPE_CHECKING:
    from ...support.types import AnyArray, ArrayLike, Function

__all__ = ["pad"]

Pair = tuple[Any, Any]

SETTINGS: dict[str, str] = {
    "constant": "constant_values", "linear_ramp": "end_values",
    "maximum": "stat_length", "mean": "stat_length", "median": "stat_length", "minimum": "stat_length",
    "reflect": "reflect_type", "symmetric": "reflect_type",
    "edge": "", "empty": "", "wrap": "",
}
STATISTICS: dict[str, Function] = {
    "maximum": np.max, "mean": np.mean, "median": np.median, "minimum": np.min,
}


@composite(np.pad)
def pad(array, pad_width, mode="constant", **kwargs):
    """``array`` with so many elements more before and after it along each axis.

    pad_width : one number, (before, after), a pair for each axis, or a dict from axes to either
    mode : "constant" (constant_values=0), "linear_ramp" (to end_values=0), "edge"; "maximum", "mean", "median" or
        "minimum" of the nearest stat_length elements; "reflect" or "symmetric" (without and with the edge itself;
        reflect_type "even" or "odd"); "wrap"; "empty", where the new elements are zeros here, not arbitrary

    constant_values and end_values may be tensors. Raises TypeError for a mode that is a function, which would write
    into its argument.

    >>> pad(np.array([1.0, 2.0]), 1)
    array([0., 1., 2., 0.])
    >>> pad(np.array([1.0, 2.0, 3.0]), (2, 0), mode="reflect")
    array([3., 2., 1., 2., 3.])
    """
    if callable(mode):
        raise TypeError("pad: a function as mode writes in place. Fix: np.concatenate of what shall stand there.")
    if mode not in SETTINGS:
        raise ValueError(f"pad: mode {mode!r} is not supported. Fix: one of {', '.join(SETTINGS)}.")
    unknown = set(kwargs) - {SETTINGS[mode]}
    if unknown:
        raise ValueError(f"pad: mode {mode!r} has no {', '.join(unknown)}. Fix: {SETTINGS[mode] or 'leave it out'}.")
    array = array if isinstance(array, Tensor) else np.asarray(array)
    widths = _widths(pad_width, array.ndim)
    if mode not in ("constant", "empty"):
        for axis, width in enumerate(widths):
            if not array.shape[axis] and any(width):
                raise ValueError(f"pad: axis {axis} of {array.shape} is empty, and mode {mode!r} cannot extend it.")
    settings = _pairs(kwargs.get(SETTINGS[mode], None if mode in STATISTICS else 0), array.ndim)
    if mode in STATISTICS:
        settings = [(_length(a), _length(b)) for a, b in settings]
    elif SETTINGS[mode] == "reflect_type":
        settings = [(kwargs.get("reflect_type", "even"),) * 2] * array.ndim
    for axis, (width, setting) in enumerate(zip(widths, settings, strict=True)):
        if any(width):
            array = _EXTENDED[mode](array, axis, width, setting)
    return array


def _widths(pad_width: Any, ndim: int) -> list[tuple[int, int]]:
    if isinstance(pad_width, dict):
        by_axis: list[Any] = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            by_axis[axis] = (width, width) if isinstance(width, int) else width
        pad_width = by_axis
    widths = np.asarray(pad_width)
    if widths.dtype.kind != "i":
        raise TypeError("pad: `pad_width` must be of integral type.")
    if widths.min(initial=0) < 0:
        raise ValueError("pad: index can't contain negative values; a width is 0 or more. Fix: slice to cut off.")
    return [(int(before), int(after)) for before, after in _pairs(widths, ndim)]


def _pairs(x: ArrayLike | None, ndim: int) -> list[Pair]:
    """One setting for all, a pair for all axes, or a pair for each: as a pair for each axis."""
    if x is None:
        return [(None, None)] * ndim
    x = x if isinstance(x, Tensor) else np.asarray(x)
    if x.size == 1:
        x = np.reshape(x, (-1,))
        return [(x[0], x[0])] * ndim
    if x.size == 2 and x.shape != (2, 1):
        x = np.reshape(x, (-1,))
        return [(x[0], x[1])] * ndim
    x = np.broadcast_to(x, (ndim, 2))
    rows: Any = x if isinstance(x, Tensor) else x.tolist()
    return [(row[0], row[1]) for row in rows]


def _length(n: Any) -> int | None:
    if n is not None and n < 0:
        raise ValueError("pad: index can't contain negative values; a stat_length is 1 or more, or None.")
    return None if n is None else round(n)


# Each mode: an array, an axis, how many elements before and after, and the setting of either side -------------------


def _part(array: AnyArray, axis: int, *ends: int | None) -> AnyArray:
    return array[(*[slice(None)] * axis, slice(*ends))]


def _around(before: AnyArray, array: AnyArray, after: AnyArray, axis: int) -> AnyArray:
    return concatenate([x for x in (before, array, after) if x.shape[axis]], axis)


def _repeated(slab: AnyArray, axis: int, width: int) -> AnyArray:
    return np.broadcast_to(slab, (*slab.shape[:axis], width, *slab.shape[axis + 1 :]))


def _edges(array: AnyArray, axis: int) -> Pair:
    return _part(array, axis, 0, 1), _part(array, axis, -1, None)


def _constant(array: AnyArray, axis: int, width: Pair, values: Pair) -> AnyArray:
    slabs = []
    for n, value in zip(width, values, strict=True):
        shape = (*array.shape[:axis], n, *array.shape[axis + 1 :])
        if isinstance(value, Tensor):
            slabs.append(np.broadcast_to(astype(value, array.dtype), shape))
        else:
            slabs.append(np.full_like(bare(array), value, shape=shape))
    return _around(slabs[0], array, slabs[1], axis)


def _edge(array: AnyArray, axis: int, width: Pair, _: Pair) -> AnyArray:
    first, last = (_repeated(slab, axis, n) for slab, n in zip(_edges(array, axis), width, strict=True))
    return _around(first, array, last, axis)


def _statistic(function: Function) -> Function:
    def extended(array: AnyArray, axis: int, width: Pair, lengths: tuple[int | None, int | None]) -> AnyArray:
        n = array.shape[axis]
        before, after = (n if m is None or m > n else m for m in lengths)
        if not (before and after) and function in (np.max, np.min):
            raise ValueError("pad: stat_length of 0 yields no value for padding")
        first = function(_part(array, axis, 0, before), axis=axis, keepdims=True)
        last = first if before == after == n else function(_part(array, axis, n - after, n), axis=axis, keepdims=True)
        if array.dtype.kind in "iu":
            first, last = np.round(first), np.round(last)
        slabs = (astype(_repeated(s, axis, m), array.dtype) for s, m in zip((first, last), width, strict=True))
        return _around(next(slabs), array, next(slabs), axis)

    return extended


def _wrap(array: AnyArray, axis: int, width: Pair, _: Pair) -> AnyArray:
    n = array.shape[axis]
    origin = np.arange(-width[0], n + width[1]) % n
    return array[(*[slice(None)] * axis, origin)]


def _mirrored(with_edge: bool) -> Function:
    def extended(array: AnyArray, axis: int, width: Pair, kinds: tuple[str, str]) -> AnyArray:
        period = array.shape[axis]
        if period == 1:
            return _edge(array, axis, width, width)
        before, after = width
        while before or after:
            n = array.shape[axis]
            at_most = n // period * period if with_edge else (n - 1) // (period - 1) * (period - 1)
            first, last = _edges(array, axis)
            left, right = min(at_most, before), min(at_most, after)
            skipped = 0 if with_edge else 1
            flipped = np.flip(array, axis)
            head = _part(flipped, axis, n - skipped - left, n - skipped)
            tail = _part(flipped, axis, skipped, skipped + right)
            if kinds[0] == "odd":
                head, tail = 2 * first - head, 2 * last - tail
            array, before, after = _around(head, array, tail, axis), before - left, after - right
        return array

    return extended


def _linear_ramp(array: AnyArray, axis: int, width: Pair, ends: Pair) -> AnyArray:
    ramps = [
        linspace(end, np.squeeze(edge, axis), n, False, axis=axis)
        for end, edge, n in zip(ends, _edges(array, axis), width, strict=True)
    ]
    first, last = (astype(np.floor(r) if array.dtype.kind in "iu" else r, array.dtype) for r in ramps)
    return _around(first, array, np.flip(last, axis), axis)


_EXTENDED: dict[str, Function] = {
    "constant": _constant,
    "empty": _constant,
    "edge": _edge,
    "linear_ramp": _linear_ramp,
    "wrap": _wrap,
    "reflect": _mirrored(with_edge=False),
    "symmetric": _mirrored(with_edge=True),
    **{mode: _statistic(function) for mode, function in STATISTICS.items()},
}
