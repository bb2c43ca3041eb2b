"""checkpoint changes what is kept, and nothing else."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest

import autograd_core as ag
import nn
from rounding import assert_same_but_for_rounding

X = np.array([0.5, -1.0, 2.0])


def block(x: Any) -> Any:
    return np.tanh(x * x) + np.exp(-x)


def test_values_and_derivatives_of_every_order_and_mode_are_the_same() -> None:
    kept = ag.checkpoint(block)
    assert_same_but_for_rounding(kept(X), block(X))
    for f in (
        lambda h: ag.grad(lambda x: h(x).sum())(X),
        lambda h: ag.jvp(h, (X,), (np.ones(3),))[1],
        lambda h: ag.hessian(lambda x: (h(x) * h(2 * x)).sum())(X),
        lambda h: ag.grad(lambda x: ag.grad(lambda y: ag.grad(lambda z: h(z).sum())(y).sum())(x).sum())(X),
        lambda h: ag.jacobian(lambda x: h(h(x)), mode="reverse")(X),
    ):
        np.testing.assert_allclose(f(kept), f(block), rtol=1e-13)


CHOICES = {
    "behind": lambda wrap: lambda x: np.where(x > 0, wrap(np.log)(x), 0.0),
    "a way behind": lambda wrap: lambda x: np.where(x > 0, 2 * wrap(np.log)(x) + 1, 0.0),
    "inside": lambda wrap: lambda x: wrap(lambda x, y: np.where(x > 0, y, 0.0))(x, np.log(x)),
    "across": lambda wrap: lambda x: np.where(x > 0, wrap(lambda y: 2 * y)(np.log(x)), 0.0),
    "nested": lambda wrap: lambda x: np.where(x > 0, wrap(lambda x: wrap(np.log)(x) + x)(x), 0.0),
    "one of two uses": lambda wrap: lambda x: (lambda y: np.where(x > 0, y, 0.0) + wrap(np.tanh)(y))(np.log(x + 1)),
}


@pytest.mark.parametrize("case", CHOICES)
def test_what_np_where_left_out_meets_no_arithmetic(case: str) -> None:
    """Where log has no slope its branch is not taken: the derivative is as without checkpoint, and finite."""
    x, (kept, plain) = np.array([0.0, 2.0]), (CHOICES[case](wrap) for wrap in (ag.checkpoint, lambda f: f))
    with np.errstate(all="ignore"):
        found, expected = (ag.grad(lambda x, f=f: f(x).sum())(x) for f in (kept, plain))
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_tensors_that_are_closed_over_get_their_gradients() -> None:
    x, w = (ag.Tensor(a, requires_grad=True) for a in (X, 2 * X))
    u = w * 3.0
    (ag.checkpoint(lambda x: np.sin(x * u) * w)(x)).sum().backward()
    found = x.grad.numpy().copy(), w.grad.numpy().copy()
    x.grad = w.grad = None
    (np.sin(x * (w * 3.0)) * w).sum().backward()
    np.testing.assert_allclose(found, (x.grad.numpy(), w.grad.numpy()), rtol=1e-14)


def test_trees_of_results_and_keywords() -> None:
    @ag.checkpoint
    def parts(x: Any, scale: float = 1.0) -> Any:
        return {"sin": np.sin(x) * scale, "rest": (np.cos(x), 7)}

    x = ag.Tensor(X, requires_grad=True)
    made = parts(x, scale=2.0)
    assert made["rest"][1] == 7
    (made["sin"] * made["rest"][0]).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.cos(2 * X), rtol=1e-14)


def test_dropout_drops_the_same_units_again() -> None:
    x = ag.Tensor(np.ones(1000), requires_grad=True)
    ag.manual_seed(3)
    y = ag.checkpoint(lambda x: nn.functional.dropout(x, 0.5))(x)
    after = ag.default_generator().random()
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), y.numpy())
    ag.manual_seed(3)
    nn.functional.dropout(x, 0.5)
    assert ag.default_generator().random() == after


def test_no_inner_array_is_kept() -> None:
    def arrays() -> int:
        gc.collect()
        return sum(o.op is not None for o in gc.get_objects() if type(o).__name__ == "Node")

    def deep(x: Any) -> Any:
        for _ in range(50):
            x = np.sin(x)
        return x

    x = ag.Tensor(X, requires_grad=True)
    before = arrays()
    y = ag.checkpoint(deep)(x)
    assert arrays() - before == 1
    y.sum().backward()
    z = deep(ag.Tensor(X, requires_grad=True))
    assert arrays() - before >= 50
    assert z.shape == y.shape


def test_inside_no_grad_and_on_arrays_it_is_the_function_itself() -> None:
    with ag.no_grad():
        assert not ag.checkpoint(block)(ag.Tensor(X, requires_grad=True)).requires_grad
    assert isinstance(ag.checkpoint(block)(X), np.ndarray)


def test_a_function_that_returns_no_tensor_is_refused() -> None:
    with pytest.raises(TypeError, match="checkpoint: the result is NoneType"):
        ag.checkpoint(lambda x: None)(ag.Tensor(X, requires_grad=True))


CUBES = {
    "grad": lambda x: ag.grad(lambda z: np.sum(z**3))(x),
    "vmap of grad": lambda x: ag.vmap(ag.grad(lambda z: np.sum(z**3)))(x),
    "checkpoint": lambda x: 3 * ag.checkpoint(lambda z: z**2)(x),
}


@pytest.mark.parametrize("inner", CUBES.values(), ids=CUBES)
def test_transforms_within_are_computed_again_like_operations(inner: Any) -> None:
    """Σ (3z²)² has the slope 36 z³."""
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    f = ag.checkpoint(lambda x: np.sum(inner(x) ** 2))
    np.testing.assert_allclose(ag.grad(f)(x), 36 * x**3, rtol=1e-12)
    np.testing.assert_allclose(ag.jvp(ag.grad(f), (x,), (x,))[1], 108 * x**3, rtol=1e-12)
