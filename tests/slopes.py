"""∂f/∂x of the elementwise primitives in closed form, in as many digits as asked for (mpmath)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath as mp


def _logistic(x: Any) -> Any:
    return 1 / (1 + mp.exp(-x))


def _phi(x: Any) -> Any:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _part(x: Any, y: Any) -> Any:
    """What of max(x, y) is x's."""
    return mp.mpf(int(x > y) + int(x >= y)) / 2


def _floored(x: Any, y: Any) -> Any:
    return -mp.floor(x / y)


def _truncated(x: Any, y: Any) -> Any:
    return -mp.sign(x / y) * mp.floor(abs(x / y))


Slope = Callable[..., Any]

SLOPES: dict[str, tuple[Slope, ...]] = {
    # Arithmetic
    "add":          (lambda x, y: 1, lambda x, y: 1),
    "subtract":     (lambda x, y: 1, lambda x, y: -1),
    "multiply":     (lambda x, y: y, lambda x, y: x),
    "divide":       (lambda x, y: 1 / y, lambda x, y: -x / y**2),
    "negative":     (lambda x: -1,),
    "positive":     (lambda x: 1,),
    "reciprocal":   (lambda x: -1 / x**2,),
    # Powers, exponentials and logarithms
    "power":        (lambda x, y: y * mp.power(x, y - 1), lambda x, y: mp.power(x, y) * mp.log(x)),
    "float_power":  (lambda x, y: y * mp.power(x, y - 1), lambda x, y: mp.power(x, y) * mp.log(x)),
    "square":       (lambda x: 2 * x,),
    "sqrt":         (lambda x: 1 / (2 * mp.sqrt(x)),),
    "cbrt":         (lambda x: 1 / (3 * mp.cbrt(x * x)),),
    "exp":          (lambda x: mp.exp(x),),
    "exp2":         (lambda x: mp.power(2, x) * mp.log(2),),
    "expm1":        (lambda x: mp.exp(x),),
    "log":          (lambda x: 1 / x if x > 0 else mp.nan,),
    "log2":         (lambda x: 1 / (x * mp.log(2)) if x > 0 else mp.nan,),
    "log10":        (lambda x: 1 / (x * mp.log(10)) if x > 0 else mp.nan,),
    "log1p":        (lambda x: 1 / (1 + x) if x > -1 else mp.nan,),
    "gap":          (lambda x, y: 1, lambda x, y: -1),
    "logaddexp":    (lambda x, y: _logistic(x - y), lambda x, y: _logistic(y - x)),
    "logaddexp2":   (lambda x, y: _logistic((x - y) * mp.log(2)), lambda x, y: _logistic((y - x) * mp.log(2))),
    # Trigonometric and hyperbolic
    "sin":          (lambda x: mp.cos(x),),
    "cos":          (lambda x: -mp.sin(x),),
    "tan":          (lambda x: mp.sec(x) ** 2,),
    "sinh":         (lambda x: mp.cosh(x),),
    "cosh":         (lambda x: mp.sinh(x),),
    "arcsin":       (lambda x: 1 / mp.sqrt((1 - x) * (1 + x)),),
    "arccos":       (lambda x: -1 / mp.sqrt((1 - x) * (1 + x)),),
    "arctan":       (lambda x: 1 / (1 + x * x),),
    "arcsinh":      (lambda x: 1 / mp.sqrt(1 + x * x),),
    "arccosh":      (lambda x: 1 / mp.sqrt((x - 1) * (x + 1)) if x > 1 else mp.nan,),
    "arctanh":      (lambda x: 1 / ((1 - x) * (1 + x)) if abs(x) < 1 else mp.nan,),
    "hypot":        (lambda x, y: x / mp.hypot(x, y), lambda x, y: y / mp.hypot(x, y)),
    "arctan2":      (lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y)),
    "deg2rad":      (lambda x: mp.pi / 180,),
    "radians":      (lambda x: mp.pi / 180,),
    "rad2deg":      (lambda x: 180 / mp.pi,),
    "degrees":      (lambda x: 180 / mp.pi,),
    "tanh":         (lambda x: mp.sech(x) ** 2,),
    "sigmoid":      (lambda x: _logistic(x) * _logistic(-x),),
    # Steps and corners
    "sign":         (lambda x: 0,),
    "absolute":     (lambda x: mp.sign(x),),
    "fabs":         (lambda x: mp.sign(x),),
    "copysign":     (lambda x, y: mp.sign(x) * mp.sign(y), lambda x, y: 0),
    "heaviside":    (lambda x, y: 0, lambda x, y: int(x == 0)),
    "maximum":      (lambda x, y: _part(x, y), lambda x, y: _part(y, x)),
    "minimum":      (lambda x, y: _part(y, x), lambda x, y: _part(x, y)),
    "fmax":         (lambda x, y: _part(x, y), lambda x, y: _part(y, x)),
    "fmin":         (lambda x, y: _part(y, x), lambda x, y: _part(x, y)),
    "step":         (lambda x: 0,),
    "relu":         (lambda x: int(x > 0),),
    "softplus":     (lambda x: _logistic(x),),
    # Rounding, remainders and parts
    "rint":         (lambda x: 0,),
    "floor":        (lambda x: 0,),
    "ceil":         (lambda x: 0,),
    "trunc":        (lambda x: 0,),
    "round":        (lambda x: 0,),
    "fractional_part": (lambda x: 1,),
    "constant_along": (lambda value, x: 1, lambda value, x: 0),
    "floor_divide": (lambda x, y: 0, lambda x, y: 0),
    "remainder":    (lambda x, y: 1, _floored),
    "fmod":         (lambda x, y: 1, _truncated),
    "nan_to_num":   (lambda x: 1,),
    # Special functions
    "erf":          (lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(-x * x),),
    "erfc":         (lambda x: -2 / mp.sqrt(mp.pi) * mp.exp(-x * x),),
    "erfi":         (lambda x: 2 / mp.sqrt(mp.pi) * mp.exp(x * x),),
    "ndtr":         (lambda x: _phi(x),),
    "expit":        (lambda x: _logistic(x) * _logistic(-x),),
    "logit":        (lambda x: 1 / (x * (1 - x)) if 0 < x < 1 else mp.nan,),
    "log_expit":    (lambda x: _logistic(-x),),
    "xlogy":        (lambda x, y: mp.log(y), lambda x, y: x / y if y > 0 else mp.nan),
    "xlog1py":      (lambda x, y: mp.log1p(y), lambda x, y: x / (1 + y) if y > -1 else mp.nan),
    "entr":         (lambda x: -1 - mp.log(x),),
    "log_ratio":    (lambda x, y: 1 / x if x * y > 0 else mp.nan, lambda x, y: -1 / y if x * y > 0 else mp.nan),
    "rel_entr":     (lambda x, y: mp.log(x / y) + 1, lambda x, y: -x / y if x > 0 and y > 0 else mp.nan),
    "kl_div":       (lambda x, y: mp.log(x / y), lambda x, y: 1 - x / y if x > 0 and y > 0 else mp.nan),
}  # fmt: skip
"""A slope that is not a real number is none."""

_BY_SERIES = """beta betaln dawsn digamma erfcinv erfcx erfinv gamma gammaln i0 i0_derivative i0e i1 i1e inverse_mills
    iv ive log_ndtr loggamma ndtri polygamma psi sinc sinc_derivative special.i0"""
UNLISTED = {
    "made of values that SciPy or a series gives, which end at their own magnitudes": _BY_SERIES.split(),
    "a choice among three operands": ["clip"],
    "a power of two, exact": ["mantissa"],
}
"""Elementwise primitives without a closed form here."""
