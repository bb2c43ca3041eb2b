"""Rounding, remainders, and the parts of floating-point numbers: slopes are 0, ±1 or powers of two.

What is rounded is still a tensor: its derivative is zero, at the jumps, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...engine.forms import elementwise, linear, primitive
from ...engine.registry import implements
from ...engine.tensor import Tensor, bare

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = [
    "around", "ceil", "copysign", "divmod", "fabs", "fix", "floor", "floor_divide", "fmod", "frexp", "heaviside",
    "ldexp", "mod", "modf", "nan_to_num", "remainder", "rint", "round", "trunc",
]

rint  = elementwise(np.rint,  x=0)
floor = elementwise(np.floor, x=0)
ceil  = elementwise(np.ceil,  x=0)
trunc = elementwise(np.trunc, x=0)
fix   = trunc
if hasattr(np, "fix"):  # deprecated since NumPy 2.5
    implements(np.fix)(trunc)

# x = q·y + r with q = ⌊x/y⌋, or x/y truncated (fmod); q of fmod is taken from r, for x/y may round up to an integer
floor_divide = elementwise(np.floor_divide, x=0, y=0)
remainder    = elementwise(np.remainder,    x=1, y=lambda x, y: -np.floor_divide(x, y))
fmod         = elementwise(np.fmod,         x=1, y=lambda x, y, ans: np.rint((ans - x) / y))
mod          = remainder

# Signs; copysign(x, y) is |x| with y's sign, and 0 has no slope
fabs      = elementwise(np.fabs,      x=lambda x: np.sign(x))
copysign  = elementwise(np.copysign,  x=lambda x, ans: np.sign(x) * np.sign(ans), y=0)
heaviside = elementwise(np.heaviside, x=0, y=lambda x: np.equal(x, 0))


@implements(np.round, np.around)
@elementwise(a=0)
def round(a, decimals=0):
    """Rounded to ``decimals`` digits, halves to even; the derivative is 0.

    Arguments are those of ``np.round``.

    >>> round(np.array([0.5, 1.25]), 1)
    array([0.5, 1.2])
    """
    return np.round(a, decimals)


around = round


@implements(np.divmod)
def divmod(x, y):
    """(⌊x/y⌋, x − ⌊x/y⌋ y); the quotient's derivative is 0.

    >>> divmod(np.array([7.5]), 2.0)
    (array([3.]), array([1.5]))
    """
    return floor_divide(x, y), remainder(x, y)


# Parts ---------------------------------------------------------------------------------------------------------------


@elementwise(name="fractional_part", x=1)
def _fractional_part(x):
    return np.modf(x)[0]


@implements(np.modf)
def modf(x):
    """Fractional and integral part, both with x's sign; derivatives 1 and 0.

    >>> modf(np.array([-1.25, 2.5]))
    (array([-0.25,  0.5 ]), array([-1.,  2.]))
    """
    return _fractional_part(x), trunc(x)


@elementwise(name="mantissa", x=lambda x: np.ldexp(np.ones_like(x), -np.frexp(x)[1]))
def _mantissa(x):
    return np.frexp(x)[0]


@implements(np.frexp)
def frexp(x):
    """Mantissa m and exponent n of x = m 2ⁿ, ½ ≤ |m| < 1; ∂m/∂x = 2⁻ⁿ, and n is a plain array of integers.

    >>> frexp(np.array([3.0]))
    (array([0.75]), array([2], dtype=int32))
    """
    return _mantissa(x), np.frexp(bare(x))[1]


@linear(name="ldexp", x=lambda g, i: np.ldexp(g, i), i=None)
def _ldexp(x, i):
    return np.ldexp(x, i)


@implements(np.ldexp)
def ldexp(x, i):
    """x 2ⁱ for integers i.

    >>> ldexp(np.array([0.75]), 2)
    array([3.])
    """
    return _ldexp(x, np.intp(i) if type(i) is int else i)


def _where_finite(t: AnyArray, x: AnyArray) -> AnyArray:
    """``t`` where x is finite and 0 elsewhere, in each part of a complex number."""
    if not np.iscomplexobj(x):
        return np.where(np.isfinite(x), t, 0)
    return np.where(np.isfinite(np.real(x)), np.real(t), 0) + 1j * np.where(np.isfinite(np.imag(x)), np.imag(t), 0)


@primitive(name="nan_to_num", x=lambda g, x: _where_finite(g, x), jvp={"x": lambda t, x: _where_finite(t, x)})
def _nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@implements(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """NaN and ±∞ replaced by numbers, which have derivative 0; the others pass with derivative 1.

    Arguments are those of ``np.nan_to_num``.

    >>> nan_to_num(np.array([1.0, np.nan, np.inf]), posinf=9.0)
    array([1., 0., 9.])
    """
    if not isinstance(x, Tensor):
        return np.nan_to_num(x, copy, nan, posinf, neginf)
    if not copy:
        raise TypeError("nan_to_num: copy=False would write into a tensor's array. Fix: x = np.nan_to_num(x).")
    return _nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
