"""Integrals and differential equations: closed forms, both modes, any order, whatever the function closes over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag

pytest.importorskip("scipy")

PRECISE = {"rtol": 1e-10, "atol": 1e-10}
T = np.array([0.0, 0.4, 1.0])


# Quadrature ----------------------------------------------------------------------------------------------------------


def test_an_integral_over_the_half_line_has_all_derivatives() -> None:
    """∫₀^∞ e^(−px) dx = 1/p."""
    f = lambda p: ag.quad(lambda x, p: np.exp(-p * x), 0.0, np.inf, p)
    for closed in (0.5, -0.25, 0.25):
        np.testing.assert_allclose(np.asarray(f(np.array(2.0))), closed, rtol=1e-8)
        f = ag.grad(f)


@pytest.mark.parametrize("closed_over", [True, False])
def test_an_integral_by_its_bounds_and_parameters(closed_over: bool) -> None:
    def f(a: Any, b: Any, p: Any) -> Any:
        return ag.quad(lambda x, *q: np.sin(p * x) * p, a, b, *(() if closed_over else (p,)))

    at = np.array(0.3), np.array(1.2), np.array([1.0, 2.0])
    np.testing.assert_allclose(f(*at), np.cos(0.3 * at[2]) - np.cos(1.2 * at[2]), rtol=1e-10)
    assert ag.gradcheck(f, *at, order=2) < 1e-6


def test_a_bound_that_is_also_a_parameter_counts_twice() -> None:
    """∫₀^p p x dx = p³/2."""
    f = lambda p: ag.quad(lambda x: p * x, 0.0, p)
    np.testing.assert_allclose(ag.grad(f)(np.array(2.0)), 6.0, rtol=1e-9)
    np.testing.assert_allclose(ag.jvp(f, (np.array(2.0),), (np.array(1.0),))[1], 6.0, rtol=1e-9)


def test_quad_refuses_bounds_that_are_no_numbers() -> None:
    with pytest.raises(ValueError, match="quad: b has the shape"):
        ag.quad(np.sin, 0.0, np.ones(2))


# Differential equations ----------------------------------------------------------------------------------------------


def pendulum(y0: Any, k: Any, t: Any, sensitivity: str = "adjoint") -> Any:
    f = lambda y, s, k: np.stack([k[0] * y[1] * np.cos(s), -k[1] * y[0] * y[1]])
    return ag.odeint(f, y0, t, k, sensitivity=sensitivity, **PRECISE)


@pytest.mark.parametrize("sensitivity", ["adjoint", "direct"])
def test_a_trajectory_by_its_start_its_parameters_and_its_times(sensitivity: str) -> None:
    at = np.array([1.0, 0.5]), np.array([2.0, 1.0]), T
    f = lambda *x: pendulum(*x, sensitivity=sensitivity)
    assert ag.gradcheck(f, *at) < 1e-6
    for k in range(3):
        found = [ag.jacobian(f, k, mode=mode)(*at) for mode in ("forward", "reverse")]
        assert all(type(j) is np.ndarray for j in found)
        np.testing.assert_allclose(*found, rtol=1e-6, atol=1e-7)


def test_growth_has_derivatives_of_second_order() -> None:
    """y = y₀ e^(kt)."""
    f = lambda y0, k: ag.odeint(lambda y, t: k * y, y0, np.array([0.0, 0.7]), **PRECISE)[-1, 0]
    at = np.array([1.5]), np.array(0.8)
    np.testing.assert_allclose(ag.grad(ag.grad(f, 1), 1)(*at), 0.49 * 1.5 * np.exp(0.56), rtol=1e-7)
    np.testing.assert_allclose(ag.grad(ag.grad(f, 1), 0)(*at), [0.7 * np.exp(0.56)], rtol=1e-7)


def test_states_may_be_trees_and_times_fall() -> None:
    f = lambda y, t: {"a": -y["b"], "b": y["a"]}
    start = {"a": np.ones(2), "b": np.zeros(2)}
    there = ag.odeint(f, start, np.array([0.0, 1.0]), **PRECISE)
    np.testing.assert_allclose(there["a"][-1], np.cos(1.0), rtol=1e-8)
    back = ag.odeint(f, {k: v[-1] for k, v in there.items()}, np.array([1.0, 0.0]), **PRECISE)
    np.testing.assert_allclose(back["a"][-1], 1.0, rtol=1e-8)


def test_the_time_of_an_event_is_the_root_that_it_is() -> None:
    """A fall from 10 m: t = √(20/g)."""
    fall = lambda t, y, g: np.stack([y[1], -g])
    ground = lambda t, y, g: y[0]
    ground.terminal = True  # type: ignore[attr-defined]

    def landing(g: Any) -> Any:
        found = ag.solve_ivp(fall, (0.0, 9.0), np.array([10.0, 0.0]), events=ground, args=(g,), rtol=1e-10)
        assert found.status == 1
        return found.t_events[0][0]

    f = landing
    for closed in ((20 / 9.81) ** 0.5, -0.5 * 20**0.5 * 9.81**-1.5, 0.75 * 20**0.5 * 9.81**-2.5):
        np.testing.assert_allclose(np.asarray(f(np.array(9.81))), closed, rtol=1e-6)
        f = ag.grad(f)


def test_solve_ivp_answers_like_scipys() -> None:
    from scipy.integrate import solve_ivp

    f = lambda t, y: np.stack([y[1], -y[0]])
    ours = ag.solve_ivp(f, (0.0, 2.0), np.array([0.0, 1.0]), t_eval=np.array([0.5, 1.0]), rtol=1e-9)
    theirs = solve_ivp(f, (0.0, 2.0), np.array([0.0, 1.0]), t_eval=np.array([0.5, 1.0]), rtol=1e-9)
    np.testing.assert_allclose(ours.y, theirs.y, rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: ag.odeint(lambda y, t: y * y, np.ones(1), np.array([0.0, 2.0])), ag.ConvergenceError, "Fix: "),
        (lambda: ag.odeint(lambda y, t: y[:1], np.ones(2), T), ValueError, r"f gives \(1,\) for a state of \(2,\)"),
        (lambda: ag.odeint(lambda y, t: y, np.ones(2), np.array([0.0, 0.0])), ValueError, "times of shape"),
        (lambda: ag.odeint(lambda y, t: y, np.ones(2), T, sensitivity="some"), ValueError, "sensitivity='some'"),
    ],
)
def test_bad_equations_are_named(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()
