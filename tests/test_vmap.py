"""vmap with trees, axes, random numbers and layers; composed with itself and every other transform; its refusals."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn

rng = np.random.default_rng(0)
W, X, V = rng.normal(size=(3, 4)), rng.normal(size=(5, 3)), rng.normal(size=(6, 3))


def energy(x: Any, w: Any) -> Any:
    return np.sum(np.tanh(x @ w) ** 2) + np.sum(w * x[:, None]) ** 3


def looped(f: Any, *batches: Any) -> Any:
    return np.stack([f(*example) for example in zip(*batches, strict=True)])


# Axes and trees ------------------------------------------------------------------------------------------------------


def test_in_and_out_axes_name_where_the_examples_lie() -> None:
    f = lambda x, y: {"outer": x[:, None] * y, "sum": x.sum() + y.sum()}
    A, B = rng.normal(size=(3, 5)), rng.normal(size=(2, 4, 5))[0]
    found = ag.vmap(f, in_axes=(1, -1), out_axes={"outer": 2, "sum": 0})(A, B)
    np.testing.assert_array_equal(found["outer"], A[:, None] * B)
    np.testing.assert_allclose(found["sum"], A.sum(0) + B.sum(0), rtol=1e-14)


def test_arguments_may_be_trees_and_some_the_same_for_all() -> None:
    p = {"w": W, "b": [rng.normal(size=(5, 4))]}
    f = lambda p, x: np.tanh(x @ p["w"] + p["b"][0])
    np.testing.assert_allclose(
        ag.vmap(f, in_axes=({"w": None, "b": 0}, 0))(p, X), np.tanh(X @ W + p["b"][0]), rtol=1e-14
    )
    np.testing.assert_allclose(ag.vmap(lambda x, c: x * c, in_axes=(0, None))(X, 2.0), 2 * X)


def test_what_is_the_same_for_all_comes_out_once_for_each() -> None:
    found = ag.vmap(lambda x: (W, 3.0, x))(X)
    assert found[0].shape == (5, 3, 4) and found[1].shape == (5,) and found[2].shape == (5, 3)


@pytest.mark.parametrize("size", [1, 2, 5, 9])
def test_chunks_change_nothing(size: int) -> None:
    np.testing.assert_allclose(ag.vmap(lambda x: x @ W, chunk_size=size)(X), X @ W, rtol=1e-13)


def test_tensors_give_tensors_and_arrays_arrays() -> None:
    assert type(ag.vmap(np.sin)(X)) is np.ndarray
    assert isinstance(ag.vmap(np.sin)(ag.Tensor(X)), ag.Tensor)


# Composition ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("argument", [0, 1])
@pytest.mark.parametrize("inner", ["value", "grad"])
def test_derivatives_of_any_order_outside_and_inside(argument: int, inner: str) -> None:
    """Also by what the function closes over, and what is the same for each example."""
    g = energy if inner == "value" else lambda x, w: np.sum(ag.grad(energy, 1)(x, w) ** 2)
    batched = lambda X, w: np.sum(ag.vmap(lambda x: g(x, w))(X) ** 2)
    unmapped = lambda X, w: np.sum(ag.vmap(g, in_axes=(0, None))(X, w) ** 2)
    loop = lambda X, w: sum(g(X[i], w) ** 2 for i in range(5))
    for f in (batched, unmapped):
        for derivative in (ag.grad, ag.hessian):
            expected = derivative(loop, argument)(X, W)
            np.testing.assert_allclose(derivative(f, argument)(X, W), expected, rtol=1e-9, atol=1e-9)
        t = (np.ones_like(X), np.ones_like(W))
        np.testing.assert_allclose(ag.jvp(f, (X, W), t)[1], ag.jvp(loop, (X, W), t)[1], rtol=1e-11)


@pytest.mark.parametrize("transform", [ag.grad, ag.hessian, ag.jacobian, ag.checkpoint])
def test_each_example_has_its_own_derivative(transform: Any) -> None:
    f = lambda x: energy(x, W)
    np.testing.assert_allclose(ag.vmap(transform(f))(X), looped(transform(f), X), rtol=1e-10, atol=1e-12)


def test_nested() -> None:
    f = lambda a, b: np.sum(np.sin(a) * b) ** 2
    pairs = lambda A, B: ag.vmap(lambda a: ag.vmap(lambda b: f(a, b))(B))(A)
    closed = lambda A, B: (np.sin(A) @ B.T) ** 2
    np.testing.assert_allclose(pairs(X, V), closed(X, V), rtol=1e-12)
    for k in (0, 1):
        for derivative in (ag.grad, ag.hessian):
            expected = derivative(lambda A, B: np.sum(closed(A, B) ** 2), k)(X, V)
            found = derivative(lambda A, B: np.sum(pairs(A, B) ** 2), k)(X, V)
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-9)


def test_a_backward_pass_reaches_parameters_in_the_closure() -> None:
    w = ag.Tensor(W, requires_grad=True)
    ag.vmap(lambda x: energy(x, w))(X).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), ag.grad(lambda w: sum(energy(x, w) for x in X))(W), rtol=1e-11)


def test_a_pullback_made_outside_answers_for_each_cotangent() -> None:
    _, pullback = ag.vjp(lambda x: np.tanh(x @ W), X[0])
    np.testing.assert_allclose(ag.vmap(pullback)(np.eye(4))[0], ag.jacobian(lambda x: np.tanh(x @ W))(X[0]), rtol=1e-13)


def test_compiled_inside_and_outside() -> None:
    f = lambda x: energy(x, W)
    outside, inside = ag.compile(ag.vmap(ag.grad(f))), ag.vmap(ag.compile(ag.grad(f)))
    for k in range(4):
        expected = looped(ag.grad(f), X + k)
        np.testing.assert_allclose(outside(X + k), expected, rtol=1e-11)
        np.testing.assert_allclose(inside(X + k), expected, rtol=1e-11)
    assert outside.replays, outside.why()


def test_checkpoint_around_and_within() -> None:
    block = lambda x: np.tanh(np.exp(x) @ W)
    expected = ag.grad(lambda X: np.sum(np.tanh(np.exp(X) @ W) ** 2))(X)
    for f in (ag.checkpoint(ag.vmap(block)), ag.vmap(ag.checkpoint(block))):
        np.testing.assert_allclose(ag.grad(lambda X, f=f: np.sum(f(X) ** 2))(X), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "layer", [nn.Linear(3, 4), nn.LSTMCell(3, 2), nn.LayerNorm(3), nn.Sequential(nn.Linear(3, 2), nn.GELU())]
)
def test_gradients_of_layers_for_each_example(layer: nn.Module) -> None:
    """Per-sample gradients, as in differential privacy."""
    parameters = {name: p.data for name, p in layer.named_parameters()}

    def loss(parameters: Any, x: Any) -> Any:
        y = nn.functional_call(layer, parameters, (x[None],))
        return np.sum((y[0] if isinstance(y, tuple) else y) ** 2)

    x = X.astype(np.float32)
    found = ag.vmap(ag.grad(loss), in_axes=(None, 0))(parameters, x)
    for name, g in found.items():
        one = np.stack([ag.grad(loss)(parameters, row)[name] for row in x])
        np.testing.assert_allclose(g, one, rtol=2e-4, atol=1e-5)


# Random numbers ------------------------------------------------------------------------------------------------------


def test_random_numbers_are_refused_drawn_for_each_or_shared() -> None:
    f = lambda x: nn.functional.dropout(x, 0.5, training=True)
    ones = np.ones((6, 50))
    with pytest.raises(RuntimeError, match="randomness="):
        ag.vmap(f)(ones)
    same = ag.vmap(f, randomness="same")(ones)
    assert (same == same[0]).all() and 0 < (same == 0).mean() < 1
    ag.manual_seed(0)
    different = ag.vmap(f, randomness="different")(ones)
    ag.manual_seed(0)
    np.testing.assert_array_equal(different, np.stack([f(x) for x in ones]))


# What cannot be ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ag.vmap(np.sin, in_axes=2)(X), "no axis 2"),
        (lambda: ag.vmap(np.sin)(1.0), "no axis 0"),
        (lambda: ag.vmap(np.add)(X, V), "different numbers of examples: 5 .* 6"),
        (lambda: ag.vmap(np.sin, in_axes=None)(X), "no argument has an axis"),
        (lambda: ag.vmap(np.add, in_axes=(0,))(X, X), "1 entries for 2"),
        (lambda: ag.vmap(np.sin, in_axes={"a": 0})(X), "in_axes=.* does not fit"),
        (lambda: ag.vmap(np.sin, out_axes=None)(X), "out_axes=None"),
        (lambda: ag.vmap(np.sin, chunk_size=0), "chunk_size=0"),
        (lambda: ag.vmap(np.sin, randomness="some"), "randomness='some'"),
        (lambda: ag.vmap(np.sin)(np.ones((0, 3))), "no examples"),
    ],
)
def test_arguments_that_do_not_fit_are_named(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x * float(x.sum()),
        lambda x: x[x > 0],
        lambda x: np.nonzero(x)[0],
        lambda x: np.asarray(x),
        lambda x: np.zeros((2, 3)).__setitem__(0, x),
    ],
)
def test_a_result_that_depends_on_values_is_refused(f: Any) -> None:
    with pytest.raises(TypeError, match="Fix: "):
        ag.vmap(f)(X)


def test_an_array_that_got_away_is_refused() -> None:
    kept = []
    ag.vmap(lambda x: kept.append(x) or x)(X)
    with pytest.raises(RuntimeError, match="after the function has ended"):
        kept[0] + 1


def test_a_function_without_a_rule_runs_once_an_example_with_one_warning() -> None:
    f = ag.vmap(lambda x: np.convolve(x, np.array([1.0, 2.0])))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        from autograd_core.batching import batched

        batched._warned.clear()
        np.testing.assert_allclose(f(X), np.stack([np.convolve(x, [1.0, 2.0]) for x in X]))
        f(X)
    assert [str(w.message) for w in caught] == [
        "vmap: convolve has no rule for whole batches and runs once an example."
    ]


# Jacobians -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [None, 1, 2, 100])
@pytest.mark.parametrize("mode", ["forward", "reverse"])
def test_a_jacobian_in_chunks(mode: str, chunk: int | None) -> None:
    A, x = rng.normal(size=(12, 11)), rng.normal(size=11)
    found = ag.jacobian(lambda x: np.tanh(A @ x), mode=mode, chunk_size=chunk)(x)
    np.testing.assert_allclose(found, (1 - np.tanh(A @ x) ** 2)[:, None] * A, rtol=1e-12, atol=1e-15)


def test_a_jacobian_of_what_branches_on_values_takes_one_pass_after_the_other() -> None:
    """A user's rule may look at its cotangent."""
    careful = ag.primitive(lambda x: x * 1.0, name="careful", x=lambda g: g if float(np.sum(g)) else 0 * g)
    np.testing.assert_array_equal(ag.jacobian(careful, mode="reverse")(np.arange(9.0)), np.eye(9))
