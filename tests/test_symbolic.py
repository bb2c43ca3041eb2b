"""The symbolic column, evaluated by SymPy, is the numeric column and the derivative: for every elementwise primitive.

SymPy knows nothing of the rules. It gets the printed formula, the same points and 50 digits; what it makes of the
formula must be what the table says in numbers, and the difference quotient of the function as SymPy defines it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy

import nn  # noqa: F401 (its primitives are to be in the registry)
import samples  # noqa: F401 (so are those of fft, special, …)
from autograd_core.engine.forms import Elementwise
from autograd_core.engine.primitive import Primitive
from autograd_core.engine.registry import primitives
from autograd_core.expressions.symbol import fold
from autograd_core.graph import Symbol, trace
from autograd_core.graph.derivatives import local_derivatives
from samples.special import by_differences

POINTS = [(0.7, 1.9, 1.2), (1.9, 0.7, 1.2), (-0.6, 1.3, 0.4), (0.3, -0.8, 2.5)]
DIGITS = 50
STEP = sympy.Float("1e-15", DIGITS)

t = sympy.Dummy()
root_2 = sympy.sqrt(2)


def derivative_of(f: Any) -> Callable[..., Any]:
    return lambda x, n: sympy.diff(f, t, int(n)).subs(t, x)


def truth(relation: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *x, **settings: sympy.Integer(bool(relation(*x, **settings)))


def either(condition: Any, x: Any, y: Any) -> Any:
    return x if condition else y


def normal(x: Any) -> Any:
    """The distribution function of the standard normal distribution."""
    return sympy.erfc(-x / root_2) / 2


def density(x: Any) -> Any:
    return sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi)


def exponent(x: Any) -> Any:
    """e of x = m 2ᵉ, ½ ≤ |m| < 1."""
    return sympy.floor(sympy.log(sympy.Abs(x), 2)) + 1


def whole(x: Any) -> Any:
    """x rounded towards zero."""
    return sympy.sign(x) * sympy.floor(sympy.Abs(x))


ARITHMETIC = {
    "add": lambda x, y: x + y,
    **dict.fromkeys(("subtract", "gap"), lambda x, y: x - y),
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "negative": lambda x: -x,
    "positive": lambda x: x,
    "constant_along": lambda value, x: value,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x**2,
    **dict.fromkeys(("power", "float_power"), lambda x, y: x**y),
    **dict.fromkeys(("absolute", "abs", "fabs"), sympy.Abs),
    "sign": sympy.sign,
    "copysign": lambda x, y: sympy.Abs(x) * sympy.sign(y),
    **dict.fromkeys(("maximum", "fmax"), sympy.Max),
    **dict.fromkeys(("minimum", "fmin"), sympy.Min),
    "clip": lambda x, low, high: sympy.Min(sympy.Max(x, low), high),
    "floor": sympy.floor,
    "ceil": sympy.ceiling,
    **dict.fromkeys(("rint", "round"), lambda x, decimals=0: sympy.floor(x * 10**decimals + 0.5) / 10**decimals),
    "trunc": whole,
    "floor_divide": lambda x, y: sympy.floor(x / y),
    "remainder": lambda x, y: x - y * sympy.floor(x / y),
    "fmod": lambda x, y: x - y * whole(x / y),
    "fractional_part": lambda x: x - whole(x),
    "frexp": lambda x: (x / 2 ** exponent(x), exponent(x)),
    "mantissa": lambda x: x / 2 ** exponent(x),
    "ldexp": lambda x, e: x * 2**e,
    "ones_like": lambda x: sympy.Integer(1),
    "getitem": lambda pair, index: pair[int(index)],
}
LOGIC = {
    "greater": truth(lambda x, y: x > y),
    "greater_equal": truth(lambda x, y: x >= y),
    "equal": truth(lambda x, y: x == y),
    "not_equal": truth(lambda x, y: x != y),
    "logical_and": truth(lambda x, y: x != 0 and y != 0),
    "isnan": truth(lambda x: x is sympy.nan),
    "step": truth(lambda x: x > 0),
    "heaviside": lambda x, y: y if x == 0 else sympy.Integer(1 if x > 0 else 0),
    "where": either,
}
EXPONENTIAL = {
    **{f: getattr(sympy, f) for f in ("exp", "log", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh")},
    **{f"arc{f}": getattr(sympy, f"a{f}") for f in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "tan2")},
    "cbrt": lambda x: sympy.real_root(x, 3),
    "exp2": lambda x: 2**x,
    "expm1": lambda x: sympy.exp(x) - 1,
    "log2": lambda x: sympy.log(x, 2),
    "log10": lambda x: sympy.log(x, 10),
    "log1p": lambda x: sympy.log(1 + x),
    "logaddexp": lambda x, y: sympy.log(sympy.exp(x) + sympy.exp(y)),
    "logaddexp2": lambda x, y: sympy.log(2**x + 2**y, 2),
    "hypot": lambda x, y: sympy.sqrt(x**2 + y**2),
    **dict.fromkeys(("sigmoid", "expit"), lambda x: 1 / (1 + sympy.exp(-x))),
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "sinc": lambda x: sympy.sinc(sympy.pi * x),
    "sinc_derivative": derivative_of(sympy.sin(sympy.pi * t) / (sympy.pi * t)),
}
SPECIAL = {
    **{f: getattr(sympy, f) for f in ("erf", "erfc", "erfi", "erfinv", "gamma", "loggamma")},
    "erfcx": lambda x: sympy.exp(x**2) * sympy.erfc(x),
    "dawsn": lambda x: sympy.sqrt(sympy.pi) / 2 * sympy.exp(-(x**2)) * sympy.erfi(x),
    "erfcinv": lambda y: sympy.erfinv(1 - y),
    "ndtr": normal,
    "log_ndtr": lambda x: sympy.log(normal(x)),
    "inverse_mills": lambda x: density(x) / normal(x),
    "ndtri": lambda y: root_2 * sympy.erfinv(2 * y - 1),
    "gammaln": sympy.loggamma,
    "psi": sympy.digamma,
    "polygamma": lambda x, n: sympy.polygamma(n, x),
    "beta": lambda a, b: sympy.gamma(a) * sympy.gamma(b) / sympy.gamma(a + b),
    "betaln": lambda a, b: sympy.loggamma(a) + sympy.loggamma(b) - sympy.loggamma(a + b),
    "logit": lambda x: sympy.log(x / (1 - x)),
    "log_expit": lambda x: -sympy.log(1 + sympy.exp(-x)),
    "xlogy": lambda x, y: x * sympy.log(y),
    "xlog1py": lambda x, y: x * sympy.log(1 + y),
    "entr": lambda x: -x * sympy.log(x),
    "log_ratio": lambda x, y: sympy.log(x / y),
    "rel_entr": lambda x, y: x * sympy.log(x / y),
    "kl_div": lambda x, y: x * sympy.log(x / y) - x + y,
    **dict.fromkeys(("i0", "special.i0"), lambda x: sympy.besseli(0, x)),
    "i1": lambda x: sympy.besseli(1, x),
    "i0e": lambda x: sympy.exp(-sympy.Abs(x)) * sympy.besseli(0, x),
    "i1e": lambda x: sympy.exp(-sympy.Abs(x)) * sympy.besseli(1, x),
    "iv": lambda x, v: sympy.besseli(v, x),
    "ive": lambda x, v: sympy.exp(-sympy.Abs(x)) * sympy.besseli(v, x),
    "i0_derivative": derivative_of(sympy.besseli(0, t)),
}
LAYERS = {
    "relu": lambda x: sympy.Max(x, 0),
    "leaky_relu": lambda x, negative_slope: either(x > 0, x, negative_slope * x),
    "threshold": lambda x, threshold, value: either(x > threshold, x, value),
    "hardtanh": lambda x, min_val, max_val: sympy.Min(sympy.Max(x, min_val), max_val),
    "hardshrink": lambda x, lambd: either(abs(x) > lambd, x, sympy.Integer(0)),
    "softshrink": lambda x, lambd: either(abs(x) > lambd, x - lambd * sympy.sign(x), sympy.Integer(0)),
    "elu": lambda x, alpha: either(x > 0, x, alpha * (sympy.exp(x) - 1)),
    "celu": lambda x, alpha: either(x > 0, x, alpha * (sympy.exp(x / alpha) - 1)),
    "selu": lambda x: SELU * either(x > 0, x, SELU_ALPHA * (sympy.exp(x) - 1)),
    "nn.softplus": lambda x, beta, threshold: either(
        beta * x > threshold, x, sympy.log(1 + sympy.exp(beta * x)) / beta
    ),
    "logsigmoid": lambda x: -sympy.log(1 + sympy.exp(-x)),
    "hardsigmoid": lambda x: sympy.Min(sympy.Max(x + 3, 0), 6) / 6,
    "silu": lambda x: x / (1 + sympy.exp(-x)),
    "mish": lambda x: x * sympy.tanh(sympy.log(1 + sympy.exp(x))),
    "normal_share": normal,
    "gelu": lambda x: x * normal(x),
    "gelu_tanh": lambda x: x / 2 * (1 + sympy.tanh(sympy.sqrt(2 / sympy.pi) * (x + exactly(0.044715) * x**3))),
    "softsign": lambda x: x / (1 + sympy.Abs(x)),
    "tanhshrink": lambda x: x - sympy.tanh(x),
    "hardswish": lambda x: x * sympy.Min(sympy.Max(x + 3, 0), 6) / 6,
    "prelu": lambda x, weight: either(x > 0, x, weight * x),
    "beyond": truth(lambda x, threshold: x > threshold),
}
LOSSES = {
    "hinge": lambda x: sympy.Max(x, 0),
    "squared_error": lambda x, y: (x - y) ** 2,
    "absolute_error": lambda x, y: sympy.Abs(x - y),
    "huber": lambda d, delta: either(abs(d) <= delta, d**2 / 2, delta * (abs(d) - delta / 2)),
    "smooth_l1": lambda d, beta: either(abs(d) < beta, d**2 / (2 * beta), abs(d) - beta / 2),
    "logistic": lambda z, y: y * sympy.log(1 + sympy.exp(-z)) + (1 - y) * sympy.log(1 + sympy.exp(z)),
    "bernoulli": lambda p, y: -y * sympy.log(p) - (1 - y) * sympy.log(1 - p),
    "divergence": lambda x, q: q * (sympy.log(q) - x),
    "poisson": lambda x, y: sympy.exp(x) - y * x,
    "gaussian": lambda x, y, variance, eps=None: (sympy.log(variance) + (x - y) ** 2 / variance) / 2,
    "soft_margin": lambda x, y: sympy.log(1 + sympy.exp(-y * x)),
    "hinge_embedding": lambda x, y, margin: either(y > 0, x, sympy.Max(0, margin - x)),
    "ranking": lambda d, y, margin: sympy.Max(0, margin - y * d),
}
SELU_ALPHA, SELU = sympy.Float("1.6732632423543772848170429916717"), sympy.Float("1.0507009873554804934193349852946")
SYMPY: dict[str, Callable[..., Any]] = ARITHMETIC | LOGIC | EXPONENTIAL | SPECIAL | LAYERS | LOSSES

OURS = {"autograd_core", "nn"}
ELEMENTWISE: dict[str, Primitive] = {
    op.name: op
    for op in primitives.values()
    if isinstance(op, Elementwise)
    and op.declared.module.partition(".")[0] in OURS
    and not op.declared.file.startswith("<doctest")
    and (op.name in SYMPY or not by_differences(op))
}


def exactly(x: Any) -> Any:
    """A number without rounding."""
    x = x.item() if hasattr(x, "item") else x
    return sympy.Float(x, DIGITS) if isinstance(x, float) and np.isfinite(x) else sympy.sympify(x)


def by_sympy(formula: Any, values: dict[str, Any]) -> complex:
    """The formula, walked from its leaves, every function replaced by SymPy's of the name."""

    def leaf(x: Any) -> Any:
        return values[x.head] if isinstance(x, Symbol) else exactly(x)

    def combine(s: Symbol, args: list[Any]) -> Any:
        return SYMPY[s.head](*args, **{k: exactly(v) for k, v in s.settings.items() if k != "dtype"})

    return complex(digits(fold(formula, leaf, combine)))


