"""Calls that are no loops over points (scans, places of extremes, sums of products) as operators."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..form import Program
from ..moving import NotOurs, indexed
from ..tracing.tape import Entry
from .building import Builder
from .values import Values

if TYPE_CHECKING:
    from ...support.types import Args, Array, Axis, DTypeLike, Settings


class Unknown(Exception):
    """There are no operators for this call."""


class _Call:
    """What a rule works with: values of arrays, and the builder."""

    def __init__(self, entry: Entry, program: Program, values: Values, out: Any) -> None:
        self.entry, self.program, self.values, self.out = entry, program, values, out
        self.b: Builder = values.b

    def value(self, x: Any, dtype: Any = None) -> str:
        """An array in its shape, in a dtype where one is given."""
        if not isinstance(x, np.ndarray):
            return self.b.constant(np.asarray(x, dtype))
        ref = self.program.ref(x)
        if ref.memory not in self.values.sizes:
            raise Unknown
        value = self.values.whole(ref)
        return value if dtype is None or x.dtype == dtype else self.b.cast(value, np.dtype(dtype))

    def give(self, value: str, dtype: Any = None) -> None:
        """Store the result; ``dtype``: what it is in."""
        if dtype is not None and np.dtype(dtype) != self.out.dtype:
            value = self.b.cast(value, self.out.dtype)
        self.values.write(self.program.ref(self.out), value, self.out.shape)


def call(entry: Entry, program: Program, values: Values) -> None:
    """The operators of one call. Raises Unknown where there are none."""
    function, args, kwargs, outs = entry.taken_apart()
    if len(outs) > 1:
        raise Unknown
    out = outs[0] if outs else None
    if any(a.dtype.kind not in "fiub" for a in (*entry.reads, *entry.writes)):
        raise Unknown("ONNX has no arithmetic of this dtype")
    c = _Call(entry, program, values, out)
    if function in _MOVES:
        _moved(c, function, args, kwargs)
        return
    rule = _scattered if function in _AT else _RULES.get(function)
    if rule is None:
        raise Unknown
    try:
        rule(c, *args, **kwargs)
    except (KeyError, TypeError, NotOurs):
        raise Unknown from None


def _moved(c: _Call, function: Any, args: Args, kwargs: Settings) -> None:
    """Elements in other places: NumPy itself says which, of an array that holds their numbers."""
    a, *rest = args
    if not isinstance(a, np.ndarray) or any(isinstance(x, np.ndarray) and id(x) != id(a) for x in c.entry.reads):
        raise Unknown
    zero = function in (np.tril, np.triu, np.pad)
    numbers = np.arange(1, a.size + 1).reshape(a.shape)
    if function is np.pad and kwargs.get("constant_values", 0) != 0:
        raise Unknown
    try:
        places = function(numbers, *rest, **kwargs)
    except (TypeError, ValueError) as error:
        raise Unknown from error
    line = c.b.reshape(c.value(a), [-1])
    if zero and not places.all():
        line = c.b.node("Concat", c.b.constant(np.zeros(1, a.dtype)), line, axis=0)
    else:
        places = places - 1
    c.give(c.b.node("Gather", line, c.b.constant(places.astype(np.int64)), axis=0), a.dtype)


def _axis(axis: Any, a: Array) -> int:
    return int(operator.index(axis)) % a.ndim


def _scattered(c: _Call, array: Any, index: Any, values: Any = 1) -> None:
    """ufunc.at: one element after another, however often an index comes."""
    part, indices = indexed(c.program, array, index)
    op = _AT[f"{str(c.entry.name).partition('.')[0]}.at"]
    value = c.value(values, array.dtype)
    if op == "sub":
        value, op = c.b.node("Neg", value), "add"
    c.values.scatter(part, indices, value, np.shape(values), op)


def _cumsum(c: _Call, a: Array, axis: int | None = None, dtype: DTypeLike = None) -> None:
    value = c.value(a, c.out.dtype)
    if axis is None:
        value, axis = c.b.reshape(value, [-1]), 0
    c.give(c.b.node("CumSum", value, c.b.constant(np.int64(axis))))


def _cumprod(c: _Call, a: Array, axis: int | None = None, dtype: DTypeLike = None) -> None:
    """Products of the elements up to each place: of a square of copies, with 1 above its diagonal."""
    b, kind = c.b, c.out.dtype
    value = c.value(a, kind)
    if axis is None:
        value, axis, a = b.reshape(value, [-1]), 0, a.reshape(-1)
    axis = _axis(axis, a)
    n = a.shape[axis]
    order = [k for k in range(a.ndim) if k != axis]
    rows = b.node("Unsqueeze", b.node("Transpose", value, perm=[*order, axis]), b.constant([-2]))
    seen = b.node("Where", b.constant(np.tri(n, dtype=bool)), rows, b.constant(kind.type(1)))
    found = b.node("ReduceProd", seen, b.constant([-1]), keepdims=0)
    c.give(b.node("Transpose", found, perm=np.argsort([*order, axis]).tolist()))


def _place_of_extreme(op: str) -> Callable[..., None]:
    def rule(c: _Call, a: Any, axis: Any = None, keepdims: bool = False) -> None:
        value = c.value(a, np.int32 if a.dtype.kind == "b" else None)
        if axis is None:
            if keepdims:
                raise Unknown
            value, axis = c.b.reshape(value, [-1]), 0
        c.give(c.b.node(op, value, axis=int(axis), keepdims=int(keepdims)), np.int64)

    return rule


def _mean(c: _Call, a: Array, axis: Axis = None, keepdims: bool = False) -> None:
    c.give(_averaged(c.b, c.value(a, c.out.dtype), axis, a.ndim, keepdims))


def _averaged(b: Builder, value: str, axis: Axis, ndim: int, keepdims: bool) -> str:
    axes = range(ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return str(b.node("ReduceMean", value, b.constant([int(k) for k in axes]), keepdims=int(keepdims)))


def _var(root: bool) -> Callable[..., None]:
    def rule(c: _Call, a: Any, axis: Any = None, keepdims: bool = False, ddof: float = 0) -> None:
        if c.out.dtype.kind != "f":
            raise Unknown
        b, value = c.b, c.value(a, c.out.dtype)
        off = b.node("Sub", value, _averaged(b, value, axis, a.ndim, True))
        found = _averaged(b, b.node("Mul", off, off), axis, a.ndim, keepdims)
        if ddof:
            n = a.size / max(math.prod(c.out.shape), 1)
            found = b.node("Mul", found, b.constant(c.out.dtype.type(n / (n - ddof))))
        c.give(b.node("Sqrt", found) if root else found)

    return rule


def _einsum(c: _Call, form: str, *arrays: object, optimize: Any = None) -> None:
    if not isinstance(form, str):
        raise Unknown
    c.give(c.b.node("Einsum", *(c.value(a, c.out.dtype) for a in arrays), equation=form.replace(" ", "")))


def _outer(c: _Call, a: Array, b: Array) -> None:
    left = c.b.reshape(c.value(a, c.out.dtype), [-1, 1])
    c.give(c.b.node("Mul", left, c.b.reshape(c.value(b, c.out.dtype), [1, -1])))


def _dot(c: _Call, a: Array, b: Array) -> None:
    if b.ndim > 2 or 0 in (a.ndim, b.ndim):
        raise Unknown
    c.give(c.b.node("MatMul", c.value(a, c.out.dtype), c.value(b, c.out.dtype)))


def _product(c: _Call, a: Array, b: Array, out: Any) -> None:
    """Of arrays of two dtypes."""
    c.out = out
    c.give(c.b.node("MatMul", c.value(a, out.dtype), c.value(b, out.dtype)))


def _tensordot(c: _Call, a: Array, b: Array, axes: Any = 2) -> None:
    if isinstance(axes, (int, np.integer)):
        axes = range(a.ndim - axes, a.ndim), range(axes)
    first, second = ([_axis(k, x) for k in np.atleast_1d(part)] for x, part in zip((a, b), axes, strict=True))
    letters = [chr(97 + k) for k in range(a.ndim + b.ndim)]
    left, right = letters[: a.ndim], letters[a.ndim :]
    for j, k in zip(first, second, strict=True):
        right[k] = left[j]
    kept = [x for k, x in enumerate(left) if k not in first] + [x for k, x in enumerate(right) if k not in second]
    _einsum(c, f"{''.join(left)},{''.join(right)}->{''.join(kept)}", a, b)


def _along(c: _Call, a: Array, indices: Array, axis: int = -1) -> None:
    """np.take_along_axis."""
    axis = _axis(axis, a)
    value, at = c.value(a), c.value(indices, np.int64)
    value = c.values.spread(value, (*c.out.shape[:axis], a.shape[axis], *c.out.shape[axis + 1 :]))
    c.give(c.b.node("GatherElements", value, c.values.spread(at, c.out.shape), axis=axis))


def _sort(places: bool) -> Callable[..., None]:
    def rule(c: _Call, a: Any, axis: Any = -1, kind: Any = None, stable: Any = None) -> None:
        axis = _axis(axis, a)
        count = c.b.constant([a.shape[axis]])
        found = c.b.node("TopK", c.value(a), count, outputs=2, axis=axis, largest=0, sorted=1)
        c.give(found[places], np.int64 if places else a.dtype)

    return rule


def _difference(c: _Call, a: Array, n: int = 1, axis: int = -1) -> None:
    if n != 1 or a.dtype.kind == "b":
        raise Unknown
    axis, value, b = _axis(axis, a), c.value(a), c.b
    ends = [b.constant([k]) for k in (1, a.shape[axis], 0, a.shape[axis] - 1, axis)]
    later, earlier = (
        b.node("Slice", value, ends[0], ends[1], ends[4]),
        b.node("Slice", value, ends[2], ends[3], ends[4]),
    )
    c.give(b.node("Sub", later, earlier), a.dtype)


_AT = {"add.at": "add", "subtract.at": "sub", "multiply.at": "mul", "maximum.at": "max", "minimum.at": "min"}
_MOVES = {np.pad, np.roll, np.tile, np.repeat, np.flip, np.tril, np.triu, np.reshape, np.ravel, np.rot90}
_RULES: dict[Any, Callable[..., None]] = {
    np.cumsum: _cumsum,
    np.cumprod: _cumprod,
    "add.accumulate": lambda c, a, axis=0, dtype=None: _cumsum(c, a, axis, dtype),
    np.argmax: _place_of_extreme("ArgMax"),
    np.argmin: _place_of_extreme("ArgMin"),
    np.mean: _mean,
    np.var: _var(False),
    np.std: _var(True),
    np.einsum: _einsum,
    np.outer: _outer,
    np.dot: _dot,
    np.matmul: _product,
    np.tensordot: _tensordot,
    np.take_along_axis: _along,
    np.sort: _sort(False),
    np.argsort: _sort(True),
    np.diff: _difference,
}
