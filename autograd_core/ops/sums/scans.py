"""Scans along an axis: cumulative sums and products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.arithmetic import conjugate
from ...engine.forms import linear, primitive
from ...engine.tensor import bare
from ..composites import composite, refuse_out
from ..precision import in_single
from .reductions import cast, given, part, turned

if TYPE_CHECKING:
    from ...support.types import AnyArray, Function

__all__ = ["cumprod", "cumsum", "nancumprod", "nancumsum"]


@linear(name="cumsum", a=lambda g, a, axis: cast(turned(in_single(np.cumsum)(turned(g, axis), axis=axis), axis), a))
def _cumsum(a, axis=0, dtype=None):
    return np.cumsum(a, axis=axis, **given("cumsum", a, dtype, None))


@primitive(
    name="cumprod",
    a=lambda g, a, ans, axis: _cumprod_adjoint(g, conjugate(a), conjugate(ans), axis),
    jvp={"a": lambda t, a, ans, axis: recurrence(a, t * _shifted(ans, axis), axis)},
)
def _cumprod(a, axis=0, dtype=None):
    return np.cumprod(a, axis=axis, **given("cumprod", a, dtype, None))


def recurrence(a: AnyArray, b: AnyArray, axis: int) -> AnyArray:
    """sₖ = bₖ + aₖ sₖ₋₁ along an axis, s before the first being 0.

    By doubling (Hillis and Steele 1986): two steps, of lengths d, are one of length 2d, of the same form.
    """
    length, n = 1, a.shape[axis]
    while length < n:
        reached, rest, ago = slice(length), slice(length, None), slice(-length)
        here = part(a, axis, rest)
        b = np.concatenate([part(b, axis, reached), part(b, axis, rest) + here * part(b, axis, ago)], axis=axis)
        if 2 * length < n:
            a = np.concatenate([part(a, axis, reached), here * part(a, axis, ago)], axis=axis)
        length *= 2
    return b


def _cumprod_adjoint(g: AnyArray, a: AnyArray, ans: AnyArray, axis: int) -> AnyArray:
    """āₖ = sₖ yₖ₋₁ with sₖ = gₖ + aₖ₊₁ sₖ₊₁: no quotients, so that zeros do no harm."""
    backwards = turned(a, axis)
    later = np.concatenate([part(backwards, axis, slice(1)), part(backwards, axis, slice(-1))], axis=axis)
    return cast(turned(recurrence(later, turned(g, axis), axis), axis) * _shifted(ans, axis), a)


def _shifted(ans: AnyArray, axis: int) -> AnyArray:
    """The product before each element, 1 before the first."""
    one = np.ones_like(part(ans, axis, slice(1)))
    return np.concatenate([one, part(ans, axis, slice(-1))], axis=axis)


def _line(a: AnyArray, axis: int | None) -> tuple[Any, int]:
    """The array and an axis of it: flattened, where no axis was named, or a 0-d array has none but 0 and −1."""
    return (np.reshape(a, (-1,)), 0) if axis is None or (not a.ndim and axis in (0, -1)) else (a, axis)


@composite(np.cumsum)
def cumsum(a, axis=None, dtype=None, out=None):
    """Sums of the first 1, 2, … elements along ``axis`` (None: of the flattened array).

    Arguments are those of ``np.cumsum``.

    >>> cumsum(np.array([1.0, 2.0, 3.0]))
    array([1., 3., 6.])
    """
    refuse_out("cumsum", out)
    return _cumsum(*_line(a, axis), dtype)


@composite(np.cumprod)
def cumprod(a, axis=None, dtype=None, out=None):
    """Products of the first 1, 2, … elements; the derivative is exact also where some of them are 0.

    Arguments are those of ``np.cumprod``.

    >>> cumprod(np.array([1.0, 2.0, 3.0]))
    array([1., 2., 6.])
    """
    refuse_out("cumprod", out)
    return _cumprod(*_line(a, axis), dtype)


@composite(np.nancumsum)
def nancumsum(a, axis=None, dtype=None, out=None):
    """Cumulative sums, NaN counted as 0.

    Arguments are those of ``np.nancumsum``.

    >>> nancumsum(np.array([1.0, np.nan, 3.0]))
    array([1., 1., 4.])
    """
    return cumsum(np.where(np.isnan(a), 0, a), axis, dtype, out)


@composite(np.nancumprod)
def nancumprod(a, axis=None, dtype=None, out=None):
    """Cumulative products, NaN counted as 1.

    Arguments are those of ``np.nancumprod``.

    >>> nancumprod(np.array([2.0, np.nan, 3.0]))
    array([2., 2., 6.])
    """
    return cumprod(np.where(np.isnan(a), 1, a), axis, dtype, out)


def _cumulative(
    name: str, scan: Function, first: Any, x: AnyArray, axis: int | None, include_initial: bool
) -> AnyArray:
    x = x if x.ndim else np.reshape(x, (1,))
    if axis is None and x.ndim != 1:
        raise ValueError(f"{name}: an array of shape {x.shape} has no single axis. Fix: name one, axis=0.")
    axis = 0 if axis is None else axis
    y = scan(x, axis)
    if not include_initial:
        return y
    shape = tuple(1 if k == axis % x.ndim else n for k, n in enumerate(x.shape))
    return np.concatenate([np.full_like(bare(y), first, shape=shape), y], axis=axis)


if hasattr(np, "cumulative_sum"):  # NumPy ≥ 2.1
    __all__ += ["cumulative_prod", "cumulative_sum"]

    @composite(np.cumulative_sum)
    def cumulative_sum(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        """``cumsum`` along an axis that is named; ``include_initial`` puts the sum of nothing, 0, in front.

        Arguments are those of ``np.cumulative_sum``.

        >>> cumulative_sum(np.array([1.0, 2.0]), include_initial=True)
        array([0., 1., 3.])
        """
        refuse_out("cumulative_sum", out)
        return _cumulative("cumulative_sum", lambda x, k: _cumsum(x, k, dtype), 0, x, axis, include_initial)

    @composite(np.cumulative_prod)
    def cumulative_prod(x, /, *, axis=None, dtype=None, out=None, include_initial=False):
        """``cumprod`` along an axis that is named; ``include_initial`` puts the product of nothing, 1, in front.

        Arguments are those of ``np.cumulative_prod``.

        >>> cumulative_prod(np.array([2.0, 3.0]), include_initial=True)
        array([1., 2., 6.])
        """
        refuse_out("cumulative_prod", out)
        return _cumulative("cumulative_prod", lambda x, k: _cumprod(x, k, dtype), 1, x, axis, include_initial)
