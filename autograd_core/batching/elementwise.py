"""Ufuncs on batched arrays: element by element, along axes, and on the last axes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .batched import (
    RULES,
    Batched,
    Level,
    aligned,
    bare,
    checked,
    holds,
    in_a_loop,
    innermost,
    is_on,
    wrapped,
)

if TYPE_CHECKING:
    from ..support.types import AnyArray, Args, ArrayLike, Axis, Function, Settings

_GROUPS = re.compile(r"\(([^)]*)\)")


def call_ufunc(ufunc: np.ufunc, method: str, inputs: Args, kwargs: Settings) -> Any:
    """A ufunc, or a method of one, on batched arrays."""
    level = innermost((inputs, kwargs)) if kwargs else innermost(inputs)
    assert level is not None
    checked(level)
    if kwargs.get("out") is not None and method != "at":
        return _into(level, ufunc, method, inputs, kwargs)
    if method == "__call__":
        if ufunc.signature is None:
            return (
                Batched(_elementwise(level, ufunc, inputs, kwargs), level)
                if ufunc.nout == 1
                else wrapped(level, _elementwise(level, ufunc, inputs, kwargs))
            )
        return _on_last_axes(level, ufunc, inputs, kwargs)
    if (
        method in ("reduce", "accumulate")
        and is_on(level, inputs[0])
        and not holds(level, *inputs[1:], kwargs.get("where"))
    ):
        return _along(level, getattr(ufunc, method), *inputs, **kwargs)
    if method == "at":
        return _at(level, ufunc, *inputs)
    if method == "outer" and not kwargs:
        a, b = inputs
        n = np.ndim(b)
        left = a[(..., *(None,) * n)] if np.ndim(a) or is_on(level, a) else a
        return ufunc(left, b)
    return in_a_loop(getattr(ufunc, method), level, inputs, kwargs)


def _elementwise(level: Level, function: Function, inputs: Sequence[Any], kwargs: Settings) -> Any:
    ndim = max([np.ndim(x) for x in inputs])
    if "where" in kwargs:
        ndim = max(ndim, np.ndim(kwargs["where"]))
        kwargs = {**kwargs, "where": aligned(level, kwargs["where"], ndim)}
    return function(*[aligned(level, x, ndim) for x in inputs], **kwargs)


def _into(level: Level, ufunc: np.ufunc, method: str, inputs: Args, kwargs: Settings) -> Any:
    """With ``out=``: computed, and stored."""
    outs = kwargs["out"] if isinstance(kwargs["out"], tuple) else (kwargs["out"],)
    for o in outs:
        if o is not None and not is_on(level, o):
            raise TypeError(
                f"vmap: np.{ufunc.__name__} would store what differs from example to example into an array of "
                f"{o.dtype} {np.shape(o)} that does not. Fix: y = y + x in place of y += x, or make the array beside "
                "a batched one, np.zeros_like(x)."
            )
    if method == "__call__" and ufunc.signature is None:
        _elementwise(level, ufunc, inputs, {**kwargs, "out": tuple(bare(level, o) for o in outs)})
    else:
        rest = {k: v for k, v in kwargs.items() if k != "out"}
        result = getattr(ufunc, method)(*inputs, **rest)
        for o, r in zip(outs, result if isinstance(result, tuple) else (result,), strict=True):
            o[...] = r
    return outs[0] if len(outs) == 1 else outs


def _at(level: Level, ufunc: np.ufunc, x: Any, index: Any, *values: Any) -> None:
    parts = index if isinstance(index, tuple) else (index,)
    whole = all(isinstance(p, (int, np.integer)) or getattr(p, "dtype", np.dtype(bool)).kind in "iu" for p in parts)
    if not is_on(level, x) or not whole:
        return in_a_loop(ufunc.at, level, (x, index, *values), {})
    ndim = max(np.ndim(p) for p in parts)
    examples = np.arange(level.size).reshape(-1, *(1,) * ndim)
    places = tuple(aligned(level, p, ndim) for p in parts)
    behind = ndim + x.ndim - len(parts)
    ufunc.at(x.array, (examples, *places), *[aligned(level, v, behind) for v in values])
    return None


def _along(level: Level, method: Function, x: Batched, axis: Axis = 0, *rest: object, **kwargs: object) -> AnyArray:
    return Batched(method(x.array, shifted(axis, x.ndim), *rest, **kwargs), level)


def shifted(axis: Axis, ndim: int) -> Any:
    """Axes of an example as axes of the whole array; None: all of them."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, (tuple, list)):
        return tuple(normalize_axis_index(a, ndim) + 1 for a in axis)
    return normalize_axis_index(axis, ndim) + 1


