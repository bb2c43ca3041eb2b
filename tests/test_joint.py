"""A solver under ``vmap`` finds for every example what it finds for that example alone, with its derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy")

import autograd_core as ag

A, B = np.array([1.0, 2.0, 5.0]), np.array([[0.5, 1.0], [0.2, -0.3], [1.0, 0.1]])


def by_newton(a: Any, b: Any) -> Any:
    return ag.root(lambda z: z**3 + a * z - b, np.zeros(2))


def by_scipy(a: Any, b: Any) -> Any:
    return ag.root(lambda z: z**3 + a * z - b, np.zeros(2), solve="hybr")


def by_iteration(a: Any, b: Any) -> Any:
    return ag.fixed_point(lambda z: np.cos(z) / (1 + a) + b, np.zeros(2))


def by_minimising(a: Any, b: Any) -> Any:
    return ag.argmin(lambda z: np.sum((z - b) ** 2) + a * np.sum(z**4), np.zeros(2))


def by_integrating(a: Any, b: Any) -> Any:
    return ag.odeint(lambda y, t: -a * y + np.sin(t), b, np.array([0.0, 0.5, 1.0]), rtol=1e-10, atol=1e-12)


def by_direct_sensitivities(a: Any, b: Any) -> Any:
    times = np.array([0.0, 1.0])
    return ag.odeint(lambda y, t: -a * y, b, times, rtol=1e-10, atol=1e-12, sensitivity="direct")


def by_quadrature(a: Any, b: Any) -> Any:
    return ag.quad(lambda x: np.exp(-a * x) * b, 0.0, 1.0, epsabs=1e-12)


SOLVERS = [
    by_newton, by_scipy, by_iteration, by_minimising, by_integrating, by_direct_sensitivities, by_quadrature,
]  # fmt: skip


def stacked(f: Any, *args: Any) -> Any:
    return np.stack([f(*one) for one in zip(*args, strict=True)])


def assert_close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("f", SOLVERS)
def test_the_solutions_of_all_examples_are_those_of_each(f: Any) -> None:
    assert_close(ag.vmap(f)(A, B), stacked(f, A, B))
    assert_close(ag.vmap(f, in_axes=(0, None))(A, B[0]), np.stack([f(a, B[0]) for a in A]))


@pytest.mark.parametrize("f", SOLVERS)
def test_their_derivatives_are_too_inside_and_outside(f: Any) -> None:
    loss = lambda a, b: np.sum(np.sin(f(a, b)))
    assert_close(ag.vmap(ag.grad(loss))(A, B), stacked(ag.grad(loss), A, B))
    assert_close(ag.grad(lambda b: np.sum(ag.vmap(loss)(A, b)))(B), stacked(ag.grad(loss, 1), A, B))
    tangent = lambda a, b: ag.jvp(loss, (a, b), (np.ones(()), np.ones(2)))[1]
    assert_close(ag.vmap(tangent)(A, B), stacked(tangent, A, B))


@pytest.mark.parametrize("f", [by_newton, by_iteration, by_quadrature])
def test_second_derivatives_and_two_hidden_axes(f: Any) -> None:
    loss = lambda a, b: np.sum(np.sin(f(a, b)))
    assert_close(ag.vmap(ag.grad(ag.grad(loss)))(A, B), stacked(ag.grad(ag.grad(loss)), A, B))
    grid = ag.vmap(lambda a: ag.vmap(lambda b: f(a, b))(B))(A)
    assert_close(grid, np.stack([[f(a, b) for b in B] for a in A]))


def test_an_example_without_a_solution_is_an_error_for_all() -> None:
    with pytest.raises(ag.ConvergenceError, match="residual"):
        ag.vmap(lambda a: ag.root(lambda z: z * z + a, np.ones(())))(np.array([-1.0, 1.0]))
