"""Jacobians and Hessians: closed forms, both modes, trees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given

import autograd_core as ag
from strategies import generators, shapes

A = np.random.default_rng(0).normal(size=(3, 4))
X = np.random.default_rng(1).normal(size=4)


def test_the_jacobian_of_a_linear_map_is_its_matrix() -> None:
    for mode in (None, "forward", "reverse"):
        np.testing.assert_allclose(ag.jacobian(lambda x: A @ x, mode=mode)(X), A, rtol=1e-15)


def test_the_hessian_of_a_quadratic_form_is_its_matrix() -> None:
    H = A.T @ A
    np.testing.assert_allclose(ag.hessian(lambda x: 0.5 * x @ H @ x)(X), H, rtol=1e-13)
    np.testing.assert_allclose(ag.hvp(lambda x: 0.5 * x @ H @ x, X, A[0]), H @ A[0], rtol=1e-13)


@given(inner=shapes(max_dims=2), rng=generators)
def test_both_modes_agree_and_shapes_are_those_of_result_and_argument(inner: Any, rng: np.random.Generator) -> None:
    x, w = rng.normal(size=inner), rng.normal(size=(2, *inner))
    f = lambda x: np.sin(x * w).sum(axis=0) * np.ones((3, *inner))
    forward, reverse = (ag.jacobian(f, mode=m)(x) for m in ("forward", "reverse"))
    assert forward.shape == (3, *inner, *inner)
    np.testing.assert_allclose(forward, reverse, rtol=1e-12, atol=1e-14)


@given(rng=generators)
def test_hvp_is_the_hessian_times_the_vector(rng: np.random.Generator) -> None:
    x, v = rng.normal(size=(2, 3))
    f = lambda x: np.sum(np.exp(x * x[::-1]))
    np.testing.assert_allclose(ag.hvp(f, x, v), ag.hessian(f)(x) @ v, rtol=1e-12, atol=1e-12)
    g = lambda x, y: np.sum(np.sin(x * y))
    full = ag.hessian(g, (0, 1))(x, v)
    a, b = ag.hvp(g, (x, v), (v, x))
    np.testing.assert_allclose(a, full[0][0] @ v + full[0][1] @ x, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(b, full[1][0] @ v + full[1][1] @ x, rtol=1e-12, atol=1e-12)


def test_a_hessian_is_symmetric_and_can_be_differentiated_again() -> None:
    f = lambda x: np.sum(np.exp(x * x[::-1]))
    H = ag.hessian(f)(X)
    np.testing.assert_allclose(H, H.T, rtol=1e-13)
    third = ag.jacobian(ag.hessian(f))(X)
    np.testing.assert_allclose(third, np.transpose(third, (2, 0, 1)), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_trees_of_arguments_and_results(mode: str) -> None:
    def f(p: Any, s: Any) -> Any:
        return {"y": p["w"] * s, "z": [p["b"].sum(), s]}

    p = {"w": np.ones(2), "b": np.ones((1, 3))}
    J = ag.jacobian(f, (0, 1), mode=mode)(p, np.array(2.0))
    assert J["y"][0]["w"].tolist() == [[2.0, 0.0], [0.0, 2.0]] and J["y"][0]["b"].shape == (2, 1, 3)
    assert J["y"][1].tolist() == [1.0, 1.0]
    assert J["z"][0][0]["b"].tolist() == [[1.0, 1.0, 1.0]] and J["z"][1][1].tolist() == 1.0


def test_empty_arrays_have_empty_jacobians() -> None:
    for mode in ("forward", "reverse"):
        assert ag.jacobian(lambda x: x * 2, mode=mode)(np.zeros(0)).shape == (0, 0)
        assert ag.jacobian(lambda x: x[:0], mode=mode)(np.ones(3)).shape == (0, 3)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match=r"jacobian: mode='sideways'"):
        ag.jacobian(np.sin, mode="sideways")


# Trees in the other transforms ---------------------------------------------------------------------------------------


def test_gradients_have_the_structure_of_their_argument() -> None:
    loss = lambda p, x: sum((w * x).sum() for w in p["layers"]) + p["bias"][0]
    p = {"layers": [np.ones(3), np.ones(3)], "bias": (np.array(0.5),)}
    g = ag.grad(loss)(p, np.arange(3.0))
    assert g["layers"][1].tolist() == [0.0, 1.0, 2.0] and g["bias"] == (1.0,)
    value, (g0, g1) = ag.value_and_grad(loss, (0, 1))(p, np.arange(3.0))
    assert value == 6.5 and g1.tolist() == [2.0, 2.0, 2.0] and list(g0) == ["layers", "bias"]


def test_vjp_and_jvp_of_trees_are_adjoint() -> None:
    f = lambda p: (p[0] @ p[1]["x"], [np.sin(p[1]["x"])])
    p, t = ([A * s, {"x": X * s}] for s in (1.0, 0.3))
    (y, [z]), (dy, [dz]) = ag.jvp(f, (p,), (t,))
    value, pullback = ag.vjp(f, p)
    (pulled,) = pullback((y, [z]))
    gA, gx = pulled[0], pulled[1]["x"]
    left = np.sum(dy * y) + np.sum(dz * z)
    assert left == pytest.approx(np.sum(gA * t[0]) + np.sum(gx * t[1]["x"]))
    np.testing.assert_array_equal(value[1][0], z)


def test_leaves_that_are_no_numbers_are_named() -> None:
    with pytest.raises(TypeError, match=r"argument 0\['name'\]\[1\] is str"):
        ag.grad(lambda p: p["x"])({"x": 1.0, "name": [1.0, "w"]})
    with pytest.raises(ValueError, match="2 cotangents for 1 arrays"):
        ag.vjp(np.sin, X)[1]((X, X))


def test_stop_gradient_makes_constants() -> None:
    assert ag.grad(lambda x: x * ag.stop_gradient(x))(3.0) == 3.0
    assert ag.grad(lambda x: x * ag.stop_gradient({"a": [x]})["a"][0])(3.0) == 3.0
    assert ag.jvp(lambda x: x * ag.stop_gradient(x), (3.0,), (1.0,))[1] == 3.0
