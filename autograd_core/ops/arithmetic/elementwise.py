"""Elementwise primitives: one line each, ∂out/∂argument beside the function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.forms import elementwise, linear
from ...engine.registry import implements
from ..blockwise import at_least, blockwise, in_blocks, select

if TYPE_CHECKING:
    from ...support.types import AnyArray

__all__ = [
    "add", "cbrt", "clip", "divide", "exp", "exp2", "expm1", "float_power", "fmax", "fmin", "log", "log10", "log1p",
    "log2", "logaddexp", "logaddexp2", "maximum", "minimum", "multiply", "negative", "positive", "pow", "power",
    "reciprocal", "relu", "sigmoid", "softplus", "sqrt", "square", "subtract", "true_divide", "where",
]

LN_2, LN_10 = math.log(2), math.log(10)

# Arithmetic
add      = elementwise(np.add,      x=1, y=1)
subtract = elementwise(np.subtract, x=1, y=-1)
multiply = elementwise(np.multiply, x=lambda y: y, y=lambda x: x)
divide   = elementwise(np.divide,   x=lambda y: 1 / y, y=lambda x, y: -x / y / y,
                       vjp={"x": lambda g, y: g / y, "y": lambda g, x, y: g / y * (-x / y)})
negative = elementwise(np.negative, x=-1)
positive = elementwise(np.positive, x=1)
reciprocal = elementwise(np.reciprocal, **blockwise(x=lambda ans: -(ans**2)))

# Powers, exponentials and logarithms; y − [y ≠ 0] and x + [x = 0] keep x⁰ and 0ʸ away from 0·∞
power  = elementwise(np.power,  x=lambda x, y: y * x ** (y - (y != 0)), y=lambda x, ans: ans * log_base(x, ans))
float_power = elementwise(
    np.float_power, x=lambda x, y: y * np.float_power(x, y - (y != 0)), y=lambda x, ans: ans * log_base(x, ans)
)
square = elementwise(np.square, **blockwise(x=lambda x: 2 * x))
sqrt   = elementwise(np.sqrt,   **blockwise(x=lambda ans: 0.5 / ans))
cbrt   = elementwise(np.cbrt,   **blockwise(x=lambda ans: 1 / (3 * ans**2)))
exp    = elementwise(np.exp,    x=lambda ans: ans)
exp2   = elementwise(np.exp2,   **blockwise(x=lambda ans: ans * LN_2))
expm1  = elementwise(np.expm1,  **blockwise(x=lambda x: np.exp(x)))
log    = elementwise(np.log,    x=lambda x: 1 / x, vjp={"x": lambda g, x: g / x})
log2   = elementwise(np.log2,   **blockwise(x=lambda x: 1 / (x * LN_2)))
log10  = elementwise(np.log10,  **blockwise(x=lambda x: 1 / (x * LN_10)))
log1p  = elementwise(np.log1p,  **blockwise(x=lambda x: 1 / (1 + x)))
logaddexp  = elementwise(np.logaddexp,  x=lambda x, y: sigmoid(gap(x, y)), y=lambda x, y: sigmoid(gap(y, x)))
logaddexp2 = elementwise(
    np.logaddexp2, x=lambda x, y: sigmoid(gap(x, y) * LN_2), y=lambda x, y: sigmoid(gap(y, x) * LN_2)
)

# Steps, ties and corners: a tie shares the derivative, a corner has the middle of its slopes
_sign     = elementwise(np.sign,     x=0)
_absolute = elementwise(np.absolute, x=lambda x: np.sign(x))
maximum  = elementwise(np.maximum,  x=lambda x, y: share(x, y), y=lambda x, y: share(y, x))
minimum  = elementwise(np.minimum,  x=lambda x, y: share(y, x), y=lambda x, y: share(x, y))
fmax     = elementwise(np.fmax,     x=lambda x, y: number_share(x, y), y=lambda x, y: number_share(y, x))
fmin     = elementwise(np.fmin,     x=lambda x, y: number_share(-x, -y), y=lambda x, y: number_share(-y, -x))
step     = elementwise(lambda x: np.greater(x, 0).astype(x.dtype), name="step", x=0)

pow, true_divide = power, divide


@elementwise(x=lambda ans: step(ans), vjp={"x": lambda g, ans: g * (ans > 0)})
def relu(x):
    """max(x, 0), with the derivative 0 at 0.

    >>> relu(np.array([-2.0, 3.0]))
    array([0., 3.])
    """
    return at_least(x, 0)


@elementwise(**blockwise(x=lambda ans: ans * (1 - ans)))
def sigmoid(x):
    """σ(x) = 1 / (1 + e⁻ˣ), without overflow for any x.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    if getattr(x, "dtype", None) == np.float16:  # e⁻ˣ overflows there where σ is not yet 0
        return sigmoid(x.astype(np.float32)).astype(np.float16)
    with np.errstate(over="ignore"):  # 1/∞ is 0, as it should be
        return in_blocks(_sigmoid, x)


