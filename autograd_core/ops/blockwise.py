"""Elementwise functions of large arrays, worked off block by block: what they need in between stays in the cache.

Formulas may use ``+=`` and its kin on what they have just computed: that is in place for arrays, and for tensors and
symbols the same as ``+``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ..support.types import AnyArray, Array

__all__ = ["blockwise", "in_blocks", "select"]

BLOCK = 1 << 18
"""Bytes in a block of an array: several fit in a second-level cache, and a call of a ufunc is short beside it."""


def in_blocks(f: Callable[..., Any]) -> Callable[..., Any]:
    """``f``, elementwise in its positional arguments, which takes large arrays of one shape in blocks.

    Arrays that do not lie in memory alike, or are to be broadcast, ``f`` gets whole, as it does other array types.

    >>> fill = in_blocks(lambda x, y: x + y * x)
    >>> x = np.ones((300, 300))
    >>> np.array_equal(fill(x, 2 * x), 3 * x)
    True
    """

    @functools.wraps(f)
    def function(*args: Any, **settings: Any) -> Any:
        x = args[0]
        if type(x) is not np.ndarray or x.nbytes <= 2 * BLOCK:
            return f(*args, **settings)
        like = _leader(args)
        return f(*args, **settings) if like is None else _in_blocks(f, args, like, settings)

    return function


def _leader(args: Sequence[Any]) -> Array | None:
    """An array in whose order all of them lie in memory; None: there is none, or their shapes differ."""
    arrays = [a for a in args if np.ndim(a)]
    if any(type(a) is not np.ndarray or a.shape != arrays[0].shape for a in arrays):
        return None
    like = next((a for a in arrays if any(a.strides)), arrays[0])
    order = _order(like)
    return like if all(_line(a, order) is not None for a in arrays) else None


def _in_blocks(f: Callable[..., Any], args: Sequence[Any], like: Array, settings: dict[str, Any]) -> Any:
    order = _order(like)
    lines: list[Any] = [_line(a, order) if np.ndim(a) else a for a in args]
    n, step = like.size, BLOCK // max(a.itemsize for a in args if np.ndim(a))

    def block(start: int) -> Array:
        return f(*[a[start : start + step] if np.ndim(a) else a for a in lines], **settings)

    first = block(0)
    out = np.empty_like(like, first.dtype)
    line = _line(out, order)
    if line is None:
        return f(*args, **settings)
    line[:step] = first
    for start in range(step, n, step):
        line[start : start + step] = block(start)
    return out


def _order(x: Array) -> list[int] | None:
    """The axes from the longest stride to the shortest; None: as they stand."""
    return None if x.flags.c_contiguous else sorted(range(x.ndim), key=lambda axis: -x.strides[axis])


def _line(x: Array, order: list[int] | None) -> Array | None:
    """``x`` in one dimension, its axes in that order, not copied; None: not possible."""
    if not any(x.strides):  # one number, broadcast
        return np.broadcast_to(x[(0,) * x.ndim], x.size)
    ordered = x if order is None else x.transpose(order)
    return ordered.reshape(-1) if ordered.flags.c_contiguous else None


def blockwise(**rules: Callable[..., Any]) -> dict[str, Any]:
    """Rules for ``elementwise``, and beside each its product with a cotangent ``in_blocks``.

    For rules that are formulas; one that is an array that it was told has nothing in between.

    >>> import autograd_core as ag
    >>> cube = ag.elementwise(lambda x: x**3, name="cube", **blockwise(x=lambda x: 3 * x**2))
    >>> ag.grad(cube)(np.array([2.0]))
    array([12.])
    """
    return {**rules, "large": {argument: _product(rule) for argument, rule in rules.items()}}


def _product(rule: Callable[..., Any]) -> Callable[..., Any]:
    large = in_blocks(lambda g, *kept: np.multiply(g, rule(*kept)))

    def product(g: AnyArray, *kept: Any) -> AnyArray:
        if type(g) is np.ndarray and g.nbytes <= 2 * BLOCK:  # many small rows
            return np.multiply(g, rule(*kept))
        return large(g, *kept)

    return product


_BITS = {np.dtype(f"f{size}"): np.dtype(f"i{size}") for size in (2, 4, 8)}


@in_blocks
def select(condition: AnyArray, x: AnyArray, y: AnyArray) -> AnyArray:
    """``np.where(condition, x, y)``, of many floats by their bits: a branch that is hard to foresee takes 7 ns each.

    >>> select(np.array([True, False]), 1.0, np.array([2.0, np.inf]))
    array([ 1., inf])
    """
    dtypes = {a.dtype for a in (x, y) if isinstance(a, np.ndarray)}
    bits = _BITS.get(*dtypes) if len(dtypes) == 1 else None
    if bits is None or type(condition) is not np.ndarray or condition.dtype != bool or condition.size < 1024:
        return np.where(condition, x, y)
    if not all(type(a) in (np.ndarray, int, float) for a in (x, y)):
        return np.where(condition, x, y)
    mask = condition.astype(bits)
    np.negative(mask, out=mask)  # all bits, or none
    (dtype,) = dtypes
    a, b = (np.asarray(v, dtype).view(bits) for v in (x, y))
    chosen = np.bitwise_and(np.bitwise_xor(a, b), mask)
    return np.bitwise_xor(chosen, b).view(dtype)
