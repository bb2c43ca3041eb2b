"""backward(): what accumulates where, what is released when, and gradients of gradients."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_core as ag


def leaf(value: object) -> ag.Tensor:
    return ag.Tensor(np.array(value, float), requires_grad=True)


# Accumulation and reuse ----------------------------------------------------------------------------------------------


def test_gradients_accumulate_until_they_are_cleared() -> None:
    """Two passes over 3x leave 6, and the next pass after clearing 3."""
    x = leaf(2.0)
    assert x.grad is None
    for total in (3.0, 6.0):
        (3 * x).backward()
        assert x.grad.item() == total
    x.grad = None
    (3 * x).backward()
    assert x.grad.item() == 3.0


def test_a_leaf_is_its_own_result() -> None:
    """∂x/∂x = 1."""
    x = leaf(5.0)
    x.backward()
    assert x.grad.item() == 1.0


def test_a_variable_used_often_gets_every_contribution() -> None:
    """d/dx (x·x + x + x) = 2x + 2."""
    x = leaf(3.0)
    (x * x + x + x).backward()
    assert x.grad.item() == 8.0


def test_a_shared_subexpression_is_walked_once_with_the_sum_of_its_cotangents() -> None:
    """h = sin x, y = h² + 3h + h·x: y′ = (2h + 3 + x) cos x + h."""
    x = leaf(0.7)
    h = np.sin(x)
    (h * h + 3 * h + h * x).backward()
    np.testing.assert_allclose(x.grad.item(), (2 * np.sin(0.7) + 3.7) * np.cos(0.7) + np.sin(0.7), rtol=1e-15)


@given(st.lists(st.integers(1, 3), min_size=1, max_size=8))
def test_a_ladder_of_doublings(widths: list[int]) -> None:
    """x ↦ x + … + x (n times), again and again, has derivative Π n, whatever the number of paths."""
    x = leaf(1.0)
    y = x
    for n in widths:
        y = sum([y] * n, start=0.0 * y)
    y.backward()
    assert x.grad.item() == np.prod(widths)


def test_only_leaves_that_took_part_get_a_gradient() -> None:
    x, y, z = leaf(1.0), leaf(2.0), leaf(3.0)
    hidden = x * y
    hidden.backward()
    assert (x.grad.item(), y.grad.item(), z.grad, hidden.grad) == (2.0, 1.0, None, None)


def test_a_cotangent_weighs_the_results() -> None:
    """The gradient of ⟨u, x²⟩ is 2ux."""
    x = leaf([1.0, 2.0, 3.0])
    (x**2).backward([1.0, 10.0, 100.0])
    assert x.grad.tolist() == [2.0, 40.0, 600.0]


def test_a_python_number_as_cotangent_is_exact() -> None:
    x = leaf(1.0)
    (x * 1.0).backward(0.1)
    assert x.grad.item() == 0.1


def test_a_gradient_shares_memory_with_nothing() -> None:
    """Writing to one gradient changes neither another, nor the data, nor the cotangent that was given."""
    for create_graph in (False, True):
        x, y, u = leaf([1.0, 2.0]), leaf([3.0, 4.0]), np.ones(2)
        (x + y).backward(u, create_graph=create_graph)
        x.grad.data[...] = 7.0
        assert y.grad.tolist() == [1.0, 1.0] and u.tolist() == [1.0, 1.0]


VIEWS = {
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "ravel": np.ravel,
    "transpose": np.transpose,
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "flip": np.flip,
    "expand_dims": lambda x: x[None],
    "squeeze": lambda x: np.squeeze(x[:, None], 1),
    "concatenate": lambda x: np.concatenate([x, x * x]),
    "stack": lambda x: np.stack([x * x, x]),
    "real": np.real,
    "positive": np.positive,
    "broadcast": lambda x: np.broadcast_to(x, (2, 3)),
    "reshape twice": lambda x: x.reshape(6).reshape(2, 3),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_gradient_is_no_view_of_the_cotangent(name: str, create_graph: bool) -> None:
    """Where an adjoint only looks at g another way: writing to the gradient leaves the caller's array alone."""
    f, x = VIEWS[name], leaf(np.arange(6.0).reshape(2, 3))
    y = f(x)
    u = np.ones(y.shape)
    y.backward(u, create_graph=create_graph)
    y, pullback = ag.vjp(f, x.numpy())
    (g,) = pullback(u)
    for gradient in (x.grad.data, g):
        assert not np.shares_memory(gradient, u)
        gradient[...] = 7.0
    assert (u == 1.0).all() and (f(x.numpy()) == y).all()


# Release and retain_graph --------------------------------------------------------------------------------------------


def test_a_retained_graph_may_be_walked_again() -> None:
    x = leaf(2.0)
    y = np.exp(x) * x
    y.backward(retain_graph=True)
    first = x.grad.item()
    y.backward()
    assert x.grad.item() == 2 * first


