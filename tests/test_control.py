"""Loops and branches: the numbers and all derivatives of Python's own, in one row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_core as ag
from autograd_core.engine.reverse import rows

rng = np.random.default_rng(0)
W, X, H = 0.5 * rng.normal(size=(3, 3)), rng.normal(size=(7, 3)), rng.normal(size=3)
ARGUMENTS = H, X, W
WAYS: list[dict[str, Any]] = [{}, {"reverse": True}, {"checkpoint": True}, {"checkpoint": True, "reverse": True}]


def recurrent(h: Any, xs: Any, w: Any, **how: Any) -> Any:
    """A recurrent network; w is closed over."""
    last, ys = ag.scan(lambda c, x: (np.tanh(c @ w + x), c * x), h, xs, **how)
    return np.sum(last) + np.sum(ys**2)


def in_python(h: Any, xs: Any, w: Any, reverse: bool = False, **how: Any) -> Any:
    total: Any = 0.0
    for k in range(7)[::-1] if reverse else range(7):
        total = total + np.sum((h * xs[k]) ** 2)
        h = np.tanh(h @ w + xs[k])
    return total + np.sum(h)


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("argument", range(3))
def test_a_scan_is_the_loop_to_the_second_order(argument: int, how: dict[str, Any]) -> None:
    f, g = lambda *a: recurrent(*a, **how), lambda *a: in_python(*a, **how)
    np.testing.assert_allclose(f(*ARGUMENTS), g(*ARGUMENTS), rtol=1e-13)
    for derivative in (ag.grad, ag.hessian):
        found = derivative(f, argument)(*ARGUMENTS)
        assert type(found) is np.ndarray
        np.testing.assert_allclose(found, derivative(g, argument)(*ARGUMENTS), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("how", WAYS)
def test_tangents_run_beside(how: dict[str, Any]) -> None:
    t = tuple(rng.normal(size=a.shape) for a in ARGUMENTS)
    f, g = lambda *a: recurrent(*a, **how), lambda *a: in_python(*a, **how)
    np.testing.assert_allclose(ag.jvp(f, ARGUMENTS, t)[1], ag.jvp(g, ARGUMENTS, t)[1], rtol=1e-12)


def test_what_a_scan_gives_stands_where_its_x_does() -> None:
    x = np.arange(4.0)
    np.testing.assert_array_equal(ag.scan(lambda c, x: (c + x, c), 0.0, x, reverse=True)[1], [6.0, 5.0, 3.0, 0.0])


def test_a_scan_is_one_row_and_a_backward_pass_reaches_what_it_closes_over() -> None:
    w = ag.Tensor(W, requires_grad=True)
    loss = recurrent(H, X, w)
    names = [row.op.name for row in rows([loss._node]) if row.op]
    assert names.count("scan") == 1 and "tanh" not in names
    loss.backward()
    np.testing.assert_allclose(w.grad.numpy(), ag.grad(in_python, 2)(*ARGUMENTS), rtol=1e-12)


def test_trees_whole_numbers_and_single_precision_are_carried_as_they_are() -> None:
    init = {"a": np.float32([1.0, 2.0]), "n": np.array(3)}
    step = lambda c, x: ({"a": c["a"] * x["s"], "n": c["n"] + x["i"]}, (c["n"], c["a"]))
    xs = {"s": np.float32([2.0, 0.5, 3.0]), "i": np.array([1, 2, 3])}
    carry, (n, a) = ag.scan(step, init, xs)
    assert carry["a"].dtype == np.float32 and carry["a"].tolist() == [3.0, 6.0] and carry["n"] == 9
    assert n.tolist() == [3, 4, 6] and a.shape == (3, 2) and a.dtype == np.float32
    g = ag.grad(lambda s: np.sum(ag.scan(step, init, {**xs, "s": s})[0]["a"]))(xs["s"])
    assert g.dtype == np.float32 and g.tolist() == [4.5, 18.0, 3.0]


def test_no_steps_give_what_they_began_with() -> None:
    carry, ys = ag.scan(lambda c, x: (c, x[:2]), np.ones(2), np.zeros((0, 3)))
    assert carry.tolist() == [1.0, 1.0] and ys.shape == (0, 2)


# Composition ---------------------------------------------------------------------------------------------------------


def test_under_and_over_vmap() -> None:
    batch = rng.normal(size=(4, 7, 3))
    loop = lambda f: np.stack([f(x) for x in batch])
    for f, g in (
        (lambda x: recurrent(H, x, W), lambda x: in_python(H, x, W)),
        (lambda x: ag.grad(recurrent, 2)(H, x, W), lambda x: ag.grad(in_python, 2)(H, x, W)),
    ):
        np.testing.assert_allclose(ag.vmap(f)(batch), loop(g), rtol=1e-11)
    found = ag.grad(lambda w: np.sum(ag.vmap(lambda x: recurrent(H, x, w))(batch)))(W)
    np.testing.assert_allclose(found, loop(lambda x: ag.grad(in_python, 2)(H, x, W)).sum(0), rtol=1e-11)


def test_each_example_loops_until_it_is_done() -> None:
    """v ← v² while v < 10: the slope is 2ⁿ v^(2ⁿ−1) after n steps."""
    f = lambda x: ag.while_loop(lambda v: v["v"] < 10, lambda v: {"v": v["v"] ** 2, "n": v["n"] + 1}, {"v": x, "n": 0})
    x, n = np.array([1.5, 2.0, 3.0, 20.0]), np.array([3, 2, 2, 0])
    np.testing.assert_array_equal(ag.vmap(f)(x)["n"], n)
    np.testing.assert_allclose(ag.vmap(ag.grad(lambda x: f(x)["v"]))(x), 2.0**n * x ** (2.0**n - 1), rtol=1e-12)
    np.testing.assert_array_equal([f(v)["n"] for v in x], n)
    np.testing.assert_allclose([ag.grad(lambda x: f(x)["v"])(v) for v in x], 2.0**n * x ** (2.0**n - 1), rtol=1e-12)


def test_fori_loop_counts() -> None:
    assert ag.fori_loop(0, 4, lambda i, x: x * (i + 1), np.array(1.0)) == 24.0
    assert ag.fori_loop(3, 3, lambda i, x: x * 0, np.array(7.0)) == 7.0
    assert ag.grad(lambda x: ag.fori_loop(1, 4, lambda i, v: v * x, np.array(1.0)))(2.0) == 12.0


@pytest.mark.parametrize("x", [4.0, -1.0])
def test_only_one_branch_runs(x: float) -> None:
    f = lambda x: ag.cond(x > 0, np.sqrt, lambda x: 2 * x, x)
    with np.errstate(all="raise"):
        assert f(x) == (2.0 if x > 0 else -2.0) and ag.grad(f)(x) == (0.25 if x > 0 else 2.0)


def test_every_example_takes_its_own_branch() -> None:
    x = np.array([4.0, -1.0, 9.0])
    f = lambda x: ag.cond(x > 0, lambda x: x * x, lambda x: 2 * x, x)
    np.testing.assert_array_equal(ag.vmap(f)(x), [16.0, -2.0, 81.0])
    np.testing.assert_array_equal(ag.vmap(ag.grad(f))(x), [8.0, 2.0, 18.0])
    g = lambda i, x: ag.switch(i, [lambda x: x, lambda x: x * x, lambda x: -x], x)
    np.testing.assert_array_equal(ag.vmap(g)(np.array([0, 1, 5]), x), [4.0, 1.0, -9.0])
    assert [g(i, 3.0) for i in (-1, 1, 7)] == [3.0, 9.0, -3.0]


# What cannot be ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: ag.scan(lambda c, x: (c, x), 0.0, (np.ones(2), np.ones(3))), ValueError, "one number of steps"),
        (lambda: ag.scan(lambda c, x: (c, x), 0.0), ValueError, "one number of steps"),
        (lambda: ag.scan(lambda c, x: (c, x), 0.0, np.ones(2), length=3), ValueError, "one number of steps"),
        (
            lambda: ag.scan(lambda c, x: (c * x, x), np.ones(2), np.ones((2, 3, 1))),
            ValueError,
            "the carry changes from",
        ),
        (lambda: ag.scan(lambda c, x: c, np.ones(2), np.ones(2)), TypeError, "a pair"),
        (lambda: ag.while_loop(lambda v: v < 1, lambda v: v + 1, np.zeros(2)), ValueError, "one truth value"),
        (lambda: ag.cond(np.array([True, False]), np.sin, np.cos, 0.0), ValueError, "np.where"),
        (lambda: ag.switch(0, []), ValueError, "no branches"),
    ],
)
def test_bad_loops_are_named(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    "call, says",
    [
        (lambda: ag.scan(lambda c, x: (c, c), np.zeros(()), length=2.5), "length=2.5; it is a whole number"),
        (lambda: ag.scan(lambda c, x: (c, c), np.zeros(()), length=-1), "length=-1; it is at least 0"),
        (lambda: ag.scan(lambda c, x: c, np.zeros(()), length=2), r"a pair \(carry, y\). Fix"),
        (lambda: ag.fori_loop(0, 2.5, lambda i, c: c, np.zeros(())), "upper=2.5"),
        (lambda: ag.while_loop(lambda v: None, lambda v: v, np.zeros(())), "proceed gives NoneType"),
        (lambda: ag.while_loop(lambda v: v < 1, lambda v: v, np.zeros(2)), r"shape \(2,\); one truth value. Fix"),
        (lambda: ag.cond(None, np.sin, np.cos, 0.0), "pred is NoneType"),
        (lambda: ag.switch(1.5, [np.sin, np.cos], 0.0), "index=1.5"),
        (lambda: ag.vmap(np.sin, out_axes=5)(np.ones(2)), "out_axes=5"),
        (lambda: ag.root(lambda z: z, np.array([1j])), "unknowns are real. Fix"),
        (lambda: ag.quad(np.sin, "a", 1.0), "a='a'; it is a number"),
        (lambda: ag.argmin(lambda z: z, np.ones(2)), "it is one number. Fix"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(call: Any, says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=says):
        call()


def test_a_start_may_be_a_list_of_numbers_as_scipys_is() -> None:
    solution = ag.root(lambda z: [z[0] + z[1] - 3.0, z[0] - z[1] - 1.0], [0.0, 0])
    np.testing.assert_allclose(solution, [2.0, 1.0])
    np.testing.assert_allclose(ag.fixed_point(np.cos, [1.0, 0.0]), 0.7390851332151607, rtol=1e-9)
