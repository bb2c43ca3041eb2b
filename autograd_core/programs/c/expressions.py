"""NumPy's element-by-element functions as expressions of C99, in any dtype."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ...support.types import DType


TYPES = {"?": "unsigned char", "f": "float", "d": "double"}
TYPES |= {c: f"int{8 * np.dtype(c).itemsize}_t" for c in "bhilq"} | {
    c: f"uint{8 * np.dtype(c).itemsize}_t" for c in "BHILQ"
}

# Named as C names them, with an f for float.
_MATHEMATICS = {
    name: name
    for name in (
        *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh"),
        *("tanh", "floor", "ceil", "trunc", "rint", "hypot", "copysign", "fmod", "fabs", "fmax", "fmin", "erf", "erfc"),
    )
}
_MATHEMATICS |= {f"arc{name}": f"a{name}" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")}
_MATHEMATICS |= {"arctan2": "atan2", "power": "pow", "absolute": "fabs", "gamma": "tgamma", "gammaln": "lgamma"}
_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "equal": "==", "not_equal": "!="}
_SIGNS |= {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">="}
_BITS = {"bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "^"}
_LOGIC = {"logical_and": "&", "logical_or": "|", "logical_xor": "^"}

# Functions that C lacks. T, F and N are the type, the suffix of C's functions, and the suffix of the name.
HELPERS = {
    "maximum": "static T maximum_N(T a, T b) { return a >= b || isnan(a) ? a : b; }",
    "minimum": "static T minimum_N(T a, T b) { return a <= b || isnan(a) ? a : b; }",
    "larger": "static T larger_N(T a, T b) { return a >= b ? a : b; }",
    "smaller": "static T smaller_N(T a, T b) { return a <= b ? a : b; }",
    "sign": "static T sign_N(T a) { return a > 0 ? 1 : a < 0 ? -1 : a == 0 ? 0 : a; }",
    "square": "static T square_N(T a) { return a * a; }",
    "remainder": """\
static T remainder_N(T a, T b) {
    const T r = fmodF(a, b);
    return r == 0 ? copysignF(0, b) : (r < 0) != (b < 0) ? r + b : r;
}""",
    "floor_divide": """\
static T floor_divide_N(T a, T b) {
    const T r = fmodF(a, b);
    T n, q = (a - r) / b;
    if (b == 0) return a / b;
    if (r != 0 && (r < 0) != (b < 0)) q -= 1;
    if (q == 0) return copysignF(0, a / b);
    n = floorF(q);
    return q - n > (T)0.5 ? n + 1 : n;
}""",
    "whole_remainder": """\
static T whole_remainder_N(T a, T b) {
    const T r = b == 0 ? 0 : a % b;
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}""",
    "whole_quotient": """\
static T whole_quotient_N(T a, T b) {
    const T q = b == 0 ? 0 : a / b;
    return b != 0 && a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}""",
    "whole_power": """\
static T whole_power_N(T a, T b) {
    T p = 1;
    for (; b > 0; b /= 2, a *= a)
        if (b % 2) p *= a;
    return p;
}""",
    "logaddexp": """\
static T logaddexp_N(T a, T b) {
    const T d = a - b;
    if (a == b) return a + (T)0.69314718055994530942;
    return d > 0 ? a + log1pF(expF(-d)) : d <= 0 ? b + log1pF(expF(d)) : d;
}""",
    "expit": """\
