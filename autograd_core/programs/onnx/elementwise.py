"""NumPy's element-by-element functions as operators."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .building import Builder

if TYPE_CHECKING:
    from ...support.types import DType


_SAME = {
    "add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow", "float_power": "Pow",
    "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "negative": "Neg", "absolute": "Abs", "fabs": "Abs",
    "floor": "Floor", "ceil": "Ceil", "rint": "Round", "sign": "Sign", "reciprocal": "Reciprocal", "erf": "Erf",
    "sin": "Sin", "cos": "Cos", "tan": "Tan", "sinh": "Sinh", "cosh": "Cosh", "tanh": "Tanh",
    "arcsin": "Asin", "arccos": "Acos", "arctan": "Atan", "arcsinh": "Asinh", "arccosh": "Acosh", "arctanh": "Atanh",
    "maximum": "Max", "minimum": "Min", "equal": "Equal", "less": "Less", "less_equal": "LessOrEqual",
    "greater": "Greater", "greater_equal": "GreaterOrEqual", "isnan": "IsNaN", "isinf": "IsInf",
    "select": "Where",
}  # fmt: skip
_LOGICAL = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor", "logical_not": "Not"}
_BITS = {"bitwise_and": "BitwiseAnd", "bitwise_or": "BitwiseOr", "bitwise_xor": "BitwiseXor", "invert": "BitwiseNot"}
_OF_TRUTHS = {
    "add": "Or", "multiply": "And", "maximum": "Or", "minimum": "And", "invert": "Not",
    "bitwise_and": "And", "bitwise_or": "Or", "bitwise_xor": "Xor",
}  # fmt: skip


def elementwise(b: Builder, op: str, values: list[str], types: tuple[DType, ...]) -> str:
    """A ufunc, or "copy", "clip", "select", "inside", of values of the dtypes ``types[:-1]``.

    Raises KeyError where no operators make it.
    """
    kind = types[0]
    if op in _LOGICAL:
        truths = [v if t.kind == "b" else b.cast(v, np.dtype(bool)) for v, t in zip(values, types, strict=False)]
        return str(b.node(_LOGICAL[op], *truths))
    if kind.kind == "b" and op in _OF_TRUTHS:
        return str(b.node(_OF_TRUTHS[op], *values))
    if op in _BITS:
        return str(b.node(_BITS[op], *values))
    if kind.kind in "iub" and op in ("isnan", "isinf", "floor", "ceil", "rint"):
        raise KeyError(op)
    if kind.kind == "u" and op == "negative":
        raise KeyError(op)
    if op in _SAME:
        return str(b.node(_SAME[op], *values))
    return _COMPOSED[op](_Terms(b, kind), *values)


def can(op: str, kinds: str) -> bool:
    """Whether operators make a ufunc of arguments of these kinds ("f", "i", "b")."""
    if set(kinds) - set("fiub"):
        return False
    try:
        elementwise(Builder(), op, ["x"] * len(kinds), tuple(np.dtype(_EXAMPLES[k]) for k in (*kinds, kinds[0])))
    except KeyError:
        return False
    return True


_EXAMPLES = {"f": np.float32, "i": np.int64, "u": np.uint8, "b": np.bool_}


class _Terms:
    """Formulas: operators on values and numbers of one dtype."""

    def __init__(self, b: Builder, dtype: np.dtype[Any]) -> None:
        self.b, self.dtype = b, dtype

    def __call__(self, op: str, *values: object, **attributes: Any) -> str:
        given = [v if isinstance(v, str) else self.b.constant(self.dtype.type(v)) for v in values]
        return str(self.b.node(op, *given, **attributes))

    def real(self) -> None:
        """KeyError for anything but real numbers."""
        if self.dtype.kind != "f":
            raise KeyError(self.dtype)


def _expm1(t: _Terms, x: str) -> str:
    """eˣ − 1 = 2·tanh(x/2) / (1 − tanh(x/2)), which loses no digit near 0."""
    half = t("Tanh", t("Mul", x, 0.5))
    near = t("Div", t("Mul", half, 2), t("Sub", 1, half))
    return t("Where", t("Less", t("Abs", x), 0.5), near, t("Sub", t("Exp", x), 1))


def _log1p(t: _Terms, x: str) -> str:
    """log u · x / (u − 1) with u = 1 + x as it is rounded (Kahan)."""
    u = t("Add", x, 1)
    away = t("Equal", u, 1)
    safe = t("Where", away, 2, u)
    corrected = t("Mul", t("Log", u), t("Div", x, t("Sub", safe, 1)))
    large = t("Where", t("Greater", x, 1e4), t("Log", u), corrected)
    return t("Where", away, x, large)


def _logaddexp(t: _Terms, x: str, y: str) -> str:
    """max + log(1 + e^−|x−y|); equal infinities have no difference."""
    far = t("Abs", t("Sub", x, y))
    far = t("Where", t("Equal", x, y), 0, far)
    return t("Add", t("Max", x, y), _log1p(t, t("Exp", t("Neg", far))))


def _remainder(t: _Terms, x: str, y: str) -> str:
    if t.dtype.kind != "f":
        return t("Mod", x, y)
    rest = t("Mod", x, y, fmod=1)
    other = t("And", t("Not", t("Equal", rest, 0)), t("Xor", t("Less", rest, 0), t("Less", y, 0)))
    return t("Where", other, t("Add", rest, y), rest)


def _floor_divide(t: _Terms, x: str, y: str) -> str:
    return t("Div", t("Sub", x, _remainder(t, x, y)), y)


def _copysign(t: _Terms, x: str, y: str) -> str:
    """The sign of 1/y tells −0 from 0."""
    negative = t("Or", t("Less", y, 0), t("And", t("Equal", y, 0), t("Less", t("Reciprocal", y), 0)))
    return t("Where", negative, t("Neg", t("Abs", x)), t("Abs", x))


def _arctan2(t: _Terms, y: str, x: str) -> str:
    steep = t("Atan", t("Div", y, x))
    turned = t("Add", steep, t("Where", t("Less", y, 0), -math.pi, math.pi))
    upright = t("Mul", t("Sign", y), math.pi / 2)
    return t("Where", t("Equal", x, 0), upright, t("Where", t("Less", x, 0), turned, steep))


def _clip(t: _Terms, x: str, low: str, high: str) -> str:
    return t("Min", t("Max", x, low), high)


def _sigmoid(t: _Terms, x: str) -> str:
    return t("Sigmoid", x)


def _heaviside(t: _Terms, x: str, y: str) -> str:
    return t("Where", t("Equal", x, 0), y, t("Where", t("Less", x, 0), 0, t("Where", t("IsNaN", x), x, 1)))


_COMPOSED: dict[str, Callable[..., str]] = {
    "copy": lambda t, x: x,
    "positive": lambda t, x: x,
    "conjugate": lambda t, x: x,
    "square": lambda t, x: t("Mul", x, x),
    "not_equal": lambda t, x, y: t("Not", t("Equal", x, y)),
    "isfinite": lambda t, x: t("Not", t("Or", t("IsNaN", x), t("IsInf", x))),
    "clip": _clip,
    "fmax": lambda t, x, y: t("Where", t("IsNaN", x), y, t("Where", t("IsNaN", y), x, t("Max", x, y))),
    "fmin": lambda t, x, y: t("Where", t("IsNaN", x), y, t("Where", t("IsNaN", y), x, t("Min", x, y))),
    "exp2": lambda t, x: t("Pow", 2, x),
    "expm1": _expm1,
    "log1p": _log1p,
    "log2": lambda t, x: t("Div", t("Log", x), math.log(2)),
    "log10": lambda t, x: t("Div", t("Log", x), math.log(10)),
    "cbrt": lambda t, x: t("Mul", t("Sign", x), t("Pow", t("Abs", x), 1 / 3)),
    "trunc": lambda t, x: t("Mul", t("Sign", x), t("Floor", t("Abs", x))),
    "hypot": lambda t, x, y: t("Sqrt", t("Add", t("Mul", x, x), t("Mul", y, y))),
    "logaddexp": _logaddexp,
    "remainder": _remainder,
    "fmod": lambda t, x, y: t("Mod", x, y, fmod=1),
    "floor_divide": _floor_divide,
    "copysign": _copysign,
    "signbit": lambda t, x: t("Less", _copysign(t, t("Add", t("Mul", x, 0), 1), x), 0),
    "arctan2": _arctan2,
    "deg2rad": lambda t, x: t("Mul", x, math.pi / 180),
    "radians": lambda t, x: t("Mul", x, math.pi / 180),
    "rad2deg": lambda t, x: t("Mul", x, 180 / math.pi),
    "degrees": lambda t, x: t("Mul", x, 180 / math.pi),
    "expit": _sigmoid,
    "heaviside": _heaviside,
    "inside": lambda t, x, n: t("And", t("GreaterOrEqual", x, t("Neg", n)), t("Less", x, n)),
}