def _on_last_axes(level: Level, ufunc: np.ufunc, inputs: Args, kwargs: Settings) -> AnyArray:
    """matmul, vecdot and their like: what they loop over is aligned, what they work on is not."""
    if ufunc is np.matmul and not kwargs:
        return Batched(_matmul(level, *inputs), level)
    if kwargs.keys() & {"axes", "axis", "keepdims"} or "?" in str(ufunc.signature):
        return in_a_loop(ufunc, level, inputs, kwargs)
    core = [
        len([d for d in g.split(",") if d.strip()]) for g in _GROUPS.findall(str(ufunc.signature).partition("->")[0])
    ]
    loops = max(np.ndim(x) - c for x, c in zip(inputs, core, strict=True))
    arrays = [aligned(level, x, loops + c) for x, c in zip(inputs, core, strict=True)]
    return wrapped(level, ufunc(*arrays, **kwargs))


def _matmul(level: Level, a: AnyArray, b: AnyArray) -> AnyArray:
    """a @ b, as one product of matrices where one of them is the same for all examples."""
    na, nb = np.ndim(a), np.ndim(b)
    x, y = bare(level, a), bare(level, b)
    if is_on(level, a) and not is_on(level, b):
        if na == 2 and nb <= 2:
            flat = np.matmul(np.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1])), y)
            return np.reshape(flat, (*x.shape[:-1], *y.shape[1:]))
        if na == 1 and nb > 2:
            return np.matmul(x[(slice(None), *(None,) * (nb - 2), None)], y)[..., 0, :]
        return np.matmul(aligned(level, a, max(na, nb)) if na > 1 else x, y)
    if is_on(level, b) and not is_on(level, a):
        if nb == 1:
            if na <= 2:
                return np.matmul(y, np.swapaxes(x, 0, -1))
            return np.matmul(x, y[(slice(None), *(None,) * (na - 2), slice(None), None)])[..., 0]
        return np.matmul(x, aligned(level, b, max(na, nb)))
    if na == 1 and nb == 1:
        return np.matmul(x[:, None, :], y[:, :, None])[:, 0, 0]
    n = max(na, nb, 2)
    left = x[:, None, :] if na == 1 else x
    right = y[:, :, None] if nb == 1 else y
    left = left[(slice(None), *(None,) * (n + 1 - left.ndim))]
    right = right[(slice(None), *(None,) * (n + 1 - right.ndim))]
    product = np.multiply(left, right) if left.shape[-1] == right.shape[-2] == 1 else np.matmul(left, right)
    if na == 1:
        product = product[..., 0, :]
    return product[..., 0] if nb == 1 else product


# NumPy's functions that work element by element, or along axes -------------------------------------------------------


def for_each(register: Callable[..., None]) -> Callable[..., None]:
    """Decorator: what enters one function in ``RULES`` enters several."""

    def register_all(*functions: object, **how: object) -> None:
        for function in functions:
            register(function, **how)

    return register_all


@for_each
def each(function: Function, arrays: int = 1) -> None:
    """The first ``arrays`` arguments broadcast against each other; the rest are settings."""

    def rule(level: Level, *args: object, **kwargs: Any) -> AnyArray:
        out = kwargs.get("out")
        if holds(level, *args[arrays:], *(v for k, v in kwargs.items() if k != "out")):
            return in_a_loop(function, level, args, kwargs)
        settings = {k: bare(level, v) for k, v in kwargs.items()}
        result = _elementwise(level, lambda *a: function(*a, *args[arrays:], **settings), args[:arrays], {})
        return out if out is not None else wrapped(level, result)

    RULES[function] = rule


each(np.real, np.imag, np.angle, np.round, np.around, np.nan_to_num, np.sinc, np.i0, np.isneginf, np.isposinf)
each(np.iscomplex, np.isreal, np.copy)
if not isinstance(np.fix, np.ufunc):
    each(np.fix)
each(np.where, arrays=3)
each(np.isclose, arrays=2)


def _clip(
    level: Level,
    a: AnyArray,
    a_min: ArrayLike | None = None,
    a_max: ArrayLike | None = None,
    out: Any = None,
    **kwargs: Any,
) -> AnyArray:
    low, high = kwargs.pop("min", a_min), kwargs.pop("max", a_max)
    if low is None or high is None:
        one = np.minimum if low is None else np.maximum
        bound = high if low is None else low
        return np.positive(a, out=out) if bound is None else one(a, bound, out=out, **kwargs)
    if out is not None:
        out[...] = np.clip(a, low, high, **kwargs)
        return out
    return Batched(_elementwise(level, np.clip, (a, low, high), kwargs), level)


RULES[np.clip] = _clip


