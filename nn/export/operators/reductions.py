"""Sums, extremes, spreads, norms and softmax over axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..following import Refused

if TYPE_CHECKING:
    from ..writing import Writer

Rule = Callable[..., Any]


def _over(x: Any, axis: Any) -> list[int]:
    """The numbers of the axes."""
    axes = range(len(x.shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return [int(k) for k in axes]


def _reduced(op: str, together: str) -> Rule:
    """``together``: the operator that takes ``initial`` in."""

    def rule(
        w: Writer,
        x: Any,
        axis: Any = None,
        dtype: Any = None,
        keepdims: bool = False,
        initial: Any = None,
        where: Any = True,
    ) -> Any:
        b, kind = w.b, w.made.dtype
        if where is not True:
            raise Refused("its setting where")
        value = w.name(x, kind)
        axes = _over(x, axis)
        if axes:
            value = b.node(op, value, b.constant(axes), keepdims=int(bool(keepdims)))
        return b.node(together, value, w.name(initial, kind)) if initial is not None else value

    return rule


def _extreme(op: str, together: str) -> Rule:
    """The same of what has no dtype of its own."""
    rule = _reduced(op, together)
    return lambda w, x, axis=None, **others: rule(w, x, axis, None, **others)


def _truth(op: str) -> Rule:
    """All or any: the least or the largest of 0 and 1."""

    def rule(w: Writer, x: Any, axis: Any = None, keepdims: bool = False, where: Any = True) -> Any:
        if where is not True:
            raise Refused("its setting where")
        value = w.b.cast(w.name(x, np.dtype(bool)), np.dtype(np.int32))
        found = w.b.node(op, value, w.b.constant(_over(x, axis)), keepdims=int(bool(keepdims)))
        return w.b.cast(found, np.dtype(bool))

    return rule


def _spread(root: bool) -> Rule:
    def rule(
        w: Writer, x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False, ddof: Any = 0, where: Any = True
    ) -> Any:
        axes = _over(x, axis)
        if where is not True:
            raise Refused("its setting where")
        b, kind, over, kept = w.b, w.made.dtype, w.b.constant(axes), int(bool(keepdims))
        value = w.name(x, kind)
        off = b.node("Sub", value, b.node("ReduceMean", value, over, keepdims=1))
        square = b.node("Mul", off, off)
        if ddof:
            sizes = w.dims([x.shape[k] for k in axes], [x.longer[k] for k in axes])
            count = b.cast(b.node("ReduceProd", sizes, keepdims=0), kind)
            total = b.node("ReduceSum", square, over, keepdims=kept)
            found = b.node("Div", total, b.node("Sub", count, b.constant(kind.type(ddof))))
        else:
            found = b.node("ReduceMean", square, over, keepdims=kept)
        return b.node("Sqrt", found) if root else found

    return rule


def standardised(w: Writer, x: Any, axes: Any, eps: float, center: bool = True) -> Any:
    """(x − mean) / √(var + ε) over some axes; without ``center`` x / √(mean x² + ε)."""
    b, value, over = w.b, w.name(x), w.b.constant([int(k) for k in axes])
    if center:
        value = b.node("Sub", value, b.node("ReduceMean", value, over, keepdims=1))
    square = b.node("ReduceMean", b.node("Mul", value, value), over, keepdims=1)
    return b.node("Div", value, b.node("Sqrt", b.node("Add", square, b.constant(x.dtype.type(eps)))))


def _norm(w: Writer, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Of vectors: along one axis, or of a whole array without an order."""
    axes = _over(x, axis)
    if len(axes) > 1 and ord is not None and not (len(axes) == 2 and ord == "fro"):
        raise Refused("a norm of matrices")
    p = 2 if ord in (None, "fro") else ord
    b, value, over, kept = w.b, w.name(x), w.b.constant(axes), int(bool(keepdims))
    if p in (1, 2):
        return b.node(f"ReduceL{int(p)}", value, over, keepdims=kept)
    size, kind = b.node("Abs", value), x.dtype.type
    if p in (math.inf, -math.inf):
        return b.node("ReduceMax" if p > 0 else "ReduceMin", size, over, keepdims=kept)
    if p == 0:
        some = b.cast(b.node("Not", b.node("Equal", value, b.constant(kind(0)))), x.dtype)
        return b.node("ReduceSum", some, over, keepdims=kept)
    total = b.node("ReduceSum", b.node("Pow", size, b.constant(kind(p))), over, keepdims=kept)
    return b.node("Pow", total, b.constant(kind(1 / p)))


def _softmax(op: str) -> Rule:
    return lambda w, x, axis=-1: w.b.node(op, w.name(x), axis=int(axis))


def _place(op: str) -> Rule:
    def rule(w: Writer, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        value = w.name(x)
        if axis is None:
            value, axis = w.b.reshape(value, [-1]), 0
        return w.b.node(op, value, axis=int(axis), keepdims=int(bool(keepdims)))

    return rule


def _argsort(w: Writer, x: Any, axis: Any = -1, kind: Any = None, stable: Any = None) -> Any:
    return w.b.node("TopK", w.name(x), _length(w, x, axis), outputs=2, axis=int(axis), largest=0, sorted=1)[1]


def _sort(w: Writer, x: Any, axis: Any = -1, kind: Any = None, stable: Any = None) -> Any:
    return w.b.node("TopK", w.name(x), _length(w, x, axis), outputs=2, axis=int(axis), largest=0, sorted=1)[0]


def _length(w: Writer, x: Any, axis: Any) -> str:
    if axis is None:
        raise Refused("the order of a whole array. Fix: an axis")
    return w.dims(*(shape[int(axis) : int(axis) % len(shape) + 1] for shape in (x.shape, x.longer)))


RULES: dict[str, Rule] = {
    "sum": _reduced("ReduceSum", "Add"),
    "mean": _reduced("ReduceMean", "Add"),
    "prod": _reduced("ReduceProd", "Mul"),
    "max": _extreme("ReduceMax", "Max"),
    "min": _extreme("ReduceMin", "Min"),
    "amax": _extreme("ReduceMax", "Max"),
    "amin": _extreme("ReduceMin", "Min"),
    "all": _truth("ReduceMin"),
    "any": _truth("ReduceMax"),
    "var": _spread(False),
    "std": _spread(True),
    "argmax": _place("ArgMax"),
    "argmin": _place("ArgMin"),
    "sort": _sort,
    "argsort": _argsort,
    "logsumexp": lambda w, x, axis=None, keepdims=False: w.b.node(
        "ReduceLogSumExp", w.name(x), w.b.constant(_over(x, axis)), keepdims=int(keepdims)
    ),
    "linalg.norm": _norm,
    "linalg.vector_norm": lambda w, x, axis=None, keepdims=False, ord=2: _norm(w, x, ord, axis, keepdims),
    "softmax": _softmax("Softmax"),
    "log_softmax": _softmax("LogSoftmax"),
}
