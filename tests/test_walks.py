"""The walk back, the walk forward and the short calls, in the corners that no ordinary program turns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.border import arrays
from autograd_core.engine.registry import primitives


def leaf(*values: float, dtype: Any = float) -> ag.Tensor:
    return ag.Tensor(np.array(values, dtype), requires_grad=True)


# Reverse mode --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("later", [False, True])
def test_a_use_outside_the_choice_counts_whichever_comes_first(later: bool) -> None:
    """2√x + (√x where it was chosen): the first term is everywhere."""

    def f(x: Any) -> Any:
        r = np.sqrt(x)
        terms = [lambda: 2 * r, lambda: np.where(np.array([True, False]), r, 0.0)]
        first, second = terms[::-1] if later else terms
        return np.sum(first() + second())

    np.testing.assert_array_equal(ag.grad(f)(np.array([4.0, 4.0])), [0.75, 0.5])


def test_a_number_that_a_choice_repeats_counts_as_often() -> None:
    """√x broadcast by the condition: chosen twice of three times."""
    chosen = np.array([True, True, False])
    assert ag.grad(lambda x: np.sum(np.where(chosen, np.sqrt(x), 0.0)))(4.0) == 0.5
    row = ag.grad(lambda x: np.sum(np.where(chosen[:, None], np.sqrt(x), 0.0)))(np.array([4.0, 16.0]))
    np.testing.assert_array_equal(row, [0.5, 0.25])


@pytest.mark.parametrize("place", [0, 1, 2])
def test_contributions_of_other_kinds_are_added_up(place: int) -> None:
    """2h + 3h + Re(−i·ih): a sum of real cotangents takes a complex one, whenever it comes."""
    x = leaf(1.0, 2.0)
    h = x * 1.0
    terms = [lambda: (h * 2.0).sum(), lambda: (h * 3.0).sum()]
    terms.insert(place, lambda: np.real(-1j * (h * 1j)).sum())
    sum(term() for term in terms).backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_a_cotangent_that_reaches_two_rows_is_added_to_neither_in_place() -> None:
    """a + b hands one array to both; what a gets besides is not b's."""
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    p, q = a * 1.0, b * 1.0
    ((p + q) + (p * 10.0) + (p * 100.0)).sum().backward()
    assert a.grad.tolist() == [111.0, 111.0] and b.grad.tolist() == [1.0, 1.0]
    for f in (lambda p, q: p[0] + (p + q), lambda p, q: (q * 0.0 + p[:1]) + (p + q)):
        found = ag.grad(lambda a, b, f=f: f(a * 1.0, b * 1.0).sum(), (0, 1))(a.numpy(), b.numpy())
        assert [g.tolist() for g in found] == [[3.0, 1.0], [1.0, 1.0]]


@pytest.mark.parametrize("f", [lambda h: h[:1] + (h + 5.0), lambda h: (h + 5.0) + h[:1], lambda h: h + 2 * h + 3 * h])
def test_a_cotangent_given_is_not_added_to(f: Any) -> None:
    """Neither by a sum nor where an index adds to its place."""
    x, u = leaf(1.0, 2.0), np.ones(2)
    f(x * 1.0).backward(u)
    assert u.tolist() == [1.0, 1.0]
    assert x.grad.tolist() == ag.jacobian(f)(x.numpy()).sum(axis=0).tolist()


@pytest.mark.parametrize("later", [False, True])
def test_a_place_beside_two_choices_counts_everywhere(later: bool) -> None:
    """√x₁ + Σ (√x where chosen) twice."""
    chosen = np.array([True, False])

    def f(x: Any) -> Any:
        r = np.sqrt(x)
        choices = lambda: np.sum(np.where(chosen, r, 0.0)) + np.sum(np.where(chosen, r, 0.0))
        return choices() + r[1] if later else r[1] + choices()

    np.testing.assert_array_equal(ag.grad(f)(np.array([4.0, 4.0])), [0.5, 0.25])


def test_a_choice_of_a_choice_is_what_both_chose() -> None:
    """1/(2√x) is infinite at 0, where the inner choice is thrown away by the outer one."""
    outer, inner = np.array([False, True, True]), np.array([True, True, False])
    f = lambda x: np.sum(np.where(outer, np.where(inner, np.sqrt(x), 0.0), 0.0))
    np.testing.assert_array_equal(ag.grad(f)(np.array([0.0, 4.0, 4.0])), [0.0, 0.25, 0.0])


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_a_maximum_along_an_axis(axis: int) -> None:
    """One of each line: the derivative of its weighted sum is the weight there."""
    x = np.random.default_rng(0).permutation(np.arange(24.0)).reshape(2, 3, 4)
    top = np.max(x, axis=axis, keepdims=True)
    w = np.cos(np.arange(top.size)).reshape(top.shape)
    g = ag.grad(lambda x: np.sum(np.max(x, axis=axis) * np.squeeze(w, axis)))(x)
    np.testing.assert_array_equal(g, np.where(x == top, w, 0))


def test_a_product_keeps_only_what_its_rules_need() -> None:
    x, y = leaf(1.0, 2.0), np.array([3.0, 4.0])
    row = (x @ y)._node
    assert row.saved[0] is None and row.saved[1] is y


