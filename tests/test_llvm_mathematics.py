"""LLVM's elementary functions against mpmath in the stated units of the last place, and NumPy at special values."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

pytest.importorskip("llvmlite")

from mpmath import mp, mpf

import minimax
from autograd_core.programs.llvm import mathematics
from autograd_core.programs.llvm.mathematics import coefficients
from jitted import jitted

DTYPES = ("f4", "f8")
WIDTHS = {"f4": (1, 16), "f8": (1, 4)}
STATED = {
    name: {"f4": float(single), "f8": float(double)}
    for name, single, double in re.findall(r"^(\w+) +([\d.]+) +([\d.]+)$", mathematics.__doc__ or "", re.MULTILINE)
}
OF_TWO = {"arctan2", "power"}

# where each is drawn: intervals of x, and of log₂ |x| where x takes many magnitudes
INTERVALS: dict[str, list[tuple[float, float]]] = {
    "exp": [(-0.4, 0.4), (-104.0, 89.0), (-746.0, 710.0)],
    "exp2": [(-0.5, 0.5), (-151.0, 129.0), (-1076.0, 1025.0)],
    "expm1": [(-1.5, 1.5), (-40.0, 89.0), (-40.0, 710.0)],
    "log": [(0.6, 1.5)],
    "log2": [(0.6, 1.5)],
    "log10": [(0.6, 1.5)],
    "log1p": [(-0.5, 0.5), (-0.999, 3.0)],
    "tanh": [(-1.0, 1.0), (-20.0, 20.0)],
    "sinh": [(-1.0, 1.0), (-89.5, 89.5), (-710.4, 710.4)],
    "cosh": [(-1.0, 1.0), (-89.5, 89.5), (-710.4, 710.4)],
    "sigmoid": [(-1.0, 1.0), (-104.0, 20.0), (-746.0, 40.0)],
    "softplus": [(-1.0, 1.0), (-104.0, 20.0), (-746.0, 40.0)],
    "arcsinh": [(-1.0, 1.0), (-10.0, 10.0)],
    "arccosh": [(1.0, 1.1), (1.0, 10.0)],
    "arctanh": [(-1.0, 1.0)],
    "erf": [(-1.1, 1.1), (-7.0, 7.0)],
    "sin": [(-4.0, 4.0), (-1e5, 1e5), (-4e6, 4e6), (-1e9, 1e9), (-4e11, 4e11)],
    "cos": [(-4.0, 4.0), (-1e5, 1e5), (-4e6, 4e6), (-1e9, 1e9), (-4e11, 4e11)],
    "tan": [(-4.0, 4.0), (-1e5, 1e5), (-4e6, 4e6), (-1e9, 1e9), (-4e11, 4e11)],
    "arctan": [(-3.0, 3.0)],
    "arcsin": [(-1.0, 1.0)],
    "arccos": [(-1.0, 1.0), (0.99, 1.0)],
    "arctan2": [(-3.0, 3.0)],
}
MAGNITUDES: dict[str, tuple[float, float]] = {
    "exp": (-60.0, 9.0),
    "exp2": (-60.0, 9.0),
    "expm1": (-1074.0, 9.0),
    "log": (-1074.0, 1024.0),
    "log2": (-1074.0, 1024.0),
    "log10": (-1074.0, 1024.0),
    "log1p": (-1074.0, -0.1),
    "tanh": (-1074.0, 5.0),
    "sinh": (-1074.0, 6.0),
    "cosh": (-60.0, 6.0),
    "sigmoid": (-60.0, 9.0),
    "softplus": (-60.0, 9.0),
    "arcsinh": (-1074.0, 1024.0),
    "arccosh": (0.0, 1024.0),
    "arctanh": (-1074.0, 0.0),
    "erf": (-1022.0, 4.0),
    "sin": (-1074.0, 1024.0),
    "cos": (-1074.0, 1024.0),
    "tan": (-1074.0, 1024.0),
    "arctan": (-1074.0, 1024.0),
    "arcsin": (-1074.0, -1.0),
    "arccos": (-60.0, -1.0),
    "arctan2": (-30.0, 30.0),
}
POSITIVE = {"log", "log2", "log10", "arccosh"}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 10.0, np.inf, -np.inf, np.nan]

TRUE: dict[str, Callable[..., Any]] = {
    "exp2": lambda x: mp.power(2, x),
    "log2": lambda x: mp.log(x) / mp.ln(2),
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "arcsinh": mp.asinh,
    "arccosh": mp.acosh,
    "arctanh": mp.atanh,
    "arctan": mp.atan,
    "arcsin": mp.asin,
    "arccos": mp.acos,
    "arctan2": mp.atan2,
}


def true(name: str) -> Callable[..., Any]:
    return TRUE.get(name) or getattr(mp, name)


def drawn(name: str, dtype: str, count: int = 300) -> tuple[Any, ...]:
    rng, info = np.random.default_rng(16), np.finfo(dtype)
    if name == "power":
        x = np.concatenate([np.exp2(rng.uniform(-20, 20, count)), rng.uniform(0.7, 1.4, count)]).astype(dtype)
        largest = int(info.maxexp) + 5  # the result lies anywhere, and beyond both ends
        y = rng.uniform(-largest, largest, 2 * count) / np.log2(x)
        return x, y.astype(dtype)
    if name == "arctan2":
        return tuple(drawn("arctan", dtype, count)[0] if k else drawn_from(name, dtype, count, rng) for k in (0, 1))
    return (drawn_from(name, dtype, count, rng),)


def drawn_from(name: str, dtype: str, count: int, rng: np.random.Generator) -> Any:
    info = np.finfo(dtype)
    parts = [rng.uniform(low, high, count) for low, high in INTERVALS[name]]
    signs = 1 if name in POSITIVE else rng.choice([-1, 1], count)
    low, high = MAGNITUDES[name]
    powers = rng.uniform(max(low, int(info.minexp) - int(info.nmant)), min(high, int(info.maxexp) - 0.01), count)
    parts.append(signs * np.exp2(powers))
    return np.concatenate(parts).astype(dtype)


def distance(found: Any, exact: list[Any]) -> Any:
    """How many units of the last place lie between; infinity stands for the first power of 2 beyond the largest."""
    info = np.finfo(found.dtype)
    smallest, beyond = int(info.minexp), mpmath.ldexp(1, int(info.maxexp))
    distances = np.empty(len(found))
    for i, (value, wanted) in enumerate(zip(found.tolist(), exact, strict=True)):
        if abs(wanted) >= beyond and np.isinf(value) and (value > 0) == (wanted > 0):
            distances[i] = 0
            continue
        exponent = int(mpmath.frexp(wanted)[1]) - 1 if wanted else smallest
        unit = mpmath.ldexp(1, max(exponent, smallest) - int(info.nmant))
        distances[i] = abs((np.sign(value) * beyond if np.isinf(value) else mpf(value)) - wanted) / unit
    return distances


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", STATED)
def test_within_the_stated_distance_of_the_true_value(name: str, dtype: str) -> None:
    given = drawn(name, dtype)
    # digits for sin of 2^1023
    with mpmath.workdps(360 if name in ("sin", "cos", "tan") else 50):
        exact = [true(name)(*map(mpf, values)) for values in zip(*(x.tolist() for x in given), strict=True)]
    emit = getattr(mathematics, name)
    found = jitted(emit, dtype, len(given), 4)(*given)
    distances = distance(found, exact)
    worst = int(np.argmax(distances))
    where = name, distances[worst], [x[worst] for x in given], found[worst], exact[worst]
    assert distances[worst] <= STATED[name][dtype], where


def by_numpy(name: str) -> Callable[..., Any]:
    scalar: dict[str, Callable[..., Any]] = {
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "softplus": lambda x: np.logaddexp(x, np.zeros_like(x)),
        "erf": np.vectorize(math.erf, [float]),
    }
    return scalar.get(name) or getattr(np, name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*STATED, "logaddexp"])
def test_at_special_values_as_numpy(name: str, dtype: str) -> None:
    info = np.finfo(dtype)
    x = np.array([*SPECIAL, info.tiny, -info.tiny, info.smallest_subnormal, info.max, -info.max], dtype)
    given = tuple(np.array(list(itertools.product(x, x)), dtype).T.copy()) if name in {*OF_TWO, "logaddexp"} else (x,)
    with np.errstate(all="ignore"):
        wanted = by_numpy(name)(*given).astype(dtype)
    found = jitted(getattr(mathematics, name), dtype, len(given), 4)(*given)
    assert_same_kind(found, wanted, given)
    np.testing.assert_allclose(found, wanted, rtol=8 * info.eps)


def assert_same_kind(found: Any, wanted: Any, given: tuple[Any, ...]) -> None:
    """NaN, ∞, zeros with their signs, and the signs of all the rest stand at the same places."""
    for kind in (np.isnan, np.isposinf, np.isneginf, lambda x: x == 0, lambda x: np.signbit(x) & ~np.isnan(x)):
        differs = np.flatnonzero(kind(found) != kind(wanted))
        assert not differs.size, [([x[i] for x in given], found[i], wanted[i]) for i in differs[:5]]


@pytest.mark.parametrize("name", STATED)
def test_the_same_bits_at_every_width(name: str) -> None:
    for dtype, widths in {"f4": (1, 16), "f8": (1, 2)}.items():
        given = drawn(name, dtype, 60)
        first, *others = (jitted(getattr(mathematics, name), dtype, len(given), lanes)(*given) for lanes in widths)
        for other in others:
            np.testing.assert_array_equal(first, other)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_sum_of_exponentials_is_as_near_as_its_parts_allow(dtype: str) -> None:
    rng = np.random.default_rng(1)
    x, y = (rng.normal(0, 10, 500).astype(dtype) for _ in range(2))
    found = jitted(mathematics.logaddexp, dtype, 2, 4)(x, y)
    exact = [mp.log(mp.exp(mpf(a)) + mp.exp(mpf(b))) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    scale = np.maximum(np.maximum(abs(x), abs(y)), 1).astype(float)
    error = np.array([float(mpf(f) - e) for f, e in zip(found.tolist(), exact, strict=True)])
    assert (abs(error) <= 2.5 * np.finfo(dtype).eps * scale).all()


EXACT = {
    1: ["sqrt", "floor", "ceil", "trunc", "rint", "absolute", "sign"],
    2: [
        *("copysign", "maximum", "minimum", "fmax", "fmin", "fmod", "remainder", "floor_divide"),
        *("less", "less_equal", "greater", "greater_equal", "equal", "not_equal"),
    ],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("arguments", "name"), [(n, name) for n, names in EXACT.items() for name in names])
def test_what_numpy_knows_exactly_is_equal_to_the_bit(name: str, arguments: int, dtype: str) -> None:
    rng, info = np.random.default_rng(3), np.finfo(dtype)
    special = np.array([*SPECIAL, 2.5, -2.5, info.tiny, info.smallest_subnormal, info.max, 2.0**23 + 1], dtype)
    if arguments == 1:
        given: tuple[Any, ...] = (np.concatenate([special, rng.normal(0, 5, 200).astype(dtype)]),)
    else:
        pairs = np.array(list(itertools.product(special, special)), dtype).T
        near = np.exp2(rng.uniform(-3, 20, 200)) * rng.choice([-1, 1], 200), rng.normal(0, 3, 200)
        multiples = rng.normal(0, 1, 200).astype(dtype)
        given = (
            np.concatenate([pairs[0], near[0].astype(dtype), multiples * dtype_of(dtype)(7)]),
            np.concatenate([pairs[1], near[1].astype(dtype), multiples]),
        )
    with np.errstate(all="ignore"):
        wanted = getattr(np, name)(*given).astype(dtype)
    for lanes in WIDTHS[dtype]:
        found = jitted(getattr(mathematics, name), dtype, arguments, lanes)(*given)
        if name not in ("maximum", "minimum", "fmax", "fmin"):  # which of two zeros is larger is nobody's rule
            assert_same_kind(found, wanted, given)
        np.testing.assert_array_equal(found, wanted)


def dtype_of(dtype: str) -> Any:
    return np.dtype(dtype).type


@pytest.mark.parametrize("name", minimax.FITS)
def test_coefficients_reach_the_stated_error_and_no_polynomial_does_much_better(name: str) -> None:
    fit, rows = minimax.FITS[name], getattr(coefficients, name)
    for kind, degree in fit.degrees.items():
        stated = rows[32 if kind == "float" else 64]
        assert len(stated) == degree + 1
        best = minimax.remez(fit, degree, rounds=4, density=8)
        rounding = 2.0 ** (-25 if kind == "float" else -54)
        assert fit.largest_error(list(stated), 60) <= 1.2 * fit.largest_error(best, 60) + rounding
