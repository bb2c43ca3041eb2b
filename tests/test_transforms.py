"""grad, value_and_grad, vjp and jvp: what they take, what they give, and what they leave alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag
from strategies import generators, shapes

POINT = np.array([0.5, -1.5, 2.0])


def loss(x: Any) -> Any:
    return (np.sin(x) * x).sum()


GRADIENT = np.cos(POINT) * POINT + np.sin(POINT)


# What comes out ------------------------------------------------------------------------------------------------------


def test_arrays_give_arrays_and_tensors_give_tensors() -> None:
    for at, kind in ((POINT, np.ndarray), (ag.Tensor(POINT), ag.Tensor)):
        value, gradient = ag.value_and_grad(loss)(at)
        output, pullback = ag.vjp(np.sin, at)
        answers = [value, gradient, output, *pullback(POINT), *ag.jvp(np.sin, (at,), (POINT,))]
        assert [type(a) for a in answers] == [kind] * 6
        np.testing.assert_allclose(ag.Tensor(gradient).numpy(), GRADIENT, rtol=1e-14)


def test_the_gradient_of_a_python_number_is_an_array_of_the_default_dtype() -> None:
    gradient = ag.grad(lambda x: x * x)(3.0)
    assert isinstance(gradient, np.ndarray) and gradient.dtype == ag.get_default_dtype() and gradient == 6.0


def test_value_and_grad_is_the_value_and_the_gradient() -> None:
    value, gradient = ag.value_and_grad(loss)(POINT)
    assert value == np.sum(np.sin(POINT) * POINT)
    np.testing.assert_array_equal(gradient, ag.grad(loss)(POINT))


def test_argnums_choose_the_arguments() -> None:
    """f = x y² z³ at (2, 3, 1)."""

    def f(x: Any, y: Any, z: Any) -> Any:
        return x * y**2 * z**3

    at = (2.0, 3.0, 1.0)
    partials = (9.0, 12.0, 54.0)
    for i in range(3):
        assert ag.grad(f, i)(*at) == partials[i] == ag.grad(f, i - 3)(*at)
    assert ag.grad(f, (2, 0))(*at) == (54.0, 9.0)
    assert ag.grad(f, (1,))(*at) == (12.0,)
    for wrong in (3, -4, 1.0, (0, 5), "x"):
        with pytest.raises(ValueError, match=r"argnums.*3 argument"):
            ag.grad(f, wrong)(*at)


def test_an_argument_named_twice_is_refused_or_has_its_gradient_twice() -> None:
    """A silent zero would be wrong."""
    try:
        both = ag.grad(lambda x: x * x, (0, -1))(3.0)
    except ValueError as error:
        assert "argnums" in str(error)
    else:
        assert both == (6.0, 6.0)


def test_keywords_are_passed_on_and_are_constants() -> None:
    def f(x: Any, *, scale: Any) -> Any:
        return x * scale

    assert ag.grad(f)(2.0, scale=5.0) == 5.0
    assert ag.value_and_grad(f)(2.0, scale=ag.Tensor(5.0))[1] == 5.0


@pytest.mark.filterwarnings("ignore::autograd_core.NoDependenceWarning")
def test_an_argument_without_influence_has_gradient_zero() -> None:
    for f in (lambda x, y: y * 2, lambda x, y: 1.0, lambda x, y: np.sign(x) * y, lambda x, y: x.detach() * y):
        assert ag.grad(f)(np.array(3.0), np.array(2.0)) == 0.0
        assert ag.jvp(f, (np.array(3.0), np.array(2.0)), (np.array(1.0), np.array(0.0)))[1] == 0.0
        assert ag.vjp(f, np.array(3.0), np.array(2.0))[1](np.array(1.0))[0] == 0.0


def test_the_identity_and_repeated_results() -> None:
    assert ag.grad(lambda x: x)(3.0) == 1.0
    assert ag.jvp(lambda x: x, (np.array(3.0),), (np.array(7.0),)) == (3.0, 7.0)
    assert ag.grad(lambda x, y: x, (0, 1))(3.0, 4.0) == (1.0, 0.0)


@given(shape=shapes(), rng=generators)
def test_jvp_is_the_derivative_along_a_line(shape: tuple[int, ...], rng: np.random.Generator) -> None:
    """d/dt f(x + t v) at 0, with the derivative in t by reverse mode."""
    x, v, u = (np.asarray(rng.normal(size=shape)) for _ in range(3))
    along = ag.grad(lambda t: (u * np.tanh(x + t * v)).sum())(np.array(0.0))
    np.testing.assert_allclose((u * ag.jvp(np.tanh, (x,), (v,))[1]).sum(), along, rtol=1e-12, atol=1e-12)


def test_a_pullback_may_be_called_any_number_of_times() -> None:
    _, pullback = ag.vjp(lambda x: x * x, POINT)
    for k in range(3):
        np.testing.assert_array_equal(pullback(k * np.ones(3))[0], 2 * k * POINT)


def test_python_numbers_as_tangent_and_cotangent_are_exact() -> None:
    """0.1 beside float64 is the float64 0.1."""
    assert ag.jvp(lambda x: 1.0 * x, (np.array(1.0),), (0.1,))[1] == 0.1
    assert ag.vjp(lambda x: 1.0 * x, np.array(1.0))[1](0.1)[0] == 0.1


# What is left alone --------------------------------------------------------------------------------------------------


def test_transforms_never_touch_grad() -> None:
    """Neither that of their arguments nor that of what the function closes over."""
    x, w = (ag.Tensor(POINT.copy(), requires_grad=True) for _ in range(2))

    def f(x: Any) -> Any:
        return (x * w).sum()

    ag.grad(f)(x), ag.grad(f)(POINT), ag.value_and_grad(f)(x), ag.vjp(f, x)[1](1.0), ag.jvp(f, (x,), (POINT,))
    assert x.grad is None and w.grad is None
    x.sum().backward()
    ag.grad(ag.grad(lambda x: x * x))(ag.Tensor(2.0, requires_grad=True))
    ag.grad(f)(x)
    assert x.grad.tolist() == [1.0, 1.0, 1.0] and w.grad is None


def test_arguments_are_neither_changed_nor_tied_to_the_answers() -> None:
    x = ag.Tensor(POINT.copy())
    gradient = ag.grad(lambda x: x.sum())(x)
    assert not x.requires_grad and x.numpy().tolist() == POINT.tolist()
    gradient.numpy()[...] = 5.0
    assert ag.grad(lambda x: x.sum())(x).tolist() == [1.0, 1.0, 1.0]
    _, pullback = ag.vjp(lambda x, y: x + y, POINT, POINT)
    u = np.ones(3)
    a, b = pullback(u)
    a[...] = 9.0
    assert u.tolist() == b.tolist() == [1.0, 1.0, 1.0]


def test_plain_answers_carry_no_graph_and_tracked_ones_do() -> None:
    x = ag.Tensor(2.0)
    assert not ag.grad(lambda x: x * x)(x).requires_grad
    w = ag.Tensor(3.0, requires_grad=True)
    slope = ag.grad(lambda x: x * x * w)(x)
    slope.backward()
    assert w.grad.item() == 4.0


def test_a_closed_over_result_whose_graph_was_released_is_a_constant() -> None:
    """Only rows between the argument and the result matter."""
    w = ag.Tensor(2.0, requires_grad=True)
    h = w * 3.0
    h.backward()
    assert ag.grad(lambda x: x * h.detach())(np.array(1.0)) == 6.0
    assert ag.grad(lambda x: x * h)(np.array(1.0)) == 6.0


# What is refused -----------------------------------------------------------------------------------------------------


def test_a_gradient_needs_one_number() -> None:
    with pytest.raises(ValueError, match=r"grad.*float64 \(3,\).*Fix.*sum.*vjp"):
        ag.grad(np.sin)(POINT)
    with pytest.raises(ValueError, match="single number"):
        ag.value_and_grad(lambda x: x * x)(np.zeros(0))


@pytest.mark.parametrize("result", [None, "text", object()])
def test_a_function_must_return_a_tensor(result: Any) -> None:
    for transform in (lambda f: ag.grad(f)(1.0), lambda f: ag.vjp(f, 1.0), lambda f: ag.jvp(f, (1.0,), (1.0,))):
        with pytest.raises(TypeError, match=f"return a tensor.*{type(result).__name__}"):
            transform(lambda x: result)
        with pytest.raises(TypeError, match=rf"return a tensor.*\['loss'\]\[1\] is {type(result).__name__}"):
            transform(lambda x: {"loss": (x, result)})


def test_tangents_and_cotangents_must_fit() -> None:
    with pytest.raises(ValueError, match=r"jvp: tangent of shape \(2,\) for float64 \(3,\)"):
        ag.jvp(np.sin, (POINT,), (np.ones(2),))
    with pytest.raises(ValueError, match="1 primals but 2 tangents"):
        ag.jvp(np.sin, (POINT,), (POINT, POINT))
    with pytest.raises(ValueError, match=r"vjp: cotangent of shape \(\) for float64 \(3,\)"):
        ag.vjp(np.sin, POINT)[1](1.0)


def test_integers_have_no_derivatives() -> None:
    for transform in (lambda x: ag.grad(loss)(x), lambda x: ag.vjp(loss, x), lambda x: ag.jvp(loss, (x,), (x,))):
        with pytest.raises(TypeError, match=r"int64 \(3,\).*Fix"):
            transform(np.arange(3))


@given(st.sampled_from([ag.grad, ag.value_and_grad]))
def test_an_error_inside_the_function_comes_out_as_it_is_and_leaves_recording_on(transform: Any) -> None:
    def broken(x: Any) -> Any:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        transform(broken)(1.0)
    assert ag.is_grad_enabled()
