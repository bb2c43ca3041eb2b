"""Ufuncs and what else takes one number after another, products of arrays among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd_core.programs.onnx.elementwise import elementwise

from ..following import Refused

if TYPE_CHECKING:
    from ..writing import Writer

_BOOL = np.dtype(bool)


def of_ufunc(w: Writer, name: str, args: list[Any], params: dict[str, Any]) -> str:
    """A ufunc of values and numbers. Raises KeyError where no operators make it."""
    if set(params) - {"dtype", "casting"}:
        raise KeyError(name)
    made = w.made.dtype
    kind = np.dtype(params.get("dtype") or made)
    if made == _BOOL:  # of a comparison: the numbers that are compared
        kind = np.result_type(*(a if getattr(a, "dtype", None) is None else a.dtype for a in map(_weak, args)))
    if name.startswith("logical_"):
        kind = _BOOL
    return elementwise(w.b, name, [w.name(a, kind) for a in args], (kind,) * len(args) + (made,))


def _weak(x: Any) -> Any:
    """A number that follows the batch has no dtype of its own, as numbers of Python have none."""
    return x.numbers[0] if hasattr(x, "numbers") and x.dtype is None else x


def _where(w: Writer, condition: Any, x: Any, y: Any) -> Any:
    return w.b.node("Where", w.name(condition, _BOOL), w.name(x, w.made.dtype), w.name(y, w.made.dtype))


def _astype(w: Writer, x: Any, dtype: Any = None, **others: Any) -> Any:
    return w.name(x) if x.dtype == w.made.dtype else w.b.cast(w.name(x), w.made.dtype)


def _round(w: Writer, x: Any, decimals: int = 0) -> Any:
    if decimals:
        raise Refused("decimal places")
    return w.b.node("Round", w.name(x))


def _product(w: Writer, x: Any, y: Any) -> Any:
    return w.b.node("MatMul", w.name(x, w.made.dtype), w.name(y, w.made.dtype))


def _dot(w: Writer, x: Any, y: Any) -> Any:
    if not x.shape or not y.shape:
        return w.b.node("Mul", w.name(x, w.made.dtype), w.name(y, w.made.dtype))
    if len(y.shape) > 2:
        raise KeyError("dot")
    return _product(w, x, y)


def _vecdot(w: Writer, x: Any, y: Any) -> Any:
    both = w.b.node("Mul", w.name(x, w.made.dtype), w.name(y, w.made.dtype))
    return w.b.node("ReduceSum", both, w.b.constant([-1]), keepdims=0)


def _einsum(w: Writer, *given: Any, subscripts: Any = None, optimize: Any = None) -> Any:
    form, *arrays = given if subscripts is None else (subscripts, *given)
    if not isinstance(form, str):
        raise Refused("its axes as lists of numbers. Fix: the letters of the formula")
    return w.b.node("Einsum", *(w.name(a, w.made.dtype) for a in arrays), equation=form.replace(" ", ""))


RULES = {
    "where": _where,
    "astype": _astype,
    "round": _round,
    "real": lambda w, x: w.name(x),
    "matmul": _product,
    "dot": _dot,
    "vecdot": _vecdot,
    "einsum": _einsum,
}
