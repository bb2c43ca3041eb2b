"""From a recorded call of NumPy to rows: what each call computes, over which points, in which dtypes."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .form import Program, Ref, Row, overlap
from .moving import NotOurs, add_at, concatenate, copy, copyto, getitem, loop, reshape, setitem, stack, take
from .tracing.tape import Entry, again

if TYPE_CHECKING:
    from ..support.types import Array, Axis, Settings


_REDUCES = {"add", "multiply", "maximum", "minimum", "logical_and", "logical_or"}
_INITIAL = {"maximum": float("-inf"), "minimum": float("inf"), "add": 0, "multiply": 1}


_VECDOT = getattr(np, "vecdot", None)  # NumPy 2.0 has none


def lowered(program: Program, entry: Entry) -> list[Row]:
    """The rows of a call; a single host row where there are none."""
    if entry.kind == "made":
        return []
    try:
        rows = _rows(program, entry)
    except NotOurs:
        return [program.host(entry)]
    for row in rows:
        out = row.output
        if out is not None and any(overlap(x, out) and x != out for x in row._replace(output=None).sources()):
            return [program.host(entry)]  # NumPy copies first
    return [row._replace(entry=entry) for row in rows]


def _rows(program: Program, entry: Entry) -> list[Row]:
    run, args, kwargs = entry.run, entry.args, entry.kwargs
    if entry.kind == "guard" and hasattr(run, "expected") and len(entry.reads) == 1 and entry.reads[0].size == 1:
        return _checked(program, program.ref(entry.reads[0].reshape(())), run.expected)
    if entry.kind != "call":
        raise NotOurs
    owner = getattr(run, "__self__", None)
    if isinstance(run, np.ufunc):
        return _ufunc(program, run, args[: run.nin], args[run.nin :], kwargs)
    if isinstance(owner, np.ufunc) and run.__name__ == "__call__":
        settings = dict(kwargs)
        return _ufunc(program, owner, args, settings.pop("out"), settings)
    if isinstance(owner, np.ufunc) and run.__name__ == "reduce":
        return _applied(_reduction, program, owner.__name__, *args, **kwargs)
    if owner is np.add and run.__name__ == "at":
        return _applied(add_at, program, *args)
    if isinstance(owner, np.ndarray) and run.__name__ == "fill":
        return [copy(program, args[0], owner)]
    if run is again:
        function, args, kwargs, targets = args
        if function not in _CALLS or len(targets) != 1:
            raise NotOurs
        return _applied(_CALLS[function], program, targets[0], *args, **kwargs)
    if run in (np.copyto, operator.setitem):
        return _applied(_CALLS[run], program, *args, **kwargs)
    if run in _WITH_OUT:
        settings = dict(kwargs)
        out = settings.pop("out")
        return _applied(_WITH_OUT[run], program, out, *args, **settings)
    raise NotOurs


def _checked(program: Program, value: Ref, expected: Any) -> list[Row]:
    """Whether a truth or a number is what it was."""
    if type(expected) is bool:
        return [Row("check", "truth", (value,), types=(value.dtype,), expected=expected)]
    if type(expected) is not {"f": float, "i": int, "u": int}.get(value.dtype.kind) or expected != expected:
        raise NotOurs
    kind, flag = value.dtype, np.dtype(bool)
    same = program.new((), flag)
    return [
        Row("loop", "equal", (value, kind.type(expected)), same, (kind, kind, flag)),
        Row("check", "truth", (same,), types=(flag,)),
    ]


def _applied(rule: Callable[..., list[Row]], *args: object, **kwargs: object) -> list[Row]:
    """The rows of a call with arguments that its rule knows."""
    try:
        _signature(rule).bind(*args, **kwargs)
    except TypeError:
        raise NotOurs from None
    return rule(*args, **kwargs)


_signature = functools.cache(inspect.signature)


def _ufunc(program: Program, ufunc: Any, values: Any, outs: Any, settings: Settings) -> list[Row]:
    keepdims = ufunc is _VECDOT and settings.pop("keepdims", False)
    if set(settings) - {"dtype"} or len(outs) != 1 or outs[0] is None:
        raise NotOurs
    out = outs[0]
    wanted = {"signature": (*(None,) * ufunc.nin, np.dtype(settings["dtype"]))} if settings else {}
    kinds = [v.dtype if isinstance(v, (np.ndarray, np.generic)) else type(v) for v in values]
    kinds = [np.dtype(bool) if k is bool else k for k in kinds]
    try:
        types = ufunc.resolve_dtypes((*kinds, None), **wanted)
    except (TypeError, ValueError):
        raise NotOurs from None
    if ufunc is np.matmul:
        return [_contraction(program, values[0], values[1], out, types)]
    if ufunc is _VECDOT and types[0].kind == "f":
        return _products_summed(program, values[0], values[1], out if keepdims else out[..., None], types)
    if ufunc.signature is not None:
        raise NotOurs
    return [loop(program, ufunc.__name__, values, types, out)]


def _products_summed(program: Program, a: Any, b: Any, out: Array, types: Any) -> list[Row]:
    """Sums of products along the last axis, which is 1 in ``out``."""
    if not all(isinstance(x, np.ndarray) and x.size for x in (a, b)) or out.dtype != types[-1]:
        raise NotOurs
    shape = np.broadcast_shapes(a.shape, b.shape)
    product, target = program.new(shape, types[-1]), program.ref(out)
    inputs = tuple(program.ref(x).broadcast(shape) for x in (a, b))
    total = target._replace(shape=shape, strides=(*target.strides[:-1], 0))
    return [
        Row("loop", "multiply", inputs, product, tuple(types)),
        Row("reduce", "add", (product,), total, (types[-1],) * 2),
    ]


def _contraction(program: Program, a: Any, b: Any, out: Array, types: Any) -> Row:
    if not all(isinstance(x, np.ndarray) for x in (a, b)) or len({a.dtype, b.dtype, out.dtype, *types}) != 1:
        raise NotOurs
    c = out
    if a.ndim == 1:
        a, c = a[None], c[..., None, :] if b.ndim > 1 else c[None]
    if b.ndim == 1:
        b, c = b[:, None], c[..., None]
    batch = c.shape[:-2]
    refs = [program.ref(x) for x in (a, b)]
    refs = [r.broadcast((*batch, *r.shape[-2:])) for r in refs]
    target = program.ref(c)
    if any(overlap(r, target) for r in refs):
        raise NotOurs
    return Row("contract", "matmul", tuple(refs), target, tuple(types))


def _reduction(
    program: Program,
    op: str,
    a: Any,
    axis: Axis = 0,
    out: Any = None,
    dtype: Any = None,
    keepdims: bool = False,
    initial: Any = None,
) -> list[Row]:
    if op not in _REDUCES or not isinstance(a, np.ndarray) or a.size == 0:
        raise NotOurs
    begins = initial is not None and initial != _INITIAL.get(op)
    if begins and op.startswith("logical"):
        raise NotOurs
    axes = tuple(range(a.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    axes = tuple(k % a.ndim for k in axes) if a.ndim else ()
    kept = out if keepdims else np.expand_dims(out, axes)
    kind = np.dtype(bool) if op.startswith("logical") else np.dtype(dtype) if dtype is not None else out.dtype
    if kind != out.dtype:
        raise NotOurs
    result = program.ref(kept)
    total = program.new(kept.shape, kind) if begins else result
    strides = tuple(0 if k in axes else s for k, s in enumerate(total.strides))
    target = total._replace(shape=a.shape, strides=strides)
    row = Row("reduce" if axes else "loop", op if axes else "copy", (program.ref(a),), target, (kind, kind))
    return [row, Row("loop", op, (total, kind.type(initial)), result, (kind,) * 3)] if begins else [row]


def _clip(program: Program, out: Array, a: Array, low: float | None = None, high: float | None = None) -> list[Row]:
    if low is None or high is None:
        raise NotOurs
    return _ufunc(program, _UFUNC_CLIP, (a, low, high), (out,), {})


def _where(program: Program, out: Any, condition: Any, x: Any = None, y: Any = None) -> list[Row]:
    if x is None or y is None or not isinstance(condition, np.ndarray):
        raise NotOurs
    return [loop(program, "select", (condition, x, y), (np.dtype(bool), out.dtype, out.dtype, out.dtype), out)]


def _norm(
    program: Program, out: Array, x: Any, ord: float | None = None, axis: Any = None, keepdims: bool = False
) -> list[Row]:
    """√Σx² of all numbers, or along one axis."""
    whole = axis is None and (ord is None or (ord == 2 and isinstance(x, np.ndarray) and x.ndim == 1))
    if not isinstance(x, np.ndarray) or not (whole or (isinstance(axis, int) and ord in (None, 2))) or x.size == 0:
        raise NotOurs
    kind = x.dtype
    if kind != out.dtype or kind.kind != "f" or x.ndim == 0:
        raise NotOurs
    axes = tuple(range(x.ndim)) if whole else (axis % x.ndim,)
    shape = tuple(1 if k in axes else n for k, n in enumerate(x.shape))
    a, squares, total = program.ref(x), program.new(x.shape, kind), program.new(shape, kind)
    every = total._replace(shape=x.shape, strides=tuple(0 if k in axes else s for k, s in enumerate(total.strides)))
    target = program.ref(out if keepdims else np.expand_dims(out, axes))
    return [
        Row("loop", "multiply", (a, a), squares, (kind,) * 3),
        Row("reduce", "add", (squares,), every, (kind, kind)),
        Row("loop", "sqrt", (total,), target, (kind, kind)),
    ]


def _einsum(program: Program, out: Array, form: str, *arrays: Any) -> list[Row]:
    """A product of two arrays, of which one axis or more may be summed: each letter at most once in an array."""
    if not isinstance(form, str) or "->" not in form or "." in form or len(arrays) != 2:
        raise NotOurs
    left, _, result = form.replace(" ", "").partition("->")
    terms = left.split(",")
    letters = sorted(set("".join(terms)), key=lambda c: (c not in result, result.find(c)))
    sizes = {c: n for t, a in zip(terms, arrays, strict=True) for c, n in zip(t, a.shape, strict=True)}
    kind = out.dtype
    if (
        any(len(set(t)) != len(t) for t in (*terms, result))
        or any(a.dtype != kind for a in arrays)
        or 0 in sizes.values()
    ):
        raise NotOurs
    if set(terms[0]) != set(terms[1]):  # a contraction: that is BLAS's
        raise NotOurs
    shape = tuple(sizes[c] for c in letters)

    def spread(ref: Ref, term: str) -> Ref:
        strides = dict(zip(term, ref.strides, strict=True))
        return ref._replace(shape=shape, strides=tuple(strides.get(c, 0) for c in letters))

    product = program.new(shape, kind)
    refs = tuple(spread(program.ref(a), t) for a, t in zip(arrays, terms, strict=True))
    target = spread(program.ref(out), result)
    summed = len(result) < len(letters)
    return [
        Row("loop", "multiply", refs, product, (kind,) * 3),
        Row("reduce" if summed else "loop", "add" if summed else "copy", (product,), target, (kind, kind)),
    ]


def _linear(program: Program, out: Array, a: Any, b: Any) -> list[Row]:
    """np.dot of matrices and vectors."""
    if not all(isinstance(x, np.ndarray) and 1 <= x.ndim <= 2 for x in (a, b)):
        raise NotOurs
    return [_contraction(program, a, b, out, (a.dtype,))]


_UFUNC_CLIP: Any = getattr(np, "_core").umath.clip  # noqa: B009 (the ufunc behind np.clip has no public name)
_CALLS: dict[Any, Callable[..., list[Row]]] = {
    np.copyto: copyto,
    operator.setitem: setitem,
    operator.getitem: getitem,
    np.reshape: reshape,
    np.where: _where,
    np.linalg.norm: _norm,
}
_WITH_OUT: dict[Any, Callable[..., list[Row]]] = {
    np.concatenate: concatenate,
    np.stack: stack,
    np.clip: _clip,
    np.einsum: _einsum,
    np.take: take,
    np.dot: _linear,
}
