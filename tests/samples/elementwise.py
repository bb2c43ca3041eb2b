"""Samples of the elementwise primitives."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls, elementwise
from strategies import (
    Array,
    even,
    generators,
    mask,
    odd,
    positive,
    real,
    shapes,
)


def inside(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """0.1 ≤ |x| ≤ 0.8, either sign."""
    return np.asarray(rng.uniform(0.1, 0.8, shape) * rng.choice([-1.0, 1.0], shape))


def beyond(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """1.3 ≤ x ≤ 3."""
    return np.asarray(positive(rng, shape) + 1.0)


def fractional(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """|x| < 4, at least 0.2 from every integer and every half."""
    return np.asarray(rng.integers(-8, 8, shape) / 2 + rng.uniform(0.2, 0.3, shape))


def exponents(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    return rng.integers(-3, 4, shape)


@st.composite
def divided(draw: st.DrawFn) -> Call:
    """x and y of either sign whose quotient is not an integer."""
    y, q = draw(elementwise(real, fractional)).args
    return Call((np.asarray(y * q), y), {})


@st.composite
def rounded(draw: st.DrawFn) -> Call:
    x = fractional(draw(generators), draw(shapes()))
    return Call((x,), {"decimals": draw(st.sampled_from([0, -1, 1]))}) if draw(st.booleans()) else Call((x,), {})


@st.composite
def clipped(draw: st.DrawFn) -> Call:
    """Between two bounds, neither of which is met."""
    x, low = draw(elementwise(even, odd)).args
    return Call((x, low, np.asarray(low + 0.8)), {})


@st.composite
def of_order(draw: st.DrawFn) -> Call:
    return Call(draw(elementwise(real)).args, {"n": draw(st.integers(1, 4))})


SAMPLES: dict[str, Calls] = {
    # Arithmetic
    "add":          elementwise(real, real),
    "subtract":     elementwise(real, real),
    "multiply":     elementwise(real, real),
    "divide":       elementwise(real, real),
    "negative":     elementwise(real),
    "positive":     elementwise(real),
    "constant_along": elementwise(real, real),
    "reciprocal":   elementwise(real),
    # Powers, exponentials and logarithms
    "power":        elementwise(positive, real),
    "float_power":  elementwise(positive, real),
    "square":       elementwise(real),
    "sqrt":         elementwise(positive),
    "cbrt":         elementwise(real),
    "exp":          elementwise(real),
    "exp2":         elementwise(real),
    "expm1":        elementwise(real),
    "log":          elementwise(positive),
    "log2":         elementwise(positive),
    "log10":        elementwise(positive),
    "log1p":        elementwise(positive),
    "gap":          elementwise(real, real),
    "logaddexp":    elementwise(real, real),
    "logaddexp2":   elementwise(real, real),
    # Trigonometric and hyperbolic
    "sin":          elementwise(real),
    "cos":          elementwise(real),
    "tan":          elementwise(inside),
    "sinh":         elementwise(real),
    "cosh":         elementwise(real),
    "tanh":         elementwise(real),
    "arcsin":       elementwise(inside),
    "arccos":       elementwise(inside),
    "arctan":       elementwise(real),
    "arcsinh":      elementwise(real),
    "arccosh":      elementwise(beyond),
    "arctanh":      elementwise(inside),
    "hypot":        elementwise(real, real),
    "arctan2":      elementwise(real, real),
    "deg2rad":      elementwise(real),
    "radians":      elementwise(real),
    "rad2deg":      elementwise(real),
    "degrees":      elementwise(real),
    "sinc":         elementwise(real),
    "sinc_derivative": of_order(),
    "i0":           elementwise(real),
    "i0_derivative": of_order(),
    # Steps and corners
    "sign":         elementwise(real),
    "absolute":     elementwise(real),
    "fabs":         elementwise(real),
    "copysign":     elementwise(real, real),
    "heaviside":    elementwise(real, real),
    "maximum":      elementwise(even, odd),
    "minimum":      elementwise(even, odd),
    "fmax":         elementwise(even, odd),
    "fmin":         elementwise(even, odd),
    "clip":         clipped(),
    "step":         elementwise(real),
    "relu":         elementwise(real),
    "sigmoid":      elementwise(real),
    "softplus":     elementwise(real),
    "where":        elementwise(mask, real, real),
    # Rounding, remainders and parts
    "rint":         elementwise(fractional),
    "floor":        elementwise(fractional),
    "ceil":         elementwise(fractional),
    "trunc":        elementwise(fractional),
    "round":        rounded(),
    "floor_divide": divided(),
    "remainder":    divided(),
    "fmod":         divided(),
    "fractional_part": elementwise(fractional),
    "mantissa":     elementwise(real),
    "ldexp":        elementwise(real, exponents),
    "nan_to_num":   elementwise(real),
}  # fmt: skip
