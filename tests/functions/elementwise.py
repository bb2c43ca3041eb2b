"""Sample calls of elementwise functions, in real and complex numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from samples.call import Call, Calls, elementwise
from samples.elementwise import SAMPLES, beyond, clipped, divided, exponents, fractional, inside, rounded
from strategies import Array, complexes, even, odd, positive, real

COMPLEX = elementwise(complexes)
TWO_COMPLEX = elementwise(complexes, complexes) | elementwise(real, complexes) | elementwise(complexes, positive)


def apart(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Complex numbers whose real parts are ``even``: no two are tied."""
    return np.asarray(even(rng, shape) + 1j * real(rng, shape))


@st.composite
def clips(draw: st.DrawFn) -> Call:
    """Bounds as arrays, numbers or None, by either name."""
    x, low, high = draw(clipped()).args
    bounds = st.sampled_from(
        [(low, high), (low, None), (None, high), (-0.3, high), (low, 0.5), (None, None), (-0.3, 0)]
    )
    low, high = draw(bounds)
    return Call((x, low, high), {}) if draw(st.booleans()) else Call((x,), {"min": low, "max": high})


@st.composite
def beside(draw: st.DrawFn, calls: Calls) -> Call:
    """One of two operands a Python number."""
    x, y = draw(calls).args
    return Call(*draw(st.sampled_from([((x, 1.25), {}), ((2, y), {})])))


@st.composite
def angles(draw: st.DrawFn) -> Call:
    return Call(draw(elementwise(real) | COMPLEX).args, {"deg": draw(st.booleans())})


UNARY_COMPLEX = [
    *("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "square", "reciprocal", "negative", "positive"),
    *("sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "arcsinh", "arccosh", "arctanh"),
    *("absolute", "sign", "sinc"),
]
BINARY_COMPLEX = ["add", "subtract", "multiply", "divide", "power", "float_power"]

FUNCTIONS: dict[str, Calls] = {
    **{name: SAMPLES[name] | COMPLEX for name in UNARY_COMPLEX},
    **{name: SAMPLES[name] | TWO_COMPLEX for name in BINARY_COMPLEX},
    "cbrt":         elementwise(real),
    "logaddexp":    elementwise(real, real) | beside(elementwise(real, real)),
    "logaddexp2":   elementwise(real, real) | beside(elementwise(real, real)),
    "hypot":        elementwise(real, real) | beside(elementwise(real, real)),
    "arctan2":      elementwise(real, real) | beside(elementwise(real, real)),
    "deg2rad":      elementwise(real),
    "radians":      elementwise(real),
    "rad2deg":      elementwise(real),
    "degrees":      elementwise(real),
    "i0":           elementwise(real),
    "asin":         elementwise(inside),
    "acosh":        elementwise(beyond),
    "pow":          elementwise(positive, real) | beside(elementwise(positive, real)),
    # Steps and corners
    "maximum":      elementwise(even, odd) | elementwise(apart, complexes),
    "minimum":      elementwise(even, odd) | elementwise(apart, complexes),
    "fmax":         elementwise(even, odd) | elementwise(apart, complexes),
    "fmin":         elementwise(even, odd) | elementwise(apart, complexes),
    "fabs":         elementwise(real),
    "copysign":     elementwise(real, real) | beside(elementwise(real, real)),
    "heaviside":    elementwise(real, real) | beside(elementwise(real, real)),
    "clip":         clips(),
    "nan_to_num":   elementwise(real) | elementwise(complexes),
    # Rounding, remainders and parts
    "rint":         elementwise(fractional) | elementwise(apart),
    "floor":        elementwise(fractional),
    "ceil":         elementwise(fractional),
    "trunc":        elementwise(fractional),
    "round":        rounded(),
    "around":       rounded(),
    "floor_divide": divided(),
    "remainder":    divided(),
    "fmod":         divided(),
    "divmod":       divided(),
    "modf":         elementwise(fractional),
    "frexp":        elementwise(real),
    "ldexp":        elementwise(real, exponents) | elementwise(real).map(lambda call: Call((*call.args, -2), {})),
    # Complex numbers
    "real":         elementwise(complexes) | elementwise(real),
    "imag":         elementwise(complexes),
    "conjugate":    elementwise(complexes) | elementwise(real),
    "angle":        angles(),
    "real_if_close": elementwise(complexes) | elementwise(real),
}  # fmt: skip
