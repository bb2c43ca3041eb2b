"""``np.add.reduce(t)``, ``np.maximum.accumulate(t)``, ``np.subtract.outer(t, u)``: the methods of ufuncs on tensors.

Each is said in functions that are differentiable by themselves; what has no such words is refused. Loaded when first
asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.forms import reduction
from ..engine.registry import implements
from ..engine.tensor import bare
from ..support.arrays import anyarray
from .protocols import refusal

if TYPE_CHECKING:
    from ..support.types import AnyArray, DTypeLike, Function, Settings

__all__: list[str] = []


@implements(np.logaddexp.reduce)
@reduction(name="logaddexp.reduce", x=lambda x, ans, axis: _shares(x, ans, axis))
def _logaddexp(x, axis=0, keepdims=False):
    """log Σ eˣ, added up in NumPy's order."""
    return np.logaddexp.reduce(x, axis=axis, keepdims=keepdims)


def _shares(x: AnyArray, ans: AnyArray, axis: int | None) -> AnyArray:
    """eˣ / Σ eˣ, and equal shares of nothing but −∞."""
    none = np.equal(ans, -np.inf)
    count = x.size if axis is None else x.shape[axis]
    return np.where(none, 1 / count, np.exp(x - np.where(none, 0, ans)))


REDUCTIONS: dict[np.ufunc, Function] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logaddexp: _logaddexp,
}

SCANS: dict[np.ufunc, Function] = {np.add: np.cumsum, np.multiply: np.cumprod}

FIXES = {
    "reduce": "reduce with add, multiply, maximum, minimum or logaddexp",
    "at": "np.add.at writes in place; add np.bincount(indices, weights) or a sum over slices instead",
    "reduceat": "sum slices x[i:j] and np.stack the sums",
}


def call(ufunc: np.ufunc, method: str, inputs: Any, settings: Settings) -> Any:
    """``ufunc.method(*inputs, **settings)``, of which one input at least is a tensor."""
    if method == "outer":
        return outer(ufunc, *inputs, **settings)
    if method == "accumulate":
        return accumulate(ufunc, *inputs, **settings)
    if method == "reduce" and ufunc in REDUCTIONS:
        given = {k: v for k, v in settings.items() if k != "dtype" or v is not None}
        return REDUCTIONS[ufunc](*inputs, **{"axis": 0, **given})
    raise TypeError(refusal(f"np.{ufunc.__name__}.{method}", FIXES.get(method, "")))


def outer(ufunc: np.ufunc, x: AnyArray, y: AnyArray, **settings: object) -> Any:
    """The ufunc of each element of x with each of y, of shape x.shape + y.shape."""
    x, y = map(anyarray, (x, y))
    return ufunc(np.reshape(x, (*x.shape, *[1] * len(y.shape))), y, **settings)


def accumulate(ufunc: np.ufunc, x: AnyArray, axis: int = 0, dtype: DTypeLike = None) -> Any:
    """out[0] = x[0], out[k] = ufunc(out[k − 1], x[k]) along ``axis``."""
    if ufunc in SCANS:
        return SCANS[ufunc](x, axis=axis) if dtype is None else SCANS[ufunc](x, axis=axis, dtype=dtype)
    x = x if dtype is None else x.astype(dtype)
    if ufunc in (np.maximum, np.minimum):
        return _running_extreme(ufunc, x, axis)
    rows = [x[(*[slice(None)] * (axis % x.ndim), k)] for k in range(x.shape[axis])]
    for k in range(1, len(rows)):
        rows[k] = ufunc(rows[k - 1], rows[k])
    return np.stack(rows, axis=axis) if rows else x * 1


def _running_extreme(ufunc: np.ufunc, x: Any, axis: int) -> Any:
    """The largest, or smallest, so far; where several are, the first and the last of them share the derivative."""
    values = bare(x)
    extreme = ufunc.accumulate(values, axis=axis)
    places = np.arange(values.shape[axis]).reshape((-1, *[1] * (values.ndim - 1 - axis % values.ndim)))
    record = np.logical_or(np.equal(values, extreme), np.isnan(values))
    last = np.maximum.accumulate(np.where(record, places, 0), axis=axis)
    new = np.logical_and(record, np.logical_not(np.equal(extreme, np.roll(extreme, 1, axis=axis))))
    first = np.maximum.accumulate(np.where(new, places, 0), axis=axis)
    if np.array_equal(first, last):
        return np.take_along_axis(x, last, axis=axis)
    return 0.5 * np.take_along_axis(x, first, axis=axis) + 0.5 * np.take_along_axis(x, last, axis=axis)
