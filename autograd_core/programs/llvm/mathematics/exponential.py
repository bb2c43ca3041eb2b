"""Exponentials, logarithms, hyperbolic functions, powers and erf as LLVM's code."""

from __future__ import annotations

import math

from ..emitting import emitted, odd
from ..lanes import SINGLE, Lanes
from .coefficients import ATANH, ATANH5, ERF, ERFC, EXP2M1, EXPM1, LOG

# Constants as the nearest number of a format and what is left.
_LN2 = {32: (0.6931471824645996, -1.904654299957768e-09), 64: (0.6931471805599453, 2.3190468138462996e-17)}
_LOG10_2 = {32: (0.3010300099849701, -1.4320988897559699e-08), 64: (0.3010299956639812, -2.8037281277851704e-18)}
_LOG2_E = {32: (1.4426950216293335, 1.9259629911266175e-08), 64: (1.4426950408889634, 2.0355273740931033e-17)}
_LOG10_E = {32: (0.4342944920063019, -1.0103050052231683e-08), 64: (0.4342944819032518, 1.098319650216765e-17)}
_TWO_THIRDS = (2 / 3, 3.700743415417188e-17)


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


def _power_of_two(n: Lanes, like: Lanes) -> Lanes:
    """2ⁿ for n in the lowest bits, of a normal number."""
    form = like.format
    return (n << form.fraction).plus(form.bias << form.fraction).as_float(like)


def _scaled(p: Lanes, n: Lanes) -> Lanes:
    """p·2ⁿ in two steps, so that results below the normal numbers are rounded and those above are infinite."""
    form = p.format
    whole = n << form.fraction
    half = (whole >> 1) & -(1 << form.fraction)
    one = form.bias << form.fraction
    return p * half.plus(one).as_float(p) * whole.minus(half).plus(one).as_float(p)


def _exp_minus_one(r: Lanes) -> Lanes:
    """exp(r) − 1 for |r| ≤ ½ log 2."""
    return (r * r).fma(r.polynomial(EXPM1[r.format.bits]), r)


def _exp(x: Lanes, exponent: int = 0) -> Lanes:
    """eˣ·2^exponent = 2ⁿ·eʳ."""
    n, r = _reduced(_clamped(x, *((-104.0, 90.0) if x.format is SINGLE else (-746.0, 711.0))))
    return _scaled(_exp_minus_one(r) + 1.0, n.plus(exponent) if exponent else n)


def _nothing_to_add(x: Lanes) -> float:
    """Below it f(x) is x for f(x) = x + O(x²), and fractions of x may have lost digits."""
    return 2.0 ** -(x.format.fraction + 2)


def _quarter_of_expm1(x: Lanes) -> Lanes:
    """(eˣ − 1)/4, which is finite where half of eˣ is."""
    n, r = _reduced(_clamped(x, *((-17.5, 89.5) if x.format is SINGLE else (-38.0, 710.5))))
    scale = _power_of_two(n.plus(-2), x)
    return _exp_minus_one(r).fma(scale, scale - 0.25)


@emitted
def exp(x: Lanes) -> Lanes:
    """eˣ."""
    return _exp(x)


@emitted
def exp2(x: Lanes) -> Lanes:
    """2ˣ = 2ⁿ·2ʳ, |r| ≤ ½."""
    return _exp2(_clamped(x, *((-151.0, 129.0) if x.format is SINGLE else (-1076.0, 1025.0))))


def _exp2(x: Lanes, rest: Lanes | float = 0.0) -> Lanes:
    """2^(x + rest)."""
    shifted = x + x.format.largest_whole
    r = x - (shifted - x.format.largest_whole) + rest
    return _scaled(r.fma(r.polynomial(EXP2M1[x.format.bits]), 1.0), shifted.as_bits())


@emitted
def expm1(x: Lanes) -> Lanes:
    """eˣ − 1 = 2ⁿ(eʳ − 1) + (2ⁿ − 1)."""
    value = x.where(x.intrinsic("fabs") < _nothing_to_add(x), _quarter_of_expm1(x) * 4.0)
    return value.intrinsic("copysign", x)


@emitted
@odd
def tanh(x: Lanes) -> Lanes:
    """tanh x = e/(e + 2) with e = exp(2x) − 1."""
    largest = 9.02 if x.format is SINGLE else 19.07  # from here on it is 1
    x = x.constant(largest).where(x > largest, x)
    n, r = _reduced(x * 2.0)
    scale = _power_of_two(n, x)
    e = _exp_minus_one(r).fma(scale, scale - 1.0)
    return e / (e + 2.0)


