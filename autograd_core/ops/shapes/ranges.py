"""Numbers between two numbers: arithmetic and geometric sequences, differentiable in both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.arithmetic import conjugate, unbroadcast
from ...engine.forms import linear, primitive
from ...engine.registry import implements
from ...engine.tensor import Tensor
from ...support.arrays import anyarray

if TYPE_CHECKING:
    from ...support.types import AnyArray, DTypeLike

__all__ = ["geomspace", "linspace", "logspace"]


def _places(like: AnyArray, num: int, endpoint: bool, axis: int) -> AnyArray:
    """Where each of the numbers lies between start (0) and stop (1), in the shape of ``like``."""
    return (np.cumsum(np.ones_like(like), axis=axis) - 1) / max(num - 1 if endpoint else num, 1)


@linear(
    name="linspace",
    start=lambda g, num, endpoint, axis: np.sum(g * (1 - _places(g, num, endpoint, axis)), axis=axis),
    stop=lambda g, num, endpoint, axis: np.sum(g * _places(g, num, endpoint, axis), axis=axis),
)
def _linspace(start, stop, num, endpoint, axis):
    return np.linspace(start, stop, num, endpoint, axis=axis)


@implements(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0, *, device=None):
    """``num`` numbers from ``start`` to ``stop`` in equal steps: start + (stop − start) k / (num − 1).

    Arguments are those of ``np.linspace``.

    >>> linspace(0.0, 1.0, 3)
    array([0. , 0.5, 1. ])
    """
    if not isinstance(start, Tensor) and not isinstance(stop, Tensor):
        return np.linspace(start, stop, num, endpoint, retstep, dtype, axis, device=device)
    y = _converted("linspace", _linspace(start, stop, num, endpoint, axis), dtype)
    steps = num - 1 if endpoint else num
    return (y, (stop - start) / steps if steps > 0 else np.nan) if retstep else y


@implements(np.logspace)
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    """base^y for ``num`` numbers y from ``start`` to ``stop`` in equal steps.

    Arguments are those of ``np.logspace``.

    >>> logspace(0.0, 2.0, 3)
    array([  1.,  10., 100.])
    """
    if not any(isinstance(a, Tensor) for a in (start, stop, base)):
        return np.logspace(start, stop, num, endpoint, base, dtype, axis)
    if np.ndim(base):
        ends = [*map(anyarray, (start, stop, base))]
        ndim = max(len(a.shape) for a in ends)
        start, stop, base = (np.reshape(a, (*[1] * (ndim - len(a.shape)), *a.shape)) for a in ends)
        base = np.expand_dims(base, axis)
    y = linspace(start, stop, num, endpoint, axis=axis)
    return _converted("logspace", np.power(base, y), dtype)


@primitive(
    name="geomspace",
    start=lambda g, start, ans, num, endpoint, axis: _end(g, start, ans, 1 - _places(g, num, endpoint, axis), axis),
    stop=lambda g, stop, ans, num, endpoint, axis: _end(g, stop, ans, _places(g, num, endpoint, axis), axis),
    jvp={
        "start": lambda t, start, ans, num, endpoint, axis: _moved(
            t, start, ans, 1 - _places(ans, num, endpoint, axis), axis
        ),
        "stop": lambda t, stop, ans, num, endpoint, axis: _moved(t, stop, ans, _places(ans, num, endpoint, axis), axis),
    },
)
def _geomspace(start, stop, num, endpoint, axis):
    return np.geomspace(start, stop, num, endpoint, axis=axis)


def _end(g: AnyArray, end: AnyArray, ans: AnyArray, share: AnyArray, axis: int) -> AnyArray:
    """The share of one end in the exponent is the elasticity of the result: ∂ans/∂end = share·ans/end."""
    total = np.sum(g * conjugate(share * ans), axis=axis)
    return unbroadcast((total if end.dtype.kind == "c" else np.real(total)) / conjugate(end), end.shape)


def _moved(t: AnyArray, end: Any, ans: AnyArray, share: Any, axis: int) -> AnyArray:
    rest = list(ans.shape)
    del rest[axis]
    return ans * (share * np.expand_dims(np.broadcast_to(t / end, tuple(rest)), axis))


@implements(np.geomspace)
def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """``num`` numbers from ``start`` to ``stop`` in equal ratios: start^(1−p) stop^p for p = k / (num − 1).

    Arguments are those of ``np.geomspace``.

    >>> geomspace(1.0, 4.0, 3)
    array([1., 2., 4.])
    """
    if not isinstance(start, Tensor) and not isinstance(stop, Tensor):
        return np.geomspace(start, stop, num, endpoint, dtype, axis)
    return _converted("geomspace", _geomspace(start, stop, num, endpoint, axis), dtype)


def _converted(name: str, y: AnyArray, dtype: DTypeLike) -> AnyArray:
    if dtype is None or y.dtype == dtype:
        return y
    if np.dtype(dtype).kind not in "fc":
        raise TypeError(f"{name}: dtype={np.dtype(dtype)} has no derivative. Fix: give a floating or complex dtype.")
    return y.astype(dtype)
