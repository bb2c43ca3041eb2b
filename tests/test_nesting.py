"""Transforms inside transforms: no derivative is taken with respect to another one's variable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag

Function = Callable[[Any], Any]


def reverse(f: Function) -> Function:
    """f′ by reverse mode."""
    return ag.grad(f)


def forward(f: Function) -> Function:
    """f′ by forward mode."""
    return lambda x: ag.jvp(f, (x,), (np.array(1.0),))[1]


def pulled(f: Function) -> Function:
    """f′ by a pullback."""
    return lambda x: ag.vjp(f, x)[1](np.array(1.0))[0]


def number(answer: Any) -> float:
    """The answer of an outermost transform of arrays: an array, tied to no graph."""
    assert isinstance(answer, np.ndarray)
    return float(answer)


D = pytest.mark.parametrize("d", [reverse, forward, pulled])
E = pytest.mark.parametrize("e", [reverse, forward, pulled])


@D
@E
def test_the_classic_confusion(d: Any, e: Any) -> None:
    """d/dx (x · d/dy (x + y)) = 1 at every point; whoever mixes the two perturbations finds 2."""
    assert number(d(lambda x: x * e(lambda y: x + y)(np.array(2.0)))(np.array(1.0))) == 1.0


def test_the_classic_confusion_with_python_numbers() -> None:
    assert number(ag.grad(lambda x: x * ag.grad(lambda y: x + y)(2.0))(1.0)) == 1.0


@D
@E
def test_the_inner_derivative_depends_on_the_outer_variable(d: Any, e: Any) -> None:
    """d/dx (x · d/dy (x y²)|y=3) = d/dx 6x² = 12x."""
    assert number(d(lambda x: x * e(lambda y: x * y * y)(np.array(3.0)))(np.array(2.0))) == 24.0


@D
@E
def test_the_inner_point_is_the_outer_variable(d: Any, e: Any) -> None:
    """d/dx (x · f′(x)) with f = y³: d/dx 3x³ = 9x²; with a mention of x beside y: f = x y², x·2x·x = 2x³, 6x²."""
    assert number(d(lambda x: x * e(lambda y: y * y * y)(x))(np.array(2.0))) == 36.0
    assert number(d(lambda x: x * e(lambda y: x * y * y)(x))(np.array(2.0))) == 24.0


@D
@E
def test_the_inner_function_ignores_its_own_variable(d: Any, e: Any) -> None:
    """d/dx (x + d/dy x²) = 1: the inner derivative is zero, though x is a variable outside; a warning says so."""
    with pytest.warns(ag.NoDependenceWarning):
        assert number(d(lambda x: x + e(lambda y: x * x)(np.array(5.0)))(np.array(3.0))) == 1.0


@D
@E
def test_curried_functions(d: Any, e: Any) -> None:
    """D (x ↦ D (y ↦ x y) (x)): the inner derivative is x, so the outer one is 1."""
    assert number(d(lambda x: e(lambda y: x * y)(x))(np.array(4.0))) == 1.0


@given(modes=st.lists(st.sampled_from([reverse, forward, pulled]), min_size=1, max_size=4), at=st.floats(0.5, 1.5))
def test_any_mixture_gives_the_nth_derivative(modes: list[Any], at: float) -> None:
    """Of x sin x, against the closed form x sin⁽ⁿ⁾(x) + n sin⁽ⁿ⁻¹⁾(x); the outermost may also be backward()."""
    *inner, outermost = modes
    mixture: Function = lambda x: np.sin(x) * x
    for mode in inner:
        mixture = mode(mixture)
    n, sine = len(modes), [np.sin(at), np.cos(at), -np.sin(at), -np.cos(at)]
    expected = at * sine[n % 4] + n * sine[(n - 1) % 4]
    np.testing.assert_allclose(number(outermost(mixture)(np.array(at))), expected, rtol=1e-12, atol=1e-12)
    x = ag.Tensor(np.array(at), requires_grad=True)
    mixture(x).backward()
    np.testing.assert_allclose(x.grad.item(), expected, rtol=1e-12, atol=1e-12)


def test_transforms_of_a_tracked_variable_join_its_graph() -> None:
    """backward() through f′(x), whichever mode found it, gives f″(x)."""
    for d in (reverse, forward, pulled):
        x = ag.Tensor(np.array(0.7), requires_grad=True)
        d(np.sin)(x).backward()
        np.testing.assert_allclose(x.grad.item(), -np.sin(0.7), rtol=1e-14)


def test_transforms_join_the_graph_of_what_they_close_over() -> None:
    """d/dw of d/dx (w² x³) = 6 w x²."""
    for d in (reverse, forward, pulled):
        w = ag.Tensor(np.array(5.0), requires_grad=True)
        d(lambda x, w=w: w * w * x * x * x)(np.array(2.0)).backward()
        assert w.grad.item() == 6 * 5.0 * 4.0


def test_a_closed_over_result_counts_like_a_leaf() -> None:
    """The inner function closes over h(x), not x itself."""

    def f(x: Any) -> Any:
        h = np.exp(x)
        return ag.grad(lambda y: h * y * y)(np.array(3.0)) * h

    np.testing.assert_allclose(number(ag.grad(f)(np.array(0.5))), 12 * np.exp(1.0), rtol=1e-14)


def test_tracked_cotangents_and_tangents_are_differentiated_too() -> None:
    """⟨pullback(u), 1⟩ = 2xu: its derivative in u is 2x; the same for the tangent of a jvp."""
    for linear in (
        lambda u: ag.vjp(lambda x: x * x, np.array(3.0))[1](u)[0],
        lambda u: ag.jvp(lambda x: x * x, (np.array(3.0),), (u,))[1],
    ):
        assert ag.grad(linear)(np.array(10.0)) == 6.0
        assert ag.jvp(linear, (np.array(10.0),), (np.array(1.0),)) == (60.0, 6.0)


def test_hessian_vector_products_by_three_routes() -> None:
    """Of f = Σ x⁴ − x₀x₁ at v: 12 x² v minus the swap of v."""
    x, v = np.array([1.0, -2.0]), np.array([0.5, 3.0])
    expected = 12 * x**2 * v - v[::-1]

    def f(x: Any) -> Any:
        return (x**4).sum() - x[0] * x[1]

    over_forward = ag.grad(lambda x: ag.jvp(f, (x,), (v,))[1])(x)
    over_reverse = ag.jvp(ag.grad(f), (x,), (v,))[1]
    twice_reverse = ag.grad(lambda x: (ag.grad(f)(x) * v).sum())(x)
    for found in (over_forward, over_reverse, twice_reverse):
        np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_a_loop_of_inner_gradients() -> None:
    """Three steps of x ← x − a f′(x) with f = x²/2 shrink x by (1 − a)³: the derivative in a is −3(1 − a)²x."""

    def descend(a: Any) -> Any:
        x: Any = np.array(2.0)
        for _ in range(3):
            x = x - a * ag.grad(lambda x: x * x / 2)(x)
        return x

    for d in (reverse, forward):
        np.testing.assert_allclose(number(d(descend)(np.array(0.25))), -3 * 0.75**2 * 2.0, rtol=1e-14)


def test_no_grad_inside_an_inner_function_cuts_that_derivative_only() -> None:
    def f(x: Any) -> Any:
        with ag.no_grad():
            c = x * x
        return x * c

    assert ag.grad(f)(np.array(3.0)) == 9.0
    assert ag.jvp(f, (np.array(3.0),), (np.array(1.0),))[1] == 9.0