@emitted
@odd
def sinh(x: Lanes) -> Lanes:
    """sinh x = u + u/(2u + 1) with u = (eˣ − 1)/2."""
    u = _quarter_of_expm1(x) * 2.0
    value = u + (u / (u + u + 1.0)).where(u < 2.0**60, 0.5)
    return x.where(x < _nothing_to_add(x), value)


@emitted
def cosh(x: Lanes) -> Lanes:
    """cosh x = h + 1/(4h) with h = e^|x|/2."""
    h = _exp(x.intrinsic("fabs"), -1)
    return h + 0.25 / h


@emitted
def sigmoid(x: Lanes) -> Lanes:
    """1/(1 + e⁻ˣ), by e^−|x|, which does not overflow."""
    e = _exp(-x.intrinsic("fabs"))
    return e.where(x < 0.0, 1.0) / (e + 1.0)


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


def _after_f(f: Lanes, rest: Lanes | float = 0.0) -> Lanes:
    """log(1 + f) − f + rest for |f| ≤ ⅓."""
    if f.format is SINGLE:
        return (f * f).fma(f.fma(f.polynomial(LOG[32]), -0.5), rest)
    s = f / (f + 2.0)
    z = s * s
    half_square = f * f * 0.5
    return s.fma(z.fma(z.polynomial(ATANH[64]), half_square), rest) - half_square


def _logarithm(n: Lanes, f: Lanes) -> Lanes:
    """n·log 2 + log(1 + f)."""
    high, low = _LN2[f.format.bits]
    return n.fma(high, f + _after_f(f, n * low))


def _logarithm_times(f: Lanes, constant: tuple[float, float]) -> Lanes:
    """log(1 + f)·constant, rounded almost once."""
    rest = _after_f(f)
    high = f + rest
    low = rest - (high - f)
    return high.fma(constant[0], low.fma(constant[0], high * constant[1]))


def _at_the_ends(value: Lanes, x: Lanes) -> Lanes:
    """A logarithm of x at 0, at ∞, and of what has none."""
    value = value.where(x < math.inf, x)
    value = value.constant(-math.inf).where(x.equals(0.0), value)
    return value.constant(math.nan).where(x < 0.0, value)


@emitted
def log(x: Lanes) -> Lanes:
    """log x = n·log 2 + log m."""
    n, m = _significand(x)
    return _at_the_ends(_logarithm(n, m - 1.0), x)


@emitted
def log2(x: Lanes) -> Lanes:
    """log₂ x = n + log m/log 2."""
    n, m = _significand(x)
    return _at_the_ends(n + _logarithm_times(m - 1.0, _LOG2_E[x.format.bits]), x)


@emitted
def log10(x: Lanes) -> Lanes:
    """log₁₀ x = n·log₁₀ 2 + log m/log 10."""
    n, m = _significand(x)
    high, low = _LOG10_2[x.format.bits]
    value = n.fma(high, n.fma(low, _logarithm_times(m - 1.0, _LOG10_E[x.format.bits])))
    return _at_the_ends(value, x)


def _log1p(x: Lanes) -> Lanes:
    """log(1 + x) = n·log 2 + log(1 + f) with 1 + f = (1 + x)/2ⁿ, which is computed without rounding 1 + x."""
    whole = x + 1.0
    n, m = _significand(whole)
    few = n < 60.0
    scale = _power_of_two((-n.where(few, 0.0) + x.format.largest_whole).as_bits(), x)
    f = x.fma(scale, scale - 1.0).where(few, m - 1.0)
    return _at_the_ends(_logarithm(n, f), whole).intrinsic("copysign", x)


@emitted
def log1p(x: Lanes) -> Lanes:
    """log(1 + x)."""
    return _log1p(x)


@emitted
def softplus(x: Lanes) -> Lanes:
    """log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|)."""
    return x.constant(0.0).where(x < 0.0, x) + _log1p(_exp(-x.intrinsic("fabs")))


@emitted
def logaddexp(x: Lanes, y: Lanes) -> Lanes:
    """log(eˣ + eʸ) = max(x, y) + log(1 + e^−|x − y|)."""
    value = x.where(x > y, y) + _log1p(_exp(-(x - y).intrinsic("fabs")))
    return (x + math.log(2)).where(x.equals(y), value)


@emitted
@odd
def arcsinh(x: Lanes) -> Lanes:
    """arcsinh x = log(1 + x + x²/(1 + √(1 + x²)))."""
    large, square = x > 2.0**60, x * x
    value = _log1p(x.where(large, x + square / ((square + 1.0).intrinsic("sqrt") + 1.0)))
    return value + x.constant(math.log(2)).where(large, 0.0)


