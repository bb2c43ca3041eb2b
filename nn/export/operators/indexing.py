"""Parts of arrays, and arrays of which a part is replaced."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..following import Refused
from .shapes import moved, rearranged

if TYPE_CHECKING:
    from ..writing import Writer

_WHOLE = np.dtype(np.int64)
_END = 2**31


def _getitem(w: Writer, x: Any, index: Any) -> Any:
    if x.parts:
        if str(index) not in x.parts:
            raise Refused("the states between two steps")
        return x.parts[str(index)]
    parts = _by_axis(index, len(x.shape))
    if not any(_is_array(p) for p in parts):
        return _basic(w, x, parts)
    if any(p.dtype.kind == "b" for p in parts if _is_array(p)):
        raise Refused("a mask, which makes the shape depend on the numbers")
    arrays = [k for k, p in enumerate(parts) if _is_array(p) or isinstance(p, int)]
    if None not in parts and len(arrays) == 1:
        value = _basic(w, x, [slice(None) if _is_array(p) else p for p in parts])
        return w.b.node("Gather", value, w.name(parts[arrays[0]], _WHOLE), axis=arrays[0])
    if None not in parts and arrays == [*range(len(arrays))]:
        return _of_points(w, x, parts, len(arrays))
    constant = [p.array if _is_array(p) else p for p in parts]
    if any(p is None and _is_array(q) for p, q in zip(constant, parts, strict=True)):
        raise Refused("several index arrays that depend on the input")
    return moved(lambda numbers: numbers[tuple(constant)])(w, x)


def _by_axis(index: Any, axes: int) -> list[Any]:
    """What is asked of each axis: a slice, a number, an array or, for a new one, None."""
    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [_places(p) for p in parts]
    if not any(p is Ellipsis for p in parts):
        parts.append(Ellipsis)
    at = next(k for k, p in enumerate(parts) if p is Ellipsis)
    rest = axes - sum(len(p.shape) if _is_mask(p) else 1 for p in parts if p is not None and p is not Ellipsis)
    return [*parts[:at], *[slice(None)] * rest, *parts[at + 1 :]]


def _places(part: Any) -> Any:
    """Lists and constant masks as arrays of places."""
    from ..writing import Value

    if isinstance(part, list):
        part = Value(np.asarray(part), np.asarray(part))
    if isinstance(part, np.integer):
        return int(part)
    if _is_mask(part) and part.array is not None and part.array.ndim == 1:
        places = np.flatnonzero(part.array)
        return Value(places, places)
    return part


def _is_array(part: Any) -> bool:
    return getattr(part, "dtype", None) is not None


def _is_mask(part: Any) -> bool:
    return _is_array(part) and bool(part.dtype.kind == "b")


def _basic(w: Writer, x: Any, parts: list[Any]) -> Any:
    value, b, axis = w.name(x), w.b, 0
    squeezed: list[int] = []
    added: list[int] = []
    for p in parts:
        if p is None:
            added.append(axis - len(squeezed) + len(added))
            continue
        if isinstance(p, slice):
            value = _sliced(w, value, x, axis, p)
        else:
            if not isinstance(p, int):
                raise Refused("one example of the batch by a number that depends on its length")
            squeezed.append(axis)
        axis += 1
    for axis in reversed(squeezed):
        place = [p for p in parts if p is not None][axis]
        value = b.node("Gather", value, b.constant(np.int64(place)), axis=axis)
    return b.node("Unsqueeze", value, b.constant(added)) if added else value


def _sliced(w: Writer, value: str, x: Any, axis: int, part: slice) -> str:
    length, longer = x.shape[axis], x.longer[axis]
    ends = [getattr(part, name) for name in ("start", "stop", "step")]
    both = [slice(*(v.numbers[k] if hasattr(v, "numbers") else v for v in ends)) for k in (0, 1)]
    first, last, step = both[0].indices(length)
    if (first, last, step) == (0, length, 1) and both[1].indices(longer) == (0, longer, 1):
        return value
    if length != longer:
        if both[0] != both[1]:
            raise Refused("a part of the batch that depends on its length")
        first, last = (0, _END) if step > 0 else (-1, -_END)
        first, last = part.start if part.start is not None else first, part.stop if part.stop is not None else last
    elif last < 0:
        last = -_END
    return str(w.b.node("Slice", value, *(w.b.constant([int(k)]) for k in (first, last, axis, step))))


def _of_points(w: Writer, x: Any, parts: list[Any], count: int) -> Any:
    """One array for each of the first axes: the numbers at the points whose coordinates they are."""
    return w.b.node("GatherND", w.name(x), _points(w, x, parts, count)[0])


def _points(w: Writer, x: Any, parts: list[Any], count: int) -> tuple[str, list[tuple[int, ...]]]:
    """Points by their coordinates, and the shapes of what lies there in both runs."""
    if parts[count:] != [slice(None)] * (len(parts) - count):
        raise Refused("several index arrays at once, and a part of another axis")
    arrays = [p for p in parts[:count] if _is_array(p)]
    shapes = [np.broadcast_shapes(*(getattr(a, name) for a in arrays)) for name in ("shape", "longer")]
    b, last = w.b, w.b.constant([-1])
    points = [b.node("Expand", w.name(p, _WHOLE), w.dims(*shapes)) for p in parts[:count]]
    together = b.node("Concat", *(b.node("Unsqueeze", p, last) for p in points), axis=-1)
    return together, [(*shape, *rest[count:]) for shape, rest in zip(shapes, (x.shape, x.longer), strict=True)]


def _setitem(w: Writer, x: Any, value: Any, index: Any) -> Any:
    """x with a value in a part of it, or at points."""
    b, parts = w.b, _by_axis(index, len(x.shape))
    arrays = [k for k, p in enumerate(parts) if _is_array(p) or isinstance(p, int)]
    if None not in parts and any(map(_is_array, parts)) and arrays == [*range(len(arrays))]:
        if any(map(_is_mask, parts)):
            raise Refused("a value that is written where a mask says")
        points, shapes = _points(w, x, parts, len(arrays))
        return b.node("ScatterND", w.name(x), points, b.node("Expand", w.name(value, x.dtype), w.dims(*shapes)))
    if any(p is None or _is_array(p) for p in parts):
        raise Refused("a value that is written where an array says")
    where = tuple(parts)
    of_batch = [n != m for n, m in zip(x.shape, x.longer, strict=True)]
    if any(o and p != slice(None) for o, p in zip(of_batch, parts, strict=True)):
        raise Refused("a value that is written into a part of the batch")
    boxes = [np.empty(shape, bool)[where].shape for shape in (x.shape, x.longer)]
    found = b.node("Expand", w.name(value, x.dtype), w.dims(*boxes))

    def within(numbers: Any) -> Any:
        whole = np.zeros(x.shape if numbers.shape == boxes[0] else x.longer, numbers.dtype)
        whole[where] = numbers
        return whole

    mask = np.zeros([1 if o else n for o, n in zip(of_batch, x.shape, strict=True)], bool)
    mask[where] = True
    return b.node("Where", b.constant(mask), rearranged(w, found, x.dtype, boxes, within, zeros=True), w.name(x))


def _flip(w: Writer, x: Any, axis: Any = None) -> Any:
    axes = range(len(x.shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    many = [int(k) for k in axes]
    ends = [-1] * len(many), [-_END] * len(many), many, [-1] * len(many)
    return w.b.node("Slice", w.name(x), *map(w.b.constant, ends))


def _take(w: Writer, x: Any, indices: Any, axis: Any = None) -> Any:
    value = w.name(x) if axis is not None else w.b.reshape(w.name(x), [-1])
    return w.b.node("Gather", value, w.name(indices, _WHOLE), axis=int(axis or 0))


def _along(w: Writer, x: Any, indices: Any, axis: Any = -1) -> Any:
    axis = int(axis) % len(x.shape)
    if any(n != m for k, (n, m) in enumerate(zip(x.shape, indices.shape, strict=True)) if k != axis):
        raise Refused("indices that are broadcast")
    return w.b.node("GatherElements", w.name(x), w.name(indices, _WHOLE), axis=axis)


def _added(reduction: str) -> Callable[..., Any]:
    """ufunc.at along the first axis: one row after another, however often an index comes."""

    def rule(w: Writer, x: Any, index: Any, values: Any) -> Any:
        if not _is_array(index) or _is_mask(index):
            raise Refused("several index arrays, or a mask")
        shapes = [(*getattr(index, k), *getattr(x, k)[1:]) for k in ("shape", "longer")]
        rows = w.b.node("Expand", w.name(values, x.dtype), w.dims(*shapes))
        places = w.b.node("Unsqueeze", w.name(index, _WHOLE), w.b.constant([-1]))
        return w.b.node("ScatterND", w.name(x), places, rows, reduction=reduction)

    return rule


RULES = {
    **{f"{op}.at": _added(name) for op, name in {"add": "add", "multiply": "mul", "maximum": "max"}.items()},
    "getitem": _getitem,
    "setitem": _setitem,
    "flip": _flip,
    "take": _take,
    "take_along_axis": _along,
}
