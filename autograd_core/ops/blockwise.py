"""Elementwise functions of large arrays, worked off block by block: what they need in between stays in the cache.

Formulas may use ``+=`` and its kin on what they have just computed: that is in place for arrays, and for tensors and
symbols the same as ``+``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.node import PLAIN
from ..engine.registry import primitives
from ..support import threads

if TYPE_CHECKING:
    from ..support.types import AnyArray, Array, ArrayLike, Function

__all__ = ["at_least", "at_most", "blockwise", "choose", "in_blocks", "select", "sum_in_blocks"]

BLOCK = 1 << 19
"""Bytes in a block of an array: several stay in the cache, and a call of a ufunc is short beside it."""


def in_blocks(f: Function, *args: object, out: AnyArray | None = None) -> Any:
    """``f(*args, out=None)``, elementwise, of large arrays of one shape in blocks: its last call takes ``out``.

    Arrays that do not lie in memory alike, or are to be broadcast, ``f`` gets whole, as it does other array types.
    out : one of the arguments of the result's shape and dtype, to be written over

    >>> x = np.ones((300, 300))
    >>> y = in_blocks(lambda x, y, out=None: np.add(x, y * x, out=out), x, 2 * x)
    >>> np.array_equal(y, 3 * x)
    True
    """
    x = args[0]
    if type(x) is not np.ndarray or x.nbytes <= BLOCK:
        return f(*args, **into(out))
    like = _leader(args)
    return f(*args, **into(out)) if like is None else _in_blocks(f, args, like, out)


def into(out: Any) -> dict[str, Any]:
    """``out`` as a keyword, where there is one."""
    return {} if out is None else {"out": out}


def _leader(args: Sequence[Any], kinds: Collection[type] = (np.ndarray,)) -> Array | None:
    """An array in whose order all of them lie in memory; None: there is none, or shapes or types differ."""
    arrays = [a for a in args if np.ndim(a)]
    if any(type(a) not in kinds or a.shape != arrays[0].shape for a in arrays):
        return None
    like = next((a for a in arrays if any(a.strides)), arrays[0])
    order = _order(like)
    return like if all(_line(a, order) is not None for a in arrays) else None


def sum_in_blocks(f: Function, *args: Any) -> AnyArray:
    """``f(*args)``, the sum of something elementwise: of large arrays that of its blocks, added up in pairs.

    >>> x = np.ones((300, 300))
    >>> float(sum_in_blocks(lambda x, y: np.sum(x * y), x, 2 * x))
    180000.0
    """
    x = args[0]
    if type(x) not in PLAIN or x.nbytes <= BLOCK or (like := _leader(args, PLAIN)) is None:
        return f(*args)
    lines, step = _lines(args, like)
    parts: list[Any] = [None] * -(-like.size // step)

    def part(k: int) -> None:
        place = slice(k * step, (k + 1) * step)
        parts[k] = f(*[a[place] if long else a for a, long in lines])

    threads.each(part, len(parts), here=type(x) is not np.ndarray)  # what is recorded is this thread's
    return np.add.reduce(np.stack(parts))


def _lines(args: Sequence[Any], like: Array) -> tuple[list[tuple[Any, bool]], int]:
    """The arguments in one dimension, and whether they have one; how many elements make a block."""
    order = _order(like)
    lines: list[tuple[Any, bool]] = [(_line(a, order), True) if np.ndim(a) else (a, False) for a in args]
    return lines, BLOCK // max(a.itemsize for a, long in lines if long)


def _in_blocks(f: Function, args: Sequence[Any], like: Array, out: Any) -> AnyArray:
    lines, step = _lines(args, like)
    if out is None:
        out = np.empty_like(like, f(*[a[:1] if long else a for a, long in lines]).dtype)
    line = _line(out, _order(like))
    if line is None:
        return f(*args)

    def block(k: int) -> None:
        place = slice(k * step, (k + 1) * step)
        f(*[a[place] if long else a for a, long in lines], out=line[place])

    threads.each(block, -(-like.size // step))
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


def blockwise(**rules: Function) -> dict[str, Any]:
    """Rules for ``elementwise``, and beside each its product with a cotangent ``in_blocks``.

    For rules that are formulas; one that is an array that it was told has nothing in between.

    >>> import autograd_core as ag
    >>> cube = ag.elementwise(lambda x: x**3, name="cube", **blockwise(x=lambda x: 3 * x**2))
    >>> ag.grad(cube)(np.array([2.0]))
    array([12.])
    """
    return {**rules, "large": {argument: _product(rule) for argument, rule in rules.items()}}


def _product(rule: Function) -> Function:
    def times(g: AnyArray, *kept: object, out: Any = None) -> AnyArray:
        return np.multiply(g, rule(*kept), out=out)

    def product(g: AnyArray, *kept: object, out: Any = None) -> AnyArray:
        if type(g) is np.ndarray and g.nbytes <= BLOCK:  # many small rows
            return np.multiply(g, rule(*kept), out=out)
        return in_blocks(times, g, *kept, out=out)

    return product


_MANY = 1 << 12  # elements, beside which the call of np.clip is short


def at_least(x: AnyArray, low: float, out: Any = None) -> AnyArray:
    """``np.maximum(x, low)``; of many floats by np.clip, for which NumPy has vector instructions beside a number.

    >>> at_least(np.array([-2.0, 3.0]), 0)
    array([0., 3.])
    """
    if type(x) in PLAIN and x.size > _MANY and x.dtype.kind == "f":
        return np.clip(x, low, math.inf, out=out)
    return np.maximum(x, low, out=out)


def at_most(x: AnyArray, high: float, out: Any = None) -> AnyArray:
    """``np.minimum(x, high)``, in the same way."""
    if type(x) in PLAIN and x.size > _MANY and x.dtype.kind == "f":
        return np.clip(x, -math.inf, high, out=out)
    return np.minimum(x, high, out=out)


_BITS = {np.dtype(f"f{size}"): np.dtype(f"i{size}") for size in (2, 4, 8)}


def select(condition: AnyArray, x: AnyArray | float, y: AnyArray | float) -> AnyArray:
    """``np.where(condition, x, y)``, of many floats by their bits: a branch that is hard to foresee takes 7 ns each.

    >>> select(np.array([True, False]), 1.0, np.array([2.0, np.inf]))
    array([ 1., inf])
    """
    return in_blocks(choose, condition, x, y)


def choose(condition: AnyArray, x: ArrayLike, y: ArrayLike, out: Any = None) -> AnyArray:
    """``select`` of a block."""
    dtypes = {a.dtype for a in (x, y) if isinstance(a, np.ndarray)}
    bits = _BITS.get(*dtypes) if len(dtypes) == 1 else None
    if bits is None or type(condition) is not np.ndarray or condition.dtype != bool or condition.size < 1024:
        return _where(condition, x, y, out)
    if not all(type(a) in (np.ndarray, int, float) for a in (x, y)):
        return _where(condition, x, y, out)
    mask = condition.astype(bits)
    np.negative(mask, out=mask)  # all bits, or none
    (dtype,) = dtypes
    a, b = (np.asarray(v, dtype).view(bits) for v in (x, y))
    chosen = np.bitwise_xor(a, b)
    chosen &= mask
    return np.bitwise_xor(chosen, b, out=None if out is None else out.view(bits)).view(dtype)


def _where(condition: AnyArray, x: ArrayLike, y: ArrayLike, out: Any) -> AnyArray:
    chosen = np.where(condition, x, y)
    if out is None:
        return chosen
    out[...] = chosen
    return out


# Several threads -----------------------------------------------------------------------------------------------------

_COSTLY = [
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "arcsin", "arccos"),
    *("arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "power", "arctan2", "hypot", "logaddexp"),
]
"""Ufuncs that take longer than memory does: two cores take half the time, of which sums and products gain little."""

_SHARED = 1 << 21
"""Bytes from which a second thread pays for one ufunc: its call takes as long as exp of 200 KB."""


def _in_threads(ufunc: Function) -> Function:
    def forward(*args: Any) -> Any:
        x = args[0]
        return in_blocks(ufunc, *args) if type(x) is np.ndarray and x.nbytes >= _SHARED else ufunc(*args)

    return forward


def _share(on: bool) -> None:
    """Let the costly ufuncs of tensors run in blocks, or as they are; where it is off, nothing asks."""
    for name in _COSTLY:
        op = primitives.get(f"numpy.{name}")
        if op is not None:
            op.function.__globals__["forward"] = _in_threads(op.forward) if on else op.forward


threads.when_changed(_share)
