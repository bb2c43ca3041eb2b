"""A loop of any length is one body in machine code: the same numbers as its rounds one by one, and no more code."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("llvmlite")

import autograd_core as ag
from autograd_core.programs.rolling import FEWEST_CALLS, FEWEST_ROUNDS, _longest

RNG = np.random.default_rng(0)
W, U = 0.3 * RNG.normal(size=(4, 4)), RNG.normal(size=(4, 3))


def cell(h: Any, x: Any, w: Any = W) -> Any:
    return np.tanh(w @ h + U @ x)


def by_scan(w: Any, xs: Any) -> Any:
    return np.sum(ag.scan(lambda h, x: (cell(h, x, w),) * 2, np.zeros(4), xs)[1] ** 2)


def by_python(w: Any, xs: Any) -> Any:
    h, total = np.zeros(4), 0.0
    for x in xs:
        h = cell(h, x, w)
        total = total + np.sum(h * h)
    return total


def two_back(w: Any, xs: Any) -> Any:
    """Each state from the two before it, so that memory lives on over two rounds."""
    a = b = np.full(4, 0.1)
    for x in xs:
        a, b = b, np.tanh(w @ a + 0.5 * b + U @ x)
    return np.sum(a * b)


def one_is_kept(w: Any, xs: Any) -> Any:
    """One round's state is asked for after the loop, the others are not."""
    h, states = np.zeros(4), []
    for x in xs:
        h = cell(h, x, w)
        states.append(h)
    return np.sum(h * states[7])


def with_a_solver(w: Any, xs: Any) -> Any:
    """A call that is NumPy's in every round."""
    h = np.zeros(4)
    for x in xs:
        h = np.linalg.solve(np.eye(4) + 0.1 * w, np.tanh(h + U @ x)) * 0.5 + h * 0.1
    return np.sum(h * h)


def backwards(w: Any, xs: Any) -> Any:
    return np.sum(ag.scan(lambda h, x: (cell(h, x, w), h[0] * x), np.zeros(4), xs, reverse=True)[1] ** 2)


def compiled(f: Any, *args: Any) -> Any:
    g = ag.compile(f, backend="llvm")
    for _ in range(4):
        g(*args)
    assert g.record.machine is not None, g.why()
    return g


@pytest.mark.parametrize("f", [by_scan, by_python, two_back, one_is_kept, with_a_solver, backwards])
@pytest.mark.parametrize("n", [FEWEST_ROUNDS + 5, 41])
def test_a_gradient_through_a_compiled_loop_is_that_of_its_rounds(f: Any, n: int) -> None:
    xs, others = RNG.normal(size=(2, n, 3))
    gradient = ag.grad(f)
    g = compiled(gradient, W, xs)
    assert [m for m in getattr(g.record.machine, "machines", []) if m.loop is not None]
    for w, x in ((W, xs), (W * 0.5, others), (W, xs)):
        np.testing.assert_allclose(g(w, x), gradient(w, x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("f", [by_scan, by_python])
def test_the_code_of_a_loop_does_not_grow_with_its_rounds(f: Any) -> None:
    sizes = [len(compiled(ag.grad(f), W, RNG.normal(size=(n, 3))).record.machine.text) for n in (30, 60)]
    assert abs(sizes[1] - sizes[0]) < 0.05 * sizes[0]


def test_what_a_loop_writes_into_the_memory_of_others_stays_there() -> None:
    """A buffer filled row by row, and a running sum updated in place, after every call."""

    def f(x: Any) -> Any:
        rows, total = np.zeros((30, 3)), np.zeros(3)
        rows, total = rows + 0 * x[0], total + 0 * x[0]
        for k in range(30):
            total = total * 0.9 + np.sin(x[k])
            rows[k][...] = total * 2 + np.cos(total) * x[k]
        return rows, total

    x = RNG.normal(size=(30, 3))
    g = compiled(f, x)
    for given_x in (x, x + 1):
        for found, expected in zip(g(given_x), f(given_x), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-14)


def test_an_array_that_is_filled_row_by_row_is_recorded() -> None:
    def last(xs: Any) -> Any:
        rows = ag.Tensor(np.zeros((6, 3)))
        rows = rows.at[0].set(xs[0])
        for t in range(1, 6):
            rows = rows.at[t].set(np.tanh(rows[t - 1] + xs[t]))
        return np.sum(rows[-1])

    gradient, xs = ag.grad(last), RNG.normal(size=(2, 6, 3))
    g = compiled(gradient, xs[0])
    np.testing.assert_allclose(g(xs[1]), gradient(xs[1]), rtol=1e-13)


def test_what_is_known_of_one_rounds_constants_is_not_taken_for_the_others() -> None:
    """1ᵀA is a sum in the round that stands for all, and no sum in the others."""
    weights = [np.full((1, 12), 1.0 + (k != 15)) for k in range(30)]
    for w in weights:
        w.flags.writeable = False

    def f(x: Any) -> Any:
        total = np.zeros((1, 9))
        for k in range(30):
            total = np.tanh(total + weights[k] @ (x * 0.1)) * 0.9 + total * 0.1
        return total

    x = RNG.normal(size=(12, 9))
    np.testing.assert_allclose(compiled(f, x)(x), f(x), rtol=1e-12)


@pytest.mark.parametrize("turn", [0, 3, 29])
def test_a_round_that_goes_another_way_is_run_as_python_runs_it(turn: int) -> None:
    def f(x: Any) -> Any:
        total = np.zeros(3)
        for k in range(30):
            total = np.tanh(total + x[k]) if np.sum(x[k]) > 0 else total - np.sin(x[k]) * 0.5
            total = total * 0.9 + np.cos(total) - 0.1 * total * total
        return total

    x = np.abs(RNG.normal(size=(30, 3)))
    g = compiled(f, x)
    other = x.copy()
    other[turn] = -other[turn]
    for given_x in (x, other, x):
        np.testing.assert_allclose(g(given_x), f(given_x), rtol=1e-13)


@given(
    body=st.lists(st.integers(0, 5), min_size=FEWEST_CALLS, max_size=9),
    rounds=st.integers(FEWEST_ROUNDS, 30),
    before=st.lists(st.integers(6, 9), max_size=7),
    after=st.lists(st.integers(6, 9), max_size=7),
)
def test_a_repetition_is_found_where_it_is_with_its_shortest_period(
    body: list[int], rounds: int, before: list[int], after: list[int]
) -> None:
    kinds = np.array([*before, *body * rounds, *after])
    found = _longest(kinds)
    primitive = next(p for p in range(1, len(body) + 1) if (body * 2)[p : p + len(body)] == body and len(body) % p == 0)
    if primitive >= FEWEST_CALLS:
        assert found is not None
        start, period, count = found
        assert (start, period, count) == (len(before), primitive, rounds * len(body) // primitive)
    elif found is not None:
        start, period, count = found
        assert (kinds[start : start + period * (count - 1)] == kinds[start + period : start + period * count]).all()