@for_each
def along(function: Function, default: Any = None, before: int = 0, flat: bool = False) -> None:
    """``function(x, …, axis)`` with ``before`` settings in front of the axis.

    flat : without an axis it works on the elements in a row
    """

    def rule(level: Level, x: Batched, *args: Any, **kwargs: Any) -> AnyArray:
        settings, rest = args[:before], args[before + 1 :]
        axis = args[before] if len(args) > before else kwargs.pop("axis", default)
        out = kwargs.pop("out", None)
        given = {**kwargs, "axis": axis}
        if not is_on(level, x) or holds(level, *settings, *rest, *kwargs.values()):
            return in_a_loop(
                function, level, (x, *settings), {**given} if not rest else _named(function, args, kwargs, before)
            )
        data = x.array
        if axis is None and flat:
            if kwargs.get("keepdims"):
                return np.reshape(
                    rule(level, x, *settings, None, *rest, **{**kwargs, "keepdims": False}), (1,) * x.ndim
                )
            data, axes = np.reshape(data, (level.size, -1)), 1
        else:
            axes = shifted(axis, x.ndim)
        if rest:
            result = function(data, *settings, axes, *rest, **kwargs)
        else:
            result = function(data, *settings, axis=axes, **kwargs)
        if out is not None:
            out[...] = Batched(result, level)
            return out
        return wrapped(level, result)

    RULES[function] = rule


def _named(function: Function, args: Args, kwargs: Settings, before: int) -> dict[str, Any]:
    import inspect

    names = list(inspect.signature(function).parameters)[before + 1 :]
    return {**dict(zip(names, args[before:], strict=False)), **kwargs}


along(
    np.sum,
    np.prod,
    np.max,
    np.min,
    np.amax,
    np.amin,
    np.any,
    np.all,
    np.mean,
    np.std,
    np.var,
    np.ptp,
    np.median,
)
along(np.nansum, np.nanprod, np.nanmax, np.nanmin, np.nanmean, np.nanstd, np.nanvar, np.nanmedian)
along(np.count_nonzero, np.average, np.flip)
along(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.cumsum, np.cumprod, np.nancumsum, np.nancumprod, flat=True)
along(np.sort, np.argsort, default=-1, flat=True)
along(np.partition, np.argpartition, default=-1, before=1, flat=True)
along(np.diff, default=-1, before=1)
along(np.repeat, before=1, flat=True)
along(np.trapezoid, default=-1, before=2)
along(np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft, default=-1, before=1)
RULES[np.fft.fftshift] = lambda level, x, axes=None: Batched(np.fft.fftshift(x.array, shifted(axes, x.ndim)), level)
RULES[np.fft.ifftshift] = lambda level, x, axes=None: Batched(np.fft.ifftshift(x.array, shifted(axes, x.ndim)), level)


@for_each
def _fft_of_axes(function: Function, last_two: bool) -> None:
    def rule(
        level: Level,
        a: Batched,
        s: AnyArray | None = None,
        axes: Any = (-2, -1) if last_two else None,
        *rest: object,
        **kwargs: object,
    ) -> AnyArray:
        if axes is None:
            axes = tuple(range(a.ndim)) if s is None else tuple(range(-len(s), 0))
        return Batched(function(a.array, s, shifted(tuple(axes), a.ndim), *rest, **kwargs), level)

    RULES[function] = rule


_fft_of_axes(np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2, last_two=True)
_fft_of_axes(np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn, last_two=False)


@for_each
def _quantile(function: Function) -> None:
    def rule(level: Level, a: Batched, q: Any, axis: Axis = None, *rest: object, **kwargs: object) -> AnyArray:
        if not is_on(level, a) or holds(level, q, *rest, *kwargs.values()):
            return in_a_loop(function, level, (a, q, axis, *rest), kwargs)
        found = function(a.array, q, shifted(axis, a.ndim), *rest, **kwargs)
        return Batched(np.moveaxis(found, np.ndim(q), 0), level)

    RULES[function] = rule


_quantile(np.quantile, np.percentile, np.nanquantile, np.nanpercentile)


def _searchsorted(level: Level, a: AnyArray, v: Batched, *rest: Any, **kwargs: Any) -> AnyArray:
    if is_on(level, a) or holds(level, *rest, *kwargs.values()):
        return in_a_loop(np.searchsorted, level, (a, v, *rest), kwargs)
    return Batched(np.searchsorted(a, v.array, *rest, **kwargs), level)


RULES[np.searchsorted] = _searchsorted


@for_each
def _asking(function: Function) -> None:
    def rule(level: Level, *args: Any, **kwargs: Any) -> Any:
        return function(*[bare(level, a) for a in args], **{k: bare(level, v) for k, v in kwargs.items()})

    RULES[function] = rule


_asking(np.result_type, np.can_cast, np.iscomplexobj, np.isrealobj, np.common_type, np.min_scalar_type)
_asking(np.may_share_memory, np.shares_memory)
RULES[np.shape] = lambda level, x: x.shape
RULES[np.ndim] = lambda level, x: x.ndim
RULES[np.size] = lambda level, x, axis=None: x.size if axis is None else x.shape[axis]