@emitted
def arccosh(x: Lanes) -> Lanes:
    """arccosh x = log(1 + t + √(t(t + 2))) with t = x − 1."""
    large, t = x > 2.0**60, x - 1.0
    value = _log1p(x.where(large, t + t.fma(t, t + t).intrinsic("sqrt")))
    value = value + x.constant(math.log(2)).where(large, 0.0)
    return value.constant(math.nan).where(x < 1.0, value)


@emitted
@odd
def arctanh(x: Lanes) -> Lanes:
    """arctanh x = ½ log(1 + 2x/(1 − x))."""
    value = _log1p((x + x) / (1.0 - x)) * 0.5
    return value.constant(math.nan).where(x > 1.0, value)


@emitted
@odd
def erf(x: Lanes) -> Lanes:
    """erf x = x + x·P(x²) below 1, and 1 − exp(−P(x − 2)) above."""
    bits = x.format.bits
    z = x * x
    x_above = x.constant(6.0).where(x > 6.0, x)
    n, r = _reduced(-(x_above - 2.0).polynomial(ERFC[bits]))
    scale = _power_of_two(n, x)
    above = 1.0 - _exp_minus_one(r).fma(scale, scale)
    return x.fma(z.polynomial(ERF[bits]), x).where(x < 1.0, above)


def _precise_log2(x: Lanes) -> tuple[Lanes, Lanes]:
    """log₂ x of a positive finite double as the nearest number and the rest, to 2⁻⁶³.

    With s = f/(2 + f), log(1 + f) = 2s + ⅔s³ + s⁵·P(s²); the first two terms are computed to twice the digits.
    """
    n, m = _significand(x)
    f = m - 1.0
    d = m + 1.0
    d_rest = m - (d - 1.0)
    s = f / d
    s_rest = (-s).fma(d_rest, (-s).fma(d, f)) * (0.5 - s * 0.5)  # what the division left, by 1/d = (1 − s)/2
    z = s * s
    z_rest = s.fma(s, -z) + s * s_rest * 2.0
    cube = z * s
    cube_rest = z.fma(s, -cube) + z.fma(s_rest, z_rest * s)
    third = cube * _TWO_THIRDS[0]
    third_rest = cube.fma(_TWO_THIRDS[0], -third) + cube.fma(_TWO_THIRDS[1], cube_rest * _TWO_THIRDS[0])
    fifth = cube * z
    fifth_rest = cube.fma(z, -fifth) + cube_rest.fma(z, cube * z_rest)
    further = z.polynomial(ATANH5[64])
    twice = s + s
    high = twice + third
    low = third - (high - twice) + (third_rest + s_rest * 2.0 + fifth.fma(further, fifth_rest * further))
    high, low = high + low, low - ((high + low) - high)
    product = high * _LOG2_E[64][0]
    rest = high.fma(_LOG2_E[64][0], -product) + high.fma(_LOG2_E[64][1], low * _LOG2_E[64][0])
    whole = n + product
    return whole, product - (whole - n) + rest


@emitted
def power(x: Lanes, y: Lanes) -> Lanes:
    """xʸ = ±2^(y·log₂|x|), with IEEE's values at 0, 1, ∞ and for y without fraction; float by way of double."""
    if x.format is SINGLE:
        return _power(x.widened(), y.widened()).narrowed()
    return _power(x, y)


def _power(x: Lanes, y: Lanes) -> Lanes:
    a = x.intrinsic("fabs")
    high, low = _precise_log2(a)
    high = high.where(a < math.inf, a)
    high = high.constant(-math.inf).where(a.equals(0.0), high)
    product = y * high
    usual = product.intrinsic("fabs") < 1100.0
    rest = y.fma(low, y.fma(high, -product)).where(usual, 0.0)
    value = _exp2(_clamped(product, -1100.0, 1100.0), rest)

    whole = y.intrinsic("floor").equals(y)
    half = y * 0.5
    is_odd = whole & (half.intrinsic("floor") < half)
    value = value.intrinsic("copysign", x).where(is_odd, value)
    value = value.where(whole | (x >= 0.0) | x.equals(-math.inf), math.nan)
    value = value.constant(1.0).where(a.equals(1.0) & y.intrinsic("fabs").equals(math.inf), value)
    return value.constant(1.0).where(y.equals(0.0) | x.equals(1.0), value)
