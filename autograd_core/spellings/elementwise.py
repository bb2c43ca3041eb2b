"""Functions of each element, as PyTorch spells them: its names for NumPy's, and what NumPy lacks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from ..border.arrays import get_default_dtype
from ..engine.registry import implementations
from ..engine.tensor import bare
from ..ops import special as _special
from ..ops.arithmetic import elementwise as _elementwise
from .arguments import cast

if TYPE_CHECKING:
    from ..support.types import AnyArray

_SAME = """
    abs absolute ceil copysign cos cosh deg2rad exp exp2 expm1 floor fmax fmin hypot log log10 log1p log2 logaddexp
    logaddexp2 maximum minimum positive rad2deg reciprocal remainder sign sin sinc sinh sqrt square tan tanh trunc
    fmod conj real imag angle float_power nan_to_num signbit isnan isinf isfinite isneginf isposinf isreal
    logical_and logical_or logical_xor logical_not gcd lcm nextafter
"""
_RENAMED = {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan", "atan2": "arctan2",
    "atanh": "arctanh", "arccos": "arccos", "arccosh": "arccosh", "arcsin": "arcsin", "arcsinh": "arcsinh",
    "arctan": "arctan", "arctan2": "arctan2", "arctanh": "arctanh", "neg": "negative", "negative": "negative",
    "fix": "trunc", "multiply": "multiply", "conj_physical": "conj", "resolve_conj": "positive",
    "resolve_neg": "positive", "bitwise_and": "bitwise_and", "bitwise_or": "bitwise_or", "bitwise_xor": "bitwise_xor",
    "bitwise_not": "invert", "bitwise_left_shift": "left_shift", "bitwise_right_shift": "right_shift",
    "eq": "equal", "ne": "not_equal", "not_equal": "not_equal", "lt": "less", "less": "less", "le": "less_equal",
    "less_equal": "less_equal", "gt": "greater", "greater": "greater", "ge": "greater_equal",
    "greater_equal": "greater_equal", "floor_divide": "floor_divide", "i0": "i0", "mul": "multiply",
}  # fmt: skip
_OF_SCIPY = {
    "digamma": "digamma", "erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "xlogy": "xlogy", "lgamma": "gammaln",
}  # fmt: skip

abs: Any
multiply: Any
for _name, _numpys in {**dict(zip(_SAME.split(), _SAME.split(), strict=True)), **_RENAMED}.items():
    globals()[_name] = implementations.get(getattr(np, _numpys), getattr(np, _numpys))
for _name, _scipys in _OF_SCIPY.items():
    globals()[_name] = getattr(_special, _scipys)
sigmoid, relu = _elementwise.sigmoid, _elementwise.relu


def _times(other: Any, alpha: Any) -> Any:
    return other if type(alpha) is int and alpha == 1 else other * alpha


def add(input: AnyArray, other: Any, *, alpha: Any = 1) -> AnyArray:
    """input + alpha · other."""
    return np.add(input, _times(other, alpha))


def sub(input: AnyArray, other: Any, *, alpha: Any = 1) -> AnyArray:
    """input − alpha · other."""
    return np.subtract(input, _times(other, alpha))


subtract = sub


def rsub(input: AnyArray, other: Any, *, alpha: Any = 1) -> AnyArray:
    """other − alpha · input."""
    return sub(other, input, alpha=alpha)


def div(input: AnyArray, other: Any, *, rounding_mode: str | None = None) -> AnyArray:
    """input / other, rounded down ("floor") or towards zero ("trunc") where that is asked for."""
    if rounding_mode == "floor":
        return np.floor_divide(input, other)
    quotient = np.divide(input, other)
    if rounding_mode is None:
        return quotient
    if rounding_mode != "trunc":
        raise RuntimeError(f'div: rounding_mode={rounding_mode!r} must be None, "floor" or "trunc".')
    whole = np.result_type(bare(input), bare(other)).kind in "iu"
    return np.trunc(quotient).astype(np.result_type(bare(input), bare(other))) if whole else np.trunc(quotient)


divide = true_divide = div


def pow(input: AnyArray, exponent: Any) -> AnyArray:
    """input to the power of exponent."""
    return np.square(input) if type(exponent) in (int, float) and exponent == 2 else np.power(input, exponent)


def clamp(input: AnyArray, min: Any = None, max: Any = None) -> AnyArray:
    """No less than ``min`` and no more than ``max``; the slope at a bound is that of the inside, 1."""
    if min is None and max is None:
        raise ValueError("clamp: give min, max or both.")
    min, max = (cast(b, input.dtype) if hasattr(b, "dtype") and input.dtype.kind == "f" else b for b in (min, max))
    out = input
    if min is not None:
        out = np.where(bare(out) < bare(min), min, out)
    if max is not None:
        out = np.where(bare(out) > bare(max), max, out)
    return out


clip = clamp


def clamp_min(input: AnyArray, min: Any) -> AnyArray:
    """No less than ``min``."""
    return clamp(input, min)


def clamp_max(input: AnyArray, max: Any) -> AnyArray:
    """No more than ``max``."""
    return clamp(input, None, max)


def lerp(input: AnyArray, end: Any, weight: AnyArray) -> AnyArray:
    """input + weight · (end − input)."""
    return input + weight * (end - input)


def addcmul(input: AnyArray, tensor1: AnyArray, tensor2: AnyArray, *, value: object = 1) -> AnyArray:
    """input + value · tensor1 · tensor2."""
    return input + value * tensor1 * tensor2


def addcdiv(input: AnyArray, tensor1: AnyArray, tensor2: AnyArray, *, value: object = 1) -> AnyArray:
    """input + value · tensor1 / tensor2."""
    return input + value * tensor1 / tensor2


def heaviside(input: AnyArray, values: AnyArray) -> AnyArray:
    """0 below zero, 1 above it, and ``values`` at it."""
    return cast(np.heaviside(input, values), input.dtype)


def rsqrt(input: AnyArray) -> AnyArray:
    """1 / √input."""
    return 1 / np.sqrt(input)


def frac(input: AnyArray) -> AnyArray:
    """What is behind the point, with the sign."""
    return input - np.trunc(input)


def sgn(input: AnyArray) -> AnyArray:
    """The sign; of a complex number z / |z|."""
    return np.sign(input)


def round(input: AnyArray, *, decimals: int = 0) -> AnyArray:
    """To the nearest, halves to even."""
    return np.round(input, decimals)


def ldexp(input: AnyArray, other: object) -> AnyArray:
    """input · 2^other."""
    return input * 2.0 ** bare(other)


def frexp(input: AnyArray) -> Any:
    """Mantissa and exponent of 2."""
    return np.frexp(input)


def logit(input: AnyArray, eps: float | None = None) -> AnyArray:
    """log(p / (1 − p)), where asked for of p between eps and 1 − eps."""
    return _special.logit(input if eps is None else clamp(input, eps, 1 - eps))


def polygamma(n: int, input: AnyArray) -> AnyArray:
    """The n-th derivative of ``digamma``."""
    x = input if input.dtype.kind in "fc" else cast(input, get_default_dtype())
    return cast(_special.polygamma(n, x), x.dtype)


def mvlgamma(input: AnyArray, p: int) -> AnyArray:
    """log of the multivariate Gamma function of p dimensions."""
    total = _special.gammaln(input)
    for j in range(1, p):
        total = total + _special.gammaln(input - j / 2)
    return total + p * (p - 1) / 4 * math.log(math.pi)


def complex(real: Any, imag: Any) -> Any:
    """real + i · imag."""
    return real + 1j * imag


def polar(abs: Any, angle: Any) -> Any:
    """abs · e^(i · angle)."""
    return abs * np.cos(angle) + 1j * (abs * np.sin(angle))


def view_as_complex(input: AnyArray) -> AnyArray:
    """Pairs along the last axis as complex numbers."""
    return input[..., 0] + 1j * input[..., 1]


def view_as_real(input: AnyArray) -> AnyArray:
    """Complex numbers as pairs along a new last axis."""
    return np.stack([np.real(input), np.imag(input)], axis=-1)


def isclose(
    input: AnyArray, other: object, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> AnyArray:
    """Whether |input − other| ≤ atol + rtol · |other|, element by element."""
    return np.isclose(bare(input), bare(other), rtol, atol, equal_nan)


def allclose(input: AnyArray, other: object, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether ``isclose`` holds everywhere."""
    return bool(np.allclose(bare(input), bare(other), rtol, atol, equal_nan))


def equal(input: AnyArray, other: Any) -> bool:
    """Whether shapes and elements are the same."""
    return np.array_equal(bare(input), bare(other))


def isin(elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each element is among others."""
    return np.isin(bare(elements), bare(test_elements), assume_unique, invert)


def fill(input: AnyArray, value: Any) -> AnyArray:
    """One value everywhere."""
    return np.broadcast_to(cast(value, input.dtype), np.shape(input)) if hasattr(value, "dtype") else input * 0 + value


def type_as(input: AnyArray, other: Any) -> AnyArray:
    """In the dtype of ``other``."""
    return cast(input, other.dtype)


def clone(input: AnyArray, *, memory_format: Any = None) -> AnyArray:
    """A copy, through which gradients flow."""
    return np.copy(input)


def dist(input: AnyArray, other: object, p: Any = 2) -> AnyArray:
    """The p-norm of the difference."""
    from .sums import norm

    return norm(input - other, p)
