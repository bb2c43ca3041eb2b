"""What NumPy's element-by-element functions are in LLVM's code, for every dtype, of one lane or many.

Arithmetic carries the flag ``contract`` alone: a product and a sum may become one fused multiply-add, rounded once.
Nothing is reordered, and NaN, infinities and the signs of zeros go their way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir

from . import mathematics
from .types import I64, cast, castable, constant, element, intrinsic, known, number_of

if TYPE_CHECKING:
    from ...support.types import DType


FUSED = ("contract",)
Emit = Callable[["Point"], Any]


class Point:
    """One operation at one point, or at the points of a vector: builder, values, the dtypes in which it computes."""

    __slots__ = ("builder", "types", "values", "width")

    def __init__(self, builder: ir.IRBuilder, values: list[Any], types: tuple[np.dtype[Any], ...], width: int) -> None:
        self.builder, self.values, self.types, self.width = builder, values, types, width

    @property
    def kind(self) -> str:
        """NumPy's letter of the first value's dtype."""
        return self.types[0].kind

    def number(self, value: float) -> Any:
        """A number in the first value's dtype."""
        return constant(element(self.types[0]), value, self.width)

    def own(self, name: str, *values: Any) -> Any:
        """LLVM's own function of values of one type."""
        return intrinsic(self.builder, name, values[0].type, list(values), [values[0].type])


def _arithmetic(on_floats: str, on_integers: str, on_truths: str = "") -> Emit:
    def emit(p: Point) -> ir.Value:
        b = p.builder
        if p.kind == "f":
            return getattr(b, on_floats)(*p.values, flags=FUSED)
        return getattr(b, on_truths if p.kind == "b" else on_integers)(*p.values)

    return emit


def _order(sign: str) -> Emit:
    def emit(p: Point) -> ir.Value:
        b, (x, y) = p.builder, p.values
        if p.kind == "f":
            return (b.fcmp_unordered if sign == "!=" else b.fcmp_ordered)(sign, x, y)
        return (b.icmp_signed if p.kind == "i" else b.icmp_unsigned)(sign, x, y)

    return emit


def _extreme(sign: str, on_truths: str) -> Emit:
    """The larger or smaller of two; of floats NaN where one is. Written as comparisons with a number, LLVM would forget
    NaN where two are in a row; with 0 it does not, and intrinsics would order the zeros."""

    def emit(p: Point) -> ir.Value:
        b, (x, y) = p.builder, p.values
        if p.kind == "b":
            return getattr(b, on_truths)(x, y)
        if p.kind != "f":
            return b.select((b.icmp_signed if p.kind == "i" else b.icmp_unsigned)(sign, x, y), x, y)
        if isinstance(x, ir.Constant):
            x, y = y, x
        if number_of(y):
            return p.own("maximum" if sign == ">" else "minimum", x, y)
        if isinstance(y, ir.Constant):  # one instruction: where x is NaN the comparison is false
            return b.select(b.fcmp_ordered(sign, y, x), y, x)
        larger = b.select(b.fcmp_ordered(sign, x, y), x, y)
        return b.select(b.fcmp_unordered("uno", x, x), x, larger)

    return emit


def _extreme_number(sign: str) -> Emit:
    """As fmax and fmin: NaN only where both are."""

    def emit(p: Point) -> Any:
        b, (x, y) = p.builder, p.values
        if p.kind != "f":
            return _extreme(sign, "or_" if sign == ">" else "and_")(p)
        if number_of(x) or number_of(y):
            return p.own("maxnum" if sign == ">" else "minnum", x, y)
        return b.select(b.or_(b.fcmp_ordered(sign, x, y), b.fcmp_unordered("uno", y, y)), x, y)

    return emit


def _clip(p: Point) -> ir.Value:
    x, low, high = p.values
    above = _extreme(">", "or_")(Point(p.builder, [x, low], p.types, p.width))
    return _extreme("<", "and_")(Point(p.builder, [above, high], p.types, p.width))


def _truth(p: Point, value: ir.Value, dtype: DType) -> ir.Value:
    return cast(p.builder, value, dtype, np.dtype(bool), p.width)


def _logical(name: str) -> Emit:
    def emit(p: Point) -> ir.Value:
        return getattr(p.builder, name)(*(_truth(p, v, t) for v, t in zip(p.values, p.types, strict=False)))

    return emit


