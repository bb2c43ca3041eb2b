"""Along a direction of length 0 nothing changes: a zero tangent gives 0, also where a slope is infinite or none."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.engine.forms import Elementwise
from autograd_core.engine.tensor import bare
from samples import LIBRARY

POINTS = [-np.inf, -2.5, -1.0, -0.0, 0.0, 0.5, 1.0, 3.0, np.inf, np.nan]
ELEMENTWISE = [name for name, op in LIBRARY.items() if isinstance(op, Elementwise)]


def grid(count: int) -> list[Any]:
    """Every combination of points, poles and edges of domains among them."""
    return [np.array(column) for column in zip(*itertools.product(POINTS, repeat=count), strict=True)]


def settings_of(op: Any) -> dict[str, Any]:
    return {p: op.defaults.get(p, 1) for p in op.parameters if p not in op.arguments}


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("recorded", [False, True])
def test_a_zero_tangent_is_a_constant(name: str, recorded: bool) -> None:
    """Along (ẋ, 0) moves what moves along ẋ with y constant, and along 0 nothing; a recorded pass is not an other."""
    op = LIBRARY[name]
    x = grid(len(op.arguments))
    x = [ag.Tensor(a, requires_grad=True) for a in x] if recorded else x
    f = lambda *at: op.function(*at, **settings_of(op))
    with np.errstate(all="ignore"):
        for i in range(len(x)):
            ones = [np.ones(len(x[0])) if j == i else np.zeros(len(x[0])) for j in range(len(x))]
            found = ag.jvp(f, x, ones)[1]
            alone = ag.jvp(lambda y, i=i: f(*x[:i], y, *x[i + 1 :]), (x[i],), (ones[i],))[1]
            np.testing.assert_array_equal(bare(found), bare(alone))
        still = ag.jvp(f, x, [np.zeros_like(ones[0])] * len(x))[1]
        np.testing.assert_array_equal(bare(still), np.zeros(len(x[0])))


HESSIANS: dict[str, tuple[Any, Any, Any]] = {
    "x³ at x < 0, y an argument": (lambda z: z[0] ** z[1], [-2.0, 3.0], [0, 0, -12.0]),
    "a masked logarithm": (lambda z: np.where(z[0] > 0, np.log(z[0]), 0) + z[1] ** 2, [0.0, 1.0], [1, 1, 2.0]),
    "Σ x log x/y − x + y": (lambda z: ag.special.kl_div(z[0], z[1]), [0.0, 2.0], [1, 1, 0.0]),
    "√ beside a square": (lambda z: np.sum(np.sqrt(z)) + z[1] ** 2, [0.0, 4.0], [1, 1, 2 - 1 / 32]),
}


@pytest.mark.parametrize("case", HESSIANS)
def test_a_hessian_is_finite_where_it_exists(case: str) -> None:
    f, x, (i, j, expected) = HESSIANS[case]
    with np.errstate(all="ignore"):
        assert ag.hessian(f)(np.array(x))[i, j] == pytest.approx(expected, abs=1e-15)


def test_a_product_along_a_zero_direction() -> None:
    """∂/∂x ∏ is a product of the others; that along 0 is 0 where they are infinite."""
    x, t = np.array([np.inf, 2.0]), np.array([0.0, 0.0])
    assert ag.jvp(np.prod, (x,), (t,))[1] == 0.0


def test_nobody_is_warned_of_a_slope_that_was_not_asked_for() -> None:
    """No logarithm of the base is taken where the exponent stands still, and 0·∞ is not a surprise."""
    value, t = ag.jvp(lambda a, b: a**b, (np.array([-2.0]), np.array([3.0])), (np.ones(1), np.zeros(1)))
    assert (value, t) == (-8.0, 12.0)
    with np.errstate(divide="ignore"):
        assert ag.jvp(np.sqrt, (np.zeros(2),), (np.array([0.0, 1.0]),))[1].tolist() == [0.0, np.inf]
