"""Largest and smallest elements along axes; equal ones share the derivative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.forms import reduction
from ...engine.registry import implements
from ...support.arrays import highest, lowest
from ..composites import composite
from .reductions import ABSENT, cast, given, numbers

if TYPE_CHECKING:
    from ...support.types import AnyArray, Axis, Function, Mask

__all__ = ["amax", "amin", "max", "min", "nanmax", "nanmin", "ptp"]


@implements(np.max, np.amax)
@reduction(a=lambda a, ans, axis, initial, where: _ties(a, ans, axis, initial, where))
def max(a, axis=None, out=None, keepdims=False, initial=ABSENT, where=True):
    """Largest element along ``axis``; n equal largest elements (``initial`` among them) share the derivative, 1/n each.

    Arguments are those of ``np.max``.

    >>> max(np.array([[1.0, 3.0], [5.0, 2.0]]), axis=1)
    array([3., 5.])
    """
    if initial is ABSENT and where is True and out is None:
        return highest(a, axis=axis, keepdims=keepdims)
    return highest(a, axis=axis, keepdims=keepdims, **given("max", a, None, out, initial, where=where))


@implements(np.min, np.amin)
@reduction(a=lambda a, ans, axis, initial, where: _ties(a, ans, axis, initial, where))
def min(a, axis=None, out=None, keepdims=False, initial=ABSENT, where=True):
    """Smallest element along ``axis``; n equal smallest elements share the derivative, 1/n each.

    Arguments are those of ``np.min``.

    >>> min(np.array([[1.0, 3.0], [5.0, 2.0]]), axis=1)
    array([1., 2.])
    """
    if initial is ABSENT and where is True and out is None:
        return lowest(a, axis=axis, keepdims=keepdims)
    return lowest(a, axis=axis, keepdims=keepdims, **given("min", a, None, out, initial, where=where))


amax, amin = max, min


def _ties(a: AnyArray, extreme: AnyArray, axis: Axis, initial: Any, where: Mask) -> AnyArray:
    """1/n at each of the n elements that equal the extreme, 0 elsewhere."""
    hit = np.equal(a, extreme)
    if initial is ABSENT and where is True:
        return _part(hit, np.sum(hit, axis=axis, keepdims=True), a)
    hit = hit if where is True else np.logical_and(hit, where)
    count = np.sum(hit, axis=axis, keepdims=True)
    if initial is not ABSENT and initial is not None:
        count = count + np.equal(extreme, initial)
    return _part(hit, np.maximum(count, 1), a)


def _part(hit: AnyArray, count: AnyArray, a: AnyArray) -> AnyArray:
    """1/count where it was hit, in a's dtype."""
    return cast(np.divide(hit, count, dtype=np.result_type(a.dtype, np.float32)), a)


def _of_numbers(of_numpy: Function, which: str, example: str) -> Function:
    def extreme(a, axis=None, out=None, keepdims=False, initial=ABSENT, where=True):
        settings = given(of_numpy.__name__, a, None, out, initial, where=where)
        return of_numpy(a, axis=axis, keepdims=keepdims, **settings)

    extreme.__name__ = of_numpy.__name__
    extreme.__doc__ = f"""{which} element along ``axis`` of what is not NaN; equal ones share the derivative.

    Arguments are those of ``np.{of_numpy.__name__}``.

    >>> {of_numpy.__name__}(np.array([1.0, np.nan, 3.0]))
    np.float64({example})
    """
    rule = lambda a, ans, axis, initial, where: _ties(a, ans, axis, initial, numbers(a, where))
    return implements(of_numpy)(reduction(a=rule)(extreme))


nanmax = _of_numbers(np.nanmax, "Largest", "3.0")
nanmin = _of_numbers(np.nanmin, "Smallest", "1.0")


@composite(np.ptp)
def ptp(a, axis=None, out=None, keepdims=False):
    """Largest minus smallest element along ``axis`` (peak to peak).

    Arguments are those of ``np.ptp``.

    >>> ptp(np.array([1.0, 5.0, 2.0]))
    np.float64(4.0)
    """
    return max(a, axis, out, keepdims) - min(a, axis, out, keepdims)