def _select(p: Point) -> ir.Value:
    """Fenced where LLVM may take it for a minimum or maximum with a number, for of two in a row it forgets NaN."""
    found = p.builder.select(*p.values)
    if p.types[1].kind == "f" and any(number_of(v) for v in p.values[1:]):
        return intrinsic(p.builder, "arithmetic.fence", found.type, [found], [found.type])
    return found


def _absolute(p: Point) -> ir.Value:
    (x,) = p.values
    if p.kind == "f":
        return p.own("fabs", x)
    if p.kind != "i":
        return x
    return p.builder.select(p.builder.icmp_signed("<", x, p.number(0)), p.builder.neg(x), x)


def _sign(p: Point) -> ir.Value:
    (x,), b = p.values, p.builder
    if p.kind == "f":
        above = b.select(b.fcmp_ordered(">", x, p.number(0)), p.number(1), x)
        below = b.select(b.fcmp_ordered("<", x, p.number(0)), p.number(-1), above)
        return b.select(b.fcmp_ordered("==", x, p.number(0)), p.number(0), below)
    if p.kind == "i":
        above = b.select(b.icmp_signed(">", x, p.number(0)), p.number(1), p.number(0))
        return b.select(b.icmp_signed("<", x, p.number(0)), p.number(-1), above)
    return b.select(b.icmp_unsigned(">", x, p.number(0)), p.number(1), p.number(0))


def _inside(p: Point) -> ir.Value:
    """Whether an index lies in [-count, count)."""
    (x, count), b = p.values, p.builder
    x = cast(b, x, p.types[0], np.dtype(np.int64), p.width)
    negative = b.sub(constant(I64, 0, p.width), count)
    return b.and_(b.icmp_signed(">=", x, negative), b.icmp_signed("<", x, count))


def _negative(p: Point) -> ir.Value:
    return p.builder.fneg(p.values[0]) if p.kind == "f" else p.builder.neg(p.values[0])


def _product_with_itself(p: Point) -> ir.Value:
    (x,) = p.values
    return p.builder.fmul(x, x, flags=FUSED) if p.kind == "f" else p.builder.mul(x, x)


def _own(name: str) -> Emit:
    return lambda p: p.own(name, *p.values)


def _is_finite(p: Point) -> ir.Value:
    return p.builder.fcmp_ordered("<", p.own("fabs", p.values[0]), p.number(float("inf")))


def _is_infinite(p: Point) -> Any:
    return p.builder.fcmp_ordered("==", p.own("fabs", p.values[0]), p.number(float("inf")))


TABLE: dict[str, tuple[str, Emit]] = {
    # op               dtypes  code
    "add":            ("bfiu", _arithmetic("fadd", "add", "or_")),
    "subtract":       ("fiu",  _arithmetic("fsub", "sub")),
    "multiply":       ("bfiu", _arithmetic("fmul", "mul", "and_")),
    "divide":         ("f",    _arithmetic("fdiv", "")),
    "negative":       ("fi",   _negative),
    "positive":       ("fiu",  lambda p: p.values[0]),
    "square":         ("fiu",  _product_with_itself),
    "reciprocal":     ("f",    lambda p: p.builder.fdiv(p.number(1), p.values[0])),
    "absolute":       ("bfiu", _absolute),
    "fabs":           ("f",    _absolute),
    "sign":           ("fiu",  _sign),
    "sqrt":           ("f",    _own("sqrt")),
    "floor":          ("f",    _own("floor")),
    "ceil":           ("f",    _own("ceil")),
    "trunc":          ("f",    _own("trunc")),
    "rint":           ("f",    _own("rint")),
    "copysign":       ("f",    _own("copysign")),
    "maximum":        ("bfiu", _extreme(">", "or_")),
    "minimum":        ("bfiu", _extreme("<", "and_")),
    "fmax":           ("bfiu", _extreme_number(">")),
    "fmin":           ("bfiu", _extreme_number("<")),
    "clip":           ("fiu",  _clip),
    "less":           ("bfiu", _order("<")),
    "less_equal":     ("bfiu", _order("<=")),
    "greater":        ("bfiu", _order(">")),
    "greater_equal":  ("bfiu", _order(">=")),
    "equal":          ("bfiu", _order("==")),
    "not_equal":      ("bfiu", _order("!=")),
    "logical_and":    ("bfiu", _logical("and_")),
    "logical_or":     ("bfiu", _logical("or_")),
    "logical_xor":    ("bfiu", _logical("xor")),
    "logical_not":    ("bfiu", lambda p: p.builder.not_(_truth(p, p.values[0], p.types[0]))),
    "bitwise_and":    ("biu",  lambda p: p.builder.and_(*p.values)),
    "bitwise_or":     ("biu",  lambda p: p.builder.or_(*p.values)),
    "bitwise_xor":    ("biu",  lambda p: p.builder.xor(*p.values)),
    "invert":         ("biu",  lambda p: p.builder.not_(p.values[0])),
    "isnan":          ("f",    lambda p: p.builder.fcmp_unordered("uno", p.values[0], p.values[0])),
    "isfinite":       ("f",    _is_finite),
    "isinf":          ("f",    _is_infinite),
    "select":         ("b",    _select),
    "inside":         ("iu",   _inside),
    "add at":         ("fiu",  lambda p: p.values[0]),
    "copy":           ("bfiu", lambda p: cast(p.builder, p.values[0], p.types[0], p.types[-1], p.width)),
}  # fmt: skip
REDUCES = ("add", "multiply", "maximum", "minimum", "logical_and", "logical_or")


