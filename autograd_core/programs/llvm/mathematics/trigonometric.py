"""Trigonometric functions and their inverses as LLVM's code."""

from __future__ import annotations

import math

from llvmlite import ir

from ..emitting import emitted, library, odd, unless_rare
from ..lanes import Lanes
from .coefficients import ARCSIN, ARCTAN, COS, SIN

# π/2 as a sum of numbers of the format
_HALF_PI = {
    32: (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
    64: (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33),
}
# Up to here n·π/2 is taken off by three fused steps; beyond, numbers are rare, and C's library computes them.
_LARGEST = {32: 2.0**17, 64: 2.0**30}


def _turned(x: Lanes) -> tuple[Lanes, Lanes]:
    """n in the lowest bits, and r with x = n·π/2 + r, |r| ≤ π/4, for |x| up to the largest that is usual."""
    form = x.format
    shifted = x.fma(2 / math.pi, form.largest_whole)
    n = shifted - form.largest_whole
    r = x
    for part in _HALF_PI[form.bits]:
        r = n.fma(-part, r)
    return shifted.as_bits(), r


def _sine(r: Lanes) -> Lanes:
    z = r * r
    return (z * r).fma(z.polynomial(SIN[r.format.bits]), r)


def _cosine(r: Lanes) -> Lanes:
    z = r * r
    return z.fma(z.fma(z.polynomial(COS[r.format.bits]), -0.5), 1.0)


def _is_odd(n: Lanes) -> Lanes:
    return Lanes(n.builder, n.builder.trunc(n.value, n.like(ir.IntType(1))))


def _sine_of_turn(n: Lanes, r: Lanes) -> Lanes:
    """sin(n·π/2 + r)."""
    value = _cosine(r).where(_is_odd(n), _sine(r))
    sign = ((n >> 1) << (r.format.bits - 1)) ^ value.as_bits()
    return sign.as_float(r)


def _is_rare(x: Lanes) -> Lanes:
    return x.intrinsic("fabs") > _LARGEST[x.format.bits]


@emitted
def sin(x: Lanes) -> Lanes:
    """sin x by quadrants."""
    value = _sine_of_turn(*_turned(x))
    return unless_rare(x.where(x.equals(0.0), value), _is_rare(x), library("sin"), x)


@emitted
def cos(x: Lanes) -> Lanes:
    """cos x = sin(x + π/2)."""
    n, r = _turned(x)
    return unless_rare(_sine_of_turn(n.plus(1), r), _is_rare(x), library("cos"), x)


@emitted
def tan(x: Lanes) -> Lanes:
    """tan x = sin r/cos r, or −cos r/sin r in every second quadrant."""
    n, r = _turned(x)
    s, c, swapped = _sine(r), _cosine(r), _is_odd(n)
    value = (-c).where(swapped, s) / s.where(swapped, c)
    return unless_rare(x.where(x.equals(0.0), value), _is_rare(x), library("tan"), x)


def _arctan_of_ratio(y: Lanes, x: Lanes) -> Lanes:
    """arctan(y/x) for y, x ≥ 0: turned by π/4 or π/2, so that the ratio is at most √2 − 1."""
    steep, middle = y > x * (1 + math.sqrt(2)), y > x * (math.sqrt(2) - 1)
    t = (-x).where(steep, (y - x).where(middle, y)) / y.where(steep, (y + x).where(middle, x))
    high, low, _ = _HALF_PI[x.format.bits]
    turned = x.constant(high).where(steep, x.constant(high / 2).where(middle, 0.0))
    rest = x.constant(low).where(steep, x.constant(low / 2).where(middle, 0.0))
    z = t * t
    return turned + (t + (z * t).fma(z.polynomial(ARCTAN[x.format.bits]), rest))


@emitted
@odd
def arctan(x: Lanes) -> Lanes:
    """The angle between −π/2 and π/2 whose tangent is x."""
    return _arctan_of_ratio(x, x.constant(1.0))


@emitted
def arctan2(y: Lanes, x: Lanes) -> Lanes:
    """The angle of the point (x, y), between −π and π."""
    a, b = y.intrinsic("fabs"), x.intrinsic("fabs")
    infinite = a.equals(math.inf) & b.equals(math.inf)
    a, b = a.constant(1.0).where(infinite, a), b.constant(1.0).where(infinite, b)
    huge = (a > 2.0**100) | (b > 2.0**100)
    a, b = (a * 2.0**-4).where(huge, a), (b * 2.0**-4).where(huge, b)  # so that a + b is finite
    angle = _arctan_of_ratio(a, b.constant(1.0).where(a.equals(0.0), b))
    high, low, _ = _HALF_PI[x.format.bits]
    behind = x.constant(1.0).intrinsic("copysign", x) < 0.0
    angle = (high * 2 - (angle - low * 2)).where(behind, angle)
    return (x + y).where(x.is_nan() | y.is_nan(), angle.intrinsic("copysign", y))


def _arcsine(x: Lanes) -> Lanes:
    """arcsin x − x for |x| ≤ ½."""
    z = x * x
    return z * x * z.polynomial(ARCSIN[x.format.bits])


@emitted
@odd
def arcsin(x: Lanes) -> Lanes:
    """arcsin x = π/2 − 2 arcsin √((1 − x)/2) above ½."""
    above = x > 0.5
    s = ((1.0 - x) * 0.5).intrinsic("sqrt").where(above, x)
    rest = _arcsine(s)
    high, low, _ = _HALF_PI[x.format.bits]
    return (high - (s + s) - (rest + rest - low)).where(above, s + rest)


@emitted
def arccos(x: Lanes) -> Lanes:
    """arccos x = π/2 − arcsin x, or 2 arcsin √((1 − |x|)/2) beyond ½, taken from π for negative x."""
    a = x.intrinsic("fabs")
    beyond = a > 0.5
    s = ((1.0 - a) * 0.5).intrinsic("sqrt").where(beyond, x)
    rest = _arcsine(s)
    high, low, _ = _HALF_PI[x.format.bits]
    twice = s + rest + (s + rest)
    outer = (high * 2 - (twice - low * 2)).where(x < 0.0, twice)
    return outer.where(beyond, high - (s + (rest - low)))
