"""Functions of one axis, applied to the slices of an array or to several axes in turn."""

from __future__ import annotations

import numpy as np

from ..engine import entry
from ..engine.registry import implements

__all__ = ["apply_along_axis", "apply_over_axes"]


@implements(np.apply_along_axis)
def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    """``func1d(slice, *args, **kwargs)`` for every 1-d slice along ``axis``, whose place the results' axes take.

    Arguments are those of ``np.apply_along_axis``.

    >>> apply_along_axis(np.sum, 0, np.ones((2, 3)))
    array([2., 2., 2.])
    """
    slices = np.moveaxis(arr, axis, -1)
    lead = slices.shape[:-1]
    results = [func1d(slices[place], *args, **kwargs) for place in np.ndindex(*lead)]
    if not results:
        raise ValueError(f"apply_along_axis: no slices along axis {axis} of {arr.shape}. Fix: give a nonempty array.")
    inner = np.shape(results[0])
    whole = np.reshape(np.stack(results), (*lead, *inner))
    new = range(len(lead), len(lead) + len(inner))
    return np.moveaxis(whole, tuple(new), tuple(range(axis % arr.ndim, axis % arr.ndim + len(inner))))


@implements(np.apply_over_axes)
def apply_over_axes(func, a, axes):
    """``func(a, axis)`` over one axis after another; an axis that it takes away is put back with length 1.

    Arguments are those of ``np.apply_over_axes``.

    >>> apply_over_axes(np.sum, np.ones((2, 3)), (0, 1))
    array([[6.]])
    """
    for axis in np.atleast_1d(entry.setting(axes, "apply_over_axes", "axes")):
        place = int(axis) % len(a.shape)
        result = func(a, place)
        a = result if len(result.shape) == len(a.shape) else np.expand_dims(result, place)
    return a
