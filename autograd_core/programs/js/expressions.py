"""NumPy's element-by-element functions as expressions of JavaScript, each rounded to its dtype."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..c import expressions as c

if TYPE_CHECKING:
    from ...support.types import DType


ARRAYS = {"?": "Uint8Array", "f": "Float32Array", "d": "Float64Array"}
ARRAYS |= {"b": "Int8Array", "h": "Int16Array", "i": "Int32Array"}
ARRAYS |= {"B": "Uint8Array", "H": "Uint16Array", "I": "Uint32Array"}
ARRAYS |= dict.fromkeys("lqLQ", "Float64Array")
"""Whole numbers of 64 bits are floats, exact up to 2^53."""

# What C's mathematical library has and JavaScript's has not, or has by another name.
HELPERS = {
    "fabs": "const fabs = Math.abs;",
    "isnan": "const isnan = Number.isNaN;",
    "isfinite": "const isfinite = Number.isFinite;",
    "isinf": "const isinf = (a) => a === Infinity || a === -Infinity;",
    "signbit": "const signbit = (a) => a < 0 || Object.is(a, -0);",
    "exp2": "const exp2 = (a) => Math.pow(2, a);",
    "fmod": "const fmod = (a, b) => a % b;",
    "copysign": "const copysign = (a, b) => (signbit(b) ? -Math.abs(a) : Math.abs(a));",
    "fmax": "const fmax = (a, b) => (a >= b || isnan(b) ? a : b);",
    "fmin": "const fmin = (a, b) => (a <= b || isnan(b) ? a : b);",
    "rint": """\
const rint = (a) => {
    const low = Math.floor(a), rest = a - low;
    const whole = rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
    return copysign(whole, a);
};""",
    "maximum": "const maximum = (a, b) => (a >= b || isnan(a) ? a : b);",
    "minimum": "const minimum = (a, b) => (a <= b || isnan(a) ? a : b);",
    "larger": "const larger = (a, b) => (a >= b ? a : b);",
    "smaller": "const smaller = (a, b) => (a <= b ? a : b);",
    "sign": "const sign = (a) => (a > 0 ? 1 : a < 0 ? -1 : a === 0 ? 0 : a);",
    "square": "const square = (a) => a * a;",
    "remainder": """\
const remainder = (a, b) => {
    const r = a % b;
    return r === 0 ? copysign(0, b) : r < 0 !== b < 0 ? r + b : r;
};""",
    "floor_divide": """\
const floor_divide = (a, b) => {
    const r = a % b;
    if (b === 0) return a / b;
    const q = (a - r) / b - (r !== 0 && r < 0 !== b < 0 ? 1 : 0);
    if (q === 0) return copysign(0, a / b);
    const n = Math.floor(q);
    return q - n > 0.5 ? n + 1 : n;
};""",
    "whole_remainder": """\
const whole_remainder = (a, b) => {
    const r = b === 0 ? 0 : a % b;
    return r !== 0 && r < 0 !== b < 0 ? r + b : r;
};""",
    "whole_quotient": "const whole_quotient = (a, b) => (b === 0 ? 0 : Math.floor(a / b));",
    "logaddexp": """\
const logaddexp = (a, b) => {
    const d = a - b;
    if (a === b) return a + Math.LN2;
    return d > 0 ? a + Math.log1p(Math.exp(-d)) : d <= 0 ? b + Math.log1p(Math.exp(d)) : d;
};""",
    "expit": """\
const expit = (a) => {
    const e = Math.exp(-Math.abs(a));
    return (a < 0 ? e : 1) / (1 + e);
};""",
    "heaviside": "const heaviside = (a, b) => (a < 0 ? 0 : a > 0 ? 1 : a === 0 ? b : a);",
    # erf by its series, erfc by its continued fraction (Abramowitz and Stegun 7.1.6 and 7.1.14)
    "erfc": """\
const erfc = (a) => {
    const x = Math.abs(a);
    if (x < 2.5) return 1 - erf(a);
    let f = 0;
    for (let k = 120; k > 0; k--) f = k / 2 / (x + f);
    const tail = Math.exp(-x * x) / ((x + f) * Math.sqrt(Math.PI));
    return a < 0 ? 2 - tail : tail;
};""",
    "erf": """\
