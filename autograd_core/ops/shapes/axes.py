"""Axes in another order, and numbers in another order along them: turned round, moved round."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine import entry
from ...engine.forms import linear
from ...engine.registry import implements
from ..composites import composite

__all__ = [
    "flip", "fliplr", "flipud", "matrix_transpose", "moveaxis", "permute_dims", "roll", "rollaxis", "rot90", "swapaxes",
    "transpose",
]


@implements(np.transpose)
@linear(a=lambda g, axes: np.transpose(g, None if axes is None else _back(g.ndim, axes)))
def transpose(a, axes=None):
    """Axes in another order (reversed by default).

    Arguments are those of ``np.transpose``.

    >>> transpose(np.ones((2, 3, 4)), (2, 0, 1)).shape
    (4, 2, 3)
    """
    return np.transpose(a, axes)


permute_dims = transpose


def _back(ndim: int, axes: Any) -> tuple[int, ...]:
    """The order that undoes ``axes``; one axis may be named without a tuple."""
    return tuple(np.argsort([k % ndim for k in (axes if np.ndim(axes) else (axes,))]))


@implements(np.swapaxes)
@linear(a=lambda g, axis1, axis2: np.swapaxes(g, axis1, axis2))
def swapaxes(a, axis1, axis2):
    """Two axes exchanged.

    Arguments are those of ``np.swapaxes``.

    >>> swapaxes(np.ones((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    return np.swapaxes(a, axis1, axis2)


@composite(np.matrix_transpose)
def matrix_transpose(x, /):
    """The last two axes exchanged.

    Arguments are those of ``np.matrix_transpose``.

    >>> matrix_transpose(np.ones((4, 2, 3))).shape
    (4, 3, 2)
    """
    if x.ndim < 2:
        raise ValueError(f"matrix_transpose: shape {x.shape} is not a matrix. Fix: give at least 2 axes (x[:, None]).")
    return swapaxes(x, -1, -2)


@implements(np.moveaxis)
@linear(a=lambda g, source, destination: np.moveaxis(g, destination, source))
def moveaxis(a, source, destination):
    """Axes moved to other positions, the others in their order.

    Arguments are those of ``np.moveaxis``.

    >>> moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    return np.moveaxis(a, source, destination)


@composite(np.rollaxis)
def rollaxis(a, axis, start=0):
    """One axis moved to before the one at ``start`` (``moveaxis`` is clearer).

    Arguments are those of ``np.rollaxis``.

    >>> rollaxis(np.ones((2, 3, 4)), 2).shape
    (4, 2, 3)
    """
    axis, start = entry.setting(axis, "rollaxis", "axis"), entry.setting(start, "rollaxis", "start")
    order = np.rollaxis(np.empty((1,) * a.ndim), axis, start)  # says what is wrong with the axes
    position, before = axis % order.ndim, start + order.ndim if start < 0 else start
    return moveaxis(a, position, before - (position < before))


@implements(np.flip)
@linear(m=lambda g, axis: np.flip(g, axis))
def flip(m, axis=None):
    """Backwards along ``axis`` (an int, a tuple, or None for all).

    Arguments are those of ``np.flip``.

    >>> flip(np.arange(3.0))
    array([2., 1., 0.])
    """
    return np.flip(m, axis)


@composite(np.fliplr)
def fliplr(m):
    """Columns in reverse order.

    Arguments are those of ``np.fliplr``.

    >>> fliplr(np.array([[1.0, 2.0]]))
    array([[2., 1.]])
    """
    if m.ndim < 2:
        raise ValueError(f"fliplr: shape {m.shape} has no columns. Fix: flip(m), or give at least 2 axes.")
    return flip(m, 1)


@composite(np.flipud)
def flipud(m):
    """Rows in reverse order.

    Arguments are those of ``np.flipud``.

    >>> flipud(np.array([[1.0], [2.0]]))
    array([[2.],
           [1.]])
    """
    if m.ndim < 1:
        raise ValueError("flipud: a number has no rows. Fix: give at least 1 axis (m[None]).")
    return flip(m, 0)


@implements(np.rot90)
@linear(m=lambda g, k, axes: np.rot90(g, -k, axes))
def rot90(m, k=1, axes=(0, 1)):
    """Turned by k quarter turns in the plane of two axes, from the first towards the second.

    Arguments are those of ``np.rot90``.

    >>> rot90(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[2., 4.],
           [1., 3.]])
    """
    return np.rot90(m, k, axes)


@implements(np.roll)
@linear(a=lambda g, shift, axis: np.roll(g, np.negative(shift), axis))
def roll(a, shift, axis=None):
    """Moved round along ``axis``: what falls off the end comes in at the front (None: of all numbers in a row).

    Arguments are those of ``np.roll``.

    >>> roll(np.arange(4.0), 1)
    array([3., 0., 1., 2.])
    """
    return np.roll(a, shift, axis)