static T expit_N(T a) {
    const T e = expF(-fabsF(a));
    return (a < 0 ? e : 1) / (1 + e);
}""",
    "heaviside": "static T heaviside_N(T a, T b) { return a < 0 ? 0 : a > 0 ? 1 : a == 0 ? b : a; }",
}


def helper_names() -> set[str]:
    """What helpers, and products of matrices, may be called."""
    return {f"{name}_{_short(letter)}" for name in (*HELPERS, "matmul") for letter in TYPES}


class Expressions:
    """Prints expressions, and remembers which helpers they call.

    language : in which they are; ``counter``: how a loop declares its index. A sibling of C prints what differs.
    """

    language, counter = "C", "int"

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], None] = {}

    def variable(self, dtype: DType) -> str:
        """How a variable of a dtype is declared."""
        return TYPES[dtype.char]

    def constant(self, dtype: DType) -> str:
        """How a variable is declared that never changes."""
        return f"const {TYPES[dtype.char]}"

    def table(self, name: str, values: str, count: int) -> str:
        """A list of whole numbers that never change."""
        return f"static const int {name}[{count}] = {{{values}}};"

    def quotient(self, a: str, b: int) -> str:
        """An index divided by a number, without the rest."""
        return f"({a} / {b})"

    def converted(self, value: str, source: DType, target: DType) -> str:
        """A value in another dtype."""
        return converted(value, source, target)

    def number(self, value: Any, dtype: DType) -> str:
        """A number that is read as exactly this one."""
        return number(value, dtype)

    def identity(self, op: str, dtype: DType) -> str:
        """The number that changes nothing in a sum, product or extreme."""
        return identity(op, dtype, self.number)

    def helpers(self) -> list[str]:
        """The definitions of what was called."""
        found = []
        for name, letter in self._used:
            suffix = "f" if letter == "f" else ""
            text = HELPERS[name].replace("_N(", f"_{_short(letter)}(")
            for function in ("fmod", "copysign", "floor", "log1p", "exp", "fabs"):
                text = text.replace(f"{function}F(", f"{function}{suffix}(")
            found.append(_with_type(text, TYPES[letter]))
        return found

    def call(self, name: str, dtype: DType, *values: str) -> str:
        """A call of a helper."""
        self._used[name, dtype.char] = None
        return f"{name}_{_short(dtype.char)}({', '.join(values)})"

    def of(self, op: str, values: list[str], types: tuple[DType, ...]) -> str:
        """``op`` of values in their dtypes, in the dtype of the last of ``types``; KeyError where C has none."""
        kind = types[0].kind
        if op == "copy":
            return self.converted(values[0], types[0], types[-1])
        if op == "select":
            return f"({values[0]} ? {values[1]} : {values[2]})"
        if op == "inside":
            wide = self.converted(values[0], types[0], np.dtype(np.int64))
            return f"({values[0]} >= -{values[1]} && {wide} < {values[1]})"
        if op in _LOGIC:
            a, b = (self.converted(v, t, np.dtype(bool)) for v, t in zip(values, types, strict=False))
            return f"({a} {_LOGIC[op]} {b})"
        if op == "logical_not":
            return f"({values[0]} == 0)"
        if kind == "c" or types[0].char not in TYPES:
            raise KeyError(op)
        return self._of_one_kind(op, values, types, kind)

    def _of_one_kind(self, op: str, values: list[str], types: tuple[DType, ...], kind: str) -> str:
        dtype, x = types[0], values[0]
        if kind == "b" and op in ("add", "multiply", "maximum", "minimum", "fmax", "fmin"):
            return f"({x} {'|' if op in ('add', 'maximum', 'fmax') else '&'} {values[1]})"
        if op in _SIGNS and not (op == "divide" and kind != "f") and not (op == "subtract" and kind == "b"):
            return f"({x} {_SIGNS[op]} {values[1]})"
        if op in _BITS and kind != "f":
            return f"({x} {_BITS[op]} {values[1]})"
        if op == "invert" and kind != "f":
            return f"({x} == 0)" if kind == "b" else f"(~{x})"
        if op == "negative" and kind != "b":
            return f"(-{x})"
        if op == "positive":
            return x
        if op == "clip" and kind != "b":
            lower = self._of_one_kind("maximum", [x, values[1]], types, kind)
            return self._of_one_kind("minimum", [lower, values[2]], types, kind)
        if op in ("sign", "square") and kind != "b":
            return self.call(op, dtype, x)
        if kind == "f":
            return self._of_floats(op, values, dtype)
        return self._of_integers(op, values, dtype)

    def _of_floats(self, op: str, values: list[str], dtype: DType) -> str:
        suffix = "f" if dtype.char == "f" else ""
        if op in _MATHEMATICS:
            return f"{_MATHEMATICS[op]}{suffix}({', '.join(values)})"
        if op in ("isnan", "isinf", "isfinite", "signbit"):
            return f"({op}({values[0]}) != 0)"
        if op == "reciprocal":
            return f"(1 / {values[0]})"
        if op in ("deg2rad", "radians", "rad2deg", "degrees"):
            factor = math.pi / 180 if op in ("deg2rad", "radians") else 180 / math.pi
            return f"({values[0]} * {self.number(factor, dtype)})"
        if op in ("maximum", "minimum", "remainder", "floor_divide", "logaddexp", "expit", "heaviside"):
            return self.call(op, dtype, *values)
        raise KeyError(op)

    def _of_integers(self, op: str, values: list[str], dtype: DType) -> str:
        names = {"maximum": "larger", "fmax": "larger", "minimum": "smaller", "fmin": "smaller", "power": "whole_power"}
        if op in names:
            return self.call(names[op], dtype, *values)
        if op == "absolute":
            return f"({values[0]} < 0 ? -{values[0]} : {values[0]})" if dtype.kind == "i" else values[0]
        if op in ("remainder", "floor_divide") and dtype.kind == "i":
            return self.call("whole_remainder" if op == "remainder" else "whole_quotient", dtype, *values)
        if op in ("remainder", "floor_divide"):
            sign = "%" if op == "remainder" else "/"
            return f"({values[1]} == 0 ? 0 : {values[0]} {sign} {values[1]})"
        raise KeyError(op)


def _short(letter: str) -> str:
    return TYPES[letter].replace(" ", "_").removesuffix("_t")


def _with_type(text: str, name: str) -> str:
    for around in ("static T ", "(T ", ", T ", "const T ", "    T ", "(T)"):
        text = text.replace(around, around.replace("T", name))
    return text


def converted(value: str, source: DType, target: DType) -> str:
    """A value in another dtype."""
    if TYPES[source.char] == TYPES[target.char]:
        return value
    if target.kind == "b":
        return f"({value} != 0)"
    return f"({TYPES[target.char]}){value}"


def number(value: Any, dtype: DType) -> str:
    """A number that C reads as exactly this one."""
    if dtype.kind == "b":
        return str(int(bool(value)))
    if dtype.kind in "iu":
        whole = int(value)
        if whole == -(2**63):
            return "INT64_MIN"
        return f"{whole}" + ("" if abs(whole) < 2**31 else "LL" if whole < 2**63 else "ULL")
    value = float(value)
    if math.isnan(value):
        return "NAN"
    if math.isinf(value):
        return "INFINITY" if value > 0 else "-INFINITY"
    text = f"{value:.9g}" if dtype.char == "f" else repr(value)
    text = text if any(c in text for c in ".e") else text + ".0"
    return text + ("f" if dtype.char == "f" else "")


def identity(op: str, dtype: DType, number: Callable[[Any, DType], str] = number) -> str:
    """The number that changes nothing in a sum, product or extreme."""
    if op in ("add", "logical_or"):
        return "0"
    if op in ("multiply", "logical_and"):
        return "1"
    if dtype.kind == "f":
        return number(-math.inf if op == "maximum" else math.inf, dtype)
    if dtype.kind == "b":
        return "0" if op == "maximum" else "1"
    info = np.iinfo(dtype)
    return number(info.min if op == "maximum" else info.max, dtype)
