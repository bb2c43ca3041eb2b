"""L-BFGS: exact on quadratics, fast on curved valleys, and its state."""

import copy
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_core as ag
import nn
import optim
from optim.curvature.lbfgs import Progress, descend
from optim.curvature.line_search import Point, strong_wolfe, weak_wolfe

RNG = np.random.default_rng(0)


def rosenbrock(w):
    return ((1 - w[:-1]) ** 2 + 100 * (w[1:] - w[:-1] ** 2) ** 2).sum()


def solve(fun, start, steps=1, **options):
    w = ag.Tensor(np.array(start, float), requires_grad=True)
    optimizer = optim.LBFGS([w], **{"line_search_fn": "strong_wolfe", **options})

    def closure():
        optimizer.zero_grad()
        loss = fun(w)
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return w, optimizer, closure


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8))
def test_a_convex_quadratic_is_minimized(seed, n):
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.normal(size=(n, n)))[0]
    a, b = (q * rng.uniform(1, 20, n)) @ q.T, rng.normal(size=n)
    w, *_ = solve(lambda w: (w @ (a @ w)) / 2 - b @ w, np.zeros(n), max_iter=100, tolerance_change=0)
    assert np.allclose(w.numpy(), np.linalg.solve(a, b), atol=1e-6)


@pytest.mark.parametrize("n", [2, 5, 10])
@pytest.mark.parametrize("line_search_fn", ["strong_wolfe", "weak_wolfe"])
def test_a_curved_valley_is_walked_to_its_end(n, line_search_fn):
    w, optimizer, _ = solve(rosenbrock, np.linspace(-1.2, 1, n), max_iter=200, line_search_fn=line_search_fn)
    assert np.allclose(w.numpy(), 1, atol=1e-4)
    assert optimizer.state[w]["func_evals"] < 150


def test_the_recursion_is_the_bfgs_matrix():
    """With all pairs kept, Hg by the two loops is the matrix of the BFGS updates (Nocedal & Wright, 6.17) times g."""
    progress, n = Progress(), 5
    curvature = np.diag([1.0, 2, 3, 4, 5])
    for _ in range(4):
        step = RNG.normal(size=n)
        progress.remember(curvature @ step, step, 10)
    inverse = progress.H_diag * np.eye(n)
    for y, s, ro in zip(progress.old_dirs, progress.old_stps, progress.ro, strict=True):
        v = np.eye(n) - ro * np.outer(y, s)
        inverse = v.T @ inverse @ v + ro * np.outer(s, s)
    g = RNG.normal(size=n)
    assert np.allclose(progress.direction(g), -inverse @ g)
    assert np.allclose(inverse @ progress.old_dirs[-1], progress.old_stps[-1])  # the secant equation


def test_history_is_bounded_and_pairs_without_curvature_are_dropped():
    progress = Progress()
    for k in range(5):
        progress.remember(np.array([1.0, k]), np.array([1.0, 0]), 3)
    progress.remember(np.array([-1.0, 0]), np.array([1.0, 0]), 3)
    assert [y[1] for y in progress.old_dirs] == [2, 3, 4]


