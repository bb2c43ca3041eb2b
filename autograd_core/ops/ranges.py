"""Numbers in equal steps between two ends, which may be arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..forms import linear
from ..protocols import bare
from ..tensor import Tensor
from .composites import composite
from .elementwise import power
from .shaping import astype

__all__ = ["linspace", "logspace"]


@linear(
    name="linspace",
    start=lambda g, num, endpoint, axis: np.sum(g * (1 - _share_of_stop(g, num, endpoint, axis)), axis=axis),
    stop=lambda g, num, endpoint, axis: np.sum(g * _share_of_stop(g, num, endpoint, axis), axis=axis),
)
def _linspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    return np.linspace(start, stop, num, endpoint, dtype=dtype, axis=axis)


def _share_of_stop(g: Any, num: int, endpoint: bool, axis: int) -> Any:
    """What each step has of the end: 0, 1/n, 2/n, …, with n = num − 1 or, without the end itself, num."""
    one = np.sum(g, axis=axis)
    return np.linspace(np.zeros_like(one), np.ones_like(one), num, endpoint, axis=axis)


@composite(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    """``num`` numbers from ``start`` in equal steps to ``stop``, which is the last one or, without endpoint, the next.

    retstep : give the size of the steps, too

    >>> linspace(np.array([0.0, 10.0]), 1.0, 3, axis=1)
    array([[ 0. ,  0.5,  1. ],
           [10. ,  5.5,  1. ]])
    """
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        return np.linspace(bare(start), bare(stop), num, endpoint, retstep, dtype, axis)
    start, stop = (x if hasattr(x, "dtype") or np.isscalar(x) else np.asarray(x) for x in (start, stop))
    numbers = _linspace(start, stop, num, endpoint, dtype, axis)
    steps = num - 1 if endpoint else num
    return (numbers, (stop - start) / steps if steps > 0 else math.nan) if retstep else numbers


@composite(np.logspace)
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    """``base`` to the powers ``linspace(start, stop, num)``.

    >>> logspace(0.0, 2.0, 3)
    array([  1.,  10., 100.])
    """
    if np.ndim(base):  # one base for each place
        ndim = np.broadcast(*[np.empty(np.shape(x)) for x in (start, stop, base)]).ndim
        start, stop, base = (
            np.reshape(x, (*[1] * (ndim - np.ndim(x)), *np.shape(x))) for x in (start, stop, base)
        )
        base = np.expand_dims(base, axis)
    numbers = power(base, linspace(start, stop, num, endpoint, axis=axis))
    return numbers if dtype is None else astype(numbers, dtype) if isinstance(numbers, Tensor) else numbers.astype(dtype)
