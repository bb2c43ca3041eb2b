"""Arrays in another shape or order."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...kernels.windows import unfold
from ..following import Refused

if TYPE_CHECKING:
    from ..writing import Writer

Rule = Callable[..., Any]


def _reshape(w: Writer, x: Any, *_: Any, **__: Any) -> Any:
    shape, other = w.target()
    open_axes = [k for k, (n, m) in enumerate(zip(shape, other, strict=True)) if n != m]
    if len(open_axes) == 1 and 0 not in shape:
        target = w.b.constant([-1 if k in open_axes else int(n) for k, n in enumerate(shape)])
    else:
        target = w.dims(shape, other)
    return w.b.node("Reshape", w.name(x), target, allowzero=int(0 in shape))


def _permuted(change: Callable[..., Any]) -> Rule:
    """NumPy itself says where the axes go: the lengths of an array whose lengths are their numbers."""

    def rule(w: Writer, x: Any, *where: Any, **settings: Any) -> Any:
        seen = change(np.empty(tuple(range(2, 2 + len(x.shape))), np.bool_), *where, **settings)
        return w.b.node("Transpose", w.name(x), perm=[n - 2 for n in seen.shape])

    return rule


def moved(change: Callable[..., Any], zeros: bool = False) -> Rule:
    """Elements of each example in other places: NumPy itself says which, of an array that holds their numbers.

    zeros : whether there are zeros among them
    """

    def rule(w: Writer, x: Any, *given: Any, **settings: Any) -> Any:
        def changed(numbers: Any) -> Any:
            return change(numbers, *given, **settings)

        return rearranged(w, w.name(x), x.dtype, (x.shape, x.longer), changed, zeros)

    return rule


def rearranged(w: Writer, value: str, dtype: Any, shapes: Any, change: Callable[[Any], Any], zeros: bool) -> Any:
    """The same of a value by its name, of these shapes in both runs."""
    shape, longer = shapes
    rows = [_places(change, s, shape != longer) for s in shapes]
    if not np.array_equal(*rows):
        raise Refused("it moves numbers from one example of the batch to another")
    places, b = rows[0], w.b
    line = b.reshape(value, [-1, math.prod(shape[1:])] if shape != longer else [1, math.prod(shape)])
    if zeros and not places.all():
        line = b.node("Pad", line, b.constant([0, 1, 0, 0]), b.constant(dtype.type(0)))
    else:
        places = places - 1
    found = b.node("Gather", line, b.constant(places.astype(np.int64)), axis=1)
    return b.node("Reshape", found, w.dims(*w.target()))


def _places(change: Callable[[Any], Any], shape: Any, by_row: bool) -> Any:
    """The numbers, from 1 on, of what stands in each place of a row; 0 for a zero."""
    size = math.prod(shape[1:]) if by_row else math.prod(shape)
    count = shape[0] if by_row else 1
    found = change(np.arange(1, count * size + 1).reshape(shape))
    if found.size % count:
        raise Refused("it moves numbers from one example of the batch to another")
    found = found.reshape(count, -1)
    rows = np.where(found > 0, found - size * np.arange(count)[:, None], 0)
    if (rows != rows[:1]).any() or rows.max(initial=0) > size or rows.min(initial=0) < 0:
        raise Refused("it moves numbers from one example of the batch to another")
    return rows[0]


def _expand(w: Writer, x: Any, *_: Any, **__: Any) -> Any:
    return w.b.node("Expand", w.name(x, w.made.dtype), w.dims(*w.target()))


def _concatenate(w: Writer, *parts: Any, axis: Any = 0) -> Any:
    arrays = parts[0] if len(parts) == 1 and isinstance(parts[0], (list, tuple)) else parts
    return w.b.node("Concat", *(w.name(a, w.made.dtype) for a in arrays), axis=int(axis))


def _stack(w: Writer, *parts: Any, axis: Any = 0) -> Any:
    arrays = parts[0] if len(parts) == 1 and isinstance(parts[0], (list, tuple)) else parts
    at = w.b.constant([int(axis)])
    return w.b.node("Concat", *(w.b.node("Unsqueeze", w.name(a, w.made.dtype), at) for a in arrays), axis=int(axis))


def _pad(w: Writer, x: Any, widths: Any, mode: str = "constant", constant_values: Any = 0) -> Any:
    """Of one number."""
    if mode != "constant":
        return moved(np.pad)(w, x, widths, mode=mode)
    both = np.broadcast_to(np.asarray(widths), (len(x.shape), 2))
    ends = w.b.constant([int(n) for n in both.T.ravel()])
    return w.b.node("Pad", w.name(x), ends, w.name(constant_values, x.dtype))


def _scan(op: Callable[..., Any]) -> Rule:
    def rule(w: Writer, x: Any, axis: Any = None, dtype: Any = None) -> Any:
        value = w.name(x, w.made.dtype)
        if axis is None:
            value, axis = w.b.reshape(value, [-1]), 0
        return op(w, value, int(axis) % len(x.shape), x)

    return rule


def _cumprod(w: Writer, value: str, axis: int, x: Any) -> Any:
    """Products of the elements up to each place: of a square of copies, with 1 above its diagonal."""
    if x.shape[axis] != x.longer[axis]:
        raise Refused("products along the batch")
    b, order = w.b, [k for k in range(len(x.shape)) if k != axis]
    rows = b.node("Unsqueeze", b.node("Transpose", value, perm=[*order, axis]), b.constant([-2]))
    mask = b.constant(np.tri(x.shape[axis], dtype=bool))
    seen = b.node("Where", mask, rows, b.constant(w.made.dtype.type(1)))
    found = b.node("ReduceProd", seen, b.constant([-1]), keepdims=0)
    return b.node("Transpose", found, perm=np.argsort([*order, axis]).tolist())


RULES: dict[str, Rule] = {
    **dict.fromkeys(("reshape", "ravel", "squeeze", "expand_dims", "flatten", "atleast_1d"), _reshape),
    "swapaxes": _permuted(np.swapaxes),
    "transpose": _permuted(np.transpose),
    "moveaxis": _permuted(np.moveaxis),
    **dict.fromkeys(("broadcast_to", "filled"), _expand),
    "concatenate": _concatenate,
    "stack": _stack,
    "pad": _pad,
    "unfold": moved(lambda x, kernel, stride, dilation, pads: unfold(x, kernel, stride, dilation, pads), zeros=True),
    **{f.__name__: moved(f) for f in (np.roll, np.repeat, np.tile, np.rot90, np.diagonal)},
    **{f.__name__: moved(f, zeros=True) for f in (np.tril, np.triu)},
    "cumsum": _scan(lambda w, value, axis, x: w.b.node("CumSum", value, w.b.constant(np.int64(axis)))),
    "cumprod": _scan(_cumprod),
}