const erf = (a) => {
    const x = Math.abs(a);
    if (!(x < 2.5)) return a < 0 ? erfc(-a) - 1 : 1 - erfc(a);
    let term = 2 * a / Math.sqrt(Math.PI) * Math.exp(-a * a), total = term;
    for (let k = 1; k < 60; k++) total += term *= 2 * a * a / (2 * k + 1);
    return total;
};""",
}
MATHEMATICS = (
    *("exp", "expm1", "log", "log2", "log10", "log1p", "sqrt", "cbrt", "sin", "cos", "tan", "sinh", "cosh", "tanh"),
    *("floor", "ceil", "trunc", "hypot", "asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2", "pow"),
)
_OF_BITS = {"bitwise_and": "&", "bitwise_or": "|", "bitwise_xor": "^", "invert": "~", "power": "**"}
_WRAPPED = {"b": "({} << 24 >> 24)", "h": "({} << 16 >> 16)", "i": "({} | 0)"}
_WRAPPED |= {"B": "({} & 255)", "H": "({} & 65535)", "I": "({} >>> 0)"}


class Expressions(c.Expressions):
    """The same as in C, in JavaScript: numbers are doubles there, so results are rounded to floats or whole numbers."""

    language, counter = "JavaScript", "let"

    def variable(self, dtype: DType) -> str:
        return "let"

    def constant(self, dtype: DType) -> str:
        return "const"

    def table(self, name: str, values: str, count: int) -> str:
        return f"const {name} = [{values}];"

    def quotient(self, a: str, b: int) -> str:
        return f"Math.floor({a} / {b})"

    def number(self, value: Any, dtype: DType) -> str:
        if dtype.kind == "b":
            return str(int(bool(value)))
        if dtype.kind in "iu":
            return str(int(value))
        value = float(value)
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return f"{value:.9g}" if dtype.char == "f" else repr(value).removesuffix(".0")

    def converted(self, value: str, source: DType, target: DType) -> str:
        if ARRAYS[source.char] == ARRAYS[target.char] and source.kind == target.kind:
            return value
        if target.kind == "b":
            return f"({value} != 0)"
        if target.char == "f":
            return f"fround({value})"
        if target.kind == "f":
            return value if source.kind != "b" else f"+{value}"
        whole = f"Math.trunc({value})" if source.kind == "f" else value
        return _WRAPPED.get(target.char, "{}").format(whole)

    def call(self, name: str, dtype: DType, *values: str) -> str:
        return f"{name}({', '.join(values)})"

    def of(self, op: str, values: list[str], types: tuple[DType, ...]) -> str:
        text = super().of(op, values, types)
        return f"+{text}" if op in ("select",) and types[-1].kind == "b" else text

    def _of_one_kind(self, op: str, values: list[str], types: tuple[DType, ...], kind: str) -> str:
        dtype = types[0]
        if op in _OF_BITS and (dtype.char in "lqLQ" or (op == "power" and kind in "iu")):
            given = [f"BigInt({value})" for value in values]
            whole = f" {_OF_BITS[op]} ".join(given) if len(given) > 1 else f"~{given[0]}"
            text = f"Number(BigInt.{'asUintN' if kind == 'u' else 'asIntN'}(64, {whole}))"
        elif op == "multiply" and dtype.char in "iI":
            text = f"Math.imul({', '.join(values)})"
        elif op == "square" and dtype.char in "iI":
            text = f"Math.imul({values[0]}, {values[0]})"
        else:
            text = super()._of_one_kind(op, values, types, kind)
        if types[-1].char == "f" and op not in ("positive", "maximum", "minimum", "clip", "negative", "sign"):
            return f"fround{text}" if text.startswith("(") and text.endswith(")") else f"fround({text})"
        if types[-1].kind in "iu" and op not in ("maximum", "minimum", "clip", "positive"):
            return _WRAPPED.get(types[-1].char, "{}").format(text)
        return text

    def _of_floats(self, op: str, values: list[str], dtype: DType) -> str:
        if op in ("gamma", "gammaln"):
            raise KeyError(op)
        return super()._of_floats(op, values, np.dtype(np.float64) if dtype.char == "f" else dtype)

    def _of_integers(self, op: str, values: list[str], dtype: DType) -> str:
        if op in ("remainder", "floor_divide"):
            return self.call("whole_remainder" if op == "remainder" else "whole_quotient", dtype, *values)
        return super()._of_integers(op, values, dtype)


def quoted(text: str) -> str:
    """A string of JavaScript that closes no script element and is ASCII, whatever is in the text."""
    return json.dumps(text).replace("<", "\\u003c").replace("\x7f", "\\u007f")
