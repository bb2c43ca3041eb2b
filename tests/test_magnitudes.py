"""Derivatives of elementwise primitives over all magnitudes: right to the last bits wherever a float holds them."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath as mp
import numpy as np
import pytest

import autograd_core as ag
from autograd_core.engine.forms import Elementwise
from samples import LIBRARY
from samples.special import by_differences
from slopes import SLOPES, UNLISTED

GRIDS: dict[Any, list[float]] = {
    np.float32: [10.0**k for k in (-30, -25, -20, -15, -10, -5, -2)] + [0.3, 0.9, 1.0, 1.5, 3.0, 20.0, 60.0],
    np.float64: [10.0**k for k in (-200, -160, -120, -80, -40, -20, -10, -2)] + [0.3, 0.9, 1.0, 1.5, 3.0, 20.0, 300.0],
}
GRIDS[np.float32] += [10.0**k for k in (5, 10, 15, 20, 25, 30)]
GRIDS[np.float64] += [10.0**k for k in (5, 10, 20, 40, 80, 120, 160, 200)]


def exact(slope: Any, point: Any, dtype: Any) -> float | None:
    """The slope as a float, None where it is not a real number or not representable as a normal one."""
    with mp.workdps(60):
        try:
            d = mp.mpmathify(slope(*(mp.mpf(float(v)) for v in point)))
        except (ZeroDivisionError, ValueError, OverflowError):
            return None
        limits = np.finfo(dtype)
        if isinstance(d, mp.mpc) or not mp.isfinite(d):
            return None
        return float(d) if d == 0 or float(limits.tiny) * 2 < abs(d) < float(limits.max) / 2 else None


FROM_THE_RESULT = {"tanh", "sigmoid"}
"""Their slopes are taken from the result, which is rounded to 1 long before the slope is 0 (docs/conventions.md)."""


def test_every_elementwise_primitive_has_a_closed_form_or_a_reason() -> None:
    ours = {name: op for name, op in LIBRARY.items() if op.function.__module__.startswith("autograd_core")}
    elementwise = {name for name, op in ours.items() if isinstance(op, Elementwise)}
    elementwise -= {name for name in elementwise - {*SLOPES} if by_differences(LIBRARY[name])}
    missing = elementwise - {*SLOPES, *(name for names in UNLISTED.values() for name in names)}
    assert not missing, f"{missing}: add the derivative in mpmath to SLOPES in tests/slopes.py, or a reason to UNLISTED"
    assert not SLOPES.keys() & {name for names in UNLISTED.values() for name in names}


@pytest.mark.parametrize("dtype", GRIDS, ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", SLOPES)
def test_derivatives_are_right_at_every_magnitude(name: str, dtype: Any) -> None:
    """Within a few units in the last place, in both modes; an exponent that was rounded costs what it counts for."""
    f, slopes, eps = LIBRARY[name].function, SLOPES[name], float(np.finfo(dtype).eps)
    numbers = [dtype(s * x) for x in GRIDS[dtype] for s in (1, -1)]
    wrong = []
    for i, slope in enumerate(slopes):
        places = [
            p for p in itertools.product(numbers, repeat=len(slopes)) if abs(p[-1]) < 1 / eps or "power" not in name
        ]
        known = [(p, d) for p in places if (d := exact(slope, p, dtype)) is not None]
        x = [np.array([p[j] for p, _ in known], dtype) for j in range(len(slopes))]
        right = np.array([d for _, d in known])
        g = lambda y, i=i, x=x: f(*x[:i], y, *x[i + 1 :])
        one = np.ones_like(x[i])
        with np.errstate(all="ignore"):
            value, pullback = ag.vjp(g, x[i])
            size = np.abs(right)
            allowed = eps * size * (16 + np.abs(np.log(np.where(size == 0, 1, size))))
            allowed = eps if name in FROM_THE_RESULT else allowed
            for mode, d in (("reverse", pullback(one)[0]), ("forward", ag.jvp(g, (x[i],), (one,))[1])):
                bad = ~(np.abs(d - right) <= allowed) & np.isfinite(value)
                wrong += [f"{mode} ∂/∂{i} at {known[k][0]}: {d[k]} for {right[k]}" for k in np.flatnonzero(bad)]
    assert not wrong, f"{len(wrong)} wrong, such as\n" + "\n".join(wrong[:: max(1, len(wrong) // 8)])
