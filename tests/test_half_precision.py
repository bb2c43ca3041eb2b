"""float16 ends at 65504 and counts to 2048: sums and counts are taken in float32, and results rounded to float16."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag

N = 70_000
RNG = np.random.default_rng(0)
X = (RNG.choice([-1.0, 1.0], N) + RNG.normal(size=N)).astype(np.float16)
ROWS = RNG.normal(size=(N, 2)).astype(np.float16)
EQUAL = np.ones(N, np.float16)
LARGE = (1000 * RNG.choice([-1.0, 1.0], 256)).astype(np.float16)
PLACES = RNG.integers(0, 3, N)
STEP = np.float16(2.0**-12)

CASES: dict[str, tuple[Any, Any]] = {
    **{name: (getattr(np, name), X) for name in ("sum", "mean", "var", "std", "nansum", "average", "median")},
    **{name: (getattr(np, name), X) for name in ("nanmean", "nanvar", "nanstd")},
    **{f"{name} of equal numbers": (getattr(np, name), EQUAL) for name in ("max", "min", "nanmax", "nanmin")},
    "mean of some": (lambda x: np.mean(x, where=x > 0), X),
    "mean of columns": (lambda x: np.sum(np.mean(x, axis=0) * np.array([1, 2], np.float16)), ROWS),
    "std of columns": (lambda x: np.sum(np.std(x, axis=0)), ROWS),
    "std of large numbers": (np.std, LARGE),
    "norm": (np.linalg.norm, X),
    "norm of the third power": (lambda x: np.linalg.norm(x, 3), X),
    "norm of large numbers": (np.linalg.norm, LARGE),
    "logsumexp": (ag.logsumexp, X),
    "logsumexp of equal numbers": (ag.logsumexp, EQUAL),
    "softmax of equal numbers": (lambda x: ag.softmax(x)[0] * 1000, EQUAL),
    "log_softmax": (lambda x: ag.log_softmax(x)[0], X),
    "a bias for many rows": (lambda b: np.mean(ROWS + b), np.ones(2, np.float16)),
    "one number for all": (lambda a: np.sum(a * EQUAL * STEP), np.array(2, np.float16)),
    "one entry read many times": (lambda x: np.sum(x[PLACES] * STEP), np.ones(3, np.float16)),
}


@pytest.mark.parametrize("name", CASES)
def test_half_precision_is_single_precision_rounded(name: str) -> None:
    """Value, gradient, tangent and second derivative are those of float64 to float16's three digits, in float16."""
    f, x = CASES[name]
    exact = x.astype(np.float64)
    t = RNG.uniform(0.1, 0.5, x.shape).astype(np.float16)
    (value, gradient), pushed = ag.value_and_grad(f)(x), ag.jvp(f, (x,), (t,))[1]
    second = ag.jvp(ag.grad(f), (x,), (t,))[1]
    assert value.dtype == gradient.dtype == pushed.dtype == second.dtype == np.float16
    y, g = ag.value_and_grad(f)(exact)
    np.testing.assert_allclose(value, y, rtol=4e-3, atol=4e-3)
    np.testing.assert_allclose(gradient, g, rtol=4e-3, atol=4e-3 * np.max(np.abs(g)))
    np.testing.assert_allclose(pushed, np.sum(g * t), rtol=4e-3, atol=4e-3 * np.sum(np.abs(g * t)))
    assert np.isfinite(second).all()