def test_what_is_not_asked_for_is_not_computed() -> None:
    asked = []
    pair = ag.primitive(
        lambda x, y: x * y,
        name="pair",
        x=lambda g, y: asked.append("x") or g * y,
        y=lambda g, x: asked.append("y") or g * x,
    )
    w = leaf(5.0)
    assert ag.grad(lambda x: pair(x, w * 2.0).sum())(np.array([3.0])) == 10.0
    assert asked == ["x"]


def test_a_released_row_keeps_nothing() -> None:
    x = leaf(1.0, 2.0)
    y = np.exp(x)
    row = y._node
    y.sum().backward()
    assert row.parents is row.saved is None


def test_a_difference_hands_each_its_own_shape() -> None:
    for a, b in (((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((), (2,)), ((2,), ())):
        x, y = (ag.Tensor(np.ones(shape), requires_grad=True) for shape in (a, b))
        (x - y).sum().backward()
        n = np.broadcast(np.ones(a), np.ones(b)).size
        assert (x.grad.numpy() == n / x.size).all() and (y.grad.numpy() == -n / y.size).all()
        assert (x.grad.shape, y.grad.shape) == (a, b)


# Forward mode --------------------------------------------------------------------------------------------------------


def test_a_transposed_rule_may_hand_one_cotangent_to_two_arguments() -> None:
    plus = ag.primitive(lambda x, y: x + y, name="plus", x=lambda g: g, y=lambda g: g)
    one, two = np.array(1.0), np.array(2.0)
    assert ag.jvp(plus, (one, one), (one, two))[1] == 3.0
    double = ag.primitive(lambda x, y: 2 * (x + y), name="twice_plus", together=lambda g, x, y: (g2 := g * 2, g2))
    assert ag.jvp(double, (one, one), (one, two))[1] == 6.0


def test_a_transposed_rule_works_where_nothing_is_recorded() -> None:
    double = ag.primitive(lambda x: 2 * x, name="double", x=lambda g: 2 * g)
    with ag.no_grad():
        assert ag.jvp(double, (np.array(1.0),), (np.array(3.0),))[1] == 6.0


def test_the_tangent_of_a_product_has_both_terms() -> None:
    x, y = np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]])
    assert ag.jvp(np.matmul, (x, y), (np.ones((1, 2)), np.full((2, 1), 10.0)))[1].tolist() == [[7.0 + 30.0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_linear_map_moves_in_one_argument_alone(dtype: Any) -> None:
    """The constant beside it has the tangent 0, of its own precision."""
    t, other = np.ones(2, np.float32), np.ones((3, 2), dtype)
    condition = np.array([True, False])
    for f in (lambda x: np.where(condition, x, other), lambda x: np.where(condition, other, x)):
        value, tangent = ag.jvp(f, (t,), (t,))
        assert tangent.shape == value.shape == (3, 2) and tangent.dtype == value.dtype == dtype
    _, tangent = ag.jvp(lambda x: np.where(condition, x, 7.0), (t,), (t,))
    assert tangent.dtype == np.float32 and tangent.tolist() == [1.0, 0.0]


def test_both_modes_of_a_row_that_is_itself_an_argument() -> None:
    """The tangent of what is given is the one that was given, wherever the value came from."""
    x = leaf(3.0)
    y = x * x
    value, tangent = ag.jvp(lambda y: y * y, (y,), (ag.Tensor(np.array([1.0])),))
    assert value.tolist() == [81.0] and tangent.tolist() == [18.0]


# Calls ---------------------------------------------------------------------------------------------------------------


def test_numbers_met_in_passing_do_not_pile_up() -> None:
    x = leaf(1.0)
    for k in range(3000):
        x * (k + 0.5)
    assert all(len(numbers) <= 1024 for numbers in arrays._numbers.values())


def test_a_number_that_rows_share_cannot_be_written() -> None:
    spoiling = ag.elementwise(lambda x, y: np.add(x, y, out=y), name="spoiling", x=1, y=1)
    x = leaf(1.0)
    with pytest.raises(Exception, match="read-only"):
        spoiling(x, 2.5)
    assert (x * 2.5).item() == 2.5


WITH_SETTINGS = [
    p for p in list(primitives.values()) if not p.variadic and len(p.arguments) == 1 and len(p.parameters) > 1
]


@pytest.mark.parametrize("op", WITH_SETTINGS, ids=lambda op: op.name)
def test_a_setting_given_twice_or_beyond_the_last_is_refused(op: Any) -> None:
    x = leaf(1.0, 2.0)
    first, *_ = op.parameters[1:]
    with pytest.raises(TypeError, match="wrong arguments"):
        op.function(x, 0, **{first: 0})
    with pytest.raises(TypeError, match="wrong arguments"):
        op.function(x, *[0] * len(op.parameters))
    with pytest.raises(TypeError, match="unheard_of"):
        op.function(x, unheard_of=0)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.bool_])
def test_a_constant_of_integers_does_not_wrap_in_a_rule(dtype: Any) -> None:
    """∂(x·c)/∂x = c and ∂(c/x)/∂x = −c/x², whatever c is counted in."""
    c = np.array([1, 0], dtype)
    x = np.array([2.0, 4.0])
    np.testing.assert_array_equal(ag.grad(lambda x: np.sum(c / x))(x), -c.astype(float) / x**2)
    np.testing.assert_array_equal(ag.grad(lambda x: np.sum(x * c))(x), c.astype(float))
    np.testing.assert_array_equal(ag.jvp(lambda x: c / x, (x,), (x,))[1], -c.astype(float) / x)
