"""LLVM's elementary functions against mpmath in the stated units of the last place, and NumPy at special values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest

pytest.importorskip("llvmlite")

import minimax
from autograd_core.programs.llvm import coefficients, mathematics
from jitted import jitted

DTYPES = ("f4", "f8")
WIDTHS = {"f4": (1, 16), "f8": (1, 4)}
STATED = {
    name: {"f4": float(single), "f8": float(double)}
    for name, single, double in re.findall(r"^(\w+) +([\d.]+) +([\d.]+)$", mathematics.__doc__ or "", re.MULTILINE)
}

# where each is drawn: intervals of x, and of log₂ |x| where x takes many magnitudes
INTERVALS: dict[str, list[tuple[float, float]]] = {
    "exp": [(-0.4, 0.4), (-104.0, 89.0), (-746.0, 710.0)],
    "log": [(0.6, 1.5)],
    "tanh": [(-1.0, 1.0), (-20.0, 20.0)],
}
MAGNITUDES: dict[str, tuple[float, float]] = {"log": (-1074.0, 1024.0), "tanh": (-1074.0, 5.0), "exp": (-60.0, 9.0)}
POSITIVE = {"log"}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 10.0, np.inf, -np.inf, np.nan]

TRUE: dict[str, Callable[..., Any]] = {}


def true(name: str) -> Callable[..., Any]:
    return TRUE.get(name) or getattr(mpmath.mp, name)


def drawn(name: str, dtype: str, count: int = 400) -> Any:
    rng, info = np.random.default_rng(16), np.finfo(dtype)
    parts = [rng.uniform(low, high, count) for low, high in INTERVALS.get(name, [])]
    if name in MAGNITUDES:
        signs = 1 if name in POSITIVE else rng.choice([-1, 1], count)
        low, high = MAGNITUDES[name]
        powers = rng.uniform(max(low, int(info.minexp) - int(info.nmant)), min(high, int(info.maxexp) - 0.01), count)
        parts.append(signs * np.exp2(powers))
    return np.concatenate(parts).astype(dtype)


def distance(found: Any, exact: list[Any]) -> Any:
    """How many units of the last place lie between; a value beyond the largest number counts from 2^(largest + 1)."""
    info = np.finfo(found.dtype)
    distances = np.empty(len(found))
    for i, (value, wanted) in enumerate(zip(found, exact, strict=True)):
        exponent = int(mpmath.frexp(wanted)[1]) if wanted else info.minexp
        unit = mpmath.ldexp(1, max(exponent - 1, int(info.minexp)) - int(info.nmant))
        bound = mpmath.ldexp(1, int(info.maxexp))
        if np.isinf(value):
            value = np.sign(float(value)) * bound if abs(wanted) < bound else wanted
        distances[i] = abs((mpmath.mpf(value if isinstance(value, mpmath.mpf) else float(value)) - wanted) / unit)
    return distances


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", STATED)
def test_within_the_stated_distance_of_the_true_value(name: str, dtype: str) -> None:
    x = drawn(name, dtype)
    with mpmath.workdps(50):
        exact = [true(name)(mpmath.mpf(float(v))) for v in x]
    for lanes in WIDTHS[dtype]:
        found = jitted(getattr(mathematics, name), dtype, lanes=lanes)(x)
        distances = distance(found, exact)
        worst = int(np.argmax(distances))
        assert distances[worst] <= STATED[name][dtype], (name, x[worst], found[worst], exact[worst])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", STATED)
def test_at_special_values_as_numpy(name: str, dtype: str) -> None:
    info = np.finfo(dtype)
    x = np.array([*SPECIAL, info.tiny, -info.tiny, info.smallest_subnormal, info.max, -info.max], dtype)
    with np.errstate(all="ignore"):
        wanted = getattr(np, name)(x)
    for lanes in WIDTHS[dtype]:
        found = jitted(getattr(mathematics, name), dtype, lanes=lanes)(x)
        np.testing.assert_array_equal(np.isnan(found), np.isnan(wanted))
        np.testing.assert_array_equal(np.signbit(found[~np.isnan(found)]), np.signbit(wanted[~np.isnan(wanted)]))
        plain = np.isinf(wanted) | (wanted == np.rint(wanted))
        np.testing.assert_array_equal(found[plain], wanted[plain])
        np.testing.assert_allclose(found, wanted, rtol=8 * info.eps)


@pytest.mark.parametrize("name", STATED)
def test_the_same_bits_at_every_width(name: str) -> None:
    for dtype, widths in {"f4": (1, 2, 8, 16), "f8": (1, 2, 4, 8)}.items():
        x = drawn(name, dtype, 60)
        first, *others = (jitted(getattr(mathematics, name), dtype, lanes=lanes)(x) for lanes in widths)
        for other in others:
            np.testing.assert_array_equal(first, other)


@pytest.mark.parametrize("name", minimax.FITS)
def test_coefficients_reach_the_stated_error_and_no_polynomial_does_much_better(name: str) -> None:
    fit, rows = minimax.FITS[name], getattr(coefficients, name)
    for kind, degree in fit.degrees.items():
        stated = rows[32 if kind == "float" else 64]
        assert len(stated) == degree + 1
        reached, best = fit.largest_error(list(stated), 150), fit.largest_error(minimax.remez(fit, degree), 150)
        assert best <= reached <= best + 2.0 ** (-25 if kind == "float" else -54)