def _sigmoid(x: AnyArray, out: Any = None) -> AnyArray:
    below = np.exp(-x)
    below += 1
    return np.divide(1, below, out=out)


@elementwise(**blockwise(x=lambda x: sigmoid(x)))
def softplus(x):
    """log(1 + eˣ), without overflow for any x; its derivative is ``sigmoid``.

    >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    return np.log1p(np.exp(x)) if _is_complex(x) else in_blocks(_softplus, x)


def _softplus(x: AnyArray, out: Any = None) -> AnyArray:
    return np.add(at_least(x, 0), np.log1p(np.exp(-np.absolute(x))), out=out)


@elementwise(
    name="clip",
    a=lambda a, low, high: share(a, low) * share(high, np.maximum(a, low)),
    low=lambda a, low, high: share(low, a) * share(high, np.maximum(a, low)),
    high=lambda a, low, high: share(np.maximum(a, low), high),
)
def _clip(a, low, high):
    return np.clip(a, low, high)


@implements(np.clip)
def clip(a, a_min=None, a_max=None, *, min=None, max=None):
    """``minimum(maximum(a, a_min), a_max)``, either bound None for no bound; a tie shares the derivative.

    Arguments are those of ``np.clip``.

    >>> clip(np.array([-3.0, 0.5, 3.0]), -1, 1)
    array([-1. ,  0.5,  1. ])
    """
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise ValueError("clip: a bound was given twice. Fix: give a_min and a_max, or min and max.")
    low, high = a_min if min is None else min, a_max if max is None else max
    if low is None and high is None:
        return positive(a)
    return maximum(a, low) if high is None else minimum(a, high) if low is None else _clip(a, low, high)


@implements(np.where)
@linear(
    condition=None,
    x=lambda g, condition: select(condition, g, 0),
    y=lambda g, condition: select(condition, 0, g),
    choices={"x": lambda condition: condition, "y": lambda condition: np.logical_not(condition)},
)
def where(condition, x, y):
    """``x`` where the condition holds, ``y`` elsewhere, broadcast together.

    >>> where(np.array([True, False]), 1.0, 2.0)
    array([1., 2.])
    """
    return select(condition, x, y)


def share(x: AnyArray, y: AnyArray) -> AnyArray:
    """1 where x > y, ½ where x = y, 0 elsewhere: the part that x has in maximum(x, y)."""
    return 0.5 * np.add(np.greater(x, y), np.greater_equal(x, y), dtype=np.result_type(x, y))


def log_base(x: AnyArray, ans: AnyArray) -> AnyArray:
    """log x of a power xʸ, complex where the power is, and 0 for x = 0."""
    x = x + (x == 0)
    return np.log(x + 0j if _is_complex(ans) and not _is_complex(x) else x)


def number_share(x: AnyArray, y: AnyArray) -> AnyArray:
    """The part that x has in fmax(x, y), where NaN is less than anything."""
    return share(np.where(np.isnan(x), -math.inf, x), np.where(np.isnan(y), -math.inf, y))


@elementwise(x=1, y=-1)
def gap(x, y):
    """x − y, and 0 where both are the same infinity."""
    same = np.logical_and(np.equal(x, y), np.isinf(x))
    return np.where(same, 0, x) - np.where(same, 0, y)


def _is_complex(x: Any) -> bool:
    return getattr(x, "dtype", None) is not None and x.dtype.kind == "c"