def digits(x: Any) -> Any:
    return sympy.N(x, DIGITS)


def slope(op: Primitive, i: int, x: list[Any], settings: dict[str, Any]) -> complex:
    """∂f/∂xᵢ of SymPy's f by a difference so small that only the digits in question are left."""
    f, settings = SYMPY[op.name], {k: exactly(v) for k, v in settings.items()}
    above, below = ([v + h if j == i else v for j, v in enumerate(x)] for h in (STEP, -STEP))
    return complex((digits(f(*above, **settings)) - digits(f(*below, **settings))) / (2 * STEP))


def settings_of(op: Primitive) -> dict[str, Any]:
    """What the primitive is told beside its arguments: its defaults, 1 where it has none."""
    return {p: op.defaults.get(p, 1) for p in op.parameters if p not in op.arguments}


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_formula_is_the_number_and_the_derivative(name: str) -> None:
    op = ELEMENTWISE[name]
    assert op.name in SYMPY, f"{op.name}: add what it computes, in SymPy's words, to a table of tests/test_symbolic.py"
    settings = settings_of(op)
    checked = 0
    for numbers in POINTS:
        point = [np.array(x) for x in numbers[: len(op.arguments)]]
        with np.errstate(all="ignore"):
            (row,) = trace(lambda *x: op.function(*x, **settings), *point).rows
            found = local_derivatives(row)
        if not np.isfinite(row.value):
            continue  # outside of the domain
        values = {source.name: exactly(source.value) for source in (*row.inputs, row)}
        for d in found:
            assert not d.is_map
            formula = by_sympy(d.formula, values)
            assert formula == pytest.approx(complex(d.value), rel=1e-11, abs=1e-13)
            expected = slope(op, row.parents.index(d.parent), [exactly(x) for x in point], settings)
            assert formula == pytest.approx(expected, rel=1e-11, abs=1e-13)
            checked += 1
    assert checked or not any(callable(rule) for rule in op.rules)


def test_the_walk_covers_the_library() -> None:
    assert len(ELEMENTWISE) > 100 and {"exp", "multiply", "clip", "erfinv", "iv", "silu"} <= ELEMENTWISE.keys()
