"""Functions whose results are exact or rounded once, as LLVM's code, with NumPy's answers to NaN, ∞ and signs."""

from __future__ import annotations

from collections.abc import Callable

from llvmlite import ir

from ..emitting import emitted, unless_rare
from ..lanes import Lanes


@emitted
def sqrt(x: Lanes) -> Lanes:
    """√x, rounded once."""
    return x.intrinsic("sqrt")


@emitted
def floor(x: Lanes) -> Lanes:
    """The largest whole number ≤ x."""
    return x.intrinsic("floor")


@emitted
def ceil(x: Lanes) -> Lanes:
    """The smallest whole number ≥ x."""
    return x.intrinsic("ceil")


@emitted
def trunc(x: Lanes) -> Lanes:
    """The whole number next to x on the side of 0."""
    return x.intrinsic("trunc")


@emitted
def rint(x: Lanes) -> Lanes:
    """The nearest whole number, of two the even one."""
    return x.intrinsic("rint")


@emitted
def absolute(x: Lanes) -> Lanes:
    """|x|."""
    return x.intrinsic("fabs")


@emitted
def copysign(x: Lanes, y: Lanes) -> Lanes:
    """|x| with the sign of y."""
    return x.intrinsic("copysign", y)


@emitted
def sign(x: Lanes) -> Lanes:
    """1, −1 or 0, and not a number where x is none."""
    one = x.constant(1.0).where(x > 0.0, x.constant(-1.0).where(x < 0.0, 0.0))
    return x.where(x.is_nan(), one)


@emitted
def maximum(x: Lanes, y: Lanes) -> Lanes:
    """The larger; not a number where one is none."""
    return x.where((x >= y) | x.is_nan(), y)


@emitted
def minimum(x: Lanes, y: Lanes) -> Lanes:
    """The smaller; not a number where one is none."""
    return x.where((y >= x) | x.is_nan(), y)


@emitted
def fmax(x: Lanes, y: Lanes) -> Lanes:
    """The larger; the other where one is not a number."""
    return x.where((x >= y) | y.is_nan(), y)


@emitted
def fmin(x: Lanes, y: Lanes) -> Lanes:
    """The smaller; the other where one is not a number."""
    return x.where((y >= x) | y.is_nan(), y)


def where(builder: ir.IRBuilder, condition: ir.Value, x: ir.Value, y: ir.Value) -> ir.Value:
    """x where the truth ``condition`` is true, else y."""
    return builder.select(condition, x, y)


def _frem(x: Lanes, y: Lanes) -> Lanes:
    return Lanes(x.builder, x.builder.frem(x.value, y.value))


def _against(rest: Lanes, y: Lanes) -> Lanes:
    """Where a rest that is not 0 has the other sign than y."""
    return ((rest < 0.0) ^ (y < 0.0)) & (rest.intrinsic("fabs") > 0.0)


def _fmod(x: Lanes, y: Lanes) -> Lanes:
    ratio = x / y
    n = ratio.intrinsic("trunc")
    rest = x.where(n.equals(0.0), (-n).fma(y, x))  # exact
    rest = (rest + y.intrinsic("copysign", x)).where(_against(rest, x), rest)  # x/y was rounded up to n
    rare = ratio.intrinsic("fabs") > 2.0**x.format.fraction
    return unless_rare(rest.intrinsic("copysign", x), rare, _frem, x, y)


@emitted
def fmod(x: Lanes, y: Lanes) -> Lanes:
    """x − y·trunc(x/y), with the sign of x."""
    return _fmod(x, y)


@emitted
def remainder(x: Lanes, y: Lanes) -> Lanes:
    """x − y·⌊x/y⌋, with the sign of y."""
    rest = _fmod(x, y)
    rest = (rest + y).where(_against(rest, y), rest)
    return rest.intrinsic("copysign", y).where(rest.equals(0.0), rest)


@emitted
def floor_divide(x: Lanes, y: Lanes) -> Lanes:
    """⌊x/y⌋ by way of the remainder."""
    rest, ratio = _fmod(x, y), x / y
    n = (x - rest) / y  # whole, but for rounding
    n = (n - 1.0).where(_against(rest, y), n)
    below = n.intrinsic("floor")
    below = (below + 1.0).where(n - below > 0.5, below)
    below = x.constant(0.0).intrinsic("copysign", ratio).where(n.equals(0.0), below)
    return ratio.where(y.equals(0.0), below)


def _comparison(name: str, sign: str, meaning: str) -> Callable[..., ir.Value]:
    def compare(builder: ir.IRBuilder, x: ir.Value, y: ir.Value) -> ir.Value:
        if sign == "!=":
            return builder.fcmp_unordered(sign, x, y)
        return builder.fcmp_ordered(sign, x, y)

    compare.__name__, compare.__doc__ = name, f"{meaning}, as a truth."
    return compare


less = _comparison("less", "<", "x < y")
less_equal = _comparison("less_equal", "<=", "x ≤ y")
greater = _comparison("greater", ">", "x > y")
greater_equal = _comparison("greater_equal", ">=", "x ≥ y")
equal = _comparison("equal", "==", "x = y")
not_equal = _comparison("not_equal", "!=", "x ≠ y")