def test_a_released_graph_may_not_and_says_so_before_anything_is_added() -> None:
    x = leaf(2.0)
    h = x * x
    (h * 1.0).backward()
    with pytest.raises(RuntimeError, match=r"released.*retain_graph=True"):
        (h + x).backward()
    assert x.grad.item() == 4.0


def test_what_was_not_walked_is_not_released() -> None:
    """Two results over one leaf are two graphs."""
    x = leaf(2.0)
    y, z = x * 3.0, x * 4.0
    y.backward()
    z.backward()
    assert x.grad.item() == 7.0


# create_graph: gradients of gradients --------------------------------------------------------------------------------


@given(st.floats(-2.0, 2.0))
def test_second_derivative_by_two_backward_passes(at: float) -> None:
    """sin″ = −sin."""
    x = leaf(at)
    np.sin(x).backward(create_graph=True)
    first = x.grad
    x.grad = None
    first.backward()
    np.testing.assert_allclose([first.item(), x.grad.item()], [np.cos(at), -np.sin(at)], rtol=1e-14)


def test_any_order() -> None:
    """The n-th derivative of x⁵ at 2 is 5!/(5−n)! · 2⁵⁻ⁿ."""
    x = leaf(2.0)
    y = x * x * x * x * x
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0):
        x.grad = None
        y.backward(create_graph=True)
        y = x.grad
        assert y.item() == expected


def test_the_gradient_of_a_gradient_norm() -> None:
    """φ = |∇f|² with f = Σ x³ has ∇φ = 36 x³."""
    x = leaf([1.0, -2.0])
    (x**3).sum().backward(create_graph=True)
    g = x.grad
    x.grad = None
    (g * g).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 36 * x.numpy() ** 3, rtol=1e-14)


def test_create_graph_keeps_the_graph_and_plain_gradients_have_none() -> None:
    x = leaf(3.0)
    y = x * x
    y.backward(create_graph=True)
    assert x.grad.requires_grad and not x.grad.is_leaf
    x.grad = None
    y.backward()
    assert x.grad.item() == 6.0 and not x.grad.requires_grad


# Who requires gradients ----------------------------------------------------------------------------------------------


def test_requires_grad_spreads_from_any_operand_and_from_nowhere_else() -> None:
    x, c = leaf(1.0), ag.Tensor(2.0)
    assert (x * c).requires_grad and (c * x).requires_grad and not (c * c).requires_grad
    assert x.is_leaf and c.is_leaf and (c * c).is_leaf and not (x * c).is_leaf


def test_detach_shares_the_array_and_not_the_history() -> None:
    """d/dx (x · detach(x)) = x."""
    x = leaf(3.0)
    d = x.detach()
    assert d.data is x.data and not d.requires_grad
    (x * x.detach()).backward()
    assert x.grad.item() == 3.0


def test_requires_grad_can_be_switched_on_leaves_only() -> None:
    x = ag.Tensor([1.0])
    x.requires_grad = True
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0]
    y = x * 2
    with pytest.raises(RuntimeError, match=r"requires_grad.*detach"):
        y.requires_grad = False
    assert y.requires_grad
    x.requires_grad = False
    assert not (x * 2).requires_grad and x.grad is None


def test_only_floating_tensors_have_gradients() -> None:
    for array in (np.arange(3), np.array([True, False])):
        tensor = ag.Tensor(array)
        with pytest.raises(TypeError, match=f"{array.dtype}.*Fix"):
            tensor.requires_grad = True
        assert not tensor.requires_grad


def test_a_gradient_can_be_set_where_it_fits() -> None:
    x = leaf([1.0, 2.0])
    x.grad = np.array([5.0, 5.0])
    x.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]
    for wrong in (np.zeros(3), np.zeros(2, np.float32)):
        with pytest.raises(ValueError, match=r"grad: .*float64 \(2,\)"):
            x.grad = wrong
    with pytest.raises(RuntimeError, match="leaf"):
        (x * 2).grad = np.zeros(2)
    assert x.grad.tolist() == [6.0, 6.0]


def test_a_copy_of_a_leaf_is_a_leaf_of_its_own() -> None:
    x = leaf([1.0, 2.0])
    x.sum().backward()
    for twin in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        (twin * 3).sum().backward()
        assert twin.requires_grad and twin.is_leaf
        assert x.grad.tolist() == [1.0, 1.0]
    assert copy.deepcopy(x).grad.tolist() == [1.0, 1.0]
    for duplicate in (copy.deepcopy, pickle.dumps):
        with pytest.raises(RuntimeError, match=r"recorded graph.*detach"):
            duplicate(x * 2)


def test_data_of_a_leaf_can_be_replaced() -> None:
    x = leaf([1.0, 2.0])
    x.data = np.array([10.0, 20.0])
    (x * x).sum().backward()
    assert x.grad.tolist() == [20.0, 40.0]
    with pytest.raises(RuntimeError, match="computed"):
        (x * x).data = np.zeros(2)