@given(st.floats(1e-4, 1e4), st.integers(0, 2**32 - 1))
def test_the_line_search_ends_where_wolfes_conditions_hold(t, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(0.5, 3, 2)
    f = lambda x: (a * (x - b) ** 2 + np.sin(3 * x)).sum()
    evaluate = ag.value_and_grad(f)
    x = rng.normal(size=3)
    value, g = evaluate(x)
    slope = -float(g @ g)
    found, _ = strong_wolfe(evaluate, x, -g, t, Point(0.0, float(value), g, slope), 25)
    assert found.f <= value + 1e-4 * found.t * slope
    assert abs(found.slope) <= 0.9 * abs(slope)


@given(st.floats(1e-4, 1e4), st.integers(0, 2**32 - 1))
def test_the_weak_search_ends_where_its_conditions_hold_at_kinks_too(t, seed):
    rng = np.random.default_rng(seed)
    kinks = rng.normal(size=4)
    f = lambda x: np.abs(x[0] - kinks).sum() + 0.1 * (x**2).sum()
    x = rng.normal(size=1) + 5
    value, g = ag.value_and_grad(f)(x)
    found, trials = weak_wolfe(ag.value_and_grad(f), x, -g, t, Point(0.0, float(value), g, -float(g @ g)), 40)
    assert trials <= 20
    if trials < 20:
        assert found.f <= value - 1e-4 * found.t * float(g @ g)
        assert found.slope >= -0.9 * float(g @ g)
    assert found.f <= value


def test_where_there_are_kinks_the_weak_search_goes_on():
    """Lewis & Overton 2013: BFGS with weak Wolfe steps converges on what is not smooth."""
    f = lambda w: np.abs(w[0]) * 3 + np.abs(w[1] - 2 * w[0]) + w[1] ** 2
    lowest = {
        search: f(solve(f, [1.3, -0.7], line_search_fn=search, max_iter=200, max_eval=2000)[0].numpy())
        for search in optim.curvature.lbfgs.LINE_SEARCHES
    }
    assert lowest["weak_wolfe"] < 1e-6
    assert lowest["weak_wolfe"] < lowest["strong_wolfe"]


def test_a_line_search_comes_back_from_where_the_function_is_infinite():
    barrier = lambda w: (w - np.log(w)).sum()
    for search in optim.curvature.lbfgs.LINE_SEARCHES:
        with np.errstate(all="ignore"):
            w, *_ = solve(barrier, [0.01, 30.0], max_iter=50, line_search_fn=search)
        assert np.allclose(w.numpy(), 1, atol=1e-5)


def test_a_relative_tolerance_is_a_fraction_of_the_value():
    evaluate = ag.value_and_grad(lambda x: 1e6 + (x**4).sum())
    x = np.array([3.0, -2.0])
    value, g = evaluate(x)
    values = [float(value)]
    why = descend(
        evaluate, x, values[0], g, Progress(), lr=1.0, max_iter=200, max_eval=999, tolerance_grad=0.0,
        tolerance_change=1e-8, history_size=10, line_search_fn="strong_wolfe", relative=True,
        each=lambda _, f: values.append(float(f)),
    )[-1]  # fmt: skip
    *changes, last = [before - f for before, f in itertools.pairwise(values)]
    assert why == "change" and min(changes) >= 1e-2 > last > 1e-8


def test_a_step_returns_the_loss_from_before_it_and_counts_evaluations():
    calls = []
    w = ag.Tensor(np.array([3.0]), requires_grad=True)
    optimizer = optim.LBFGS([w], max_iter=4, max_eval=3)

    def closure():
        optimizer.zero_grad()
        calls.append(w.numpy().copy())
        loss = (w**4).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 81
    assert len(calls) == 3 == optimizer.state[w]["func_evals"]


@pytest.mark.parametrize("line_search_fn", [None, "strong_wolfe", "weak_wolfe"])
def test_resuming_continues_bit_for_bit(line_search_fn):
    options = {"max_iter": 3, "line_search_fn": line_search_fn, "lr": 1.0 if line_search_fn else 0.01}
    start = [-1.2, 1.0, 0.3]
    whole, *_ = solve(rosenbrock, start, steps=6, **options)
    half, first, _ = solve(rosenbrock, start, steps=3, **options)
    rest, second, closure = solve(rosenbrock, half.numpy(), steps=0, **options)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for _ in range(3):
        second.step(closure)
    assert np.array_equal(rest.numpy(), whole.numpy())


def test_several_parameters_are_one_vector():
    together, *_ = solve(rosenbrock, [-1.2, 1.0], steps=5, max_iter=2)
    a, b = (ag.Tensor(np.array([v]), requires_grad=True) for v in (-1.2, 1.0))
    idle = ag.Tensor(np.array([7.0]), requires_grad=True)  # has no gradient
    optimizer = optim.LBFGS([a, b, idle], line_search_fn="strong_wolfe", max_iter=2)

    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(np.concatenate([a, b]))
        loss.backward()
        return loss

    for _ in range(5):
        optimizer.step(closure)
    assert np.allclose([a.item(), b.item(), idle.item()], [*together.numpy(), 7.0])


def test_a_network_is_fitted_on_its_full_batch():
    ag.manual_seed(0)
    x = np.linspace(-2, 2, 50, dtype=np.float32)[:, None]
    model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = optim.LBFGS(model.parameters(), line_search_fn="strong_wolfe", max_iter=100)

    def closure():
        optimizer.zero_grad()
        loss = ((model(x) - np.sin(2 * x)) ** 2).mean()
        loss.backward()
        return loss

    optimizer.step(closure)
    assert closure().item() < 1e-2
    assert model[0].weight.dtype == np.float32


def test_bad_calls_are_refused_and_leave_the_parameters():
    w = ag.Tensor(np.array([1.0, 2.0]), requires_grad=True)
    for options, words in (
        ({"lr": -1}, "lr=-1"),
        ({"max_iter": 0}, "max_iter=0"),
        ({"history_size": 0}, "history_size=0"),
        ({"line_search_fn": "wolfe"}, "line_search_fn='wolfe'"),
    ):
        with pytest.raises(ValueError, match=words):
            optim.LBFGS([w], **options)
    optimizer = optim.LBFGS([w])
    with pytest.raises(TypeError, match="needs a closure"):
        optimizer.step()
    with pytest.raises(ValueError, match="one group"):
        optimizer.add_param_group({"params": [ag.Tensor(np.ones(1), requires_grad=True)]})

    def broken():
        optimizer.zero_grad()
        loss = (w * float("nan")).sum()
        loss.backward()
        return loss

    with pytest.raises(RuntimeError, match="the loss is nan"):
        optimizer.step(broken)
    assert w.tolist() == [1, 2]

    def failing(calls=[]):  # noqa: B006
        calls.append(1)
        if len(calls) == 3:
            raise ZeroDivisionError
        optimizer.zero_grad()
        loss = (w**4).sum()
        loss.backward()
        return loss

    with pytest.raises(ZeroDivisionError):
        optimizer.step(failing)
    assert w.tolist() == [1, 2]


def test_a_state_of_other_parameters_is_refused():
    _, first, _ = solve(rosenbrock, [-1.2, 1.0], max_iter=3)
    _, other, _ = solve(rosenbrock, [-1.2, 1.0, 2.0], max_iter=3)
    before = other.state_dict()
    with pytest.raises(ValueError, match="3 numbers"):
        other.load_state_dict(first.state_dict())
    assert np.array_equal(before["state"][0]["d"], other.state_dict()["state"][0]["d"])
