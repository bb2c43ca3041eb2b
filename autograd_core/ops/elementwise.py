"""Elementwise primitives: one line each, ∂out/∂argument beside the function."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..forms import elementwise, linear
from ..protocols import implements

__all__ = [
    "add", "cos", "divide", "exp", "expm1", "log", "log1p", "maximum", "minimum", "multiply",
    "negative", "positive", "power", "reciprocal", "relu", "sigmoid", "sign", "sin", "softplus", "sqrt",
    "square", "subtract", "tanh", "where",
]

# Arithmetic
add      = elementwise(np.add,      x=1, y=1)
subtract = elementwise(np.subtract, x=1, y=-1)
multiply = elementwise(np.multiply, x=lambda y: y, y=lambda x: x)
divide   = elementwise(np.divide,   x=lambda y: 1 / y, y=lambda x, y: -x / y / y)
negative = elementwise(np.negative, x=-1)
positive = elementwise(np.positive, x=1)
reciprocal = elementwise(np.reciprocal, x=lambda ans: -(ans**2))

# Powers, exponentials and logarithms; y − [y ≠ 0] and x + [x = 0] keep x⁰ and 0ʸ away from 0·∞
power  = elementwise(np.power,  x=lambda x, y: y * x ** (y - (y != 0)), y=lambda x, ans: ans * np.log(x + (x == 0)))
square = elementwise(np.square, x=lambda x: 2 * x)
sqrt   = elementwise(np.sqrt,   x=lambda ans: 0.5 / ans)
exp    = elementwise(np.exp,    x=lambda ans: ans)
expm1  = elementwise(np.expm1,  x=lambda ans: ans + 1)
log    = elementwise(np.log,    x=lambda x: 1 / x)
log1p  = elementwise(np.log1p,  x=lambda x: 1 / (1 + x))

# Trigonometric and hyperbolic
sin  = elementwise(np.sin,  x=lambda x: np.cos(x))
cos  = elementwise(np.cos,  x=lambda x: -np.sin(x))
tanh = elementwise(np.tanh, x=lambda ans: 1 - ans**2)

# Steps, ties and corners: a tie shares the derivative, a corner has the middle of its slopes
sign     = elementwise(np.sign,     x=0)
_absolute = elementwise(np.absolute, x=lambda x: np.sign(x))
maximum  = elementwise(np.maximum,  x=lambda x, y: share(x, y), y=lambda x, y: share(y, x))
minimum  = elementwise(np.minimum,  x=lambda x, y: share(y, x), y=lambda x, y: share(x, y))
step     = elementwise(lambda x: np.greater(x, 0).astype(x.dtype), name="step", x=0)
relu     = elementwise(lambda x: np.maximum(x, 0), name="relu", x=lambda ans: step(ans))


@elementwise(x=lambda ans: ans * (1 - ans))
def sigmoid(x):
    """σ(x) = 1 / (1 + e⁻ˣ), without overflow for any x.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    z = np.exp(-np.absolute(x))
    return np.where(np.greater_equal(x, 0), 1, z) / (1 + z)


@elementwise(x=lambda x: sigmoid(x))
def softplus(x):
    """log(1 + eˣ), without overflow for any x; its derivative is ``sigmoid``.

    >>> softplus(np.array([-1000.0, 0.0, 1000.0]))
    array([0.00000000e+00, 6.93147181e-01, 1.00000000e+03])
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.absolute(x)))


@implements(np.where)
@linear(
    condition=None,
    x=lambda g, condition: np.where(condition, g, 0),
    y=lambda g, condition: np.where(condition, 0, g),
)
def where(condition, x, y):
    """``x`` where the condition holds, ``y`` elsewhere, broadcast together.

    >>> where(np.array([True, False]), 1.0, 2.0)
    array([1., 2.])
    """
    return np.where(condition, x, y)


where.primitive.branches = {1: lambda saved: saved[0], 2: lambda saved: np.logical_not(saved[0])}


def share(x: Any, y: Any) -> Any:
    """1 where x > y, ½ where x = y, 0 elsewhere: the part that x has in maximum(x, y)."""
    return 0.5 * np.add(np.greater(x, y), np.greater_equal(x, y), dtype=np.result_type(x, y))
