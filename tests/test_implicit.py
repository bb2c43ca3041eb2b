"""The implicit function theorem: roots, fixed points and minima move as their equations say, to any order."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from strategies import generators

scipy_optimize = pytest.importorskip("scipy.optimize")


@given(a=st.floats(0.5, 20.0))
def test_the_square_root_as_a_root_has_all_its_derivatives(a: float) -> None:
    f = lambda a: ag.root(lambda x, a: x * x - a, np.ones(()), a)
    closed = [a**0.5, 0.5 * a**-0.5, -0.25 * a**-1.5, 0.375 * a**-2.5]
    for value in closed:
        np.testing.assert_allclose(f(np.array(a)), value, rtol=1e-10)
        f = ag.grad(f)


@given(rng=generators)
def test_the_solution_of_a_linear_system_is_that_of_solve(rng: np.random.Generator) -> None:
    A, b = np.eye(4) + 0.2 * rng.normal(size=(4, 4)), rng.normal(size=4)
    for dense in (True, False):
        f = lambda A, b, dense=dense: ag.root(lambda x: A @ x - b, np.zeros(4), dense=dense)
        for k in (0, 1):
            for mode in ("forward", "reverse"):
                found = ag.jacobian(f, k, mode=mode)(A, b)
                np.testing.assert_allclose(found, ag.jacobian(np.linalg.solve, k)(A, b), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("solve", [None, "hybr", "lm", lambda f, x0: scipy_optimize.root(f, x0, method="hybr")])
def test_whoever_solves_the_derivative_is_the_same(solve: Any) -> None:
    a = np.array([1.0, 2.0, 3.0])
    f = lambda a: ag.root(lambda x, a: x**3 + x - a, np.zeros(3), a, solve=solve)
    x = f(a)
    np.testing.assert_allclose(x**3 + x, a, atol=1e-5)
    np.testing.assert_allclose(ag.jacobian(f)(a), np.diag(1 / (3 * x**2 + 1)), rtol=1e-4)


def test_a_fixed_point_of_a_network_reaches_its_parameters() -> None:
    """A layer that is its own input (deep equilibrium): also by what the function closes over."""
    rng = np.random.default_rng(0)
    W, b = 0.2 * rng.normal(size=(4, 4)), rng.normal(size=4)
    f = lambda W, b: ag.fixed_point(lambda x: np.tanh(W @ x + b), np.zeros(4))
    x = f(W, b)
    np.testing.assert_allclose(np.tanh(W @ x + b), x, rtol=1e-9)
    assert ag.gradcheck(f, W, b, order=2) < 1e-5
    w = ag.Tensor(W, requires_grad=True)
    ag.fixed_point(lambda x: np.tanh(w @ x + b), np.zeros(4)).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), ag.grad(lambda W: f(W, b).sum())(W), rtol=1e-8)


def test_a_minimum_over_a_tree() -> None:
    """Ridge regression: dw*/dλ in closed form."""
    rng = np.random.default_rng(1)
    A, y = rng.normal(size=(9, 3)), rng.normal(size=9)
    loss = lambda p, c: np.sum((A @ p["w"] + p["b"] - y) ** 2) + c * np.sum(p["w"] ** 2)
    f = lambda c: ag.argmin(loss, {"w": np.zeros(3), "b": np.zeros(())}, c)
    B = np.column_stack([A, np.ones(9)])
    H = B.T @ B + 2.0 * np.diag([1.0, 1, 1, 0])
    best = np.linalg.solve(H, B.T @ y)
    found = f(np.array(2.0))
    np.testing.assert_allclose([*found["w"], found["b"]], best, rtol=1e-9)
    slope = ag.jacobian(f)(np.array(2.0))
    np.testing.assert_allclose([*slope["w"], slope["b"]], -np.linalg.solve(H, [*best[:3], 0.0]), rtol=1e-8)


def test_what_a_solver_could_not_do_is_an_error_with_the_residual_or_a_warning() -> None:
    f = lambda x: x * x + 1
    with pytest.raises(ag.ConvergenceError, match=r"root: no solution of 1 unknowns after .* residual is 1"):
        ag.root(f, np.ones(()))
    with pytest.warns(ag.ConvergenceWarning, match="residual"):
        ag.root(f, np.ones(()), on_failure="warn")
    with pytest.raises(ag.ConvergenceError, match=r"fixed_point: .* after 20 steps"):
        ag.fixed_point(lambda x: 1 - x, np.zeros(()), maxiter=20)


def test_a_singular_equation_has_no_derivative() -> None:
    with pytest.raises(np.linalg.LinAlgError, match=r"root: .*singular.* Fix: "):
        ag.grad(lambda a: ag.root(lambda x, a: 0 * x * a, np.ones(()), a))(1.0)


def test_as_many_equations_as_unknowns() -> None:
    with pytest.raises(ValueError, match="2 numbers for 3 unknowns"):
        ag.root(lambda x: x[:2], np.ones(3))


def test_nothing_tracked_gives_arrays_and_no_rows() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert type(ag.root(lambda x: x - 3.0, np.zeros(2))) is np.ndarray
    assert isinstance(ag.root(lambda x, a: x - a, np.zeros(2), ag.Tensor(np.ones(2))), ag.Tensor)


@pytest.mark.parametrize("f", [lambda z: 2 * z + 1, lambda z: z * np.nan], ids=["to infinity", "not a number"])
def test_what_grows_without_bound_is_no_fixed_point(f: Any) -> None:
    with np.errstate(all="ignore"), pytest.raises(ag.ConvergenceError, match="fixed_point: no solution of 1 unknowns"):
        ag.fixed_point(f, np.array(1.0), maxiter=5000)
