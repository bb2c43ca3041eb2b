"""Samples of the elementwise primitives."""

from __future__ import annotations

from samples.call import Calls, elementwise
from strategies import (
    even,
    mask,
    odd,
    positive,
    real,
)

SAMPLES: dict[str, Calls] = {
    # Arithmetic
    "add":          elementwise(real, real),
    "subtract":     elementwise(real, real),
    "multiply":     elementwise(real, real),
    "divide":       elementwise(real, real),
    "negative":     elementwise(real),
    "positive":     elementwise(real),
    "reciprocal":   elementwise(real),
    # Powers, exponentials and logarithms
    "power":        elementwise(positive, real),
    "square":       elementwise(real),
    "sqrt":         elementwise(positive),
    "exp":          elementwise(real),
    "expm1":        elementwise(real),
    "log":          elementwise(positive),
    "log1p":        elementwise(positive),
    # Trigonometric and hyperbolic
    "sin":          elementwise(real),
    "cos":          elementwise(real),
    "tanh":         elementwise(real),
    # Steps and corners
    "sign":         elementwise(real),
    "absolute":     elementwise(real),
    "maximum":      elementwise(even, odd),
    "minimum":      elementwise(even, odd),
    "step":         elementwise(real),
    "relu":         elementwise(real),
    "sigmoid":      elementwise(real),
    "softplus":     elementwise(real),
    "where":        elementwise(mask, real, real),
}  # fmt: skip