def able(op: str, types: tuple[DType, ...]) -> bool:
    """Whether there is code for an operation in these dtypes."""
    if not all(map(known, types)) or (types[0].char in "LQ" and op == "inside"):
        return False
    if op == "copy":
        return castable(types[0], types[-1])
    if op in TABLE:
        if len(set(types[:-1])) > 1 and op not in ("select", "inside"):
            return False
        return types[0].kind in TABLE[op][0] and (op != "square" or types[0] == types[-1])
    return types[0].kind == "f" and set(types) == {types[0]} and callable(getattr(mathematics, op, None))


def emit(builder: ir.IRBuilder, op: str, values: list[ir.Value], types: tuple[DType, ...], width: int) -> ir.Value:
    """The operation's code; the result in the dtype of ``types[-1]``."""
    if op in TABLE:
        return TABLE[op][1](Point(builder, values, types, width))
    if width == 1:
        return builder.call(_of_numbers(builder.module, op, [v.type for v in values]), values)
    return getattr(mathematics, op)(builder, *values)


def _of_numbers(module: ir.Module, op: str, kinds: list[ir.Type]) -> ir.Function:
    """A function of the module: a chain of a thousand scalars calls it, where loops have its code within them."""
    name = f"{op}.{kinds[0]}"
    function = module.globals.get(name)
    if function is None:
        function = ir.Function(module, ir.FunctionType(kinds[0], kinds), name)
        function.linkage = "internal"
        function.attributes.add("noinline")
        inside = ir.IRBuilder(function.append_basic_block("entry"))
        inside.ret(getattr(mathematics, op)(inside, *function.args))
    return function


def identity(op: str, dtype: DType) -> Any:
    """The number that changes nothing in a sum, product, or extreme."""
    if op == "add":
        return 0
    if op == "multiply":
        return 1
    if op in ("logical_and", "logical_or"):
        return op == "logical_and"
    if dtype.kind == "b":
        return op == "minimum"
    low, high = (-np.inf, np.inf) if dtype.kind == "f" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return low if op == "maximum" else high


def combine(builder: ir.IRBuilder, op: str, a: ir.Value, b: ir.Value, dtype: DType, width: int) -> ir.Value:
    """Two partial results of a sum, product, or extreme as one."""
    return TABLE[op][1](Point(builder, [a, b], (dtype, dtype, dtype), width))


def folded(builder: ir.IRBuilder, op: str, value: ir.Value, dtype: DType, width: int) -> ir.Value:
    """All lanes of a vector as one, by halves."""
    kind = element(dtype)
    while width > 1:
        half = width // 2
        none = ir.Constant(ir.VectorType(kind, width), ir.Undefined)
        parts = [
            builder.shuffle_vector(
                value, none, ir.Constant(ir.VectorType(ir.IntType(32), half), list(range(at, at + half)))
            )
            for at in (0, half)
        ]
        if half == 1:
            parts = [builder.extract_element(p, ir.Constant(ir.IntType(32), 0)) for p in parts]
        value, width = combine(builder, op, parts[0], parts[1], dtype, half), half
    return value
