"""Elementary functions as LLVM's code: of an ``IRBuilder`` and its values, float or double, scalars or vectors.

Largest distances from the true value, in units of the last place (``tests/test_llvm_mathematics.py`` bounds them):

========  =====  ======
function  float  double
========  =====  ======
exp       1.1    1.0
log       1.0    1.0
tanh      2.5    2.6
========  =====  ======
"""

from __future__ import annotations

import math
from collections.abc import Callable

from llvmlite import ir

from .coefficients import ATANH, EXPM1, LOG
from .lanes import SINGLE, Lanes

Unary = Callable[[ir.IRBuilder, ir.Value], ir.Value]


# log 2 as the nearest number of the format and what is left
_LN2 = {32: (0.693147182464599609375, -1.90465429995776766e-09), 64: (0.6931471805599453, 2.3190468138462996e-17)}


def _unary(rule: Callable[[Lanes], Lanes]) -> Unary:
    def emit(builder: ir.IRBuilder, x: ir.Value) -> ir.Value:
        return rule(Lanes(builder, x)).value

    emit.__name__, emit.__doc__ = rule.__name__, rule.__doc__
    return emit


def _clamped(x: Lanes, low: float, high: float) -> Lanes:
    """x within bounds, and not a number where x is none."""
    x = x.constant(high).where(x > high, x)
    return x.constant(low).where(x < low, x)


def _reduced(x: Lanes) -> tuple[Lanes, Lanes]:
    """n as the lowest bits of an integer, and r with x = n·log 2 + r, |r| ≤ ½ log 2."""
    form = x.format
    high, low = _LN2[form.bits]
    shifted = x.fma(1 / math.log(2), form.largest_whole)
    n = shifted - form.largest_whole
    return shifted.as_bits(), n.fma(-low, n.fma(-high, x))


def _power_of_two(bits: Lanes, like: Lanes) -> Lanes:
    """2ⁿ for n in the lowest bits, of a normal number."""
    form = like.format
    return (bits << form.fraction).plus(form.bias << form.fraction).as_float(like)


def _scaled(p: Lanes, bits: Lanes) -> Lanes:
    """p·2ⁿ in two steps, so that results below the normal numbers are rounded and those above are infinite."""
    form = p.format
    whole = bits << form.fraction
    half = (whole >> 1) & -(1 << form.fraction)
    one = form.bias << form.fraction
    return p * half.plus(one).as_float(p) * whole.minus(half).plus(one).as_float(p)


def _exp_minus_one(r: Lanes) -> Lanes:
    """exp(r) − 1 for |r| ≤ ½ log 2."""
    return (r * r).fma(r.polynomial(EXPM1[r.format.bits]), r)


@_unary
def exp(x: Lanes) -> Lanes:
    """eˣ = 2ⁿ·eʳ."""
    x = _clamped(x, *((-104.0, 89.0) if x.format is SINGLE else (-746.0, 710.0)))
    bits, r = _reduced(x)
    return _scaled(_exp_minus_one(r) + 1.0, bits)


def _logarithm(n: Lanes, f: Lanes) -> Lanes:
    """n·log 2 + log(1 + f) for |f| ≤ ⅓."""
    high, low = _LN2[f.format.bits]
    if f.format is SINGLE:
        rest = (f * f).fma(f.fma(f.polynomial(LOG[32]), -0.5), n * low)
        return n.fma(high, f + rest)
    s = f / (f + 2.0)
    z = s * s
    half_square = f * f * 0.5
    rest = s.fma(z.fma(z.polynomial(ATANH[64]), half_square), n * low)
    return n.fma(high, f - (half_square - rest))


def _significand(x: Lanes) -> tuple[Lanes, Lanes]:
    """n and m with x = m·2ⁿ and ⅔ ≤ m < 4/3, of a positive finite x."""
    form = x.format
    small = x < form.smallest_normal
    x = (x * 2.0 ** (form.fraction + 1)).where(small, x)
    bits = x.as_bits()
    above = bits.minus(form.bits_of(2 / 3))
    m = bits.minus(above & -(1 << form.fraction)).as_float(x)
    n = (above >> form.fraction).plus(form.bits_of(form.largest_whole)).as_float(x) - form.largest_whole
    return (n - (form.fraction + 1.0)).where(small, n), m


@_unary
def log(x: Lanes) -> Lanes:
    """log x = n·log 2 + log m."""
    n, m = _significand(x)
    return _log_at_the_ends(_logarithm(n, m - 1.0), x)


def _log_at_the_ends(value: Lanes, x: Lanes) -> Lanes:
    value = value.where(x < math.inf, x)  # ∞ and what is not a number
    value = value.constant(-math.inf).where(x.equals(0.0), value)
    return value.constant(math.nan).where(x < 0.0, value)


@_unary
def tanh(x: Lanes) -> Lanes:
    """tanh |x| = e/(e + 2) with e = exp(2|x|) − 1, which makes e's error smaller, and the sign of x."""
    a = x.intrinsic("fabs")
    largest = 9.02 if x.format is SINGLE else 19.07  # from here on it is 1
    a = a.constant(largest).where(a > largest, a)
    bits, r = _reduced(a * 2.0)
    scale = _power_of_two(bits, x)
    e = _exp_minus_one(r).fma(scale, scale - 1.0)
    return (e / (e + 2.0)).intrinsic("copysign", x)
